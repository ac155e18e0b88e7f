"""Figures of verification and identification: thresholds on three scales, curves with bands, groups side by side, a disturbed face."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from lib.evaluation import convert_threshold, far_frr
from lib.plots import DIFFERENT, FAINT, HALO, INK, SAME, for_words
from lib.plots.scores import LINES, score_histograms


def door(ax: plt.Axes, scores: np.ndarray, same: np.ndarray, threshold: float) -> None:
    """Draw the scores of same and different pairs, and say what a threshold means to a stranger and to the owner of a phone."""
    score_histograms(ax, scores, same, threshold)
    far, frr = far_frr(scores, same, threshold)
    ax.set_title(
        f"Threshold {threshold:.2f}\n{_strangers(far)} the phone, FAR {_percent(far)}\n"
        f"its owner is {_turned_away(frr)}, FRR {_percent(frr)}"
    )


def _percent(share: float) -> str:
    """Two digits that count: "0.044 %", "9.1 %", "100 %"."""
    return f"{100 * share:.0f} %" if share > 0.0995 else f"{100 * share:.2g} %"


def _strangers(share: float) -> str:
    """ "1 stranger in 500 unlocks", "18 strangers in 100 unlock", "no stranger unlocks" """
    if share <= 0:
        return "no stranger unlocks"
    return (
        f"{round(100 * share)} strangers in 100 unlock"
        if share > 0.095
        else f"1 stranger in {round(1 / share):,} unlocks"
    )


def _turned_away(share: float) -> str:
    """ "never turned away", "turned away 1 time in 65" """
    if share <= 0:
        return "never turned away"
    return (
        f"turned away {round(100 * share)} times in 100"
        if share > 0.095
        else f"turned away 1 time in {round(1 / share):,}"
    )


def rulers(ax: plt.Axes, copied: Sequence[tuple[str, float, str]]) -> None:
    """Draw cosine, L2 and squared L2 as three rulers one above the other; each (who, value, metric) is a line through all of them."""
    metrics = {
        "cosine": (2, np.linspace(-0.5, 1, 7)),
        "l2": (1, np.array([0, 0.5, 0.8, 1.0, 1.2, 1.4, 1.6])),
        "squared l2": (0, np.linspace(0, 3, 7)),
    }
    for metric, (height, ticks) in metrics.items():
        at = convert_threshold(ticks, metric, "cosine")
        ax.plot([-0.5, 1], [height, height], color=INK, linewidth=1)
        for x, tick in zip(at, ticks):
            if x >= -0.51:
                ax.plot([x, x], [height - 0.06, height + 0.06], color=INK, linewidth=1)
                ax.annotate(
                    f"{tick:g}",
                    (x, height - 0.09),
                    ha="center",
                    va="top",
                    fontsize=8,
                    color=for_words(FAINT),
                    path_effects=HALO,
                )
        ax.annotate(
            metric.replace("l2", "L2"), (-0.56, height), ha="right", va="center", fontweight="bold"
        )
    for n, (who, value, metric) in enumerate(
        sorted(copied, key=lambda row: -convert_threshold(row[1], row[2], "cosine"))
    ):
        colour, style, marker = LINES[n % len(LINES)]
        x = convert_threshold(value, metric, "cosine")
        height = 2.3 + 0.26 * n
        ax.plot([x, x], [-0.1, height], linestyle=style, color=colour)
        ax.plot(
            x,
            metrics[metric][0],
            marker,
            color=colour,
            markeredgecolor=for_words(colour),
            markersize=8,
        )
        ax.annotate(
            f"{metric.replace('l2', 'L2')} {value:g}: {who}",
            (x, height),
            (4, -3),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=9,
            color=INK,
        )
    ax.annotate("more alike →", (1, -0.38), ha="right", fontsize=9, color=for_words(FAINT))
    ax.set(xlim=(-0.85, 1.05), ylim=(-0.5, 2.4 + 0.26 * len(copied)))
    ax.set_axis_off()


def curves(
    ax: plt.Axes,
    x: Sequence[float],
    lines: dict[str, tuple],
    xlabel: str,
    ylabel: str,
    logarithmic: bool = False,
) -> None:
    """Draw {name: (values, low, high) or (values,)} in percent against x."""
    for n, (name, (values, *band)) in enumerate(lines.items()):
        colour, style, marker = LINES[n % len(LINES)]
        ax.plot(
            x,
            100 * np.asarray(values),
            linestyle=style,
            marker=marker,
            color=colour,
            markeredgecolor=for_words(colour),
            label=name,
        )
        if band:
            ax.fill_between(
                x,
                100 * np.asarray(band[0]),
                100 * np.asarray(band[1]),
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
    if logarithmic:
        ax.set_xscale("log")
    ax.set_xticks(list(x), [f"{value:g}" for value in x])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    ax.legend()


def strangers(
    ax: plt.Axes,
    best_known: np.ndarray,
    right: np.ndarray,
    best_stranger: np.ndarray,
    threshold: float,
    gallery: int,
) -> None:
    """Draw each probe's best score against a gallery, people enrolled and strangers, and what a threshold makes of them."""
    best_known, right, best_stranger = (
        np.asarray(best_known),
        np.asarray(right),
        np.asarray(best_stranger),
    )
    edges = np.linspace(-0.4, 1, 57)
    for values, colour, hatch, word in (
        (best_stranger, DIFFERENT, "///", "strangers"),
        (best_known, SAME, "", "enrolled"),
    ):
        heights = np.histogram(values, edges)[0] / len(values) * 100
        ax.stairs(heights, edges, fill=True, color=colour, alpha=0.35, hatch=hatch, linewidth=0)
        ax.stairs(heights, edges, color=for_words(colour), linewidth=1.2)
        peak = int(np.argmax(heights))
        ax.annotate(
            word,
            ((edges[peak] + edges[peak + 1]) / 2, heights[peak]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            fontweight="bold",
        )
    ax.axvline(threshold, color=INK, linewidth=1.5)
    found, alarms = (
        float((right & (best_known >= threshold)).mean()),
        float((best_stranger >= threshold).mean()),
    )
    ax.set(
        xlabel="best score against the gallery (cosine)",
        ylabel="share of probes (%)",
        xlim=(-0.4, 1),
        title=f"{gallery} {'person' if gallery == 1 else 'people'} enrolled, threshold {threshold:.2f}\nenrolled and found, TPIR {found:.1%}\nstrangers taken for somebody, FPIR {alarms:.1%}",
    )
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    ax.yaxis.set_major_locator(
        MaxNLocator(nbins=6, integer=True)
    )  # labels of one width: the frame stands still under a slider


def disturbed(
    axes: Sequence[plt.Axes],
    before: np.ndarray,
    after: np.ndarray,
    strengths: Sequence[float],
    scores: Sequence[float],
    at: float,
    threshold: float,
    unit: str,
) -> None:
    """Draw a few faces before and after one disturbance, and the mean score of genuine pairs against its strength."""
    picture, curve = axes
    picture.imshow(
        np.concatenate([np.concatenate(list(side), 0) for side in (before, after)], 1),
        interpolation="bilinear",
    )
    picture.set_title("before | after")
    picture.set_axis_off()
    curve.plot(strengths, scores, color=SAME, marker="o")
    curve.axhline(threshold, color=INK, linewidth=1.2, linestyle="--")
    curve.annotate(
        "threshold", (strengths[0], threshold), (0, 3), textcoords="offset points", fontsize=9
    )
    curve.axvline(at, color=FAINT, linewidth=1.2, linestyle=":")
    curve.set(xlabel=unit, ylabel="mean score of genuine pairs (cosine)", ylim=(0, 1))


def by_group(
    ax: plt.Axes, groups: Sequence[str], rates: dict[str, list[tuple[float, float, float]]]
) -> None:
    """Draw {rate: [(value, low, high) a group]} in percent, one line a group, with intervals."""
    for n, (name, values) in enumerate(rates.items()):
        colour, _, marker = LINES[n]
        y = np.arange(len(groups)) + 0.16 * (2 * n - len(rates) + 1)
        for place, (value, low, high) in zip(y, values):
            ax.plot([100 * low, 100 * high], [place, place], color=colour, linewidth=2)
            ax.plot(
                100 * value,
                place,
                marker,
                color=colour,
                markeredgecolor=for_words(colour),
                markersize=7,
                label=name if place == y[0] else None,
            )
    ax.set_yticks(range(len(groups)), groups)
    ax.set(
        xlabel="error rate (%), bar: 95 % interval over people",
        ylim=(len(groups) - 0.5, -0.5),
        xlim=(0, None),
    )
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper right")
