"""Pairs of faces for the first page: first the question, then score and truth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import DIFFERENT, INK, SAME
from lib.plots.style import tiled, without_ticks

# Pairs of load("synthetic-faces", identities=60, images=10, seed=2), chosen so that skin, hair and
# colour mislead.
PAIRS = ((264, 266), (459, 585), (360, 363), (153, 578))


def pairs_of_faces(
    axes: Sequence[Axes], images: np.ndarray, pairs: Sequence, scores=None, identity=None
) -> None:
    """Draw one pair an axes, side by side; with `scores` and `identity` also score and truth.

    images  (N, H, W, 3) uint8, `identity` (N,); `pairs` are places in it, `scores` one a pair
    """
    gap = np.full((images.shape[1], 3, 3), 255, np.uint8)
    for n, (ax, (a, b)) in enumerate(zip(axes, pairs, strict=True)):
        ax.imshow(tiled([[images[a], gap, images[b]]]))
        without_ticks(ax)
        ax.set_title("ABCDEFGH"[n], loc="center")
        if scores is not None:
            same = identity[a] == identity[b]
            truth = "same person" if same else "two people"
            ax.set_xlabel(f"{scores[n]:+.2f}\n{truth}", color=SAME if same else INK)
            style = {"color": SAME} if same else {"color": DIFFERENT, "linestyle": "--"}
            ax.spines[:].set(visible=True, linewidth=2, **style)
