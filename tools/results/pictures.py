"""Pictures of the results page."""

import re
import textwrap
from collections.abc import Sequence

import numpy as np

from lib import course
from lib.export.cost import Cost
from lib.export.runtimes import Row
from lib.plots import export as panels
from lib.plots.maps import COLOURS
from lib.plots.palette import FAINT, INK
from lib.plots.signatures import system_errors
from lib.plots.style import interval, label, named_rows, without_ticks
from tools.cache import results_folder
from tools.results import page

# Views of a photograph that the figure of LFW leaves out; the log has them.
LEFT_OUT = re.compile(
    r"guessing|centre|fixed|people, landmarks|layer, landmarks|^course model, both|landmarks \+"
)


def save(fig, name: str) -> None:
    """Write a figure of Matplotlib to docs/figures, or under the quick budget into the cache."""
    import matplotlib.pyplot as plt

    folder = course.by_budget(quick=results_folder(), full=course.ROOT / "docs" / "figures")
    folder.mkdir(parents=True, exist_ok=True)
    fig.savefig(folder / name)
    plt.close(fig)


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
    """Draw four panels, a row a file: bytes, milliseconds, difference from PyTorch, EER added.

    rows, costs  one a file, in one order
    title        says whose files these are
    """
    size, time, differs, added = axes
    panels.size_and_time((size, time), rows)
    time.set_xlabel("ms an image (log scale)")
    panels.agreement(differs, rows)
    differs.set(xlabel="difference from PyTorch (log scale)", title="Float files only round")
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


def errors(ax, rows: Sequence[tuple[str, float, Sequence[float] | None]], title: str) -> None:
    """Draw error rates on a log scale, one row a method: ours as dots, published ones as diamonds.

    rows  (method, accuracy, its interval or None) in [0, 1]; the interval may reach 1
    """
    for y, (name, accuracy, ends) in enumerate(rows):
        theirs = name.startswith("published:")
        wrong = ends and [max(1 - end, 1e-3) for end in ends]
        interval(ax, y, 1 - accuracy, wrong, *((FAINT, "D") if theirs else (INK, "o")))
        label(ax, f"{100 * (1 - accuracy):.1f}", (100 * (1 - accuracy), y), (0, 8), fontsize=9)
    named_rows(ax, [textwrap.fill(name, 44) for name, *_ in rows], above=0.9)
    ax.set_xscale("log")
    ticks = [1, 2, 5, 10, 20, 50]
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="errors (%, log scale), bar: 95 % interval", title=title)


# -- from the files --------------------------------------------------------------------------------


def draw_all() -> None:
    """Draw what docs/results.md shows and no measurement draws, from docs/results/*.json."""
    import matplotlib.pyplot as plt

    course.use_figure_style()
    signatures, omniglot, faces = map(page.record, ("signatures", "omniglot", "faces"))
    fig, ax = plt.subplots(figsize=(8, 4.2))
    steps = page.rows(signatures, "steps")
    columns = ([row[key] for row in steps] for key in ("system", "skilled", "skilled_interval"))
    system_errors(ax, *columns, page.published("beside")["sigscatnet"]["eer"])
    ax.set_title("Strokes and grey ink bought most against skilled forgeries")
    save(fig, "signature_steps.png")

    runs = [
        (row["method"], row["share"], row.get("interval"))
        for row in page.rows(omniglot, "runs")
        if row["share"] < 1 and row["method"] != "guessing"
    ]
    comparators = page.published("beside")["comparators"]
    if (name := f"published: {comparators['what']}") not in [method for method, *_ in runs]:
        runs.append((name, comparators["share"], None))
    fig, ax = plt.subplots(figsize=(8, 0.45 * len(runs) + 0.8))
    errors(ax, runs, "Of ours, GlyphNet errs least on Lake's 400 questions")
    save(fig, "omniglot_runs.png")

    theirs = page.published("beside")["insightface"]
    pairs = page.rows(faces, "pairs") + page.rows(faces, "patterns")
    pairs.append({"method": f"published: {theirs['what']}", "mean": theirs["mean"]})
    shown = [
        (row["method"], row["mean"], page.fold_interval(row) if "std" in row else None)
        for row in sorted(pairs, key=lambda row: row["mean"])
        if not LEFT_OUT.search(row["method"])
    ]
    fig, ax = plt.subplots(figsize=(8, 0.5 * len(shown) + 0.8))
    errors(ax, shown, "LFW: photographs teach what made-up faces do not")
    save(fig, "lfw_pairs.png")
