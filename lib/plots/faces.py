"""Faces as one sees them: sheets with a row a person, landmarks, and pairs with their score."""

import numpy as np
from matplotlib.axes import Axes

from lib.plots import DIFFERENT, SAME, for_words


def sheet(
    ax: Axes, images: np.ndarray, identity: np.ndarray, people: int = 6, views: int = 10
) -> None:
    """Draw the first `views` images of each of the first `people` identities, a row a person."""
    rows = [images[identity == who][:views] for who in np.unique(identity)[:people]]
    width = min(len(row) for row in rows)
    picture = np.concatenate([np.concatenate(list(row[:width]), axis=1) for row in rows], axis=0)
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
    side = images.shape[1]
    ax.set_yticks(
        [side * (i + 0.5) for i in range(len(rows))],
        [f"person {who}" for who in np.unique(identity)[: len(rows)]],
    )
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def marked(ax: Axes, image: np.ndarray, landmarks: np.ndarray) -> None:
    """Draw one image with its landmarks (5, 2), numbered in their order."""
    ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.plot(*landmarks.T, "o", color=SAME, markeredgecolor="white", markersize=7)
    for number, (x, y) in enumerate(landmarks):
        box = {"facecolor": SAME, "pad": 1, "linewidth": 0}
        ax.annotate(
            str(number),
            (x, y),
            xytext=(5, 4),
            textcoords="offset points",
            color="white",
            weight="bold",
            bbox=box,
        )
    ax.set_axis_off()


def pairs(
    ax: Axes,
    left: np.ndarray,
    right: np.ndarray,
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
) -> None:
    """Draw pairs of images (N, H, W, 3) above each other, with score, truth and decision in words below."""
    picture = np.concatenate([np.concatenate(list(side), axis=1) for side in (left, right)], axis=0)
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
    side = left.shape[2]
    for i, (score, truth) in enumerate(zip(scores, same)):
        correct = (score >= threshold) == truth
        words = (
            f"{score:.2f}\n{'same' if truth else 'different'}\n{'right' if correct else 'WRONG'}"
        )
        colour, weight = for_words(SAME if truth else DIFFERENT), "normal" if correct else "bold"
        ax.text(
            side * (i + 0.5),
            2 * left.shape[1] + 4,
            words,
            ha="center",
            va="top",
            fontsize=9,
            color=colour,
            weight=weight,
        )
    ax.set_axis_off()
