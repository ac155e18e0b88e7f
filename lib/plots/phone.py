"""The phone's pipeline: photograph to vector, a decision and its reason, attacks, attributes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy import ndarray

from lib.plots.palette import DIFFERENT, FAINT, INK, SAME, text_colour
from lib.plots.scores import interval_rows
from lib.plots.style import label, named_rows, without_ticks


def _picture(ax: Axes, picture: ndarray, title: str, points=None) -> None:
    """A picture (H, W, 3) uint8, with points (P, 2) marked by crosses."""
    ax.imshow(picture)
    if points is not None:
        x, y = np.asarray(points).T
        limits = {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
        ax.plot(x, y, "+", color="white", markersize=11, markeredgewidth=3)
        ax.plot(x, y, "+", color=SAME, markersize=9, markeredgewidth=1.5)
        ax.set(**limits)  # a point may lie outside
    ax.set_axis_off()
    ax.set_title(title, loc="center")


def pipeline_steps(
    axes: Sequence[Axes], photograph: ndarray, points: ndarray, crop: ndarray, vector: ndarray
) -> None:
    """Draw a photograph with its points (5, 2), the crop, and the numbers of its vector (D,)."""
    _picture(axes[0], photograph, "detect", points)
    _picture(axes[1], crop, "align")
    ax = axes[2]
    ax.bar(np.arange(1, len(vector) + 1), vector, width=1.0, color=SAME)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlabel=f"place in the vector (1 to {len(vector)})", ylabel="value (-1 to 1)")
    ax.set(yticks=[-0.3, 0, 0.3], ylim=(-0.4, 0.4))
    ax.set_title("embed", loc="center")


def marked_eyes(
    axes: Sequence[Axes], photograph: ndarray, eyes: ndarray, crop: ndarray, score: float
) -> None:
    """Draw two marked eyes (2, 2), the crop that they give, and its cosine with the exact crop."""
    _picture(axes[0], photograph, "your two marks", eyes)
    _picture(axes[1], crop, f"the crop: cosine with\nthe exact crop's vector {score:.2f}")


def decision(
    axes: Sequence[Axes],
    photograph: ndarray,
    points: ndarray,
    crop: ndarray,
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
    threshold        the score that the best person must reach, ahead of the next by `margin`
    """
    _picture(axes[0], photograph, "photograph", points)
    _picture(axes[1], crop, "crop")
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
        ax.axvline(threshold, color=INK, linewidth=1.4)
        label(ax, "threshold", (threshold, -0.6), (3, 2), fontsize=8)
        if len(scores) > 1:
            ahead = np.sort(scores)[-2] + margin
            ax.axvline(ahead, color=INK, linewidth=1.2, linestyle=":")
            label(ax, "next + margin", (ahead, -0.6), (-3, 2), fontsize=8)
    title = f"“{name}”" if name else kind
    axes[0].figure.suptitle(f"{title}: {why}", fontsize=11, fontweight="bold", color=INK)


def attack_scores(
    axes: Sequence[Axes], titles: Sequence[str], pictures: Sequence, scores, threshold: float
) -> None:
    """Draw a face live and photographed from paper or screen, each with its score and decision.

    titles, pictures, scores  one an axes; pictures (H, W, 3) uint8
    """
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
    interval_rows(ax, names, shares, intervals, sign=(SAME, "o"), digits=0)
    ax.axvline(50, color=FAINT, linestyle="--", linewidth=1.2)
    ax.set(xlim=(40, 101), ylim=(len(names) - 0.5, -1.1))
    ax.set_xlabel("balanced accuracy (%), bar: 95 % interval over people")
    label(ax, "guessing", (50, -0.75), (3, 0), va="baseline", fontsize=9, color=text_colour(FAINT))
