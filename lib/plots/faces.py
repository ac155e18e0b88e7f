"""Faces as images: a sheet with a row a person, and pairs with score and decision."""

import numpy as np
from matplotlib.axes import Axes

from lib.plots.style import DIFFERENT, GREYS, SAME, text_colour, tiled, without_ticks


def sheet(
    ax: Axes, images: np.ndarray, identity: np.ndarray, people: int = 6, views: int = 10
) -> None:
    """Draw the first `views` images of each of the first `people` identities, a row a person.

    images    (N, H, W) or (N, H, W, 3) uint8
    identity  (N,)
    """
    chosen = np.unique(identity)[:people]
    rows = [images[identity == person][:views] for person in chosen]
    width = min(len(row) for row in rows)
    ax.imshow(tiled([row[:width] for row in rows]), interpolation="bilinear", **GREYS)
    without_ticks(ax)
    middles = images.shape[1] * (np.arange(len(rows)) + 0.5)
    ax.set_yticks(middles, [f"person {person}" for person in chosen])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def pairs(
    ax: Axes,
    left: np.ndarray,
    right: np.ndarray,
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
) -> None:
    """Draw pairs of images, one above the other, with score, truth and decision in words below.

    left, right   (N, H, W) or (N, H, W, 3) uint8
    scores, same  (N,) similarity, and True where both images show one person
    """
    ax.imshow(tiled([left, right]), interpolation="bilinear", **GREYS)
    height, width = left.shape[1:3]
    for i, (score, truth) in enumerate(zip(scores, same)):
        correct = (score >= threshold) == truth
        ax.text(
            width * (i + 0.5),
            2 * height + 4,
            f"{score:.2f}\n{'same' if truth else 'different'}\n{'right' if correct else 'WRONG'}",
            ha="center",
            va="top",
            fontsize=9,
            color=text_colour(SAME if truth else DIFFERENT),
            weight="normal" if correct else "bold",
        )
    ax.set_axis_off()
