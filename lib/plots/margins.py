"""What an angular margin does to the logit of the right class, and the families of losses."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes

from lib.losses import ArcFace
from lib.plots.palette import DARKER, DIFFERENT, FAINT, HALO, INK, OTHERS, SAME, text_colour
from lib.plots.style import arc, arrow, label, mark, named_rows, without_ticks

# loss -> (colour, dash, hatch)
SIGNS = {
    "softmax": (INK, "-", ""),
    "SphereFace": (OTHERS[0], ":", ".."),
    "CosFace": (DIFFERENT, "--", "//"),
    "ArcFace": (SAME, "-.", "\\\\"),
}
MARKS = {"softmax": "o", "SphereFace": "v", "CosFace": "s", "ArcFace": "D"}
NO_PULL = 0.02  # a pull below this share of the scale counts as none


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
        title="A margin makes the value of the own class smaller than its cosine",
        xlabel="angle to its class (degrees)",
        ylabel="what replaces its cosine",
        xticks=range(0, 181, 30),
    )


def two_classes(ax: Axes, separation: float, edges: Mapping[str, float]) -> None:
    """Draw how near to its own class A each loss wants an embedding, with class B beside it.

    separation  angle between the two class directions (degrees)
    edges       {loss: largest angle to A (degrees) at which A still wins; 0 or less: nowhere}
    """
    for row, (name, edge) in enumerate(edges.items()):
        colour, _, hatch = SIGNS[name]
        style = {"color": colour, "hatch": hatch, "edgecolor": text_colour(colour)}
        ax.barh(row, max(edge, 0), height=0.55, alpha=0.75, **style)
        words = f"up to {edge:.0f}°" if edge > 0 else "nowhere"
        label(ax, words, (max(edge, 0), row), (5, 0), weight="bold", path_effects=HALO)
    named_rows(ax, list(edges), above=1)
    for name, at in (("A", 0), ("B", separation)):
        ax.axvline(at, color=INK, linewidth=1.5)
        label(ax, f"class {name}", (at, -0.65), (4, 0), fontsize=9)
    nowhere = [name for name, edge in edges.items() if edge <= 0]
    title = "With a margin, an embedding of A has to lie nearer to A"
    if nowhere:
        verb = "leaves" if len(nowhere) == 1 else "leave"
        title = f"{separation:.0f}° apart: {' and '.join(nowhere)} {verb} class A no place"
    ax.set(title=title, xlim=(-3, 140), xticks=range(0, 121, 20))
    ax.set_xlabel("angle to class A, on the way to class B (degrees)")


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
    ax.set(xlim=(-2.6, 2.2), ylim=(-1.3, 1.35), aspect="equal", title=title)
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


def pull_curves(
    ax: Axes, curves: Mapping[str, np.ndarray], degrees: np.ndarray, setting: str
) -> None:
    """Draw how strongly each loss pulls an embedding towards its class, and where that ends.

    curves   {loss: (T,) pull as a share of the scale} over `degrees` (T,), the angle to the class
    setting  scale and number of classes in words, for the title
    """
    ends = {name: degrees[pull > NO_PULL][0] for name, pull in curves.items()}
    for row, (name, pull) in enumerate(curves.items()):
        colour, dash, _ = SIGNS[name]
        ax.plot(degrees, pull, color=colour, linestyle=dash, linewidth=2.2)
        words = f"{name}: no pull below {ends[name]:.0f}°"
        if ends[name] == degrees[0]:
            words = f"{name} pulls at every angle"
        style = {"color": text_colour(colour), "weight": "bold", "fontsize": 9, "va": "center"}
        ax.text(6, 1.45 - 0.13 * row, words, **style)
        mark(ax, [3, ends[name]], [1.45 - 0.13 * row, NO_PULL], MARKS[name], colour, 8)
    gained = ends["softmax"] - ends["ArcFace"]
    ax.set(title=f"{setting}: the margin moves the end of the pull by {gained:.0f}°")
    ax.set(xlim=(0, 120), ylim=(0, 1.55), xticks=range(0, 121, 15), yticks=[0, 0.5, 1])
    ax.set(xlabel="angle to its class (degrees)", ylabel="pull, as a share of the scale")


# family, from the top -> {loss: (year, height on its row)}
FAMILIES = {
    "angular or cosine margin": {
        "L-softmax": (2016, 0.05),
        "SphereFace": (2017, 0.05),
        "CosFace,\nAM-softmax": (2018, 0.05),
        "ArcFace": (2019, 0.05),
    },
    "softmax and its variants": {
        "softmax": (2014, 0.0),
        "NormFace": (2017, 0.12),
        "L2-softmax": (2017, -0.24),
    },
    "Euclidean distance": {
        "contrastive": (2006, -0.2),
        "DeepID2": (2014, 0.05),
        "triplet (FaceNet)": (2015, -0.2),
        "center loss": (2016, 0.05),
        "N-pair": (2016, -0.2),
    },
}
BUILDS_ON = {
    "DeepID2": ("softmax", "contrastive"),
    "N-pair": ("triplet (FaceNet)",),
    "center loss": ("softmax",),
    "L-softmax": ("softmax",),
    "L2-softmax": ("softmax",),
    "NormFace": ("softmax",),
    "SphereFace": ("L-softmax",),
    "CosFace,\nAM-softmax": ("SphereFace", "NormFace"),
    "ArcFace": ("CosFace,\nAM-softmax",),
}
LEFT_EDGE = 2012.8  # where 2006 is drawn


def loss_families(ax: Axes) -> None:
    """Draw the losses of face recognition by family and year, arrows to what builds on them."""
    place, boxes = {}, {}
    for row, (family, losses) in enumerate(FAMILIES.items()):
        colour = (SAME, INK, DIFFERENT)[row]
        ax.axhspan(-row - 0.42, -row + 0.42, color=colour, alpha=0.07, linewidth=0)
        style = {"color": text_colour(colour), "weight": "bold", "va": "top", "fontsize": 9}
        ax.text(LEFT_EDGE - 0.75, -row + 0.36, family, **style)
        for name, (year, height) in losses.items():
            place[name] = (LEFT_EDGE if year == 2006 else year, height - row)
    frame = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": FAINT, "lw": 0.6}
    for name, at in place.items():
        style = {"ha": "center", "va": "center", "fontsize": 8.5, "bbox": frame, "zorder": 3}
        boxes[name] = ax.text(*at, name, **style)
    for name, earlier in BUILDS_ON.items():
        for before in earlier:
            # From box to box: an arrow ends at the frame and passes behind no other box.
            ends = {
                "patchA": boxes[before].get_bbox_patch(),
                "patchB": boxes[name].get_bbox_patch(),
            }
            arrow(ax, place[before], place[name], DARKER[FAINT], 1.3, shrinkA=1, shrinkB=2, **ends)
    ax.set(
        xlim=(LEFT_EDGE - 0.9, 2019.6),
        ylim=(-2.5, 0.5),
        xlabel="year published (2006 drawn at the left edge)",
        title="Margins on the angle grew out of softmax, not out of pairs",
    )
    without_ticks(ax)
    years = range(2014, 2020)
    ax.set_xticks([LEFT_EDGE, *years], ["2006", *map(str, years)])
