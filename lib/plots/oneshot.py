"""One-shot learning: an episode, accuracy by ways and shots, search results, methods."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import DIFFERENT, FAINT, INK, LINES, SAME, text_colour
from lib.plots.style import frame, interval, label, line_with_band, named_rows, place_image

STYLES = (LINES[1], LINES[0], *LINES[2:])  # pixels first, then the network in blue
GAP = 3  # pixels between images


def episode(ax: Axes, probe: np.ndarray, shown: np.ndarray, answer: int, scores=None) -> None:
    """Draw an episode: the probe on the left, the candidates on the right, with scores the answer.

    probe   (H, W) uint8; shown (ways, H, W)
    answer  place of the right candidate
    scores  (ways,): the candidate with the best score and the right one are framed
    """
    height, width = probe.shape
    columns, left = 10, width + 5 * GAP
    _asked(ax, probe, "which of these?")
    places = []
    for place, image in enumerate(shown):
        places.append((left + place % columns * (width + GAP), place // columns * (height + 12)))
        place_image(ax, image, *places[-1])
    ax.set(xlim=(-GAP, left + columns * (width + GAP)), aspect="equal")
    ax.set_ylim(-(-len(shown) // columns) * (height + 12) + GAP, -GAP)
    ax.axis("off")
    if scores is None:
        ax.set_title(f"Which of the {len(shown)} characters does the drawing on the left show?")
        return
    answered = int(np.argmax(scores))
    marks = [(answered, DIFFERENT, "--", "answered"), (answer, SAME, "-", "right")]
    if answered == answer:
        marks = [(answer, SAME, "-", "answered, right")]
    for place, colour, dash, words in marks:
        x, y = places[place]
        frame(ax, x, y, probe, colour, gap=1, linestyle=dash, linewidth=2.5)
        below = x + width / 2, y + height + 2
        label(ax, words, below, va="top", fontsize=8, weight="bold")
    verdict = f"{'Correct' if answered == answer else 'Wrong'}: the right character scores"
    best_other = np.delete(scores, answer).max()
    ax.set_title(f"{verdict} {scores[answer]:.2f}, the best other {best_other:.2f}")


def _asked(ax: Axes, image: np.ndarray, words: str) -> None:
    """The image (H, W) uint8 of a question, framed, in the upper left corner, with words below."""
    height, width = image.shape
    place_image(ax, image)
    frame(ax, 0, 0, image, INK, linewidth=1.5)
    label(ax, words, (width / 2, height + 2), va="top")


def accuracy_by_ways(
    ax: Axes, ways: Sequence[int], curves: Mapping[str, np.ndarray], guess=None, title: str = ""
) -> None:
    """Draw accuracy against the number of ways, a line with its band a method, and chance.

    curves  {method: (W, 3) share, low, high}
    guess   (W,) what independent characters would give, dotted
    """
    _curves_with_bands(ax, ways, curves)
    if guess is not None:
        ax.plot(ways, 100 * np.asarray(guess), ":", color=INK, linewidth=1.3)
        end, words = (ways[-1], 100 * guess[-1]), "with independent\ncharacters"
        label(ax, words, end, (6, 0), fontsize=8)
    fine = np.linspace(ways[0], ways[-1], 60)
    ax.plot(fine, 100 / fine, color=FAINT, linewidth=1)
    label(ax, "guessing", (fine[20], 100 / fine[20]), (2, 4), fontsize=9)
    ax.set_xticks(ways)
    ax.set(xlabel="ways (characters to choose from)", ylabel="right answers (%)", title=title)
    ax.set(xlim=(ways[0] - 0.3, ways[-1] * 1.02), ylim=(0, 102))


def precision_at(ax: Axes, curves: Mapping[str, np.ndarray], best: int, title: str = "") -> None:
    """Draw precision at k for k = 1, 2, ..., and the best possible one.

    curves  {method: (K, 3) precision, low, high}
    best    how many right images there are to find: of more results, some must be wrong
    """
    k = 1 + np.arange(len(next(iter(curves.values()))))
    _curves_with_bands(ax, k, curves)
    possible = 100 * np.minimum(1, best / k)
    ax.plot(k, possible, ":", color=INK, linewidth=1.3)
    label(ax, "best possible", (k[-1], possible[-1]), (6, 0), fontsize=9)
    ax.axvline(best, color=FAINT, linewidth=1)
    words = f"there are {best}\nto find"
    label(ax, words, (best, 6), (-4, 0), va="baseline", fontsize=9)
    ax.set(xlabel="k (first results)", ylabel="precision at k (%)", ylim=(0, 102), title=title)


def _curves_with_bands(ax: Axes, x: Sequence[float], curves: Mapping[str, np.ndarray]) -> None:
    """One line with a band a method, in percent, with the method's name at its end."""
    for (name, values), style in zip(curves.items(), STYLES):
        values = np.asarray(values)
        line_with_band(ax, x, values.T, style, markersize=4)
        label(ax, name, (x[-1], 100 * values[-1, 0]), (6, 0), weight="bold")


