"""Figures of networks: what a convolution connects, a bottleneck, what each stage costs, and where the last layer looks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from lib.plots import INK, OTHERS, for_words, on_top_of

SPACE, MIX = OTHERS[0], OTHERS[1]  # what looks at neighbours, and what mixes channels
PARAMETERS, WORK, TIME = OTHERS[2], OTHERS[1], OTHERS[0]


def connections(axes: Sequence[Axes], channels: int = 8) -> None:
    """Draw three convolutions as tables: which input channel (column) reaches which output channel (row), with how many weights."""
    full, diagonal = np.full((channels, channels), 9), np.eye(channels, dtype=int) * 9
    kinds = (("3x3", full), ("depthwise 3x3", diagonal), ("then 1x1", np.ones_like(full)))
    for ax, (name, weights) in zip(axes, kinds):
        for row, column in np.argwhere(weights):
            side = 0.84 if weights[row, column] == 9 else 0.28
            ax.add_patch(
                Rectangle(
                    (column - side / 2, row - side / 2),
                    side,
                    side,
                    color=SPACE if side > 0.5 else MIX,
                )
            )
        ax.set(
            xlim=(-0.6, channels - 0.4),
            ylim=(channels - 0.4, -0.6),
            xticks=[],
            yticks=[],
            aspect="equal",
            xlabel="channel in",
        )
        ax.set_title(f"{name}: {weights.sum()} weights", fontsize=10)
        ax.grid(False)
    axes[0].set_ylabel("channel out")


def bottleneck(
    ax: Axes, c_in: int = 64, t: int = 2, c_out: int = 64, stride: int = 1, side: int = 28
) -> None:
    """Draw one bottleneck as boxes: as tall as its channels are many, with map size and weights written on it."""
    wide, after = c_in * t, -(-side // stride)
    maps = ((c_in, side), (wide, side), (wide, after), (c_out, after))
    tallest = max(channels for channels, _ in maps)
    centres = []
    for i, (channels, s) in enumerate(maps):
        height, x = 0.62 * channels / tallest, 0.02 + 0.27 * i
        ax.add_patch(
            Rectangle(
                (x, 0.52 - height / 2),
                0.11,
                height,
                facecolor=INK if i in (0, 3) else "#D5D5D5",
                edgecolor=INK,
                linewidth=0.8,
            )
        )
        ax.text(
            x + 0.055,
            0.52,
            f"{channels}",
            ha="center",
            va="center",
            fontweight="bold",
            color="white" if i in (0, 3) else INK,
        )
        ax.text(
            x + 0.055,
            0.52 - height / 2 - 0.03,
            f"{s}x{s}",
            ha="center",
            va="top",
            fontsize=8,
            color=INK,
        )
        centres.append(x)
    for i, (name, weights) in enumerate(
        (
            ("1x1, PReLU\nwiden", c_in * wide),
            ("depthwise 3x3\nPReLU, filter", 9 * wide),
            ("1x1, linear\nnarrow", wide * c_out),
        )
    ):
        left, right = centres[i] + 0.115, centres[i + 1] - 0.005
        colour = SPACE if i == 1 else MIX
        ax.add_patch(
            FancyArrowPatch(
                (left, 0.52),
                (right, 0.52),
                arrowstyle="-|>",
                mutation_scale=13,
                color=colour,
                linewidth=2,
            )
        )
        ax.text((left + right) / 2, 0.56, name, ha="center", va="bottom", fontsize=8)
        ax.text(
            (left + right) / 2, 0.47, f"{weights:,}\nweights", ha="center", va="top", fontsize=8
        )
    if stride == 1 and c_in == c_out:
        ax.add_patch(
            FancyArrowPatch(
                (centres[0] + 0.055, 0.69),
                (centres[3] + 0.055, 0.69),
                arrowstyle="-|>",
                mutation_scale=13,
                color=INK,
                linewidth=1.2,
                linestyle="--",
                connectionstyle="arc3,rad=-0.3",
            )
        )
        ax.text(
            0.48,
            0.88,
            "shortcut: added to the result",
            ha="center",
            va="center",
            fontsize=9,
            color=INK,
        )
    ax.set(xlim=(0, 0.96), ylim=(0.08, 1.02), xticks=[], yticks=[])
    ax.set_title(
        f"Of {c_in * wide + 9 * wide + wide * c_out:,} weights, only {9 * wide:,} look beyond their own pixel"
    )
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def stage_costs(
    axes: Sequence[Axes],
    names: Sequence[str],
    parameters: Sequence[int],
    multiply_adds: Sequence[int],
) -> None:
    """Draw, stage by stage from input to output, the share of the parameters and the share of the multiply-adds."""
    rows = np.arange(len(names))[::-1]
    for ax, values, what, colour, hatch in (
        (axes[0], parameters, "parameters", PARAMETERS, ""),
        (axes[1], multiply_adds, "multiply-adds", WORK, "///"),
    ):
        values = np.asarray(values, dtype=np.float64)
        share = 100 * values / values.sum()
        ax.barh(
            rows,
            share,
            color=colour,
            hatch=hatch,
            alpha=0.85,
            edgecolor="white" if hatch else for_words(colour),
            linewidth=0 if hatch else 0.8,
        )
        for row, value in zip(rows, share):
            ax.text(value + 0.8, row, f"{value:.1f}", va="center", fontsize=8)
        ax.set(
            yticks=rows,
            xlim=(0, 1.18 * share.max()),
            xlabel="share (%)",
            title=f"{values.sum() / 1e6:.2f} M {what}",
        )
        ax.grid(axis="y", visible=False)
    axes[0].set_yticklabels(names, fontsize=9)
    axes[1].set_yticklabels([])


def through_relu(
    axes: Sequence[Axes],
    points: np.ndarray,
    rebuilt: np.ndarray,
    phase: np.ndarray,
    channels: int,
    slope: float,
    error: float,
) -> None:
    """Draw a curve in the plane and what is left of it after widening, an activation, and the best way back.

    points, rebuilt  (N, 2); phase (N,) in [0, 1] colours the curve from its inner to its outer end
    error            share of the spread that is lost
    """
    for ax, xy, title in (
        (axes[0], points, "what went in"),
        (axes[1], rebuilt, f"what comes back: {100 * error:.0f} % lost"),
    ):
        ax.scatter(xy[:, 0], xy[:, 1], c=phase, s=9, cmap="cividis")
        reach = 1.15 * np.abs(points).max()
        ax.set(
            xlim=(-reach, reach),
            ylim=(-reach, reach),
            aspect="equal",
            xticks=[],
            yticks=[],
            title=title,
        )
        ax.grid(False)
    axes[1].set_xlabel(f"through {channels} channels, negative side times {slope:g}")
    axes[0].set_xlabel("2 numbers a point")


def location_weights(ax: Axes, weights: np.ndarray, title: str) -> None:
    """Draw how much the global layer makes of each place: (h, w) mean size of its weights, relative to their average (1.00)."""
    relative = weights / weights.mean()
    table = ax.imshow(relative, cmap="cividis", vmin=0.5, vmax=1.5)
    for (row, column), value in np.ndenumerate(relative):
        ax.text(
            column,
            row,
            f"{value:.2f}",
            ha="center",
            va="center",
            fontsize=9,
            color=on_top_of(table.to_rgba(value)),
        )
    places = range(len(relative))
    ax.set(
        xticks=places,
        xticklabels=[16 * i for i in places],
        yticks=places,
        yticklabels=[16 * i for i in places],
        title=title,
        xlabel="over pixel column (1.00 everywhere: an average)",
        ylabel="over pixel row (0 at the top)",
    )
    ax.grid(False)


def kernels(axes: Sequence[Axes], weights: np.ndarray) -> None:
    """Draw kernels (N, h, w) side by side: orange with + where a weight is positive, violet with - where it is negative."""
    for ax, kernel, number in zip(axes, weights, range(len(weights))):
        reach = np.abs(kernel).max()
        table = ax.imshow(kernel, cmap="PuOr_r", vmin=-reach, vmax=reach)
        for (row, column), value in np.ndenumerate(kernel):
            if abs(value) > 0.15 * reach:
                ax.text(
                    column,
                    row,
                    "+" if value > 0 else "\u2212",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=on_top_of(table.to_rgba(value)),
                )
        ax.set(xticks=[], yticks=[])
        ax.set_title(str(number), fontsize=9)
        ax.grid(False)


def where_it_looks(ax: Axes, face: np.ndarray, influence: np.ndarray, at: tuple[int, int]) -> None:
    """Draw a face that is dark where it has no influence on one place of the last map; (H, W) influence, any scale.

    at  row and column of the pixel over which the place stands, marked with a cross
    """
    smooth = np.pad(influence, 3, mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(smooth, (7, 7)).mean(
        (2, 3)
    )  # strides leave a grid in gradients: even it out
    light = np.clip(smooth / smooth.max(), 0, 1)[..., None]
    ax.imshow(np.clip(face / max(face.max(), 1) * light, 0, 1))
    ax.plot(
        at[1], at[0], "+", color=INK, markersize=12, markeredgewidth=4, clip_on=False
    )  # on white, beside the face, yellow alone is lost
    ax.plot(at[1], at[0], "+", color=OTHERS[3], markersize=11, markeredgewidth=2, clip_on=False)
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"pixel {at[0]}, {at[1]}", fontsize=10)
    ax.grid(False)


def work_and_time(ax: Axes, work: Mapping[str, float], seconds: Mapping[str, float]) -> None:
    """Draw, for each kind of layer, its share of the multiply-adds beside its share of the time."""
    rows = np.arange(len(work))[::-1]
    total_work, total_time = sum(work.values()), sum(seconds.values())
    for shift, values, total, word, colour, hatch in (
        (0.2, work, total_work, "of the multiply-adds", WORK, "///"),
        (-0.2, seconds, total_time, "of the time", TIME, ""),
    ):
        share = [100 * values[name] / total for name in work]
        ax.barh(
            rows + shift, share, 0.38, color=colour, hatch=hatch, edgecolor="white", linewidth=0
        )
        for row, value in zip(rows, share):
            ax.text(value + 0.8, row + shift, f"{value:.0f} % {word}", va="center", fontsize=9)
    slow = max(work, key=lambda name: seconds[name] / total_time - work[name] / total_work)
    ax.set(
        yticks=rows,
        yticklabels=list(work),
        xlim=(0, 118),
        xlabel="share of one pass through the network (%)",
        title=f"{slow.capitalize()} layers: {100 * work[slow] / total_work:.1f} % of the work, {100 * seconds[slow] / total_time:.0f} % of the time",
    )
    ax.grid(axis="y", visible=False)
