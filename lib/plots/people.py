"""People by their scores: the matrix of all pictures, and the histograms of both kinds of pairs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.scores import score_histograms

MOST_NAMES = 40  # more do not fit beside the matrix


def people_scores(
    axes: Sequence[Axes],
    scores: np.ndarray,
    identity: np.ndarray,
    names: Sequence[str],
    threshold: float,
) -> None:
    """Draw the score of every picture with every other, and the scores of both kinds of pairs.

    axes      two: the matrix, and the histograms
    scores    (N, N) cosines
    identity  (N,) a place in `names`
    """
    scores, identity = np.asarray(scores, dtype=np.float64), np.asarray(identity)
    order = np.argsort(identity, kind="stable")
    scores, identity = scores[np.ix_(order, order)], identity[order]
    ax = axes[0]
    shown = ax.imshow(scores, cmap="cividis", vmin=min(0.0, scores.min()), vmax=1)
    ends = np.flatnonzero(np.diff(identity, append=-1)) + 0.5  # after each person's last picture
    starts = np.concatenate([[-0.5], ends[:-1]])
    for end in ends[:-1]:
        ax.axhline(end, color="white", linewidth=0.5)
        ax.axvline(end, color="white", linewidth=0.5)
    few = len(names) <= MOST_NAMES
    ax.set_yticks((starts + ends) / 2 if few else [], names if few else [])
    ax.set(xticks=[], xlabel=f"the {len(scores)} pictures in the same order")
    ax.tick_params(axis="y", length=0, labelsize=8)
    ax.grid(False)
    ax.figure.colorbar(shown, ax=ax, shrink=0.8, label="score (cosine)")
    i, j = np.triu_indices(len(scores), 1)
    pairs, same = scores[i, j], identity[i] == identity[j]
    words = [
        f"{word} {pairs[kind].mean():.2f}"
        for word, kind in (("one person", same), ("two people", ~same))
        if kind.any()
    ]
    ax.set_title("Mean score: " + ", ".join(words))
    if len(pairs):
        score_histograms(axes[1], pairs, same, threshold)
    else:
        axes[1].set_axis_off()
