"""Pictures of the results page."""

from collections.abc import Sequence

import numpy as np

from lib import course
from lib.export.cost import Cost
from lib.export.runtimes import Row
from lib.plots import export as panels
from lib.plots.maps import COLOURS
from lib.plots.palette import FAINT, INK
from lib.plots.style import interval, label, named_rows, without_ticks
from tools.cache import results_folder


def save(fig, name: str) -> str:
    """Write and close a figure of Matplotlib; returns where it is, for docs/results.md.

    Under the quick budget it is written into the cache.
    """
    import matplotlib.pyplot as plt

    folder = course.by_budget(quick=results_folder(), full=course.ROOT / "docs" / "figures")
    folder.mkdir(parents=True, exist_ok=True)
    fig.savefig(folder / name)
    plt.close(fig)
    return f"figures/{name}"


def signature_map(ax, xy: np.ndarray, writer: np.ndarray, genuine: np.ndarray) -> None:
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
    ax.set_title("Writers never trained on: genuine (dots) and skilled forgeries (crosses)")
    ax.set_xlabel("no unit")
    without_ticks(ax)


def export_table(axes, rows: Sequence[Row], costs: Sequence[Cost], title: str) -> None:
    """Draw four panels with one row a file: bytes, milliseconds, difference to PyTorch, EER added.

    rows, costs  one a file, in one order
    title        says whose files these are
    """
    size, time, differs, added = axes
    panels.size_and_time((size, time), rows)
    time.set_xlabel("ms an image (log scale)")
    panels.agreement(differs, rows)
    differs.set(xlabel="difference to PyTorch (log scale)", title="Float files only round")
    for y, cost in enumerate(costs):
        interval(added, y, cost.worse, cost.worse_interval, *panels.SIGNS[cost.precision])
    added.axvline(0, color=INK, linewidth=1)
    added.axvline(0.2, color=FAINT, linestyle="--", linewidth=1)
    for ax in (differs, added):
        named_rows(ax, [""] * len(rows), above=0.9)
    highest = max(cost.worse_interval[1] for cost in costs)
    added.set_xlabel("EER added (points; dashed: 0.2)")
    added.set_title(f"Intervals reach {100 * highest:+.2f}")
    size.set_title(f"{title}\n{size.get_title(loc='left')}", loc="left")
