"""Figures of scores: histograms with a threshold whose error rates are put in words, ROC curves with bands, figures with intervals."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter

from lib.plots import DIFFERENT, FAINT, FORGERY, INK, OTHERS, SAME, for_words

LINES = (
    (SAME, "-", "o"),
    (DIFFERENT, "--", "s"),
    (OTHERS[0], "-.", "D"),
    (FORGERY, ":", "^"),
    (OTHERS[1], (0, (5, 1)), "v"),
)


def one_in(share: float) -> str:
    """A share as a reader pictures it: 0.002 is "1 in 500", 0.4 is "40 in 100", 0 is "none"."""
    if share <= 0:
        return "none"
    return f"{round(100 * share)} in 100" if share > 0.095 else f"1 in {round(1 / share):,}"


def score_histograms(
    ax: plt.Axes,
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
    forged: np.ndarray | None = None,
    bins: int = 40,
) -> None:
    """Draw the scores of same and different pairs, and what a threshold does to them, with FAR and FRR in words.

    forged   bool (N,), different pairs that hold a skilled forgery: drawn apart, and with a rate of their own
    """
    scores, same = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=bool)
    forged = np.zeros_like(same) if forged is None else np.asarray(forged, dtype=bool) & ~same
    edges = np.linspace(
        scores.min(), scores.max(), bins + 1
    )  # of the scores alone: the bars stand still while the threshold moves
    words = []
    for mask, colour, hatch, word in (
        (~same & ~forged, DIFFERENT, "///", "different"),
        (forged, FORGERY, "xxx", "forged"),
        (same, SAME, "", "same"),
    ):
        if not mask.any():
            continue
        heights = np.histogram(scores[mask], edges)[0] / mask.sum() * 100
        ax.stairs(heights, edges, fill=True, color=colour, alpha=0.35, hatch=hatch, linewidth=0)
        ax.stairs(heights, edges, color=for_words(colour), linewidth=1.2)
        peak = int(np.argmax(heights))
        ax.annotate(
            word,
            ((edges[peak] + edges[peak + 1]) / 2, heights[peak]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontweight="bold",
        )
        failed = mask & (scores < threshold if word == "same" else scores >= threshold)
        ax.stairs(
            np.histogram(scores[failed], edges)[0] / mask.sum() * 100,
            edges,
            fill=True,
            color=colour,
            linewidth=0,
        )  # decided wrongly: full colour
        wrong = float(failed.sum() / mask.sum())
        words.append(
            f"{word}: {one_in(wrong)} {'rejected, FRR' if word == 'same' else 'accepted, FAR'} {wrong:.1%}"
        )
    ax.axvline(threshold, color=INK, linewidth=1.5)
    late = threshold > edges[0] + 0.75 * (edges[-1] - edges[0])  # no room to the right of the line
    ax.annotate(
        "accept from here on →" if late else "accept from here on",
        (threshold, 0.97),
        (-5 if late else 5, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        ha="right" if late else "left",
        fontsize=9,
    )
    ax.set_ylim(top=ax.get_ylim()[1] * 1.15)
    ax.set(
        xlabel="score (larger is more alike)",
        ylabel="share of its pairs (%)",
        title=f"Threshold {threshold:.2f}\n" + "\n".join(words),
    )


def roc_curve(
    ax: plt.Axes, curves: dict[str, tuple], logarithmic: bool = True, smallest: float = 1e-3
) -> None:
    """Draw ROC curves {name: (far, tar)} or {name: (far, tar, low, high)}, low and high the band of TAR at each FAR."""
    for n, (name, (far, tar, *band)) in enumerate(curves.items()):
        colour, style, _ = LINES[n % len(LINES)]
        far, tar = np.asarray(far), np.asarray(tar)
        ax.plot(
            100 * far,
            100 * tar,
            style,
            color=colour,
            label=name,
            drawstyle="default" if band else "steps-post",
        )
        if band:
            ax.fill_between(
                100 * far,
                100 * np.asarray(band[0]),
                100 * np.asarray(band[1]),
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
    chance = np.geomspace(smallest, 1, 50) if logarithmic else np.array([0, 1])
    ax.plot(100 * chance, 100 * chance, ":", color=FAINT, linewidth=1, label="guessing")
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(100 * smallest, 100)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set(
        xlabel="different pairs accepted, FAR (%)",
        ylabel="same pairs accepted, TAR (%)",
        ylim=(0, 102),
    )
    ax.legend(loc="lower right")


def measured(
    ax: plt.Axes,
    names: Sequence[str],
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    unit: str = "EER (%)",
) -> None:
    """Draw one figure a line with its interval, in percent; the number stands beside it."""
    for n, (value, (low, high)) in enumerate(zip(values, intervals)):
        ax.plot(
            [100 * low, 100 * high], [n, n], color=INK, linewidth=2
        )  # each line has its name: a colour would only look like a meaning
        ax.plot(100 * value, n, "o", color=INK, markersize=8)
        ax.annotate(
            f"{100 * value:.1f}",
            (100 * value, n),
            (0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel=f"{unit}, bar: 95 % interval", ylim=(len(names) - 0.5, -0.6), xlim=(0, None))
    ax.grid(axis="y", visible=False)
