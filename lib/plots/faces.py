"""Faces as images: a sheet with a row a person, and pairs with score and decision."""

import numpy as np
from matplotlib.axes import Axes
from numpy import ndarray

from lib.plots.palette import DIFFERENT, GREYS, SAME, text_colour
from lib.plots.style import label, tiled, without_ticks


def sheet(ax: Axes, images: ndarray, identity: ndarray, people: int = 6, views: int = 10) -> None:
    """Draw the first `views` images of each of the first `people` identities, a row a person.

    images  (N, H, W) or (N, H, W, 3) uint8; identity (N,)
    """
    chosen = np.unique(identity)[:people]
    rows = [images[identity == person][:views] for person in chosen]
    width = min(len(row) for row in rows)
    ax.imshow(tiled([row[:width] for row in rows]), interpolation="bilinear", **GREYS)
    without_ticks(ax, edge=False)
    middles = images.shape[1] * (np.arange(len(rows)) + 0.5)
    ax.set_yticks(middles, [f"person {person}" for person in chosen])
    ax.tick_params(length=0)


def pairs(
    ax: Axes, left: ndarray, right: ndarray, scores: ndarray, same: ndarray, threshold: float
) -> None:
    """Draw pairs of images, one above the other, with score, truth and decision in words below.

    The words of a wrong decision are bold.

    left, right   (N, H, W) or (N, H, W, 3) uint8
    scores, same  (N,) similarity, and True where both images show one person
    """
    ax.imshow(tiled([left, right]), interpolation="bilinear", **GREYS)
    height, width = left.shape[1:3]
    for i, (score, truth) in enumerate(zip(scores, same)):
        accepted = score >= threshold
        words = "one person" if truth else "two people", "accepted" if accepted else "rejected"
        style = {"color": text_colour(SAME if truth else DIFFERENT), "va": "top", "fontsize": 8.5}
        weight = "normal" if accepted == truth else "bold"
        place = width * (i + 0.5), 2 * height + 4
        label(ax, "\n".join([f"{score:.2f}", *words]), place, weight=weight, **style)
    ax.set_axis_off()
