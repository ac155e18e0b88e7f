"""Figures of lesson 11: what each file of one network weighs, how long it takes, and what it gets wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from lib.plots import FAINT, HALO, INK, OTHERS, SAME

# A precision has a colour and a marker of its own.
SIGN = {"float32": (INK, "o"), "float16": (OTHERS[0], "D"), "int8": (OTHERS[1], "s")}


def _names(ax: Axes, rows: Sequence) -> np.ndarray:
    """One line a row, top to bottom, its name to the left."""
    y = np.arange(len(rows))
    ax.set_yticks(y, [f"{row.name} {row.precision}" for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.9)
    ax.grid(axis="y", visible=False)
    return y


def agreement(ax: Axes, rows: Sequence, promised: float = 1e-5) -> None:
    """Dots: the largest difference to PyTorch in any number of any vector, on a logarithmic axis."""
    for y, row in zip(_names(ax, rows), rows):
        colour, marker = SIGN[row.precision]
        ax.plot(row.parity, y, marker, color=colour, markersize=8)
    ax.axvline(promised, color=FAINT, linestyle="--", linewidth=1)
    ax.text(promised, -0.55, " promised for float32", color=INK, fontsize=9, va="center")
    ax.set(xscale="log", xlabel="largest difference to PyTorch (unit vectors, log scale)")
    exact, rough = (
        max((row.parity for row in rows if (row.precision == "float32") == which), default=0)
        for which in (True, False)
    )
    times = float(f"{rough / exact:.0e}") if exact and rough else 0  # one digit says it
    ax.set_title(
        f"int8 differs {times:,.0f} times as much as float32"
        if times
        else "Float files only round differently"
    )


def size_and_time(axes: Sequence[Axes], rows: Sequence) -> None:
    """Two panels: bytes as bars; milliseconds as dots, a bar from the fastest to the slowest quarter of the calls."""
    left, right = axes
    y = _names(left, rows)
    bars = left.barh(
        y,
        [row.bytes / 1e6 for row in rows],
        color=[SIGN[row.precision][0] for row in rows],
        height=0.6,
    )
    for bar, row in zip(bars, rows):
        bar.set_hatch("///" if row.precision == "int8" else "")
        bar.set_edgecolor("white")
    left.bar_label(bars, fmt="%.2f", padding=3)
    left.margins(x=0.18)
    left.set(xlabel="size (MB)", title="int8 files are the smallest")
    _names(right, rows)
    right.set_yticklabels([])
    for at, row in zip(y, rows):
        colour, marker = SIGN[row.precision]
        right.hlines(at, row.low, row.high, color=colour, linewidth=3, alpha=0.4)
        right.plot(row.median, at, marker, color=colour, markersize=7)
        right.annotate(
            f"{row.median:.2f}",
            (max(row.high, row.median), at),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    right.set_xscale("log")
    right.margins(x=0.18)
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.xaxis.set_major_formatter("{x:g}")
    right.xaxis.set_minor_formatter(NullFormatter())
    fastest = min(rows, key=lambda row: row.median)
    right.set(
        xlabel="time an image (ms, log scale), one thread",
        title=f"Fastest: {fastest.name} {fastest.precision}",
    )


def errors_added(ax: Axes, costs: Sequence, allowed: float = 0.002) -> None:
    """Dots with 95 % intervals: by how many points each file's EER differs from PyTorch's on the same pairs."""
    files = [cost for cost in costs if cost.name != "PyTorch"]
    for y, cost in zip(_names(ax, files), files):
        colour, marker = SIGN[cost.precision]
        low, high = cost.worse_interval
        ax.hlines(y, 100 * low, 100 * high, color=colour, linewidth=2)
        ax.plot(100 * cost.worse, y, marker, color=colour, markersize=7)
    ax.axvline(0, color=INK, linewidth=1)
    ax.axvline(100 * allowed, color=FAINT, linestyle="--", linewidth=1)
    ax.text(100 * allowed, -0.55, f" we would pay {100 * allowed:g}", fontsize=9, va="center")
    worst = max(files, key=lambda cost: cost.worse)
    ax.set(
        xlabel="EER of the file less EER in PyTorch (percentage points, 95 % interval)",
        title=f"The costliest file, {worst.name} {worst.precision}: {100 * worst.worse:+.2f} points of EER",
    )


def whole_table(axes: Sequence[Axes], rows: Sequence, costs: Sequence, title: str) -> None:
    """Four panels, one line a file: bytes, milliseconds, difference to PyTorch, EER added. Under a title that says whose files these are."""
    size, time, differs, added = axes
    size_and_time((size, time), rows)
    for y, row in enumerate(rows):
        colour, marker = SIGN[row.precision]
        if row.parity:
            differs.plot(row.parity, y, marker, color=colour, markersize=7)
    for y, cost in enumerate(costs):
        colour, marker = SIGN[cost.precision]
        added.hlines(y, *(100 * end for end in cost.worse_interval), color=colour, linewidth=2)
        added.plot(100 * cost.worse, y, marker, color=colour, markersize=7)
    for ax in (differs, added):
        _names(ax, rows)
        ax.set_yticklabels([])
    added.axvline(0, color=INK, linewidth=1)
    added.axvline(0.2, color=FAINT, linestyle="--", linewidth=1)
    differs.set(
        xscale="log", xlabel="difference to PyTorch (log scale)", title="Float files only round"
    )
    worst = max(costs, key=lambda cost: cost.worse_interval[1])
    time.set_xlabel("ms an image (log scale)")
    added.set(
        xlabel="EER added (points; dashed: 0.2)",
        title=f"Intervals reach {100 * worst.worse_interval[1]:+.2f}",
    )
    size.set_title(f"{title}\n{size.get_title(loc='left')}", loc="left")


def damage_by_layer(ax: Axes, damage: Mapping[str, float], way_around: Mapping[str, bool]) -> None:
    """Bars in the order in which layers run: how far int8 in this layer alone turns the embeddings.

    way_around  {layer: True where a shortcut carries its input past it}
    """
    values, around = (
        1e6 * np.array(list(damage.values())),
        np.array([way_around[name] for name in damage]),
    )
    for which, colour, hatch, label in (
        (~around, OTHERS[1], "///", "no way around it"),
        (around, SAME, "", "a shortcut leads around it"),
    ):
        if which.any():
            ax.bar(
                np.flatnonzero(which),
                values[which],
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0,
                width=0.85,
                label=label,
            )
    worst = int(np.argmax(values))
    ax.annotate(
        list(damage)[worst], (worst, values[worst]), (4, 3), textcoords="offset points", fontsize=9
    )
    ax.margins(y=0.12)
    ax.legend()
    ax.grid(axis="x", visible=False)
    share = values[~around].sum() / values.sum()
    title = f"{(~around).sum()} of {len(values)} layers have no shortcut around them, and do {share:.0%} of the damage"
    ax.set(
        xlabel="layer, first to last",
        ylabel="1 - cosine (millionths)",
        title=title if around.any() else f"Layer {list(damage)[worst]} suffers most",
    )


def bits_and_errors(
    ax: Axes,
    errors: Mapping[tuple[int, bool], float],
    sizes: Mapping[int, int],
    exact: float,
    bits: int,
    per_channel: bool,
) -> None:
    """EER against the bits of a weight, one line for each way to scale; the chosen point with its size in words.

    errors  {(bits, per channel?): EER}
    sizes   {bits: bytes}
    exact   EER with 32-bit weights
    """
    widths = sorted({width for width, _ in errors})
    for each, colour, style, marker in ((True, SAME, "-", "o"), (False, OTHERS[1], "--", "s")):
        line = [100 * errors[width, each] for width in widths]
        ax.plot(
            widths,
            line,
            style,
            marker=marker,
            color=colour,
            linewidth=2.4 if each == per_channel else 1.2,
            label="a scale for each channel" if each else "one scale for the layer",
        )
    ax.axhline(100 * exact, color=FAINT, linestyle=":", linewidth=1.2)
    ax.text(
        widths[0], 100 * exact, "32 bits", ha="left", va="bottom", fontsize=9, path_effects=HALO
    )
    ax.legend()
    chosen = errors[bits, per_channel]
    ax.plot(bits, 100 * chosen, "o", markersize=15, fillstyle="none", color=INK, markeredgewidth=2)
    ax.set_yscale("log")
    ax.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    ax.set(
        xlabel="bits a weight",
        ylabel="EER (%, log scale)",
        xticks=widths,
        ylim=(0.7, 70),
        title=f"{bits} bits, {'a scale for each channel' if per_channel else 'one scale for the layer'}: {sizes[bits] / 1e6:.2f} MB, EER {chosen:.1%}",
    )
