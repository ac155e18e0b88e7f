"""Figures of the phone's pipeline: photograph to vector, two clicks, a decision and its reason, an attack, what a vector gives away."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from lib.plots import DIFFERENT, FAINT, INK, SAME, for_words
from lib.plots.scores import LINES

POINTS = ("left eye", "right eye", "nose", "mouth, left", "mouth, right")


def with_points(ax: plt.Axes, photograph: np.ndarray, points: np.ndarray) -> None:
    """Draw a photograph with its points (P, 2)."""
    ax.imshow(photograph)
    ax.plot(*np.asarray(points).T, "+", color="white", markersize=11, markeredgewidth=3)
    ax.plot(*np.asarray(points).T, "+", color=SAME, markersize=9, markeredgewidth=1.5)
    ax.set(xlim=(-0.5, photograph.shape[1] - 0.5), ylim=(photograph.shape[0] - 0.5, -0.5))
    ax.set_axis_off()


def steps(
    axes: Sequence[plt.Axes],
    photograph: np.ndarray,
    points: np.ndarray,
    crop: np.ndarray,
    vector: np.ndarray,
) -> None:
    """Draw one picture's way: photograph with five points, crop, the numbers of its vector."""
    with_points(axes[0], photograph, points)
    axes[0].set_title("detect", loc="center")
    axes[1].imshow(crop)
    axes[1].set_axis_off()
    axes[1].set_title("align", loc="center")
    axes[2].bar(np.arange(1, len(vector) + 1), vector, width=1.0, color=SAME)
    axes[2].axhline(0, color=INK, linewidth=0.8)
    axes[2].set(
        xlabel=f"place in the vector (1 to {len(vector)})",
        ylabel="value (-1 to 1)",
        yticks=[-0.3, 0, 0.3],
        ylim=(-0.4, 0.4),
    )
    axes[2].set_title("embed", loc="center")


def two_clicks(
    axes: Sequence[plt.Axes],
    photograph: np.ndarray,
    eyes: np.ndarray,
    crop: np.ndarray,
    score: float,
) -> None:
    """Draw two marked eyes (2, 2), the crop that they cut, and how alike it is to the crop of the exact points."""
    with_points(axes[0], photograph, eyes)
    axes[0].set_title("your two marks", loc="center")
    axes[1].imshow(crop)
    axes[1].set_axis_off()
    axes[1].set_title(f"the crop\ncosine with the exact one {score:.2f}", loc="center")


def says(
    axes: Sequence[plt.Axes],
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
    """Draw what the phone sees and what it says: photograph, crop, each person's score, what the best must reach, the decision and why.

    scores  (people,); None where the picture was refused and nothing was compared
    """
    with_points(axes[0], photograph, points)
    axes[0].set_title("photograph", loc="center")
    axes[1].imshow(crop)
    axes[1].set_axis_off()
    axes[1].set_title("crop", loc="center")
    ax = axes[2]
    ax.set(
        xlim=(-0.2, 1),
        ylim=(len(names) - 0.4, -0.6),
        xlabel="score, a cosine (-1 to 1)",
        yticks=range(len(names)),
    )
    ax.set_yticklabels(names)
    ax.grid(axis="y", visible=False)
    if scores is None:
        ax.annotate(
            "not compared",
            (0.4, (len(names) - 1) / 2),
            ha="center",
            va="center",
            color=for_words(FAINT),
        )
    else:
        for n, score in enumerate(scores):
            colour, hatch = (SAME, "") if score >= threshold else (DIFFERENT, "///")
            ax.barh(
                n,
                score,
                height=0.6,
                color=colour,
                hatch=hatch,
                edgecolor=for_words(colour),
                linewidth=0.8,
            )
        ax.axvline(threshold, color=INK, linewidth=1.4)
        ax.annotate(
            "threshold",
            (threshold, -0.6),
            (3, 2),
            textcoords="offset points",
            fontsize=8,
            annotation_clip=False,
        )
        if len(scores) > 1:
            ahead = np.sort(scores)[-2] + margin
            ax.axvline(ahead, color=INK, linewidth=1.2, linestyle=":")
            ax.annotate(
                "next + margin",
                (ahead, -0.6),
                (-3, 2),
                textcoords="offset points",
                ha="right",
                fontsize=8,
                annotation_clip=False,
            )
    said = f"“{name}”" if name else kind
    axes[0].figure.suptitle(f"{said}: {why}", fontsize=11, fontweight="bold", color=INK)


def again(
    axes: Sequence[plt.Axes],
    titles: Sequence[str],
    pictures: Sequence[np.ndarray],
    scores: Sequence[float],
    threshold: float,
) -> None:
    """Draw a face live and photographed from paper and screen, each with its score against the enrolled template and the decision."""
    for ax, title, picture, score in zip(axes, titles, pictures, scores, strict=True):
        ax.imshow(picture)
        ax.set(
            xticks=[],
            yticks=[],
            xlabel=f"{score:.2f}, {'accepted' if score >= threshold else 'not accepted'}",
        )
        ax.grid(False)
        ax.set_title(title, loc="center")


def given_away(
    ax: plt.Axes, names: Sequence[str], values: Sequence[tuple[float, float, float]]
) -> None:
    """Draw how well each attribute is read off a vector: (share, low, high) a line, in percent, with guessing at 50."""
    for n, (value, low, high) in enumerate(values):
        colour, _, marker = LINES[0]
        ax.plot([100 * low, 100 * high], [n, n], color=colour, linewidth=2)
        ax.plot(100 * value, n, marker, color=colour, markersize=7)
        ax.annotate(
            f"{100 * value:.0f}",
            (100 * value, n),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.axvline(50, color=FAINT, linestyle="--", linewidth=1.2)
    ax.annotate(
        "guessing",
        (50, -0.75),
        (3, 0),
        textcoords="offset points",
        fontsize=9,
        color=for_words(FAINT),
    )
    ax.set_yticks(range(len(names)), names)
    ax.set(
        xlabel="read rightly off the vector (%), bar: 95 % interval over people",
        xlim=(40, 101),
        ylim=(len(names) - 0.5, -1.1),
    )
    ax.grid(axis="y", visible=False)
