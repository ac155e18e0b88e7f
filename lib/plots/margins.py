"""What an angular margin does to the logit of the right class, and the families of losses."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes

from lib.losses import ArcFace
from lib.plots.style import (
    DIFFERENT,
    FAINT,
    HALO,
    INK,
    OTHERS,
    SAME,
    arc,
    arrow,
    label,
    text_colour,
    without_ticks,
)

# loss -> (colour, dash, hatch)
SIGNS = {
    "softmax": (INK, "-", ""),
    "SphereFace": (OTHERS[0], ":", ".."),
    "CosFace": (DIFFERENT, "--", "//"),
    "ArcFace": (SAME, "-.", "\\\\"),
}
NO_FORCE = 0.02  # a force below this share of the scale counts as none


def target_logits(ax: Axes, curves: Mapping[str, np.ndarray], degrees: np.ndarray) -> None:
    """Draw what stands in for cos(theta) at the right class, one curve a loss.

    curves   {name: (T,)} over `degrees` (T,)
    """
    places = {"softmax": 0.40, "CosFace": 0.97, "ArcFace": 0.54, "SphereFace": 0.66}
    for name, values in curves.items():
        colour, dash, _ = SIGNS[name]
        ax.plot(degrees, values, color=colour, linestyle=dash, linewidth=2.2)
        at = int(len(degrees) * places[name])
        above = (
            {"ha": "left", "va": "bottom"} if name == "softmax" else {"ha": "right", "va": "top"}
        )
        style = {"color": text_colour(colour), "weight": "bold", "fontsize": 9}
        offset = (4, 6) if name == "softmax" else (4, -6)
        label(ax, name, (degrees[at], values[at]), offset, path_effects=HALO, **style, **above)
    ax.axhline(0, color=FAINT, linewidth=0.8)
    ax.set(
        title="Every margin makes the right class look further away than it is",
        xlabel="angle to the right class (degrees)",
        ylabel="stands in for its cosine",
        xticks=range(0, 181, 30),
    )


def two_classes(ax: Axes, separation: float, edges: Mapping[str, float]) -> None:
    """Draw two class directions, and how near to A's each loss wants an embedding of class A.

    separation  angle between the two directions (degrees)
    edges       {loss: largest angle to A (degrees) at which A still wins; 0 or less: nowhere}
    """
    for name, degrees in (("A", 0.0), ("B", separation)):
        tip = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        arrow(ax, (0, 0), tip, linewidth=1.6, shrinkA=2, shrinkB=2)
        label(ax, name, 1.1 * tip, weight="bold")
    for n, (name, edge) in enumerate(edges.items()):
        colour, dash, _ = SIGNS[name]
        if edge > 0:
            points = arc(0.94 - 0.13 * n, 0, math.radians(edge))
            ax.plot(*points, color=colour, linestyle=dash, linewidth=3.5)
        words = f"{name}: up to {edge:.1f}°" if edge > 0 else f"{name}: nowhere"
        style = {"color": text_colour(colour), "fontsize": 9, "weight": "bold", "va": "center"}
        ax.text(1.28, 0.98 - 0.17 * n, words, **style)
    ax.axhline(0, color=FAINT, linewidth=0.6)
    ax.set(
        title="Where an embedding of class A has to lie",
        xlim=(-0.7, 2.35),
        ylim=(-0.1, 1.2),
        aspect="equal",
        xlabel="embeddings lie on the circle of radius 1; arcs are drawn inside it",
    )
    without_ticks(ax)


def arcface_angle(ax: Axes, angle: float = 60, margin: float = 0.5) -> None:
    """Draw an embedding at an angle to its class A, and where ArcFace sees it, `margin` further on.

    angle   degrees; margin in radians. Dotted lines lead to the two cosines on A's axis

    Beyond 180 degrees less the margin, cos(theta + m) would rise again. ArcFace then gives another
    value, which is marked by a cross.
    """
    turn = math.radians(angle)
    seen = turn + margin
    beyond = seen > math.pi + 1e-9
    cosine = torch.tensor(turn, dtype=torch.float64).cos()
    value = ArcFace(2, 2, margin=margin).with_margin(cosine).item()

    ax.plot(*arc(1), color=FAINT, linewidth=1)
    ax.plot([-1.75, 1.25], [0, 0], color=FAINT, linewidth=0.8)
    arrow(ax, (0, 0), (1, 0), linewidth=1.8, shrinkA=2, shrinkB=2)
    ax.text(1.1, -0.08, "class A", va="top", weight="bold")
    _direction(ax, turn, SAME, "o", "-", "embedding")
    words = "without the guard" if beyond else "what the loss sees" if margin > 0 else ""
    _direction(ax, seen, DIFFERENT, "D", "--", words, below=beyond)
    ax.plot(*arc(0.45, turn, seen), color=INK, linewidth=2)
    if margin >= 0.2:
        middle = turn + margin / 2
        label(ax, "m", (0.58 * math.cos(middle), 0.58 * math.sin(middle)), style="italic")

    ax.plot(cosine, 0, "o", color=SAME, markersize=6)
    if beyond:
        ax.plot(value, 0, "X", color=DIFFERENT, markersize=11, zorder=4)
        label(ax, f"guard: {value:.2f}", (value, 0), (-4, -13), va="top")
        rises = math.cos(seen)
        title = f"Past 180° the cosine rises again, to {rises:.2f}; the guard gives {value:.2f}"
    else:
        ax.plot(value, 0, "D", color=DIFFERENT, markersize=8, zorder=4)
        title = (
            f"At {angle:.0f}° the loss sees {math.degrees(seen):.0f}°: "
            f"{value:.2f} in place of {cosine:.2f}"
        )
    ax.set(xlim=(-2.4, 2.2), ylim=(-1.3, 1.35), aspect="equal", title=title)
    without_ticks(ax)
    ax.set(xticks=[-1, 0, 1], xlabel="cosine of the angle to A (dotted lines)")


def _direction(
    ax: Axes, angle: float, colour: str, marker: str, dash: str, words: str, below: bool = False
) -> None:
    """A radius with a named point at its end, and a dotted line to the axis; radians."""
    x, y = math.cos(angle), math.sin(angle)
    ax.plot([0, x], [0, y], color=colour, linewidth=1.5, linestyle=dash)
    ax.plot([x, x], [y, 0], color=colour, linewidth=1, linestyle=":")
    inside = colour if dash == "-" else "white"
    style = {"markerfacecolor": inside, "markeredgewidth": 2, "markersize": 10, "zorder": 3}
    ax.plot(x, y, marker, color=colour, **style)
    if below:
        label(ax, words, (x, y), (12, -8), va="top")
    else:
        lifted = 0.12 if abs(y) < 0.3 else 0.0  # off the axis
        side = "left" if x > 0.2 else "right" if x < -0.2 else "center"
        label(ax, words, (1.13 * x, 1.13 * y + lifted), ha=side, va="bottom")


def loss_forces(
    ax: Axes, degrees: float, forces: Mapping[str, float], probability: Mapping[str, float]
) -> None:
    """Draw each loss's force on an embedding towards its class A, as a bar, with A's probability.

    degrees      the embedding's angle to A; it is at right angles to the other class
    forces       {loss: force as a share of the scale}
    probability  {loss: softmax's probability of A}
    """
    for row, (name, force) in enumerate(forces.items()):
        colour, _, hatch = SIGNS[name]
        ax.barh(row, force, color=colour, height=0.6, hatch=hatch)
        words = f"force {round(force, 2) + 0.0:.2f}, p(A) = {probability[name]:.3f}"
        ax.text(max(0, force) + 0.02, row, words, va="center", fontsize=9)
    silent = [name for name, force in forces.items() if force < NO_FORCE]
    verdict = f"no force from {' and '.join(silent)}" if silent else "every loss pulls"
    if len(silent) == len(forces):
        verdict = "no loss pulls"
    ax.set_yticks(range(len(forces)), list(forces))
    ax.set(
        title=f"At {degrees:.0f}° from its class: {verdict}",
        xlim=(-0.15, 2.7),
        xlabel="force towards A, as a share of the scale s",
    )
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)


# family -> {loss: (year, height on its row)}
FAMILIES = {
    "softmax and its variants": {
        "softmax": (2014, 0.05),
        "L2-softmax": (2017, -0.27),
        "NormFace": (2017, 0.05),
    },
    "Euclidean distance": {
        "contrastive": (2006, 0.05),
        "DeepID2": (2014, -0.27),
        "triplet (FaceNet)": (2015, 0.05),
        "center loss": (2016, -0.27),
        "N-pair": (2016, 0.05),
    },
    "angular and cosine margin": {
        "L-softmax": (2016, 0.05),
        "SphereFace": (2017, -0.27),
        "CosFace, AM-softmax": (2018, 0.05),
        "ArcFace": (2019, -0.27),
    },
}
FOLLOWS = [
    ("contrastive", "DeepID2"),
    ("contrastive", "triplet (FaceNet)"),
    ("triplet (FaceNet)", "N-pair"),
    ("softmax", "center loss"),
    ("softmax", "L-softmax"),
    ("softmax", "L2-softmax"),
    ("softmax", "NormFace"),
    ("L-softmax", "SphereFace"),
    ("SphereFace", "CosFace, AM-softmax"),
    ("NormFace", "CosFace, AM-softmax"),
    ("CosFace, AM-softmax", "ArcFace"),
]
LEFT_EDGE = 2012.6  # where 2006 is drawn


def loss_families(ax: Axes) -> None:
    """Draw the losses of face recognition by family and year, arrows to what builds on them."""
    place = {}
    for row, (family, losses) in enumerate(FAMILIES.items()):
        colour = (INK, DIFFERENT, SAME)[row]
        ax.axhspan(-row - 0.42, -row + 0.42, color=colour, alpha=0.07, linewidth=0)
        style = {"color": text_colour(colour), "weight": "bold", "va": "top", "fontsize": 9}
        ax.text(LEFT_EDGE - 0.95, -row + 0.36, family, **style)
        for name, (year, height) in losses.items():
            place[name] = (LEFT_EDGE if year == 2006 else year, height - row)
    for before, after in FOLLOWS:
        look = {"arrowstyle": "->", "shrinkA": 12, "shrinkB": 12}
        arrow(ax, place[before], place[after], FAINT, linewidth=1.1, **look)
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": FAINT, "lw": 0.6}
    for name, at in place.items():
        label(ax, name, at, fontsize=8.5, bbox=box)
    ax.set(
        xlim=(LEFT_EDGE - 1.1, 2019.8),
        ylim=(-2.5, 0.5),
        xlabel="year published (2006 drawn at the left edge)",
        title="Margins on the angle grew out of softmax, not out of pairs",
    )
    without_ticks(ax)
    years = range(2014, 2020)
    ax.set_xticks([LEFT_EDGE, *years], ["2006", *map(str, years)])
