"""Exported files of one network: their size, their time, and what they get wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from lib.plots.palette import FAINT, HALO, INK, OTHERS, SAME
from lib.plots.style import interval, label, named_rows

# precision -> (colour, marker)
SIGNS = {"float32": (INK, "o"), "float16": (OTHERS[0], "D"), "int8": (OTHERS[1], "s")}


def agreement(ax: Axes, rows: Sequence) -> None:
    """Draw the largest difference from PyTorch in any number of any vector, on a logarithmic axis.

    rows  reports, as lib.export.report returns them; the dashed line is what float32 may differ
    """
    named_rows(ax, _names(rows), above=0.9)
    for y, row in enumerate(rows):
        if row.parity:  # PyTorch itself has none
            interval(ax, y, row.parity, None, *SIGNS[row.precision], scale=1)
    ax.set_xscale("log")
    ax.axvline(1e-5, color=FAINT, linestyle="--", linewidth=1)
    label(ax, "limit for float32", (1e-5, -0.55), (3, 0), fontsize=9)
    ax.set_xlabel("largest difference from PyTorch (unit vectors, log scale)")
    exact = max((row.parity for row in rows if row.precision == "float32"), default=0)
    rough = max((row.parity for row in rows if row.precision != "float32"), default=0)
    if exact and rough:
        times = float(f"{rough / exact:.0e}")  # one digit is enough
        ax.set_title(f"int8 differs {times:,.0f} times as much as float32")
    else:
        ax.set_title("Float files only round differently")


def size_and_time(axes: Sequence[Axes], rows: Sequence) -> None:
    """Draw bytes as bars (left), and milliseconds with their middle half of the calls (right).

    rows  reports, as lib.export.report returns them
    """
    left, right = axes
    named_rows(left, _names(rows), above=0.9)
    named_rows(right, [""] * len(rows), above=0.9)
    for y, row in enumerate(rows):
        colour, marker = SIGNS[row.precision]
        hatch = "///" if row.precision == "int8" else ""
        look = {"color": colour, "hatch": hatch, "edgecolor": "white"}
        bar = left.barh(y, row.bytes / 1e6, height=0.6, **look)
        left.bar_label(bar, fmt="%.2f", padding=3)
        ends, bar = (row.low, row.high), {"linewidth": 3, "alpha": 0.4}
        interval(right, y, row.median, ends, colour, marker, scale=1, **bar)
        label(right, f"{row.median:.2f}", (max(row.high, row.median), y), (6, 0), fontsize=9)
    left.set(xlabel="size (MB)", title="int8 files are the smallest")
    right.set_xscale("log")
    for ax in axes:
        ax.margins(x=0.18)
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.xaxis.set_major_formatter("{x:g}")
    right.xaxis.set_minor_formatter(NullFormatter())
    fastest = min(rows, key=lambda row: row.median)
    right.set_xlabel("time an image (ms, log scale), one thread")
    right.set_title(f"Fastest: {fastest.name} {fastest.precision}")


def errors_added(ax: Axes, costs: Sequence, allowed: float = 0.002) -> None:
    """Draw how much each file's EER differs from PyTorch's on the same pairs, with 95 % intervals.

    costs  as lib.export.cost returns them; the dashed line is `allowed`, an acceptable difference
    """
    files = [cost for cost in costs if cost.name != "PyTorch"]
    named_rows(ax, _names(files), above=0.9)
    for y, cost in enumerate(files):
        interval(ax, y, cost.worse, cost.worse_interval, *SIGNS[cost.precision])
    ax.axvline(0, color=INK, linewidth=1)
    ax.axvline(100 * allowed, color=FAINT, linestyle="--", linewidth=1)
    label(ax, f"limit {100 * allowed:g}", (100 * allowed, -0.55), (3, 0), fontsize=9)
    worst = max(files, key=lambda cost: cost.worse)
    ax.set_xlabel("EER of the file less EER in PyTorch (percentage points, 95 % interval)")
    words = f"Most is added by {worst.name} {worst.precision}"
    ax.set_title(f"{words}: {100 * worst.worse:+.2f} points of EER")


def _names(rows: Sequence) -> list[str]:
    return [f"{row.name} {row.precision}" for row in rows]


def damage_by_layer(ax: Axes, damage: Mapping[str, float], bypassed: Mapping[str, bool]) -> None:
    """Draw how far int8 in one layer alone turns the embeddings, a bar a layer, first to last.

    damage    {layer: 1 - cosine}
    bypassed  {layer: True where a shortcut carries its input past it}
    """
    names = list(damage)
    values = 1e3 * np.array(list(damage.values()))
    around = np.array([bypassed[name] for name in names])
    for which, colour, hatch, words in (
        (~around, OTHERS[1], "///", "no shortcut around it"),
        (around, SAME, "", "a shortcut leads around it"),
    ):
        if which.any():
            look = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
            ax.bar(np.flatnonzero(which), values[which], width=0.85, label=words, **look)
    worst = int(np.argmax(values))
    label(ax, names[worst], (worst, values[worst]), (4, 3), fontsize=9)
    ax.margins(y=0.12)
    ax.legend()
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="layer, first to last", ylabel=r"mean of 1 - cosine ($\times 10^{-3}$)")
    share = values[~around].sum() / values.sum()
    words = f"{(~around).sum()} of {len(values)} layers have no shortcut around them"
    ax.set_title(f"{words}, and do {share:.0%} of the damage")


def bits_and_errors(
    ax: Axes, errors: Mapping, sizes: Mapping, exact: float, bits: int, per_channel: bool
) -> None:
    """Draw EER against the bits of a weight, a line for each way to scale; one point is ringed.

    errors, sizes      {(bits, per channel?): EER}, {bits: bytes}; `exact` is the EER with 32 bits
    bits, per_channel  the ringed point
    """
    widths = sorted({width for width, _ in errors})
    way = {True: "a scale for each channel", False: "one scale for the layer"}
    for each, colour, style in ((True, SAME, "-o"), (False, OTHERS[1], "--s")):
        line = [100 * errors[width, each] for width in widths]
        thick = 2.4 if each == per_channel else 1.2
        ax.plot(widths, line, style, color=colour, linewidth=thick, label=way[each])
    ax.axhline(100 * exact, color=FAINT, linestyle=":", linewidth=1.2)
    label(ax, "32 bits", (widths[0], 100 * exact), (1, 2), fontsize=9, path_effects=HALO)
    ax.legend()
    chosen = errors[bits, per_channel]
    ax.plot(bits, 100 * chosen, "o", markersize=15, fillstyle="none", color=INK, markeredgewidth=2)
    ax.set_yscale("log")
    ax.set_yticks([1, 2, 5, 10, 20, 50])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set(xlabel="bits a weight", ylabel="EER (%, log scale)", xticks=widths, ylim=(0.7, 70))
    size = f"{sizes[bits] / 1e6:.2f} MB"
    ax.set_title(f"{bits} bits, {way[per_channel]}: {size}, EER {chosen:.1%}")