def method_intervals(
    ax: Axes, results: Mapping[str, tuple[float, float, float]], ways: int, shots: int
) -> None:
    """Draw one accuracy with its interval a method, at one number of ways and shots, and chance.

    results  {method: (share, low, high)}
    """
    for row, ((share, *ends), (colour, _, marker)) in enumerate(zip(results.values(), STYLES)):
        interval(ax, row, share, ends, colour, marker, linewidth=5, alpha=0.4)
        label(ax, f"{100 * share:.1f} %", (100 * share, row), (0, 9), weight="bold")
    ax.axvline(100 / ways, color=INK, linestyle="--", linewidth=1.3)
    label(ax, f"guessing: {100 / ways:.0f} %", (100 / ways, -0.75), (4, 0), fontsize=9)
    named_rows(ax, list(results), above=1)
    ax.set(xlim=(0, 103), xlabel="right answers (%)")
    ax.set_title(f"{ways} ways, {shots} {'shot' if shots == 1 else 'shots'}")


def search_results(
    ax: Axes, query: np.ndarray, images: np.ndarray, right: Sequence[bool], scores: Sequence[float]
) -> None:
    """Draw a query and what a search finds, best first: wrong images are crossed out.

    query  (H, W) uint8; images (K, H, W); right (K,) bool; scores (K,)
    """
    height, width = query.shape
    _asked(ax, query, "query")
    for place, (image, is_right, score) in enumerate(zip(images, right, scores)):
        x = (width + GAP) * (place + 1) + 3 * GAP
        place_image(ax, image, x)
        if is_right:
            frame(ax, x, 0, image, SAME, gap=1)
        else:
            frame(ax, x, 0, image, DIFFERENT, gap=1, linestyle="--")
            ax.plot([x, x + width], [height, 0], color=text_colour(DIFFERENT), linewidth=1.5)
        label(ax, f"{score:.2f}", (x + width / 2, height + 2), va="top", fontsize=9)
    count = len(images)
    ax.set(xlim=(-GAP, (width + GAP) * (count + 1) + 4 * GAP), ylim=(height + 12, -GAP))
    ax.set_aspect("equal")
    precision = f"precision at {count} is {np.mean(right):.0%}"
    ax.set_title(f"{int(np.sum(right))} of the first {count} are right: {precision}")
    ax.axis("off")


def ranked_methods(
    ax: Axes, names: Sequence[str], shares: Sequence, intervals, published, title="", left=0.0
) -> None:
    """Draw accuracies in rows: ours with an interval, published ones as open diamonds.

    A thin line goes through the best published one.

    names, shares, intervals, published  one a row; an interval is (low, high) or None
    left                                 where the axis begins, in [0, 1)
    """
    if any(published):
        best = max(share for share, is_published in zip(shares, published) if is_published)
        ax.axvline(100 * best, color=FAINT, linewidth=1, zorder=0)
    for row, (share, ends, is_published) in enumerate(zip(shares, intervals, published)):
        interval(ax, row, share, ends, SAME, "o", linewidth=5, alpha=0.35)
        if is_published:
            ax.plot(100 * share, row, "D", color=INK, markerfacecolor="white", markersize=7)
        label(ax, f"{100 * share:.1f} %", (100 * share, row), (0, 7), fontsize=8)
    named_rows(ax, [textwrap.fill(name, 34) for name in names], above=0.8)
    ax.tick_params(axis="y", labelsize=9)
    ax.set(xlim=(100 * left, 101.5), xlabel="right answers in 20-way one-shot (%)")
    ax.set_title(title, loc="right")
