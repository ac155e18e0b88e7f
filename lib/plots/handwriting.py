"""Figures of handwriting: sheets of signatures and characters, and how the pen moved that wrote them."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from lib.data.synthetic import pen
from lib.plots import FAINT, FORGERY, INK, SAME


def sheet(
    ax: plt.Axes,
    images: np.ndarray,
    columns: int,
    forged: Sequence[bool] | None = None,
    labels: Sequence[str] = (),
) -> None:
    """Draw images (N, H, W) uint8 in rows of `columns`; forgeries are framed and carry a triangle; `labels` name the rows."""
    count, height, width = images.shape
    gap = max(2, height // 20)
    rows = -(-count // columns)
    page = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap), 225, np.uint8)
    for n, image in enumerate(images):
        y, x = gap + n // columns * (height + gap), gap + n % columns * (width + gap)
        page[y : y + height, x : x + width] = image
        if forged is not None and forged[n]:
            ax.add_patch(
                plt.Rectangle(
                    (x - 1, y - 1),
                    width + 1,
                    height + 1,
                    fill=False,
                    edgecolor=FORGERY,
                    linewidth=1.4,
                )
            )
            ax.plot(x + 0.05 * width, y + 0.1 * height, "^", color=FORGERY, markersize=5)
    ax.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    ax.set_xticks([])
    ax.set_yticks([gap + height / 2 + r * (height + gap) for r in range(len(labels))], labels)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)


def pen_path(
    ax: plt.Axes, plan: pen.Plan, trace: pen.Trace, colour: str = SAME, width: float = 1.0
) -> None:
    """Draw where the pen went: ink as thick as the hand was slow, lifted ways dotted, and the targets that the strokes aim at."""
    x, y = trace.xy.T
    radius = pen.line(trace, width, 0.4)
    ax.plot(x, y, ":", color=FAINT, linewidth=0.8)
    for r in np.unique(np.round(radius, 1)):  # one line a thickness
        part = np.round(radius, 1) == r
        part = part | np.roll(part, 1)
        if r > 0:
            ax.plot(
                np.where(part, x, np.nan),
                np.where(part, y, np.nan),
                color=colour,
                linewidth=1.9 * r,
                solid_capstyle="round",
            )
    ax.plot(*plan.targets.T, "o", color=INK, markersize=2.5, alpha=0.7)
    ax.set_aspect("equal")
    ax.axis("off")


def speed_profile(ax: plt.Axes, plan: pen.Plan, trace: pen.Trace, colour: str = SAME) -> None:
    """Draw each stroke's lognormal speed against time, and the speed of the pen that their vector sum makes."""
    length, _ = pen.arcs(plan)
    for k in range(len(length)):
        lone = pen.lognormal_speed(trace.t, length[k], plan.onset[k], plan.mu[k], plan.sigma[k])
        seen = lone > 0.02 * lone.max()
        ax.fill_between(trace.t[seen], lone[seen], color=FAINT, alpha=0.25, linewidth=0)
        ax.plot(trace.t[seen], lone[seen], "--", color=INK, alpha=0.6, linewidth=0.7)
    ax.plot(trace.t, trace.speed, color=colour, linewidth=1.3)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("speed (x-heights/s)")
    ax.set_ylim(bottom=0)


def kinematics(
    axes: np.ndarray, genuine: tuple[pen.Plan, pen.Trace], forgery: tuple[pen.Plan, pen.Trace]
) -> None:
    """Draw both hands on four axes (2, 2): on the left what stays on the paper, on the right what only the hand knew."""
    longest = max(genuine[1].t[-1], forgery[1].t[-1])
    highest = 1.05 * max(genuine[1].speed.max(), forgery[1].speed.max())
    for row, (plan, trace), colour, who in zip(
        axes, (genuine, forgery), (SAME, FORGERY), ("writer", "forger"), strict=True
    ):
        pen_path(row[0], plan, trace, colour)
        speed_profile(row[1], plan, trace, colour)
        row[1].set_xlim(0, longest)
        row[1].set_ylim(0, highest)
        row[0].set_title(f"{who}: {trace.t[-1]:.1f} s")
    axes[0, 1].set_xlabel("")
