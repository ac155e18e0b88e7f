"""The phone's pipeline: photograph to vector, a decision and its reason, attacks, attributes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.scores import interval_rows
from lib.plots.style import (
    DIFFERENT,
    FAINT,
    INK,
    SAME,
    label,
    named_rows,
    text_colour,
    without_ticks,
)


def _photograph(ax: Axes, photograph: np.ndarray, points: np.ndarray, title: str) -> None:
    """A photograph (H, W, 3) uint8 with points (P, 2) marked by crosses."""
    ax.imshow(photograph)
    x, y = np.asarray(points).T
    ax.plot(x, y, "+", color="white", markersize=11, markeredgewidth=3)
    ax.plot(x, y, "+", color=SAME, markersize=9, markeredgewidth=1.5)
    ax.set(xlim=(-0.5, photograph.shape[1] - 0.5), ylim=(photograph.shape[0] - 0.5, -0.5))
    ax.set_axis_off()
    ax.set_title(title, loc="center")


def _crop(ax: Axes, crop: np.ndarray, title: str) -> None:
    ax.imshow(crop)
    ax.set_axis_off()
    ax.set_title(title, loc="center")


def pipeline_steps(
    axes: Sequence[Axes],
    photograph: np.ndarray,
    points: np.ndarray,
    crop: np.ndarray,
    vector: np.ndarray,
) -> None:
    """Draw a photograph with its points (5, 2), the crop, and the numbers of its vector (D,)."""
    _photograph(axes[0], photograph, points, "detect")
    _crop(axes[1], crop, "align")
    ax = axes[2]
    ax.bar(np.arange(1, len(vector) + 1), vector, width=1.0, color=SAME)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlabel=f"place in the vector (1 to {len(vector)})", ylabel="value (-1 to 1)")
    ax.set(yticks=[-0.3, 0, 0.3], ylim=(-0.4, 0.4))
    ax.set_title("embed", loc="center")


def marked_eyes(
    axes: Sequence[Axes], photograph: np.ndarray, eyes: np.ndarray, crop: np.ndarray, score: float
) -> None:
    """Draw two marked eyes (2, 2), the crop that they give, and its cosine with the exact crop."""
    _photograph(axes[0], photograph, eyes, "your two marks")
    _crop(axes[1], crop, f"the crop\ncosine with the exact one {score:.2f}")


def decision(
    axes: Sequence[Axes],
    photograph: np.ndarray,
    points: np.ndarray,
    crop: np.ndarray,
    names: Sequence[str],
    scores: Sequence[float] | None,
    kind: str,
    name: str | None,
    why: str,
    threshold: float,
    margin: float,
) -> None:
    """Draw photograph, crop and each person's score; above, the phone's decision and its reason.

    points           (P, 2) in pixels of the photograph
    scores           (people,); None where the image was refused and nothing was compared
    kind, name, why  of the decision; `name` is None where nobody was recognised
    threshold        the score that the best person must reach
    margin           by which the best must be ahead of the next
    """
    _photograph(axes[0], photograph, points, "photograph")
    _crop(axes[1], crop, "crop")
    ax = axes[2]
    ax.set(xlim=(-0.2, 1), xlabel="score, a cosine (-1 to 1)")
    named_rows(ax, names)
    if scores is None:
        not_compared = f"not compared\nthreshold {threshold:.2f}, margin {margin:.2f}"
        label(ax, not_compared, (0.4, (len(names) - 1) / 2), color=text_colour(FAINT))
    else:
        for row, score in enumerate(scores):
            colour, hatch = (SAME, "") if score >= threshold else (DIFFERENT, "///")
            edge = {"edgecolor": text_colour(colour), "linewidth": 0.8}
            ax.barh(row, score, height=0.6, color=colour, hatch=hatch, **edge)
        above = {"fontsize": 8, "annotation_clip": False}
        ax.axvline(threshold, color=INK, linewidth=1.4)
        label(ax, "threshold", (threshold, -0.6), (3, 2), **above)
        if len(scores) > 1:
            ahead = np.sort(scores)[-2] + margin
            ax.axvline(ahead, color=INK, linewidth=1.2, linestyle=":")
            label(ax, "next + margin", (ahead, -0.6), (-3, 2), **above)
    title = f"“{name}”" if name else kind
    axes[0].figure.suptitle(f"{title}: {why}", fontsize=11, fontweight="bold", color=INK)


def attack_scores(
    axes: Sequence[Axes],
    titles: Sequence[str],
    pictures: Sequence[np.ndarray],
    scores: Sequence[float],
    threshold: float,
) -> None:
    """Draw a face live and photographed from paper or screen, each with its score and decision."""
    for ax, title, picture, score in zip(axes, titles, pictures, scores, strict=True):
        ax.imshow(picture)
        without_ticks(ax)
        ax.set_xlabel(f"{score:.2f}, {'accepted' if score >= threshold else 'not accepted'}")
        ax.set_title(title, loc="center")


def attribute_rates(
    ax: Axes, names: Sequence[str], values: Sequence[tuple[float, float, float]]
) -> None:
    """Draw how often each attribute is read correctly from a vector, with guessing at 50 %.

    values  (share, low, high) of each attribute
    """
    shares, intervals = [value[0] for value in values], [value[1:] for value in values]
    interval_rows(ax, names, shares, intervals, colour=SAME, digits=0)
    ax.axvline(50, color=FAINT, linestyle="--", linewidth=1.2)
    ax.set(xlim=(40, 101), ylim=(len(names) - 0.5, -1.1))
    ax.set_xlabel("read correctly from the vector (%), bar: 95 % interval over people")
    label(ax, "guessing", (50, -0.75), (3, 0), va="baseline", fontsize=9, color=text_colour(FAINT))
