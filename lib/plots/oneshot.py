"""One-shot learning: an episode, accuracy by ways and shots, search results, methods."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.style import (
    DIFFERENT,
    FAINT,
    INK,
    LINES,
    SAME,
    frame,
    interval,
    label,
    place_image,
    text_colour,
)

STYLES = (LINES[1], LINES[0], *LINES[2:])  # pixels first, then the network in blue
GAP = 3  # pixels between images


def episode(
    ax: Axes,
    probe: np.ndarray,
    shown: np.ndarray,
    answer: int,
    scores: Sequence[float] | None = None,
    columns: int = 10,
) -> None:
    """Draw an episode: the probe on the left, the candidates on the right, with scores the answer.

    probe   (H, W) uint8; shown (ways, H, W)
    answer  place of the right candidate
    scores  (ways,): the candidate with the best score and the right one are framed
    """
    height, width = probe.shape
    below = {"va": "top", "annotation_clip": False}
    place_image(ax, probe)
    frame(ax, 0, 0, probe, INK, linewidth=1.5)
    label(ax, "which of these?", (width / 2, height + 2), **below)
    left = width + 5 * GAP
    answered = None if scores is None else int(np.argmax(scores))
    for place, image in enumerate(shown):
        x, y = left + place % columns * (width + GAP), place // columns * (height + 4 * GAP)
        place_image(ax, image, x, y)
        if scores is None or place not in (answer, answered):
            continue
        if place == answered:
            frame(ax, x, y, image, DIFFERENT, "--", linewidth=2.5, gap=1)
        if place == answer:
            frame(ax, x, y, image, SAME, "-", linewidth=2.5, gap=1)
        words = "right" if place == answer else "answered"
        if answered == answer:
            words = "answered, right"
        label(ax, words, (x + width / 2, y + height + 2), fontsize=8, weight="bold", **below)
    rows = -(-len(shown) // columns)
    ax.set(xlim=(-GAP, left + columns * (width + GAP)), aspect="equal")
    ax.set_ylim(rows * (height + 4 * GAP) + GAP, -GAP)
    if scores is not None:
        verdict, best_other = (
            "Right" if answered == answer else "Wrong",
            np.delete(scores, answer).max(),
        )
        ax.set_title(
            f"{verdict}: the right one scores {scores[answer]:.2f}, "
            f"the best of the others {best_other:.2f}"
        )
    ax.axis("off")


def accuracy_by_ways(
    ax: Axes,
    ways: Sequence[int],
    curves: Mapping[str, np.ndarray],
    guess: Sequence[float] | None = None,
    title: str = "",
) -> None:
    """Draw accuracy against the number of ways, a line with its band a method, and chance.

    curves  {method: (W, 3) share, low, high}
    guess   (W,) what independent candidates would give, dotted
    """
    _curves_with_bands(ax, ways, curves)
    if guess is not None:
        ax.plot(ways, 100 * np.asarray(guess), ":", color=INK, linewidth=1.3)
        end, words = (ways[-1], 100 * guess[-1]), "if candidates\nwere independent"
        label(ax, words, end, (6, 0), fontsize=8, annotation_clip=False)
    fine = np.linspace(ways[0], ways[-1], 60)
    ax.plot(fine, 100 / fine, color=FAINT, linewidth=1)
    label(ax, "guessing", (fine[20], 100 / fine[20]), (2, 4), fontsize=9)
    ax.set_xticks(ways)
    ax.set(xlabel="ways (characters to choose from)", ylabel="right answers (%)", title=title)
    ax.set(xlim=(ways[0] - 0.3, ways[-1] * 1.02), ylim=(0, 102))


def precision_at(ax: Axes, curves: Mapping[str, np.ndarray], best: int, title: str = "") -> None:
    """Draw precision at k for k = 1, 2, ...; `best` is how many right images there are to find.

    curves  {method: (K, 3) precision, low, high}
    """
    _curves_with_bands(ax, 1 + np.arange(len(next(iter(curves.values())))), curves)
    ax.axvline(best, color=FAINT, linewidth=1)
    words = f"there are {best}\nto find"
    label(ax, words, (best, 6), (-4, 0), va="baseline", fontsize=9)
    ax.set(xlabel="k (images looked at)", ylabel="precision at k (%)", ylim=(0, 102), title=title)


def _curves_with_bands(ax: Axes, x: Sequence[float], curves: Mapping[str, np.ndarray]) -> None:
    """One line with a band a method, in percent, with the method's name at its end."""
    for (name, values), (colour, dash, marker) in zip(curves.items(), STYLES):
        share, low, high = 100 * np.asarray(values).T
        ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        look = {"marker": marker, "markersize": 4, "markeredgecolor": text_colour(colour)}
        ax.plot(x, share, dash, color=colour, **look)
        label(ax, name, (x[-1], share[-1]), (6, 0), weight="bold", annotation_clip=False)


