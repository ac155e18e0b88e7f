"""Figures of a training: the loss against what a useless model scores, error on people not trained on, learning rates."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots import FAINT, INK, OTHERS, for_words

LOSS, ERROR = OTHERS[0], OTHERS[1]


def training_curve(
    ax: Axes,
    loss: Sequence[float],
    trivial: float | None = None,
    window: int | None = None,
    title: str | None = None,
) -> None:
    """Draw a loss step by step, its running mean, and, dashed, the value of a model that ignores its input.

    window  steps of the running mean; a twentieth of the run by default
    title   by default says when the running mean went below the trivial value, or that it never did
    """
    loss = np.asarray(loss, dtype=np.float64)
    window = window or max(1, len(loss) // 20)
    steps = np.arange(1, len(loss) + 1)
    sums = np.concatenate([[0.0], np.cumsum(loss)])
    first = np.maximum(steps - window, 0)
    mean = (sums[steps] - sums[first]) / (steps - first)
    ax.plot(steps, loss, color=LOSS, alpha=0.25, linewidth=0.8)
    ax.plot(steps, mean, color=LOSS, linewidth=2)
    ax.annotate(
        "loss",
        (steps[-1], mean[-1]),
        (4, 0),
        textcoords="offset points",
        va="center",
        color=for_words(LOSS),
        fontweight="bold",
        annotation_clip=False,
    )
    ax.set(xlabel="step", ylabel="loss", xlim=(0, len(loss) * 1.06))
    top = (
        np.percentile(loss, 99) if trivial is None else max(np.percentile(loss, 99), 1.15 * trivial)
    )
    ax.set_ylim(0, 1.05 * top)
    if trivial is not None:
        ax.axhline(trivial, color=INK, linestyle="--", linewidth=1.3)
        ax.annotate(
            f"what ignoring the images scores: {trivial:.3g}",
            (0.98, trivial),
            (0, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=INK,
        )
        below = np.flatnonzero((mean < trivial) & (steps >= window))
        title = title or (
            f"Better than ignoring the images from step {steps[below[0]]} on"
            if len(below)
            else "Never better than ignoring the images"
        )
    ax.set_title(title or "")


def validation_curve(
    ax: Axes,
    validation: Sequence[tuple[int, float]],
    baseline: float | None = None,
    name: str = "raw pixels",
    title: str = "",
) -> None:
    """Draw the EER on identities not trained on, measured now and then; dashed, what `name` reaches without any training."""
    steps, eer = np.asarray(validation, dtype=np.float64).T
    ax.plot(steps, 100 * eer, "o-", color=ERROR, markersize=4)
    ax.annotate(
        f"{100 * eer[-1]:.1f} %",
        (steps[-1], 100 * eer[-1]),
        (0, 8),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontweight="bold",
    )
    if baseline is not None:
        ax.axhline(100 * baseline, color=INK, linestyle="--", linewidth=1.3)
        ax.annotate(
            f"{name}: {100 * baseline:.1f} %",
            (0.98, 100 * baseline),
            (0, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=INK,
        )
    ax.set(
        xlabel="step",
        ylabel="EER on people not trained on (%)",
        title=title,
        xlim=(0, None),
        ylim=(0, None),
    )


def learning_rates(ax: Axes, schedules: dict[str, Sequence[float]], title: str = "") -> None:
    """Draw learning rates step by step, one line a schedule, each with its name beside it."""
    styles = ((LOSS, "-"), (ERROR, "--"), (INK, "-."), (FAINT, ":"))
    for (name, rates), (colour, style), place in zip(
        schedules.items(), styles, (0.15, 0.45, 0.65, 0.85)
    ):
        ax.plot(np.arange(1, len(rates) + 1), rates, style, color=colour)
        at = int(place * (len(rates) - 1))
        ax.annotate(
            name,
            (at + 1, rates[at]),
            (4, 5),
            textcoords="offset points",
            color=for_words(colour),
            fontweight="bold",
        )
    highest = max(max(rates) for rates in schedules.values())
    ax.set(
        xlabel="step", ylabel="learning rate", title=title, ylim=(-0.04 * highest, 1.15 * highest)
    )  # room for a name above the highest rate
