"""Networks: what a convolution connects, a bottleneck, costs by stage, places that count."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy import ndarray
from scipy.ndimage import uniform_filter

from lib.plots.palette import FORGERY, INK, OTHERS, text_colour, text_on
from lib.plots.style import arrow, label, named_rows, without_ticks

SPATIAL, POINTWISE = OTHERS[0], OTHERS[1]  # convolutions over neighbours, and over channels
# Bars: a hatch in white, or an edge that stands out on white.
PARAMETERS, TIME = ({"color": c, "edgecolor": text_colour(c)} for c in (OTHERS[2], OTHERS[0]))
WORK = {"color": OTHERS[1], "hatch": "///", "edgecolor": "white", "linewidth": 0}


def connections(axes: Sequence[Axes], channels: int = 8) -> None:
    """Draw three convolutions as tables: which input channel (column) reaches which output."""
    everything, own = np.ones((channels, channels), dtype=int), np.eye(channels, dtype=int)
    tables = {"3x3": 9 * everything, "depthwise 3x3": 9 * own, "then 1x1": everything}
    for ax, (name, weights) in zip(axes, tables.items()):
        side, colour = (0.28, POINTWISE) if weights.max() == 1 else (0.84, SPATIAL)
        for row, column in np.argwhere(weights):
            corner = column - side / 2, row - side / 2
            ax.add_patch(Rectangle(corner, side, side, color=colour))
        ax.set(xlim=(-0.6, channels - 0.4), ylim=(channels - 0.4, -0.6), aspect="equal")
        most = weights.max()
        ax.set_xlabel(f"channel in\n(square: {most} {'weight' if most == 1 else 'weights'})")
        ax.set_title(f"{name}: {weights.sum()} weights", fontsize=9.5)
        without_ticks(ax)
    axes[0].set_ylabel("channel out")


def bottleneck(
    ax: Axes, c_in: int = 64, t: int = 2, c_out: int = 64, stride: int = 1, side: int = 28
) -> None:
    """Draw one bottleneck: maps as boxes, as tall as their channels are many; layers as arrows.

    t     how many times the 1x1 widens the `c_in` channels
    side  height and width of the input's maps
    """
    wide, after = c_in * t, -(-side // stride)
    maps = ((c_in, side), (wide, side), (wide, after), (c_out, after))
    lefts = [0.02 + 0.27 * i for i in range(4)]
    tallest = max(channels for channels, _ in maps)
    for left, (channels, size), fill in zip(lefts, maps, (INK, "#D5D5D5", "#D5D5D5", INK)):
        height, middle = 0.62 * channels / tallest, left + 0.055
        look = {"facecolor": fill, "edgecolor": INK, "linewidth": 0.8}
        ax.add_patch(Rectangle((left, 0.52 - height / 2), 0.11, height, **look))
        words = "white" if fill == INK else INK
        label(ax, f"{channels}", (middle, 0.52), weight="bold", color=words)
        label(ax, f"{size}x{size}", (middle, 0.49 - height / 2), va="top", fontsize=8)

    layers = (
        ("1x1, PReLU\nwiden", c_in * wide, POINTWISE),
        ("depthwise 3x3\nPReLU, filter", 9 * wide, SPATIAL),
        ("1x1, linear\nnarrow", wide * c_out, POINTWISE),
    )
    for left, (name, weights, colour) in zip(lefts, layers):
        start, end = left + 0.115, left + 0.265
        arrow(ax, (start, 0.52), (end, 0.52), colour, mutation_scale=13, shrinkA=2, shrinkB=2)
        middle = (start + end) / 2
        label(ax, name, (middle, 0.56), va="bottom", fontsize=8)
        label(ax, f"{weights:,}\nweights", (middle, 0.47), va="top", fontsize=8)
    if stride == 1 and c_in == c_out:
        bow = {"linestyle": "--", "connectionstyle": "arc3,rad=-0.3", "mutation_scale": 13}
        ends = (lefts[0] + 0.055, 0.69), (lefts[3] + 0.055, 0.69)
        arrow(ax, *ends, linewidth=1.2, shrinkA=2, shrinkB=2, **bow)
        label(ax, "shortcut: added to the result", (0.48, 0.88), fontsize=9)
    ax.set(xlim=(0, 0.96), ylim=(0.08, 1.02))
    total = sum(weights for _, weights, _ in layers)
    ax.set_title(f"Of {total:,} weights only {9 * wide:,} combine neighbouring pixels")
    without_ticks(ax, edge=False)


def stage_costs(
    axes: Sequence[Axes], names: Sequence[str], parameters: ndarray, multiply_adds: ndarray
) -> None:
    """Draw each stage's share of the parameters (left) and of the multiply-adds (right)."""
    for ax, values, what, look in (
        (axes[0], parameters, "parameters", PARAMETERS),
        (axes[1], multiply_adds, "multiply-adds", WORK),
    ):
        share = 100 * np.asarray(values) / sum(values)
        bars = ax.barh(range(len(names)), share, alpha=0.85, **look)
        ax.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
        named_rows(ax, names if ax is axes[0] else [""] * len(names))
        ax.set(xlim=(0, 1.18 * share.max()), xlabel="share (%)")
        ax.set_title(f"{sum(values) / 1e6:.2f} M {what} in all")
    axes[0].tick_params(axis="y", labelsize=9)