def method_intervals(
    ax: Axes, results: Mapping[str, tuple[float, float, float]], ways: int, shots: int
) -> None:
    """Draw one accuracy with its interval a method, at one number of ways and shots, and chance.

    results  {method: (share, low, high)}
    """
    for row, ((share, *ends), (colour, _, marker)) in enumerate(zip(results.values(), STYLES)):
        bar = 100 * np.array(ends)
        interval(ax, row, 100 * share, bar, colour, marker, size=8, width=5, alpha=0.4)
        label(ax, f"{100 * share:.0f} %", (100 * share, row), (0, 9), weight="bold")
    ax.axvline(100 / ways, color=INK, linestyle="--", linewidth=1.3)
    label(ax, f"guessing: {100 / ways:.0f} %", (100 / ways, -0.75), (4, 0), fontsize=9)
    ax.set_yticks(range(len(results)), list(results))
    ax.set(xlim=(0, 103), ylim=(-1, len(results) - 0.35), xlabel="right answers (%)")
    ax.set_title(f"{ways} ways, {shots} {'shot' if shots == 1 else 'shots'}")


def search_results(
    ax: Axes, query: np.ndarray, images: np.ndarray, right: Sequence[bool], scores: Sequence[float]
) -> None:
    """Draw a query and what a search finds, best first: wrong images are crossed out.

    query  (H, W) uint8; images (K, H, W); right (K,) bool; scores (K,)
    """
    height, width = query.shape
    place_image(ax, query)
    frame(ax, 0, 0, query, INK, linewidth=1.5)
    label(ax, "query", (width / 2, height + 2), va="top")
    for place, (image, is_right, score) in enumerate(zip(images, right, scores)):
        x = (width + GAP) * (place + 1) + 3 * GAP
        place_image(ax, image, x)
        frame(ax, x, 0, image, SAME if is_right else DIFFERENT, "-" if is_right else "--", gap=1)
        if not is_right:
            ax.plot([x, x + width], [height, 0], color=text_colour(DIFFERENT), linewidth=1.5)
        label(ax, f"{score:.2f}", (x + width / 2, height + 2), va="top", fontsize=9)
    count = len(images)
    ax.set(xlim=(-GAP, (width + GAP) * (count + 1) + 4 * GAP), ylim=(height + 12, -GAP))
    ax.set_aspect("equal")
    ax.set_title(
        f"{int(np.sum(right))} of the first {count} are right: "
        f"precision at {count} is {np.mean(right):.0%}"
    )
    ax.axis("off")


def ranked_methods(
    ax: Axes,
    names: Sequence[str],
    shares: Sequence[float],
    intervals: Sequence[tuple[float, float] | None],
    published: Sequence[bool],
    title: str = "",
) -> None:
    """Draw accuracies in rows: ours with an interval, published ones as open diamonds."""
    for row, (share, ends, is_published) in enumerate(zip(shares, intervals, published)):
        bar = None if ends is None else 100 * np.array(ends)
        interval(ax, row, 100 * share, bar, SAME, width=5, alpha=0.35)
        if is_published:
            ax.plot(100 * share, row, "D", color=INK, markerfacecolor="white", markersize=7)
        label(ax, f"{100 * share:.1f} %", (100 * share, row), (0, 7), fontsize=8)
    ax.set_yticks(range(len(names)), [textwrap.fill(name, 34) for name in names], fontsize=9)
    ax.set(xlim=(0, 103), ylim=(len(names) - 0.4, -0.8))
    ax.set_xlabel("right answers in 20-way one-shot (%)")
    ax.set_title(title, loc="right")
