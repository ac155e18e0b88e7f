"""Training: the loss beside its baseline, and learning rates."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import FAINT, INK, OTHERS, text_colour
from lib.plots.style import label
from lib.training import History

LOSS = OTHERS[0]


def training_curve(
    ax: Axes, loss: Sequence[float], baseline: float | None = None, title: str | None = None
) -> None:
    """Draw a loss, its mean over a twentieth of the run, and, dashed, the baseline.

    title  by default compares the last value of the mean with the baseline
    """
    window = max(1, len(loss) // 20)
    mean = np.array(History(len(loss), loss=list(loss)).smooth(window))
    steps = np.arange(1, len(loss) + 1)
    ax.plot(steps, loss, color=LOSS, alpha=0.25, linewidth=0.8)
    ax.plot(steps, mean, color=LOSS, linewidth=2)
    label(ax, "loss", (steps[-1], mean[-1]), (4, 0), color=text_colour(LOSS), weight="bold")
    top = np.percentile(loss, 99)
    if baseline is not None:
        top = max(top, 1.15 * baseline)
        ax.axhline(baseline, color=INK, linestyle="--", linewidth=1.3)
        place = {"xycoords": ("axes fraction", "data"), "ha": "right"}
        label(ax, f"baseline: {baseline:.3g}", (0.98, baseline), (0, 4), fontsize=9, **place)
        if title is None:
            end = mean[-1]
            side = "far below" if end < baseline / 2 else "below" if end < baseline else "not below"
            title = f"The loss ends at {end:.2f}, {side} its baseline of {baseline:.2f}"
    ax.set(xlabel="step", ylabel="loss", xlim=(0, len(loss) * 1.06), ylim=(0, 1.05 * top))
    ax.set_title(title or "")


def learning_rates(ax: Axes, schedules: Mapping[str, Sequence[float]], title: str = "") -> None:
    """Draw learning rates step by step, one line a schedule, each with its name beside it.

    schedules  {name: (steps,)}, at most four
    """
    styles = ((LOSS, "-", 0.15), (OTHERS[1], "--", 0.45), (INK, "-.", 0.65), (FAINT, ":", 0.85))
    for (name, rates), (colour, dash, place) in zip(schedules.items(), styles):
        ax.plot(np.arange(1, len(rates) + 1), rates, dash, color=colour)
        at = int(place * (len(rates) - 1))
        label(ax, name, (at + 1, rates[at]), (4, 5), color=text_colour(colour), weight="bold")
    highest = max(max(rates) for rates in schedules.values())
    ax.set(xlabel="step", ylabel="learning rate", title=title)
    ax.set_ylim(-0.04 * highest, 1.15 * highest)  # with room for a name above the highest rate
