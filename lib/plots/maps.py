"""Embeddings on a plane, and what such a map keeps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy import ndarray

from lib.plots.palette import DIFFERENT, FAINT, HALO, INK, OTHERS, SAME, text_colour
from lib.plots.style import label, named_rows, tiled, without_ticks

COLOURS = (SAME, DIFFERENT, *OTHERS[:3])
MARKERS = ("o", "s", "^", "D", "v", "P")


def embedding_map(
    ax: Axes,
    xy: ndarray,
    identity: ndarray,
    title: str,
    others: ndarray | None = None,
    word: str = "",
    size: float = 18,
) -> None:
    """Draw points of a map, a marker and a colour an identity, its number above its median.

    xy      (N, 2), identity (N,); a map's axes have no unit
    others  bool (N,), points that no number stands for; a `word` stands above them
    size    area of a marker, in square points
    """
    _groups(ax, xy, identity, size=size, alpha=0.75)
    _unitless(ax, title)
    own = np.full(len(xy), True) if others is None else ~others
    words = [
        (str(person), np.median(xy[own & (identity == person)], axis=0))
        for person in np.unique(identity[own])
    ]
    if others is not None:
        words.append((word, _above(xy[others])))
    _labels(ax, words)


def _above(xy: ndarray) -> ndarray:
    """The place above the middle of some points (N, 2)."""
    return np.array([np.median(xy[:, 0]), xy[:, 1].max()])


def _labels(ax: Axes, words: list[tuple[str, ndarray]]) -> None:
    """Write each word above its place; where two would overlap, the later one further up."""
    style = {"weight": "bold", "fontsize": 8, "path_effects": HALO, "zorder": 4}
    taken: list[tuple[str, ndarray]] = []
    for word, place in sorted(words, key=lambda one: one[1][1]):  # from the bottom up
        at = ax.transData.transform(place) * 72 / ax.figure.dpi  # in points
        up = 7
        while any(
            (np.abs(at + (0, up) - other) < (3 * len(word + beside) + 4, 11)).all()
            for beside, other in taken
        ):
            up += 3
        taken.append((word, at + (0, up)))
        label(ax, word, place, (0, up), **style)


def neighbours_kept(ax: Axes, shares: Mapping[str, float], chance: float, k: int) -> None:
    """Draw the share of each point's k nearest neighbours that are among its k nearest on the map.

    shares  {method: share in [0, 1]}; `chance` is the share that a random map keeps
    """
    colours = [FAINT if name == "PCA" else SAME for name in shares]
    percent = [100 * share for share in shares.values()]
    bars = ax.barh(range(len(shares)), percent, color=colours, height=0.6)
    ax.bar_label(bars, fmt="{:.0f}%", padding=3)
    ax.axvline(100 * chance, color=INK, linestyle="--", linewidth=1)
    above = (100 * chance, -0.42)  # above the bars, where there is room
    label(ax, "chance", above, (3, 0), fontsize=9)
    named_rows(ax, list(shares), above=0.65)
    best = max(shares, key=shares.get)
    ax.set(xlim=(0, 100), xlabel=f"share of the {k} nearest neighbours kept (%)")
    ax.set_title(f"{best} keeps most neighbours, and still loses {1 - shares[best]:.0%} of them")


def distance_against_map(ax: Axes, true: ndarray, drawn: ndarray, correlation: float) -> None:
    """Draw distances between people on the map against those in the embedding, each (pairs,)."""
    ax.scatter(true, drawn, s=22, color=SAME, alpha=0.7, linewidths=0)
    keeps = (
        "keeps" if correlation > 0.7 else "keeps in part" if correlation > 0.4 else "hardly keeps"
    )
    ax.set_title(f"The map {keeps} the order of distances: {correlation:.2f}")
    ax.set_xlabel("distance of two people's embeddings (medians; L2)")
    ax.set_ylabel("distance on the map (no unit)")


def noise_map(ax: Axes, xy: ndarray, clusters: ndarray | None, title: str) -> None:
    """Draw a map (N, 2) of noise in one colour, or by the groups (N,) that a program finds."""
    if clusters is None:
        ax.scatter(*xy.T, s=14, color=INK, alpha=0.6, linewidths=0)
    else:
        _groups(ax, xy, clusters, size=16, alpha=0.8)
    _unitless(ax, title)


def group_widths(axes: Sequence[Axes], truth: ndarray, drawn: ndarray, group: ndarray) -> None:
    """Draw two groups, one wider than the other, as they are (left) and on the map (right).

    truth, drawn  (N, 2) first two coordinates, and places on the map
    group         (N,) 0 for the tight group, 1 for the wide one
    """
    titles = "As it is: one group is wider", "On the map: the difference is gone"
    for ax, xy, title in zip(axes, (truth, drawn), titles):
        _groups(ax, xy, group, size=14, alpha=0.7)
        for k, name in enumerate(("tight", "wide")):
            x, height = xy[group == k, 0], np.median(xy[group == k, 1])
            inwards = x.mean() < xy[:, 0].mean()  # towards the other group, where there is room
            place = (x.max() if inwards else x.min(), height)
            label(ax, name, place, (6 if inwards else -6, 0), weight="bold", path_effects=HALO)
        _unitless(ax, title)
    axes[0].set_xlabel("the first 2 of 128 coordinates, no unit")


def mistakes_on_map(
    axes: Sequence[Axes], xy, identity: ndarray, images: ndarray, wrong: ndarray, nearest: ndarray
) -> None:
    """Draw some points of a map with thick edges, and four of their images above their neighbours'.

    axes          of the map, of its part around these points (with three axes), and of the images
    xy, identity  (N, 2), (N,); images (N, H, W, 3) uint8
    wrong         places of the points with thick edges
    nearest       (N,) place of each image's nearest neighbour in the embedding
    """
    *maps, right = axes
    for ax, size in zip(maps, (14, 45)):
        embedding_map(
            ax, xy, identity, f"{len(wrong)} pictures nearest to another person", size=size
        )
        _groups(ax, xy, identity, size, alpha=1, only=wrong, edgecolor=INK, linewidths=1.8)
    if len(maps) > 1 and len(wrong):
        low, high = xy[wrong].min(0), xy[wrong].max(0)
        side = 1.4 * (high - low).max() + 1e-9
        corner = (low + high - side) / 2
        frame = Rectangle(corner, side, side, fill=False, edgecolor=INK, linewidth=1, zorder=5)
        maps[0].add_patch(frame)
        maps[1].set_aspect("equal", adjustable="box")
        maps[1].set(xlim=(corner[0], corner[0] + side), ylim=(corner[1], corner[1] + side))
        maps[1].set_title("Enlarged: they have thick edges")
        for words in maps[1].texts:  # numbers of groups outside the square
            words.set_visible(False)
    right.set_title("Top: four of them.\nBottom: their nearest pictures", pad=18)
    without_ticks(right, edge=False)
    side, shown = images.shape[2], wrong[:4]
    if len(shown):
        right.imshow(tiled([images[shown], images[nearest[shown]]]))
    for column, one in enumerate(shown):
        middle = side * (column + 0.5)
        label(right, f"{identity[one]}", (middle, 0), (0, 3), fontsize=9)
        below = {"va": "top", "fontsize": 9}
        label(right, f"{identity[nearest[one]]}", (middle, 2 * side), (0, -3), **below)


def _groups(
    ax: Axes, xy: ndarray, group: ndarray, size: float, alpha: float, only=None, **edge
) -> None:
    """Points (N, 2) with a marker and a colour a group (N,); `only` those at some places."""
    chosen = np.full(len(xy), True) if only is None else np.isin(np.arange(len(xy)), only)
    for k, one in enumerate(np.unique(group)):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        style = {"color": colour, "edgecolor": text_colour(colour), "linewidths": 0.7} | edge
        ax.scatter(*xy[chosen & (group == one)].T, s=size, marker=marker, alpha=alpha, **style)


def _unitless(ax: Axes, title: str) -> None:
    ax.set(title=title, xlabel="no unit")
    ax.set_aspect("equal", adjustable="datalim")
    without_ticks(ax)
