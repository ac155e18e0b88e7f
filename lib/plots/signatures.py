"""Figures of signature verification: two trainings on one scale, a cloud that collapses, references and their spread, three kinds of scores."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from lib.plots import DIFFERENT, FAINT, FORGERY, HALO, INK, MARKER, SAME, for_words
from lib.plots.scores import LINES, one_in


def relative_losses(ax: plt.Axes, losses: dict[str, Sequence[float]], window: int = 10) -> None:
    """Draw running means of losses, each divided by what a model scores that ignores its input; the dashed line at 1 is that model."""
    top, ends = 1.0, []
    for n, (name, loss) in enumerate(losses.items()):
        colour, style, _ = LINES[n % len(LINES)]
        wide = min(window, len(loss))
        mean = np.convolve(loss, np.ones(wide) / wide, mode="valid")
        steps = np.arange(wide, len(loss) + 1)
        ax.plot(steps, mean, style, color=colour)
        top = max(top, float(mean.max()))
        ends.append((float(mean[-1]), steps[-1], name, colour))
    height = -1.0
    for end, step, name, colour in sorted(
        ends
    ):  # names of curves that end together stand one above the other
        height = max(end, height + 0.08 * top)
        ax.annotate(
            name,
            (step, height),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=for_words(colour),
            fontweight="bold",
            annotation_clip=False,
            path_effects=HALO,
        )
    ax.axhline(1, color=INK, linestyle="--", linewidth=1.3)
    ax.annotate(
        "ignoring the images",
        (0.45, 1),
        (0, -4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=9,
        color=INK,
        path_effects=HALO,
    )
    longest = max(len(loss) for loss in losses.values())
    ax.set(
        xlabel=f"step (each point: mean of {window})",
        ylabel="loss / loss of ignorance",
        xlim=(0, 1.22 * longest),
        ylim=(0, 1.08 * top),
    )


def distance_clouds(ax: plt.Axes, clouds: dict[str, np.ndarray]) -> None:
    """Draw distances between embeddings of different writers, one row a network, on the scale of unit vectors: 0 to 2."""
    for n, (name, distances) in enumerate(clouds.items()):
        colour, _, marker = LINES[n % len(LINES)]
        shift = np.random.default_rng(n).uniform(-0.25, 0.25, len(distances))
        ax.plot(
            distances,
            n + shift,
            marker,
            color=colour,
            markeredgecolor=for_words(colour),
            markeredgewidth=0.4,
            alpha=0.4,
            markersize=3,
            linewidth=0,
        )
        ax.annotate(
            f"mean {np.mean(distances):.2g}", (2.0, n - 0.3), ha="right", fontsize=9, color=INK
        )
    ax.set_yticks(range(len(clouds)), clouds)
    ax.set(
        xlabel="distance between two writers (0 to 2)",
        xlim=(-0.03, 2.03),
        ylim=(len(clouds) - 0.5, -0.6),
    )
    ax.grid(axis="y", visible=False)


def hands(
    ax: plt.Axes,
    people: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    threshold: float | None = None,
) -> None:
    """Draw each writer's scores in a row: references among themselves, genuine and forged ones against them.

    people     {name: (among references, genuine, forged)}
    threshold  where to accept, one line for all rows
    """
    for n, (among, genuine, forged) in enumerate(people.values()):
        ax.plot(
            [among.min(), among.max()],
            [n, n],
            color=FAINT,
            linewidth=9,
            alpha=0.35,
            solid_capstyle="round",
        )
        ax.plot([among.min(), among.max()], [n, n], color=FAINT, linewidth=1.2)
        ax.plot(among.mean(), n, "|", color=INK, markersize=15)
        for values, colour, place in ((genuine, SAME, -0.16), (forged, FORGERY, 0.16)):
            ax.plot(
                values,
                np.full(len(values), n + place),
                MARKER[colour],
                color=colour,
                markersize=5,
                alpha=0.8,
            )
    if threshold is not None:
        ax.axvline(threshold, color=INK, linewidth=1.5)
    ax.set_yticks(range(len(people)), people)
    ax.set(xlabel="score (larger is more alike)", ylim=(len(people) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)


def three_kinds(
    ax: plt.Axes,
    genuine: np.ndarray,
    skilled: np.ndarray,
    random: np.ndarray,
    threshold: float,
    name: str = "",
) -> None:
    """Draw scores of genuine signatures, skilled and random forgeries in three rows, what a threshold does to each, in words."""
    words = []
    rows = (
        (genuine, SAME, "genuine"),
        (skilled, FORGERY, "skilled"),
        (random, DIFFERENT, "random"),
    )
    edges = np.linspace(
        min(map(np.min, (genuine, skilled, random))),
        max(map(np.max, (genuine, skilled, random))),
        46,
    )
    for n, (values, colour, word) in enumerate(rows):
        heights = np.histogram(values, edges)[0] / len(values)
        heights = 0.85 * heights / heights.max()
        wrong = values < threshold if word == "genuine" else values >= threshold
        failed = (
            np.histogram(values[wrong], edges)[0]
            / np.maximum(np.histogram(values, edges)[0], 1)
            * heights
        )
        ax.stairs(heights - n, edges, baseline=-n, fill=True, color=colour, alpha=0.3, linewidth=0)
        ax.stairs(failed - n, edges, baseline=-n, fill=True, color=colour, linewidth=0)
        ax.stairs(heights - n, edges, baseline=-n, color=for_words(colour), linewidth=1)
        share = float(wrong.mean())
        words.append(
            f"{word}: {one_in(share)} {'rejected, FRR' if word == 'genuine' else 'accepted, FAR'} {share:.1%}"
        )
    ax.axvline(threshold, color=INK, linewidth=1.5)
    ax.set_yticks([0.3, -0.7, -1.7], [word for *_, word in rows])
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.set(
        xlabel="score (larger is more alike); full colour: decided wrongly",
        ylim=(-2.05, 1.0),
        title=f"{name}threshold {threshold:.2f}\n" + "\n".join(words),
    )


def steps_bought(
    ax: plt.Axes,
    names: Sequence[str],
    eer: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    published: float,
) -> None:
    """Draw EERs with their intervals, one row a system, and a published figure as a dashed line."""
    for n, (value, (low, high)) in enumerate(zip(eer, intervals)):
        ax.plot([100 * low, 100 * high], [n, n], color=FORGERY, linewidth=2, alpha=0.6)
        ax.plot(100 * value, n, MARKER[FORGERY], color=FORGERY, markersize=8)
        ax.annotate(
            f"{100 * value:.1f}",
            (100 * value, n),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.axvline(100 * published, color=INK, linestyle="--", linewidth=1.3)
    ax.annotate(
        f"published,\nother protocol: {100 * published:.2f}",
        (100 * published, -0.5),
        (4, 0),
        textcoords="offset points",
        fontsize=9,
        va="top",
    )
    ax.set_yticks(range(len(names)), names)
    ax.set(
        xlabel="EER of skilled forgeries (%), bar: 95 % interval",
        ylim=(len(names) - 0.5, -0.7),
        xlim=(0, None),
    )
    ax.grid(axis="y", visible=False)
