"""Figures of lesson 1: what a split hides, and what a data set gives away."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from lib.data.audit import balanced_accuracy
from lib.plots import DIFFERENT, FAINT, FORGERY, INK, OTHERS, SAME, for_words


def split_leak(ax: plt.Axes, shares: Sequence[float], accuracy: np.ndarray) -> None:
    """Draw apparent accuracy (shares, repeats) against the share of tested people who were known: the mean, and each repeat as a dot."""
    shares, accuracy = 100 * np.asarray(shares), 100 * np.asarray(accuracy)
    ax.axhline(50, color=INK, linestyle="--", linewidth=1)
    ax.text(100, 50.8, "guessing", ha="right", color=INK)
    ax.plot(np.repeat(shares, accuracy.shape[1]), accuracy.ravel(), ".", color=FAINT, markersize=4)
    ax.plot(shares, accuracy.mean(axis=1), "-o", color=SAME)
    for k, words in ((0, "split by identity"), (-1, "split by image")):
        mean = accuracy[k].mean()
        ax.annotate(
            f"{words}: {mean:.0f} %",
            (shares[k], mean),
            (12, -16) if k == 0 else (-14, 6),
            textcoords="offset points",
            ha="left" if k == 0 else "right",
            color=SAME,
            fontweight="bold",
        )
    ax.set(
        xlabel="people of the test who also stand in the training half (%)",
        ylabel="pairs judged right (%)",
        ylim=(45, 100),
    )


def score_rows(ax: plt.Axes, rows: dict[str, np.ndarray], threshold: float) -> None:
    """Draw the scores of each kind of pair in a row of its own, {words: scores}, and the share that a threshold accepts."""
    edges = np.linspace(min(map(np.min, rows.values())), max(map(np.max, rows.values())), 46)
    for row, ((words, scores), colour) in enumerate(zip(rows.items(), (SAME, FORGERY, DIFFERENT))):
        heights = np.histogram(scores, edges)[0]
        ax.stairs(
            row - 0.85 * heights / heights.max(),
            edges,
            baseline=row,
            fill=True,
            color=colour,
            alpha=0.75,
        )
        ax.stairs(
            row - 0.85 * heights / heights.max(),
            edges,
            baseline=row,
            color=for_words(colour),
            linewidth=0.8,
        )
        ax.text(
            edges[-1],
            row - 0.35,
            f"{np.mean(np.asarray(scores) >= threshold):.0%} accepted",
            ha="right",
            color=INK,
        )
    ax.axvline(threshold, color=INK, linestyle="--", linewidth=1)
    ax.text(threshold, -0.97, " accepted from here on", ha="left", va="bottom", fontsize=9)
    ax.set_yticks(np.arange(len(rows)) - 0.35, list(rows))
    ax.set(
        xlabel="score: cosine of the pixels (larger is more alike)", ylim=(len(rows) - 0.95, -1.15)
    )
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)


def audit_bars(ax: plt.Axes, findings: dict[str, dict[str, float]]) -> None:
    """Draw the balanced accuracy of each single number, {set: {number: accuracy}}, one marker a set on one line a number."""
    names = list(next(iter(findings.values())))
    ax.axvline(50, color=INK, linestyle="--", linewidth=1)
    for (label, found), colour, marker in zip(findings.items(), (SAME, FORGERY), "o^"):
        ax.plot(
            [100 * found[name] for name in names],
            np.arange(len(names)),
            marker,
            color=colour,
            markersize=9,
            linestyle="none",
        )
    told = max(
        range(len(names)), key=lambda row: max(found[names[row]] for found in findings.values())
    )
    for (label, found), colour, ha in zip(
        findings.items(), (SAME, FORGERY), ("left", "right")
    ):  # the sets are named where they are furthest apart
        ax.annotate(
            label,
            (100 * found[names[told]], told),
            (0, 9),
            textcoords="offset points",
            ha=ha,
            color=for_words(colour),
            fontweight="bold",
        )
    for row, name in enumerate(names):
        ends = [100 * found[name] for found in findings.values()]
        ax.plot([min(ends), max(ends)], [row, row], color=FAINT, linewidth=1, zorder=0)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="balanced accuracy of one threshold on one number (%)", xlim=(45, 102))
    ax.set_ylim(len(names) - 0.5, -0.6)


def forger_grid(
    ax: plt.Axes, identity: np.ndarray, forger: np.ndarray, tested: Sequence[int]
) -> None:
    """Draw who forged whom: a column a writer (those of the test half on the right), a row a forger."""
    writers = np.array(sorted(np.unique(identity), key=lambda who: (who in set(tested), who)))
    forgers = np.unique(forger[forger >= 0])
    border = len(writers) - len(tested) - 0.5
    halves = (
        ("training half", INK, "o"),
        ("test half", OTHERS[0], "s"),
    )  # neither same nor different, so neither of their colours
    for side, (_, colour, marker) in enumerate(halves):
        cells = {
            (np.searchsorted(forgers, by), int(np.flatnonzero(writers == who)[0]))
            for who, by in zip(identity, forger)
            if by >= 0
        }
        chosen = [(row, column) for row, column in cells if (column > border) == bool(side)]
        ax.plot(
            [column for _, column in chosen],
            [row for row, _ in chosen],
            marker,
            color=colour,
            markersize=4.5,
            linestyle="none",
        )
    ax.axvline(border, color=INK, linewidth=1)
    for x, (words, colour, marker) in zip((border / 2, (border + len(writers)) / 2), halves):
        ax.text(
            x, -1.1, words, ha="center", va="bottom", color=for_words(colour), fontweight="bold"
        )
    ax.set(
        xlabel="writers whose signature is imitated",
        ylabel="forgers",
        ylim=(len(forgers) - 0.4, -0.9),
    )
    ax.set_xticks([])
    ax.set_yticks(range(len(forgers)), [str(f) for f in forgers], fontsize=7)
    ax.grid(axis="x", visible=False)


def pen_cheat(
    axes: Sequence[plt.Axes],
    images: np.ndarray,
    ink: np.ndarray,
    forged: np.ndarray,
    difference: float,
) -> None:
    """Draw what a forger's darker pen shows to an eye (left: a genuine signature above a forgery) and to a threshold (right).

    images      (2, H, W) uint8, a genuine signature and a forgery
    ink         (N,) darkness of each image's ink before the pen is exchanged, 0 to 1
    difference  how much darker the forgers' pen writes, in percent
    """
    stronger = 1 + difference / 100
    pair = [
        images[0].astype(float),
        np.clip(255 - (255 - images[1].astype(float)) * stronger, 0, 255),
    ]
    axes[0].imshow(
        np.concatenate([pair[0], np.full((3, pair[0].shape[1]), 200.0), pair[1]]),
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="antialiased",
    )
    axes[0].set_title("genuine (above), forged (below)")
    axes[0].axis("off")

    ink = np.where(forged, np.minimum(ink * stronger, 1), ink)
    accuracy, threshold = balanced_accuracy(ink, forged)
    bins = np.linspace(0.55, 1, 31)
    axes[1].stairs(
        np.histogram(ink[~forged], bins)[0], bins, fill=True, color=SAME, alpha=0.6, label="genuine"
    )
    axes[1].stairs(
        np.histogram(ink[forged], bins)[0],
        bins,
        color=FORGERY,
        linewidth=1.8,
        hatch="//",
        label="forged",
    )
    axes[1].axvline(threshold, color=INK, linestyle="--")
    axes[1].set(
        title=f"one threshold on ink: {accuracy:.0%}",
        xlabel="darkness of the ink (0 white, 1 black)",
        ylabel="signatures",
    )
    axes[1].legend(loc="upper left")
