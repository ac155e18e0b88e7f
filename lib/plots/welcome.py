"""Figures of lesson 0 and of the first page: pairs of faces, with and without their score."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots import DIFFERENT, INK, SAME

# Pairs of load("synthetic-faces", identities=60, images=10, seed=2), chosen so that skin, hair and colour mislead.
PAIRS = ((264, 266), (459, 585), (360, 363), (153, 578))


def pairs_of_faces(
    axes: Sequence[Axes],
    images: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    scores: Sequence[float] | None = None,
    identity: np.ndarray | None = None,
) -> None:
    """One pair an axes, its two images side by side; with `scores` and `identity` also the score and, in words, the truth."""
    for n, (ax, (a, b)) in enumerate(zip(axes, pairs, strict=True)):
        gap = np.full((images.shape[1], 3, *images.shape[3:]), 255, np.uint8)
        ax.imshow(np.concatenate([images[a], gap, images[b]], axis=1))
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        ax.set_title("ABCDEFGH"[n], loc="center")
        if scores is not None:
            alike = identity[a] == identity[b]
            ax.set_xlabel(
                f"{scores[n]:+.2f}\n{'same person' if alike else 'two people'}",
                color=SAME if alike else INK,
            )
            for spine in ax.spines.values():
                spine.set(
                    visible=True,
                    color=SAME if alike else DIFFERENT,
                    linewidth=2,
                    linestyle="-" if alike else "--",
                )
