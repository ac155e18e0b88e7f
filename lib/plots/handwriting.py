"""Sheets of signatures and of characters."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import FORGERY, GREYS
from lib.plots.style import frame, without_ticks


def sheet(
    ax: Axes, images: np.ndarray, columns: int, forged=None, labels: Sequence[str] = ()
) -> None:
    """Draw images (N, H, W) uint8 in rows of `columns`; `labels` name the rows.

    forged  bool (N,): these are framed and carry a triangle
    """
    count, height, width = images.shape
    gap = max(2, height // 20)
    rows = -(-count // columns)
    page = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap), 225, np.uint8)
    for n, image in enumerate(images):
        y, x = gap + n // columns * (height + gap), gap + n % columns * (width + gap)
        page[y : y + height, x : x + width] = image
        if forged is not None and forged[n]:
            frame(ax, x - 0.5, y - 0.5, image, FORGERY, gap=0.5, linewidth=1.4)
            ax.plot(x + 0.05 * width, y + 0.1 * height, "^", color=FORGERY, markersize=5)
    ax.imshow(page, interpolation="antialiased", **GREYS)
    without_ticks(ax, edge=False)
    ax.set_yticks(gap + height / 2 + (height + gap) * np.arange(len(labels)), labels)
    ax.tick_params(length=0)
