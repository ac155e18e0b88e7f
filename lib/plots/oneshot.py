"""Figures of one-shot learning: an episode as a reader would answer it, accuracy by ways and shots, what retrieval finds, intervals."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lib.plots import DIFFERENT, FAINT, FORGERY, INK, OTHERS, SAME, for_words

LINES = ((DIFFERENT, "--", "s"), (SAME, "-", "o"), (OTHERS[0], "-.", "D"), (FORGERY, ":", "^"))
GAP = 3


def episode(
    ax: Axes,
    probe: np.ndarray,
    shown: np.ndarray,
    answer: int,
    scores: Sequence[float] | None = None,
    columns: int = 10,
) -> None:
    """Draw the question on the left, what is shown on the right; with scores, frame what is answered and what is right.

    probe  (H, W) uint8; shown (ways, H, W)
    """
    height, width = probe.shape
    ax.imshow(probe, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    ax.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=INK, linewidth=1.5))
    ax.annotate(
        "which of these?", (width / 2, height + 2), ha="center", va="top", annotation_clip=False
    )
    left = width + 5 * GAP
    answered = None if scores is None else int(np.argmax(scores))
    for place, image in enumerate(shown):
        x, y = left + place % columns * (width + GAP), place // columns * (height + 4 * GAP)
        ax.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(x, x + width, y + height, y))
        for is_it, colour, style, word in (
            (place == answered, DIFFERENT, "--", "answered"),
            (place == answer and scores is not None, SAME, "-", "right"),
        ):
            if is_it:
                ax.add_patch(
                    Rectangle(
                        (x - 1, y - 1),
                        width + 2,
                        height + 2,
                        fill=False,
                        edgecolor=colour,
                        linestyle=style,
                        linewidth=2.5,
                    )
                )
                word = "answered, right" if answered == answer else word
                ax.annotate(
                    word,
                    (x + width / 2, y + height + 2),
                    ha="center",
                    va="top",
                    fontsize=8,
                    fontweight="bold",
                    color=INK,
                )
    ax.set(
        xlim=(-GAP, left + columns * (width + GAP)),
        ylim=(-(-len(shown) // columns) * (height + 4 * GAP) + GAP, -GAP),
        aspect="equal",
    )
    if scores is not None:
        title = "Right" if answered == answer else "Wrong"
        ax.set_title(
            f"{title}: the right one scores {scores[answer]:.2f}, the best of the others {np.delete(scores, answer).max():.2f}"
        )
    ax.axis("off")


def accuracy_by_ways(
    ax: Axes,
    ways: Sequence[int],
    curves: Mapping[str, np.ndarray],
    guess: Sequence[float] | None = None,
    title: str = "",
) -> None:
    """Draw accuracy against the number of ways, a line with band a method, and chance.

    curves  name -> (W, 3) share, low, high
    guess   (W,) what independent alternatives would give, dotted
    """
    ways = np.asarray(ways)
    for (name, values), (colour, style, marker) in zip(curves.items(), LINES):
        share, low, high = 100 * np.asarray(values).T
        ax.fill_between(ways, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(
            ways,
            share,
            style,
            color=colour,
            marker=marker,
            markersize=4,
            markeredgecolor=for_words(colour),
        )
        ax.annotate(
            name,
            (ways[-1], share[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold",
            annotation_clip=False,
        )
    if guess is not None:
        ax.plot(ways, 100 * np.asarray(guess), ":", color=INK, linewidth=1.3)
        ax.annotate(
            "if every stranger\nwere a fresh coin",
            (ways[-1], 100 * guess[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
    fine = np.linspace(ways[0], ways[-1], 60)
    ax.plot(fine, 100 / fine, color=FAINT, linewidth=1)
    ax.annotate(
        "guessing",
        (fine[20], 100 / fine[20]),
        (2, 4),
        textcoords="offset points",
        fontsize=9,
        color=INK,
    )
    ax.set_xticks(ways)
    ax.set(
        xlabel="ways (characters to choose from)",
        ylabel="right answers (%)",
        ylim=(0, 102),
        xlim=(ways[0] - 0.3, ways[-1] * 1.02),
        title=title,
    )


def methods_at(
    ax: Axes, results: Mapping[str, tuple[float, float, float]], ways: int, shots: int
) -> None:
    """Draw one point with its interval a method, at one number of ways and shots, and the chance level."""
    for place, ((name, (share, low, high)), (colour, _, marker)) in enumerate(
        zip(results.items(), LINES)
    ):
        ax.plot(
            [100 * low, 100 * high],
            [place, place],
            color=colour,
            linewidth=5,
            alpha=0.4,
            solid_capstyle="butt",
        )
        ax.plot(
            100 * share,
            place,
            marker,
            color=colour,
            markeredgecolor=for_words(colour),
            markersize=8,
        )
        ax.annotate(
            f"{100 * share:.0f} %",
            (100 * share, place),
            (0, 9),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontweight="bold",
        )
    ax.axvline(100 / ways, color=INK, linestyle="--", linewidth=1.3)
    ax.annotate(
        f"guessing: {100 / ways:.0f} %",
        (100 / ways, -0.75),
        (4, 0),
        textcoords="offset points",
        fontsize=9,
        va="center",
    )
    ax.set_yticks(range(len(results)), list(results))
    ax.set(
        xlim=(0, 103),
        ylim=(-1, len(results) - 0.35),
        xlabel="right answers (%)",
        title=f"{ways} ways, {shots} {'shot' if shots == 1 else 'shots'}",
    )


def found(
    ax: Axes, query: np.ndarray, images: np.ndarray, right: Sequence[bool], scores: Sequence[float]
) -> None:
    """Draw a query and what a search finds, best first: right ones framed in blue, wrong ones crossed out."""
    height, width = query.shape
    ax.imshow(query, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    ax.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=INK, linewidth=1.5))
    ax.annotate("query", (width / 2, height + 2), ha="center", va="top")
    for place, (image, good, score) in enumerate(zip(images, right, scores)):
        x = (width + GAP) * (place + 1) + 3 * GAP
        ax.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(x, x + width, height, 0))
        ax.add_patch(
            Rectangle(
                (x - 1, -1),
                width + 2,
                height + 2,
                fill=False,
                edgecolor=SAME if good else DIFFERENT,
                linestyle="-" if good else "--",
                linewidth=2,
            )
        )
        if not good:
            ax.plot([x, x + width], [height, 0], color=for_words(DIFFERENT), linewidth=1.5)
        ax.annotate(f"{score:.2f}", (x + width / 2, height + 2), ha="center", va="top", fontsize=9)
    ax.set(
        xlim=(-GAP, (width + GAP) * (len(images) + 1) + 4 * GAP),
        ylim=(height + 12, -GAP),
        aspect="equal",
    )
    ax.set_title(
        f"{int(np.sum(right))} of the first {len(images)} are right: precision at {len(images)} is {np.mean(right):.0%}"
    )
    ax.axis("off")


def precision_at(ax: Axes, curves: Mapping[str, np.ndarray], best: int, title: str = "") -> None:
    """Draw precision at k for k = 1, 2, ...; `best` is how many right images there are to be found.

    curves  name -> (K, 3) precision, low, high
    """
    for (name, values), (colour, style, marker) in zip(curves.items(), LINES):
        precision, low, high = 100 * np.asarray(values).T
        k = np.arange(1, len(precision) + 1)
        ax.fill_between(k, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(
            k,
            precision,
            style,
            color=colour,
            marker=marker,
            markersize=4,
            markeredgecolor=for_words(colour),
        )
        ax.annotate(
            name,
            (k[-1], precision[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold",
            annotation_clip=False,
        )
    ax.axvline(best, color=FAINT, linewidth=1)
    ax.annotate(
        f"all {best} that\nthere are",
        (best, 6),
        (-4, 0),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    ax.set(xlabel="k (images looked at)", ylabel="precision at k (%)", ylim=(0, 102), title=title)


def ladder(
    ax: Axes,
    names: Sequence[str],
    shares: Sequence[float],
    intervals: Sequence[tuple[float, float] | None],
    published: Sequence[bool],
    title: str = "",
) -> None:
    """Draw accuracies one under the other: ours as points with an interval, published ones as open diamonds."""
    for place, (share, interval, theirs) in enumerate(zip(shares, intervals, published)):
        if interval is not None:
            ax.plot(
                100 * np.asarray(interval),
                [place, place],
                color=SAME,
                linewidth=5,
                alpha=0.35,
                solid_capstyle="butt",
            )
        ax.plot(
            100 * share,
            place,
            "D" if theirs else "o",
            color=INK if theirs else SAME,
            markerfacecolor="white" if theirs else SAME,
            markersize=7,
        )
        ax.annotate(
            f"{100 * share:.1f} %",
            (100 * share, place),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=INK,
        )
    ax.set_yticks(range(len(names)), [textwrap.fill(name, 34) for name in names], fontsize=9)
    ax.set(
        xlim=(0, 103), ylim=(len(names) - 0.4, -0.8), xlabel="right answers in 20-way one-shot (%)"
    )
    ax.set_title(title, loc="right")