def work_and_time(ax: Axes, work: Mapping[str, float], seconds: Mapping[str, float]) -> None:
    """Draw each kind of layer's share of the multiply-adds beside its share of the time."""
    rows = np.arange(len(work))
    share = {name: 100 * work[name] / sum(work.values()) for name in work}
    time = {name: 100 * seconds[name] / sum(seconds.values()) for name in work}
    for shift, values, words, look in (
        (-0.2, share, "of the multiply-adds", WORK),
        (0.2, time, "of the time", TIME),
    ):
        bars = ax.barh(rows + shift, list(values.values()), 0.38, **look)
        ax.bar_label(bars, fmt=f"%.1f %% {words}", padding=3, fontsize=9)
    named_rows(ax, list(work))
    ax.set_xticks(range(0, 101, 20))
    ax.set(xlim=(0, 125), xlabel="share of one pass through the network (%)")
    slow = max(work, key=lambda name: time[name] - share[name])
    shares = f"{share[slow]:.1f} % of the work, {time[slow]:.1f} % of the time"
    ax.set_title(f"{slow.capitalize()} layers: {shares}")


def through_relu(
    axes: Sequence[Axes], points: ndarray, rebuilt: Mapping[int, tuple], phase, slope: float
) -> None:
    """Draw a curve in the plane, and what is left after widening, activation and the way back.

    points   (N, 2); phase (N,) in [0, 1] colours the curve from its inner to its outer end
    rebuilt  {channels: (points (N, 2), share of the squared length that is lost)}, one an axes
             after the first
    slope    of the activation on the negative side
    """
    reach = 1.15 * np.abs(points).max()
    pictures = {"the input": points}
    pictures |= {
        f"{n} channels: {100 * lost:.1f} % lost": back for n, (back, lost) in rebuilt.items()
    }
    for ax, (title, xy) in zip(axes, pictures.items()):
        ax.scatter(xy[:, 0], xy[:, 1], c=phase, s=6, cmap="cividis")
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        ax.set_title(title, fontsize=9.5)
        ax.set_xlabel(f"slope below zero: {slope:g}")
        without_ticks(ax)
    axes[0].set_xlabel("2 numbers a point")


def location_weights(ax: Axes, weights: ndarray, title: str) -> None:
    """Draw how much the global layer weighs each place: (h, w) mean absolute weights.

    Each is shown as a multiple of their average.
    """
    relative = weights / weights.mean()
    table = ax.imshow(relative, cmap="cividis", vmin=0.5, vmax=1.5)
    for (row, column), value in np.ndenumerate(relative):
        colour = text_on(table.to_rgba(value))
        label(ax, f"{value:.2f}", (column, row), fontsize=9, color=colour)
    places = range(len(relative)), [16 * i for i in range(len(relative))]
    ax.set_xticks(*places)
    ax.set_yticks(*places)
    ax.set(title=title, xlabel="pixel column (0 at the left)", ylabel="pixel row (0 at the top)")
    ax.grid(False)


def influence_map(ax: Axes, face: ndarray, influence: ndarray, at: tuple[int, int]) -> None:
    """Draw a pale face, and on it in red how much each pixel influences one place of the last map.

    face  (H, W, 3); influence (H, W), 0 or more, any scale
    at    row and column of the pixel over which that place is, marked with a cross
    """
    # A stride leaves a grid in gradients: the mean over 7x7 pixels evens it out.
    smooth = uniform_filter(np.asarray(influence, dtype=float), size=7, mode="nearest")
    strength = np.clip(smooth / smooth.max(), 0, 1)
    grey = 128 + np.asarray(face, dtype=float).mean(2) / 2
    ax.imshow(grey, cmap="gray", vmin=0, vmax=255)
    red = np.empty((*strength.shape, 4))
    red[..., :3], red[..., 3] = to_rgb(FORGERY), 0.85 * strength
    ax.imshow(red)
    row, column = at
    ax.plot(column, row, "+", color="white", markersize=14, markeredgewidth=5, clip_on=False)
    ax.plot(column, row, "+", color=INK, markersize=11, markeredgewidth=2, clip_on=False)
    without_ticks(ax)
    ax.set_title(f"pixel {row}, {column}", fontsize=10)
