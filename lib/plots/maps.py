"""Embeddings on a plane, and what such a map keeps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.style import (
    DIFFERENT,
    FAINT,
    HALO,
    INK,
    OTHERS,
    SAME,
    label,
    text_colour,
    tiled,
    without_ticks,
)

COLOURS = (SAME, DIFFERENT, *OTHERS[:3])
MARKERS = ("o", "s", "^", "D", "v", "P")


def embedding_map(ax: Axes, xy: np.ndarray, identity: np.ndarray, title: str) -> None:
    """Draw points of a map, a marker and a colour an identity, its number above its median.

    xy        (N, 2); a map's axes have no unit
    identity  (N,)
    """
    _groups(ax, xy, identity, size=18, alpha=0.75)
    for person in np.unique(identity):
        style = {"weight": "bold", "fontsize": 8, "path_effects": HALO, "zorder": 4}
        label(ax, str(person), np.median(xy[identity == person], axis=0), (0, 7), **style)
    _unitless(ax, title)
    ax.set_aspect("equal", adjustable="datalim")


def neighbours_kept(ax: Axes, shares: Mapping[str, float], chance: float, k: int) -> None:
    """Draw the share of each point's k nearest neighbours that are among its k nearest on the map.

    shares  {method: share in [0, 1]}; `chance` is the share that a random map keeps
    """
    names = list(shares)
    colours = [FAINT if name == "PCA" else SAME for name in names]
    bars = ax.barh(names, list(shares.values()), color=colours, height=0.6)
    ax.bar_label(bars, fmt=lambda share: f"{share:.0%}", padding=3)
    ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
    ax.text(
        chance, -0.42, " chance", va="center", fontsize=9
    )  # above the bars, where there is room
    best = max(shares, key=shares.get)
    ax.set(
        title=f"{best} keeps most neighbours, and still loses {1 - shares[best]:.0%} of them",
        xlim=(0, 1),
        xlabel=f"share of the {k} nearest neighbours kept (0 to 1)",
    )
    ax.set_ylim(len(names) - 0.6, -0.65)
    ax.grid(axis="y", visible=False)


def distance_against_map(ax: Axes, true: np.ndarray, drawn: np.ndarray, correlation: float) -> None:
    """Draw distances between people on the map against those in the embedding, each (pairs,)."""
    ax.scatter(true, drawn, s=22, color=SAME, alpha=0.7, linewidths=0)
    ax.set(
        title=f"Near on the map does not mean alike: rank correlation {correlation:.2f}",
        xlabel="distance between two people's median embeddings (L2, 0 to 2)",
        ylabel="distance on the map (no unit)",
    )


def noise_map(ax: Axes, xy: np.ndarray, clusters: np.ndarray) -> None:
    """Draw a map of noise (N, 2), and the groups (N,) that a clustering program finds on it."""
    _groups(ax, xy, clusters, size=16, alpha=0.8)
    _unitless(ax, "Noise, in which a clustering program finds groups")


def group_widths(
    axes: Sequence[Axes], truth: np.ndarray, drawn: np.ndarray, group: np.ndarray
) -> None:
    """Draw two groups, one wider than the other, as they are (left) and on the map (right).

    truth, drawn  (N, 2) first two coordinates, and places on the map
    group         (N,) 0 for the tight group, 1 for the wide one
    """
    titles = "As it is: one group is wider", "On the map: the difference is gone"
    for ax, xy, title in zip(axes, (truth, drawn), titles):
        _groups(ax, xy, group, size=14, alpha=0.7)
        for k, name in enumerate(("tight", "wide")):
            label(ax, name, xy[group == k].mean(0), weight="bold", path_effects=HALO)
        _unitless(ax, title)
        ax.set_aspect("equal", adjustable="datalim")


def mistakes_on_map(
    axes: Sequence[Axes],
    xy: np.ndarray,
    identity: np.ndarray,
    images: np.ndarray,
    wrong: np.ndarray,
    nearest: np.ndarray,
) -> None:
    """Draw the map with some points ringed, and up to four of their images above their neighbours'.

    wrong    places of the ringed points
    nearest  (N,) place of each image's nearest neighbour in the embedding
    """
    left, right = axes
    embedding_map(left, xy, identity, f"{len(wrong)} pictures lie nearest to another person")
    left.scatter(*xy[wrong].T, s=60, marker="o", facecolors="none", edgecolors=INK, linewidths=0.9)
    right.set_title("Above: the picture. Below: its nearest")
    without_ticks(right)
    shown = wrong[:4]
    if len(shown):
        right.imshow(tiled([images[shown], images[nearest[shown]]]))
        middles = images.shape[2] * (np.arange(len(shown)) + 0.5)
        right.set_xticks(middles, [f"{identity[a]} → {identity[nearest[a]]}" for a in shown])


def signature_map(ax: Axes, xy: np.ndarray, writer: np.ndarray, genuine: np.ndarray) -> None:
    """Draw a map of signatures: genuine ones as dots in the writer's colour, forgeries as crosses.

    xy      (N, 2); writer (N,) whose signature it shows or imitates; genuine (N,) bool
    """
    box = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": FAINT, "lw": 0.5, "alpha": 0.8}
    for k, person in enumerate(np.unique(writer)):
        own, forged = (writer == person) & genuine, (writer == person) & ~genuine
        colour = COLOURS[k % len(COLOURS)]
        ax.scatter(*xy[own].T, s=20, marker="o", color=colour, linewidths=0)
        ax.scatter(*xy[forged].T, s=20, marker="x", color=colour, linewidths=1)
        label(ax, str(person), np.median(xy[own], axis=0), weight="bold", fontsize=8, bbox=box)
    _unitless(ax, "Writers never trained on: genuine (dots) and skilled forgeries (crosses)")


def _groups(ax: Axes, xy: np.ndarray, group: np.ndarray, size: float, alpha: float) -> None:
    """Points (N, 2) with a marker and a colour a group (N,)."""
    for k, one in enumerate(np.unique(group)):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        look = {"color": colour, "edgecolor": text_colour(colour), "linewidths": 0.7}
        ax.scatter(*xy[group == one].T, s=size, marker=marker, alpha=alpha, **look)


def _unitless(ax: Axes, title: str) -> None:
    ax.set(title=title, xlabel="no unit")
    without_ticks(ax)
