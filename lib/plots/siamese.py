"""A classifier beside twins, distances of unseen pairs, and error rates of several seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from lib.plots.palette import DIFFERENT, FAINT, GREYS, INK, OTHERS, SAME
from lib.plots.style import arrow, histogram, label, named_rows, without_ticks

TWIN = OTHERS[2]  # the network, in both diagrams


def classifier(ax: Axes, image: np.ndarray, names: Sequence[str]) -> None:
    """Draw a classifier: one drawing (H, W) uint8, a network, one output a name, none for others.

    names  of the outputs from the top; "" stands for those that are left out
    """
    _picture(ax, image, 2)
    _box(ax, (3.4, 2), "network")
    for y, name in zip(np.linspace(3.7, 1, len(names)), names):
        if name:
            arrow(ax, (4.5, 2), (5.75, y), FAINT, linewidth=1)
            ax.plot(5.9, y, "o", markersize=9, color=TWIN, markeredgecolor=INK)
        label(ax, name or "⋮", (5.9, y), (9 if name else 0, 0))
    ax.plot(5.9, 0.2, "o", markersize=9, color="white", markeredgecolor=FAINT)
    label(ax, "a new character: no output", (5.9, 0.2), (9, 0), weight="bold")


def twins(ax: Axes, first: np.ndarray, second: np.ndarray, joint: bool = False) -> None:
    """Draw one network with two drawings (H, W) uint8, and what becomes of the two embeddings.

    joint  a learned weighted sum of the differences in place of a distance
    """
    for y, image, number in ((3, first, "1"), (1, second, "2")):
        _picture(ax, image, y)
        _box(ax, (3.4, y), "network")
        arrow(ax, (4.5, y), (5.0, y))
        # A vector, one cell a number: here how low the ink lies in each of four strips.
        ink, rows = 255.001 - image, np.linspace(0, 1, len(image))[:, None]
        for cell, strip in enumerate(np.array_split(ink, 4, axis=1)):
            low = np.clip(2 * (strip * rows).sum() / strip.sum() - 0.5, 0, 1)
            corner, grey = (5.1 + 0.3 * cell, y - 0.15), 0.95 - 0.7 * low
            ax.add_patch(Rectangle(corner, 0.3, 0.3, facecolor=f"{grey:.2f}", edgecolor=INK))
        label(ax, f"embedding $e_{number}$", (5.7, y), (0, 13))
        arrow(ax, (6.35, y), (7.0, 2 + 0.35 * np.sign(y - 2)))
    arrow(ax, (3.4, 1.55), (3.4, 2.45), arrowstyle="<|-|>", linewidth=1.2)
    label(ax, "same weights", (3.4, 2), (7, 0), weight="bold")
    words = "logit: weighted\nsum of $|e_1 - e_2|$" if joint else "distance\n$d = ||e_1 - e_2||$"
    _box(ax, (7.9, 2), words, width=1.9)
    arrow(ax, (8.85, 2), (9.25, 2))
    _box(ax, (9.65, 2), "loss", width=0.7)
    arrow(ax, (9.65, 2.95), (9.65, 2.5), FAINT)
    label(ax, "same or not", (9.6, 3.15))


def marked_drawings(axes: Sequence[Axes], images: np.ndarray, markers: str) -> None:
    """Draw images (N, H, W) uint8 in a row, each with its marker in the next colour."""
    for n, (ax, image, marker) in enumerate(zip(axes, images, markers)):
        ax.imshow(image, **GREYS)
        ax.plot(3, 3, marker, color=f"C{n}", markersize=8)
        without_ticks(ax)


def distances(axes: Sequence[Axes], before, after, same, eers: Sequence[float]) -> None:
    """Draw histograms of the distances of unseen pairs before and after training.

    before, after, same  (M,) distances, and True where a pair shows one identity
    eers                 the two equal error rates, for the titles
    """
    same = np.asarray(same)
    for ax, d, when, eer in zip(axes, map(np.asarray, (before, after)), ("Before", "After"), eers):
        edges = np.linspace(0, np.quantile(d, 0.999), 41)
        histogram(ax, d[~same], edges, DIFFERENT, "///", "")
        histogram(ax, d[same], edges, SAME, "", "same")
        ax.set(
            xlabel="distance of the pair (embedding units)",
            ylabel="share of each kind of pairs (%)",
        )
        ax.set(ylim=(0, 1.12 * ax.get_ylim()[1]))
        outside = np.quantile(d[~same], 0.75), 0.45 * ax.get_ylim()[1]  # right of both histograms
        label(ax, "different", outside, (3, 0), weight="bold")
        ax.set_title(f"{when} training: EER {eer:.0%}")


def seeds(ax: Axes, rows: Mapping[str, Sequence[float]]) -> None:
    """Draw an EER a seed on each row, and the mean in words above them.

    rows  {name: (seeds,) in [0, 1]}
    """
    for row, values in enumerate(100 * np.array(list(map(list, rows.values())))):
        ax.plot(values, [row] * len(values), "o", color=SAME, markersize=6, alpha=0.6, mew=0)
        ax.plot([values.mean()] * 2, [row - 0.22, row + 0.22], color=INK, linewidth=1.5)
        label(ax, f"{values.mean():.1f}", (values.mean(), row - 0.22), (0, 2), fontsize=9)
    named_rows(ax, list(rows), above=0.75)
    ax.set(xlabel="EER (%), a dot a seed, a line at their mean", xlim=(0, None))


def _picture(ax: Axes, image: np.ndarray, y: float) -> None:
    """A drawing in a frame at height `y`, with an arrow to the network beside it."""
    ax.imshow(image, extent=(0.1, 1.5, y - 0.7, y + 0.7), **GREYS)
    ax.add_patch(Rectangle((0.1, y - 0.7), 1.4, 1.4, fill=False, edgecolor=FAINT))
    arrow(ax, (1.6, y), (2.25, y))
    ax.set(xlim=(0, 10.1), ylim=(0, 4), aspect="equal")  # after imshow, which changes them
    ax.axis("off")


def _box(ax: Axes, centre: tuple[float, float], words: str, width: float = 2.2) -> None:
    left, bottom = centre[0] - width / 2, centre[1] - 0.45
    look = {"boxstyle": "round,pad=0,rounding_size=0.15", "edgecolor": INK}
    colour = TWIN if words == "network" else "white"
    ax.add_patch(FancyBboxPatch((left, bottom), width, 0.9, facecolor=colour, **look))
    label(ax, words, centre)
