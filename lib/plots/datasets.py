"""What a split hides, and what a data set gives away without its shapes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy import ndarray

from lib.data.audit import balanced_accuracy
from lib.plots.palette import DIFFERENT, FAINT, FORGERY, GREYS, HALO, INK, OTHERS, SAME, text_colour
from lib.plots.style import histogram_rows, label, named_rows, tiled


def split_leak(ax: Axes, shares: Sequence[float], accuracy: ndarray) -> None:
    """Draw accuracy against the share of the tested people who were in training.

    shares    (S,) in [0, 1]
    accuracy  (S, repeats) in [0, 1]: each repeat is a dot, their mean a line
    """
    shares, accuracy = 100 * np.asarray(shares), 100 * np.asarray(accuracy)
    means = accuracy.mean(axis=1)
    ax.axhline(50, color=INK, linestyle="--", linewidth=1)
    label(ax, "guessing", (100, 50), (0, 3), ha="right")
    ax.plot(np.repeat(shares, accuracy.shape[1]), accuracy.ravel(), ".", color=FAINT, markersize=4)
    ax.plot(shares, means, "-o", color=SAME)
    first, last = f"split by identity: {means[0]:.0f} %", f"split by image: {means[-1]:.0f} %"
    label(ax, first, (shares[0], means[0]), (12, -16), color=SAME, weight="bold")
    label(ax, last, (shares[-1], means[-1]), (-14, 6), color=SAME, weight="bold")
    ax.set_xlabel("people of the test who are also in the training half (%)")
    ax.set(ylabel="pairs judged correctly (%)", ylim=(45, 100))


def score_rows(ax: Axes, rows: Mapping[str, ndarray], threshold: float) -> None:
    """Draw the scores of three kinds of pairs, a row each, and the share that a threshold accepts.

    rows  {name: scores}: pairs of one person, skilled forgeries, pairs of two people
    """
    kinds = zip(rows.items(), (SAME, FORGERY, DIFFERENT))
    drawn = [(name, np.asarray(scores), colour, None) for (name, scores), colour in kinds]
    histogram_rows(ax, drawn, threshold, alpha=0.75)
    highest = max(scores.max() for _, scores, *_ in drawn)
    for row, (_, scores, *_) in enumerate(drawn):
        accepted = f"{np.mean(scores >= threshold):.0%} accepted"
        label(ax, accepted, (highest, row - 0.35), ha="right", va="baseline")
    label(ax, "accepted from here on", (threshold, -0.97), (3, 2), fontsize=9)
    ax.set_xlabel("score: cosine of the pixels (larger is more alike)")


def audit_bars(
    ax: Axes, findings: Mapping[str, Mapping[str, float]], chance: tuple[float, float]
) -> None:
    """Draw the balanced accuracy of each single number, one marker a set on one row a number.

    findings  {set: {number: accuracy in [0, 1]}}, two sets
    chance    lowest and highest accuracy of the best number where the labels are shuffled
    """
    names = list(next(iter(findings.values())))
    accuracy = 100 * np.array([[found[name] for name in names] for found in findings.values()])
    highest = int(accuracy.max(axis=0).argmax())  # the sets are named on this row
    ax.axvspan(100 * chance[0], 100 * chance[1], color=FAINT, alpha=0.25, linewidth=0)
    ends = accuracy.min(axis=0), accuracy.max(axis=0)
    ax.hlines(range(len(names)), *ends, color=FAINT, lw=1, zorder=0)
    signs = ((SAME, "o", "left"), (FORGERY, "^", "right"))
    for words, values, (colour, marker, side) in zip(findings, accuracy, signs):
        ax.plot(values, range(len(names)), marker, color=colour, markersize=9)
        style = {"color": text_colour(colour), "weight": "bold", "ha": side, "path_effects": HALO}
        label(ax, words, (values[highest], highest), (0, 9), **style)
    named_rows(ax, names)
    ax.set(xlabel="balanced accuracy of one threshold (%); grey: labels shuffled", xlim=(45, 102))


def forger_grid(ax: Axes, identity: ndarray, forger: ndarray, tested: Sequence[int]) -> None:
    """Draw who forged whom: a column a writer, those of the test half on the right; a row a forger.

    identity  (N,) whose signature an image shows or imitates
    forger    (N,) number of the forger, -1 for a genuine signature
    tested    identities of the test half
    """
    trained = np.setdiff1d(identity, tested)
    writers = np.concatenate([trained, np.sort(tested)])
    forgers = np.unique(forger[forger >= 0])
    forged = np.unique(np.stack([identity, forger])[:, forger >= 0], axis=1)  # (2, pairs)
    column = np.argsort(writers)[np.searchsorted(np.sort(writers), forged[0])]
    row = np.searchsorted(forgers, forged[1])
    border = len(trained) - 0.5
    for words, inside, middle, colour, marker in (
        ("training half", column < border, border / 2, INK, "o"),
        ("test half", column > border, (border + len(writers)) / 2, OTHERS[0], "s"),
    ):
        ax.plot(column[inside], row[inside], marker, color=colour, markersize=4.5)
        label(ax, words, (middle, -1.1), va="bottom", color=text_colour(colour), weight="bold")
    ax.axvline(border, color=INK, linewidth=1)
    ax.set(xlabel="writers whose signature is imitated", ylabel="forgers", xticks=[])
    ax.set_yticks(range(len(forgers)), [str(number) for number in forgers], fontsize=7)
    ax.set_ylim(len(forgers) - 0.4, -0.9)
    ax.grid(axis="x", visible=False)


def pen_cheat(
    axes: Sequence[Axes], images: ndarray, ink: ndarray, forged: ndarray, difference: float
) -> None:
    """Draw what a forger's darker pen shows to an eye (left) and to a threshold on ink (right).

    images      (2, H, W) uint8, a genuine signature and a forgery
    ink         (N,) mean darkness of each image's ink before pens are exchanged, 0 to 1
    forged      (N,) bool
    difference  how much darker the forgers' pen writes, in percent
    """
    left, right = axes
    stronger = 1 + difference / 100
    genuine, forgery = images.astype(float)
    darker = np.clip(255 - (255 - forgery) * stronger, 0, 255)
    gap = np.full((3, genuine.shape[1]), 200.0)
    left.imshow(tiled([[genuine], [gap], [darker]]), interpolation="antialiased", **GREYS)
    left.set_title("genuine (above), forged (below)")
    left.axis("off")

    ink = np.where(forged, np.minimum(ink * stronger, 1), ink)
    accuracy, threshold = balanced_accuracy(ink, forged)
    bins = np.linspace(0.55, 1, 31)
    genuine, forgeries = (np.histogram(ink[which], bins)[0] for which in (~forged, forged))
    right.stairs(genuine, bins, fill=True, color=SAME, alpha=0.6, label="genuine")
    right.stairs(forgeries, bins, color=FORGERY, linewidth=1.8, hatch="//", label="forged")
    right.axvline(threshold, color=INK, linestyle="--")
    right.set(xlabel="darkness of the ink (0 white, 1 black)", ylabel="signatures")
    right.set_title(f"one threshold on ink: {accuracy:.0%}")
    right.legend(loc="upper left")
