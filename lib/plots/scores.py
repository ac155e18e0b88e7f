"""Scores: histograms with a threshold and its error rates, ROC curves, values with intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import DIFFERENT, FAINT, FORGERY, HALO, INK, LINES, SAME, text_colour
from lib.plots.style import histogram, interval, label, line_with_band, named_rows


def one_in(share: float) -> str:
    """A share as a reader pictures it: 0.002 is "1 in 500", 0.4 is "40 in 100", 0 is "none"."""
    if share <= 0:
        return "none"
    return f"{round(100 * share)} in 100" if share > 0.095 else f"1 in {round(1 / share):,}"


def error_words(kind: str, share: float, genuine: bool) -> str:
    """The error rate of one kind of pairs: "same: 1 in 20 rejected, FRR 5.0%"."""
    decision = "rejected, FRR" if genuine else "accepted, FAR"
    return f"{kind}: {one_in(share)} {decision} {share:.1%}"


def score_histograms(
    ax: Axes, scores: np.ndarray, same: np.ndarray, threshold: float, forged=None
) -> None:
    """Draw the scores of same and different pairs, wrong decisions in full colour, rates in words.

    scores, same  (N,) similarity, and True where both images show one identity
    forged        (N,) bool, different pairs with a skilled forgery: drawn apart, with a rate
    """
    scores, same = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=bool)
    forged = np.zeros_like(same) if forged is None else np.asarray(forged, dtype=bool) & ~same
    # Edges depend on the scores alone, so the bars stand still while the threshold moves.
    edges = np.linspace(scores.min(), scores.max(), 41)
    accepted = scores >= threshold
    words = []
    for kind, mask, colour, hatch in (
        ("different", ~same & ~forged, DIFFERENT, "///"),
        ("forged", forged, FORGERY, "xxx"),
        ("same", same, SAME, ""),
    ):
        if not mask.any():
            continue
        histogram(ax, scores[mask], edges, colour, hatch, kind)
        wrong = mask & (~accepted if kind == "same" else accepted)
        heights = 100 * np.histogram(scores[wrong], edges)[0] / mask.sum()
        ax.stairs(heights, edges, fill=True, color=colour, linewidth=0)
        words.append(error_words(kind, wrong.sum() / mask.sum(), genuine=kind == "same"))
    ax.axvline(threshold, color=INK, linewidth=1.5)
    room = threshold <= edges[0] + 0.75 * (edges[-1] - edges[0])  # right of the line
    note, offset = ("accept from here on", 5) if room else ("accept from here on →", -5)
    side = {"xycoords": ("data", "axes fraction"), "va": "top", "fontsize": 9}
    label(ax, note, (threshold, 0.97), (offset, 0), **side)
    ax.set_ylim(top=ax.get_ylim()[1] * 1.15)
    ax.set(xlabel="score (larger is more alike); full colour: decided wrongly")
    ax.set_ylabel("share of each kind of pairs (%)")
    ax.set_title("\n".join([f"Threshold {threshold:.2f}", *words]))


def roc_curve(
    ax: Axes, curves: Mapping[str, tuple], places: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Draw ROC curves, FAR on a logarithmic axis from 0.1 %.

    curves  {name: (far, tar)} or {name: (far, tar, low, high)}, the last two the band of TAR
    places  {name: (FAR, TAR)} in percent, where each name's words begin; None: a legend
    """
    for (name, (far, *tar)), (colour, dash, _) in zip(curves.items(), LINES):
        way = "default" if len(tar) > 1 else "steps-post"
        line_with_band(ax, 100 * far, tar, (colour, dash, ""), label=name, drawstyle=way)
        if places is not None and name in places:
            words = {"color": text_colour(colour), "weight": "bold", "path_effects": HALO}
            label(ax, name, places[name], ha="left", **words)
    chance = np.geomspace(0.1, 100, 50)
    ax.plot(chance, chance, ":", color=FAINT, linewidth=1, label="guessing")
    ax.set(xscale="log", xlim=(0.1, 100), ylim=(0, 102))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set(xlabel="different pairs accepted, FAR (%)", ylabel="same pairs accepted, TAR (%)")
    if places is None:
        ax.legend(loc="center left")
    elif "guessing" in places:
        label(ax, "guessing", places["guessing"], ha="left", color=text_colour(FAINT))


def interval_rows(
    ax: Axes,
    names,
    values,
    intervals,
    xlabel: str = "EER (%)",
    sign=(INK, "o"),
    digits: int = 1,
    beside: bool = False,
) -> None:
    """Draw one value a row with its interval, in percent; the number stands above it.

    names, values  (N,), the values in [0, 1]
    intervals      (low, high) of each
    sign           colour and marker: ink, unless the colour has a meaning
    beside         whether the number and its interval stand right of the bar instead
    """
    for row, (value, ends) in enumerate(zip(values, intervals)):
        interval(ax, row, value, ends, *sign)
        number, at, offset = f"{100 * value:.{digits}f}", (100 * value, row), (0, 8)
        if beside:
            low, high = (100 * end for end in ends)
            number += f" ({low:.{digits}f} to {high:.{digits}f})"
            at, offset = (high, row), (6, 0)
        label(ax, number, at, offset, fontsize=9, path_effects=HALO)
    named_rows(ax, names)
    ax.set(xlabel=f"{xlabel}, bar: 95 % interval", xlim=(0, None))
