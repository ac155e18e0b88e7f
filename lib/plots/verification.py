"""Verification and identification: thresholds, curves with bands, open-set scores, groups."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

from lib.evaluation import convert_threshold, far_frr
from lib.plots.palette import DIFFERENT, FAINT, INK, LINES, SAME, text_colour
from lib.plots.scores import one_in, score_histograms
from lib.plots.style import histogram, label, line_with_band, mark, tiled, without_ticks


def unlock_rates(ax: Axes, scores: ndarray, same: ndarray, threshold: float) -> None:
    """Draw the scores of same and different pairs, and what a threshold means for a locked phone.

    scores, same  (N,) similarity, and True where both images show one person
    """
    score_histograms(ax, scores, same, threshold)
    ax.set_yscale("log")  # the wrong decisions are one in a hundred
    ax.set_ylim(0.01, 100)
    far, frr = far_frr(scores, same, threshold)
    strangers = f"strangers who unlock the phone: {one_in(far)}, FAR {_percent(far)}"
    owner = f"owner is turned away: {one_in(frr)}, FRR {_percent(frr)}"
    ax.set_title(f"Threshold {threshold:.2f}\n{strangers}\n{owner}")


def roc_curve(ax: Axes, far: ndarray, tar: ndarray, thresholds: ndarray, threshold: float) -> None:
    """Draw a ROC curve, FAR on a logarithmic axis, and the point of one threshold on it.

    far, tar, thresholds  (T,) as `lib.evaluation.roc` gives them, the strictest threshold first
    """
    lowest = 0.5 * far[far > 0].min()  # where a FAR of 0 is drawn
    shown = np.maximum(far, lowest)
    ax.plot(100 * shown, 100 * tar, color=SAME, linewidth=2)
    at = max(int(np.sum(thresholds >= threshold)) - 1, 0)
    x, y = 100 * shown[at], 100 * tar[at]
    mark(ax, x, y, "o", INK, 9)
    ax.axvline(x, color=INK, linewidth=0.8, linestyle=":")
    ax.axhline(y, color=INK, linewidth=0.8, linestyle=":")
    ax.set(xlabel="FAR: different pairs accepted (%)", ylabel="TAR: same pairs accepted (%)")
    ax.set(xscale="log", xlim=(100 * lowest, 100), ylim=(-3, 103))
    ax.set_title("ROC curve: a lower threshold\nmoves the point to the right")


def _percent(share: float) -> str:
    """Two digits that count: "0.044 %", "9.1 %", "100 %"."""
    return f"{100 * share:.0f} %" if share > 0.0995 else f"{100 * share:.2g} %"


def threshold_scales(ax: Axes, thresholds: Sequence[tuple[str, float, str]]) -> None:
    """Draw cosine, L2 and squared L2 as aligned scales, and each threshold as a line through them.

    thresholds  (whose, value, metric), the metric one of "cosine", "l2", "squared l2"
    """
    squared, plain = [0, 0.5, 1, 1.5, 2, 2.5, 3], [0, 0.5, 0.8, 1, 1.2, 1.4, 1.6]
    scales = {"squared l2": squared, "l2": plain, "cosine": [-0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]}
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # no line through a number
    small = {"va": "top", "fontsize": 8, "color": text_colour(FAINT), "bbox": paper}
    for height, (metric, ticks) in enumerate(scales.items()):
        ax.plot([-0.5, 1], [height, height], color=INK, linewidth=1)
        for tick in ticks:
            x = convert_threshold(tick, metric, "cosine")
            if x >= -0.51:
                ax.plot([x, x], [height - 0.06, height + 0.06], color=INK, linewidth=1)
                label(ax, f"{tick:g}", (x, height - 0.09), **small)
        label(ax, metric.replace("l2", "L2"), (-0.56, height), ha="right", weight="bold")
    cosines = [convert_threshold(value, metric, "cosine") for _, value, metric in thresholds]
    for n, place in enumerate(np.argsort(cosines)[::-1]):
        (whose, value, metric), x = thresholds[place], cosines[place]
        colour, dash, marker = LINES[n % len(LINES)]
        height = 2.3 + 0.26 * n
        ax.plot([x, x], [-0.1, height], linestyle=dash, color=colour)
        mark(ax, x, list(scales).index(metric), marker, colour, 8)
        words = f"{metric.replace('l2', 'L2')} {value:g}: {whose}"
        label(ax, words, (x, height), (4, -3), va="center", fontsize=9)
    more = {"ha": "right", "va": "baseline", "fontsize": 9}
    label(ax, "more alike →", (1, -0.38), color=text_colour(FAINT), **more)
    ax.set(xlim=(-0.85, 1.05), ylim=(-0.5, 2.4 + 0.26 * len(thresholds)))
    ax.set_axis_off()


def percent_curves(
    ax: Axes, x: Sequence, lines: Mapping[str, tuple], xlabel: str, ylabel: str, logarithmic=False
) -> None:
    """Draw shares in percent against x, with a band where there is one.

    lines  {name: (values, low, high)} or {name: (values,)}, each (len(x),) in [0, 1]
    """
    for (name, arrays), style in zip(lines.items(), LINES):
        line_with_band(ax, x, arrays, style, label=name)
    if logarithmic:
        ax.set_xscale("log")
    ax.set_xticks(list(x), [f"{value:g}" for value in x])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    ax.legend()


def open_set_scores(
    ax: Axes, best_known, is_correct, best_stranger, threshold: float, gallery: int
) -> None:
    """Draw each probe's best score against a gallery, and what a threshold makes of them.

    best_known     (N,) of people enrolled; is_correct (N,) bool, the best score is the person's own
    best_stranger  (M,) of people not enrolled; `gallery` is how many are
    """
    best_known, best_stranger = np.asarray(best_known), np.asarray(best_stranger)
    edges = np.linspace(-0.1, 1, 45)  # the best of five scores or more is hardly ever negative
    histogram(ax, best_stranger.clip(-0.1), edges, DIFFERENT, "///", "strangers")
    histogram(ax, best_known.clip(-0.1), edges, SAME, "", "enrolled")
    ax.axvline(threshold, color=INK, linewidth=1.5)
    found = float((np.asarray(is_correct) & (best_known >= threshold)).mean())
    named = float((best_stranger >= threshold).mean())
    ax.set(xlabel="best score against the gallery (cosine)", ylabel="share of probes (%)")
    ax.set(xlim=(-0.1, 1), ylim=(0, 1.15 * ax.get_ylim()[1]))
    people = "1 person" if gallery == 1 else f"{gallery} people"
    ax.set_title(
        f"{people} enrolled, threshold {threshold:.2f}\n"
        f"enrolled people's probes found, TPIR {found:.1%}\n"
        f"strangers' probes named, FPIR {named:.1%}"
    )
    # Whole numbers have one width, so the frame stands still while a slider moves.
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def disturbance(
    axes: Sequence[Axes], before, after, strengths, scores, at: float, threshold: float, unit: str
) -> None:
    """Draw faces before and after one disturbance, and the share of same pairs that it rejects.

    before, after  (K, H, W, 3) uint8
    strengths      (S,); `at` is the strength that `after` shows, `unit` the name of the x axis
    scores         (S, N) of N same pairs at each strength, rejected below the threshold
    """
    picture, curve = axes
    pairs = np.stack([before, after], axis=1)  # (K, 2, H, W, 3)
    picture.imshow(tiled(pairs), interpolation="bilinear")
    picture.set_title("before | after")
    picture.set_axis_off()
    rejected = (np.reshape(scores, (len(strengths), -1)) < threshold).mean(1)
    curve.plot(strengths, 100 * rejected, color=SAME, marker="o")
    curve.axhline(50, color=INK, linewidth=1.2, linestyle="--")
    label(curve, "half", (strengths[0], 50), (0, 3), ha="left", fontsize=9)
    curve.axvline(at, color=FAINT, linewidth=1.2, linestyle=":")
    curve.set(xlabel=unit, ylabel="same pairs rejected (%)", ylim=(-3, 103))


def aligned_pair(before: Axes, after: Axes, photograph, points, crop, template) -> None:
    """Draw a photograph with its points, and the crop with the points of the template.

    photograph, crop  (H, W, 3) uint8; points, template (P, 2) in their pixels
    """
    sign = {"color": "white", "markeredgecolor": INK, "linestyle": "none"}
    for ax, image, places, marker in (
        (before, photograph, points, "o"),
        (after, crop, template, "P"),
    ):
        ax.imshow(image)
        ax.plot(*np.transpose(places), marker=marker, markersize=5, **sign)
        without_ticks(ax, edge=False)
