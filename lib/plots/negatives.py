"""What a temperature does to the push on negatives, and what collapse without negatives is."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.maps import embedding_map
from lib.plots.palette import DIFFERENT, FORGERY, INK, SAME, text_colour
from lib.plots.style import label, named_rows


def push_shares(ax: Axes, negatives: Sequence[float], temperature: float = 0.1) -> None:
    """Draw how NT-Xent divides its push among the negatives: a bar each, by its cosine.

    negatives  (N,) cosines to the anchor, the nearest first
    """
    powers = np.exp((np.asarray(negatives) - max(negatives)) / temperature)
    shares = 100 * powers / powers.sum()
    names = [f"negative at {cosine:.1f}" for cosine in negatives]
    bars = ax.barh(range(len(names)), shares, color=DIFFERENT, edgecolor=text_colour(DIFFERENT))
    ax.bar_label(bars, [f"{share:.0f} %" for share in shares], padding=4)
    named_rows(ax, names)
    ax.set(xlim=(0, 112), xlabel="share of the push (%)", xticks=range(0, 101, 20))
    ax.set_title(f"Temperature {temperature:.2f}: the nearest negative gets {shares[0]:.0f} %")


def unit_maps(
    axes: Sequence[Axes], embeddings: Mapping[str, np.ndarray], identity: np.ndarray
) -> None:
    """Draw unit vectors by their two main components, all in one scale: from -1 to 1.

    embeddings  {title: (N, D) of length 1}; identity (N,)
    """
    for ax, (title, vectors) in zip(axes, embeddings.items()):
        centred = vectors - vectors.mean(0)
        _, _, components = np.linalg.svd(centred, full_matrices=False)
        embedding_map(ax, centred @ components[:2].T, identity, title)
        ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="first component, -1 to 1")
        ax.set_aspect("equal", adjustable="box")


def spread_curves(ax: Axes, curves: Mapping[str, Sequence[float]], evenly: float) -> None:
    """Draw the standard deviation of an embedding's entries over a training, a line a variant.

    curves  {name: (steps,)}, at most three, the highest first
    evenly  the value of unit vectors in all directions, 1 / sqrt(D)
    """
    longest = max(map(len, curves.values()))
    signs = ((SAME, "-"), (FORGERY, "--"), (DIFFERENT, "-."))
    for n, ((name, values), (colour, dash)) in enumerate(zip(curves.items(), signs)):
        ax.plot(range(1, len(values) + 1), values, dash, color=colour, linewidth=2)
        offset = (5, 7 * (n == 1) - 7 * (n == 2))
        style = {"color": text_colour(colour), "weight": "bold", "va": "center"}
        label(ax, name, (len(values), values[-1]), offset, **style)
    ax.axhline(evenly, color=INK, linestyle=":", linewidth=1.2)
    words = f"directions without preference: {evenly:.2f}"
    label(ax, words, (longest, evenly), (0, 4), fontsize=9, ha="right")
    ax.set(xlabel="training step", ylabel="spread of z / |z| (std, 0 to 1)")
    ax.set(xlim=(0, 1.35 * longest), ylim=(0, 1.25 * evenly))
