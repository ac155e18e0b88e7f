"""Signature verification: losses and their baseline, scores by kind of forgery."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy import ndarray

from lib.plots.palette import DIFFERENT, FAINT, FORGERY, HALO, INK, LINES, MARKER, SAME, text_colour
from lib.plots.scores import error_words, interval_rows
from lib.plots.style import histogram_rows, label, named_rows


def relative_losses(ax: Axes, losses: Mapping[str, Sequence[float]], window: int = 10) -> None:
    """Draw running means of losses, each divided by its baseline, which is a dashed line at 1.

    losses  {name: (steps,)}
    """
    ends, top = [], 1.0
    for (name, loss), (colour, dash, _) in zip(losses.items(), LINES):
        wide = min(window, len(loss))
        mean = np.convolve(loss, np.ones(wide) / wide, mode="valid")
        ax.plot(np.arange(wide, len(loss) + 1), mean, linestyle=dash, color=colour)
        ends.append((float(mean[-1]), len(loss), name, text_colour(colour)))
        top = max(top, float(mean.max()))
    height = -1.0
    bold = {"weight": "bold", "path_effects": HALO}
    for end, step, name, colour in sorted(ends):  # names of curves that end together are stacked
        height = max(end, height + 0.08 * top)
        label(ax, name, (step, height), (4, 0), color=colour, **bold)
    ax.axhline(1, color=INK, linestyle="--", linewidth=1.3)
    place = {"xycoords": ("axes fraction", "data"), "va": "top"}
    label(ax, "baseline", (0.45, 1), (0, -4), fontsize=9, path_effects=HALO, **place)
    longest = max(len(loss) for loss in losses.values())
    ax.set(xlabel=f"step (each point: mean of {window})", ylabel="loss / baseline loss")
    ax.set(xlim=(0, 1.22 * longest), ylim=(0, 1.08 * top))


def writer_scores(
    ax: Axes, people: Mapping[str, tuple[ndarray, ndarray, ndarray]], threshold: float | None = None
) -> None:
    """Draw each writer's scores on a row: among the references, and genuine and forged ones.

    people     {name: (scores among the references, genuine and forged against them)}
    threshold  where to accept, one line for all rows
    """
    for row, (among, genuine, forged) in enumerate(people.values()):
        span, level = [among.min(), among.max()], [row, row]
        ax.plot(span, level, color=FAINT, linewidth=9, alpha=0.35, solid_capstyle="round")
        ax.plot(span, level, color=FAINT, linewidth=1.2)
        ax.plot(among.mean(), row, "|", color=INK, markersize=15)
        for values, colour, place in ((genuine, SAME, row - 0.16), (forged, FORGERY, row + 0.16)):
            heights = np.full(len(values), place)
            ax.plot(values, heights, MARKER[colour], color=colour, markersize=5, alpha=0.8)
    if threshold is not None:
        ax.axvline(threshold, color=INK, linewidth=1.5)
    named_rows(ax, list(people))
    ax.set_xlabel("score (larger is more alike)")


def forgery_scores(
    ax: Axes, genuine: ndarray, skilled: ndarray, random: ndarray, threshold: float, name: str = ""
) -> None:
    """Draw scores of genuine signatures, skilled and random forgeries on three rows.

    What the threshold decides wrongly is in full colour; its share stands on each row. The axis
    begins where the skilled forgeries do: most random ones lie further left.
    """
    rows = (
        ("genuine", genuine, SAME, "below"),
        ("skilled", skilled, FORGERY, "above"),
        ("random", random, DIFFERENT, "above"),
    )
    left = min(np.quantile(skilled, 0.02), np.quantile(genuine, 0.02))
    histogram_rows(ax, rows, threshold, alpha=0.3, left=left)
    above = {"ha": "left", "va": "bottom", "fontsize": 9, "path_effects": HALO}
    for row, (kind, scores, _, side) in enumerate(rows):
        wrong = scores < threshold if side == "below" else scores >= threshold
        words = error_words(kind, wrong.mean(), kind == "genuine")
        if (further := np.mean(scores < left)) > 0.1:
            words += f"; \u2190 {further:.0%} are further left"
        label(ax, words, (left, row - 0.83), (6, 0), **above)
    ax.set_title(f"{name}threshold {threshold:.2f}")
    ax.set_xlabel("score (larger is more alike); full colour: decided wrongly")


def system_errors(
    ax: Axes, names: Sequence[str], eer: Sequence, intervals: Sequence, published: float
) -> None:
    """Draw EERs with their intervals, one row a system, and a published EER as a dashed line."""
    sign = FORGERY, MARKER[FORGERY]
    interval_rows(ax, names, eer, intervals, "EER of skilled forgeries (%)", sign)
    ax.axvline(100 * published, color=INK, linestyle="--", linewidth=1.3)
    words = f"published,\nother protocol: {100 * published:.2f}"
    label(ax, words, (100 * published, -0.5), (4, 0), va="top", fontsize=9)
