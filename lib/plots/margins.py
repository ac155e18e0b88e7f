"""Figures of lesson 4: what each margin does to the logit of the right class, on a circle, and who follows whom."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from lib.plots import DIFFERENT, FAINT, HALO, INK, OTHERS, SAME, for_words

LOOK = {
    "softmax": (INK, "-"),
    "SphereFace": (OTHERS[0], ":"),
    "CosFace": (DIFFERENT, "--"),
    "ArcFace": (SAME, "-."),
}
LETS_GO = 0.02  # a force below this share of the scale counts as none


def target_logits(ax: Axes, curves: Mapping[str, np.ndarray], degrees: np.ndarray) -> None:
    """What stands in for cos(theta) at the right class, one curve a loss; `curves[name]` (T,) over `degrees` (T,)."""
    for name, values in curves.items():
        colour, dash = LOOK[name]
        ax.plot(degrees, values, color=colour, linestyle=dash, linewidth=2.2)
        at, down = {
            "softmax": (0.40, 0),
            "CosFace": (0.97, 1),
            "ArcFace": (0.54, 1),
            "SphereFace": (0.66, 1),
        }[name]
        at = int(len(degrees) * at)
        ax.annotate(
            name,
            (degrees[at], values[at]),
            (4, -6 if down else 6),
            textcoords="offset points",
            color=for_words(colour),
            weight="bold",
            fontsize=9,
            ha="right" if down else "left",
            va="top" if down else "bottom",
            path_effects=HALO,
        )
    ax.axhline(0, color=FAINT, linewidth=0.8)
    ax.set(
        title="Every margin makes the right class look further away than it is",
        xlabel="angle to the right class (degrees)",
        ylabel="stands in for its cosine",
        xticks=range(0, 181, 30),
    )


def two_classes(ax: Axes, separation: float, edges: Mapping[str, float]) -> None:
    """Two class directions `separation` degrees apart, and how near each loss wants an embedding of class A to A's direction.

    edges   name -> the largest angle to A (degrees) at which class A still wins under that loss; below 0: nowhere
    """
    for name, degrees in (("A", 0.0), ("B", separation)):
        x, y = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        ax.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.6})
        ax.text(1.1 * x, 1.1 * y, name, ha="center", va="center", weight="bold")
    for n, (name, edge) in enumerate(edges.items()):
        radius, (colour, dash) = 0.94 - 0.13 * n, LOOK[name]
        if edge > 0:
            arc = np.radians(np.linspace(0, edge, 60))
            ax.plot(
                radius * np.cos(arc),
                radius * np.sin(arc),
                color=colour,
                linestyle=dash,
                linewidth=3.5,
            )
        words = f"{name}: up to {edge:.1f}°" if edge > 0 else f"{name}: nowhere"
        ax.text(
            1.28,
            0.98 - 0.17 * n,
            words,
            color=for_words(colour),
            fontsize=9,
            weight="bold",
            va="center",
        )
    ax.axhline(0, color=FAINT, linewidth=0.6)
    ax.set(
        title="Where an embedding of class A has to lie",
        xlim=(-0.7, 2.35),
        ylim=(-0.1, 1.2),
        aspect="equal",
        xticks=[],
        yticks=[],
        xlabel="embeddings live on the circle of radius 1; arcs are drawn inside it",
    )
    ax.grid(False)


def on_the_circle(ax: Axes, angle: float = 60, margin: float = 0.5) -> None:
    """An embedding at `angle` degrees from its class A, and the place where ArcFace sees it, `margin` radians further on.

    Dotted drops to A's axis are the two cosines. Past 180 degrees - m the angle comes back round: there the guard's value is marked instead.
    """
    turn, sees = math.radians(angle), math.radians(angle) + margin
    guarded = sees > math.pi + 1e-9
    value = math.cos(turn) - margin * math.sin(margin) if guarded else math.cos(sees)
    circle = np.linspace(0, 2 * math.pi, 241)
    ax.plot(np.cos(circle), np.sin(circle), color=FAINT, linewidth=1)
    ax.plot([-1.75, 1.25], [0, 0], color=FAINT, linewidth=0.8)
    ax.annotate("", (1, 0), (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.8})
    ax.text(1.1, -0.08, "class A", va="top", weight="bold")
    for at, colour, marker, full, words in (
        (turn, SAME, "o", True, "embedding"),
        (sees, DIFFERENT, "D", False, "what the loss sees"),
    ):
        x, y = math.cos(at), math.sin(at)
        ax.plot([0, x], [0, y], color=colour, linewidth=1.5, linestyle="-" if full else "--")
        ax.plot([x, x], [y, 0], color=colour, linewidth=1, linestyle=":")
        ax.plot(
            x,
            y,
            marker,
            color=colour,
            markersize=10,
            markerfacecolor=colour if full else "white",
            markeredgewidth=2,
            zorder=3,
        )
        if guarded and not full:
            ax.annotate(
                "without the guard",
                (x, y),
                (12, -8),
                textcoords="offset points",
                ha="left",
                va="top",
                color=INK,
            )
        elif full or margin > 0:
            up = 0.12 if abs(y) < 0.3 else 0.0
            ax.annotate(
                words,
                (1.13 * x, 1.13 * y + up),
                ha="left" if x > 0.2 else "right" if x < -0.2 else "center",
                va="bottom",
                color=INK,
            )
    arc = np.linspace(turn, sees, 40)
    ax.plot(0.45 * np.cos(arc), 0.45 * np.sin(arc), color=INK, linewidth=2)
    if margin >= 0.2:
        ax.text(
            0.58 * math.cos(turn + margin / 2),
            0.58 * math.sin(turn + margin / 2),
            "m",
            ha="center",
            va="center",
            style="italic",
        )
    ax.plot(math.cos(turn), 0, "o", color=SAME, markersize=6)
    ax.plot(
        value,
        0,
        "D" if not guarded else "X",
        color=DIFFERENT,
        markersize=8 if not guarded else 11,
        zorder=4,
    )
    if guarded:
        ax.annotate(
            f"guard: {value:.2f}",
            (value, 0),
            (-4, -13),
            textcoords="offset points",
            ha="right",
            va="top",
            color=INK,
        )
        title = (
            f"Past 180° the cosine rises again, to {math.cos(sees):.2f}; the guard says {value:.2f}"
        )
    else:
        title = f"At {angle:.0f}° the loss sees {math.degrees(sees):.0f}°: {value:.2f} in place of {math.cos(turn):.2f}"
    ax.set(
        title=title,
        xlim=(-2.4, 2.2),
        ylim=(-1.3, 1.35),
        aspect="equal",
        yticks=[],
        xticks=[-1, 0, 1],
        xlabel="cosine of the angle to A (dotted drops)",
    )
    ax.grid(False)


def turning(
    ax: Axes, degrees: float, forces: Mapping[str, float], probability: Mapping[str, float]
) -> None:
    """An embedding at `degrees` from its class A and at right angles to the other class: each loss's force toward A, as a bar, with A's probability."""
    names = list(forces)
    bars = ax.barh(
        names, [forces[name] for name in names], color=[LOOK[name][0] for name in names], height=0.6
    )
    for bar, name in zip(bars, names):
        bar.set_hatch({"softmax": "", "SphereFace": "..", "CosFace": "//", "ArcFace": "\\\\"}[name])
        ax.text(
            max(0, forces[name]) + 0.02,
            bar.get_y() + bar.get_height() / 2,
            f"force {round(forces[name], 2) + 0.0:.2f}, p(A) = {probability[name]:.3f}",
            va="center",
            fontsize=9,
        )
    quiet = [name for name in names if forces[name] < LETS_GO]
    verdict = (
        "all of them pull"
        if not quiet
        else "nobody pulls any more"
        if len(quiet) == len(names)
        else f"no pull from {' and '.join(quiet)}"
    )
    ax.set(
        title=f"At {degrees:.0f}° from its class: {verdict}",
        xlim=(-0.15, 2.7),
        xlabel="force towards A, as a share of the scale s",
    )
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)


FAMILIES = {
    "softmax and its variants": [
        ("softmax", 2014, 0),
        ("L2-softmax", 2017, 1),
        ("NormFace", 2017, 0),
    ],
    "Euclidean distance": [
        ("contrastive", 2006, 0),
        ("DeepID2", 2014, 1),
        ("triplet (FaceNet)", 2015, 0),
        ("center loss", 2016, 1),
        ("N-pair", 2016, 0),
    ],
    "angular and cosine margin": [
        ("L-softmax", 2016, 0),
        ("SphereFace", 2017, 1),
        ("CosFace, AM-softmax", 2018, 0),
        ("ArcFace", 2019, 1),
    ],
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


def family_map(ax: Axes) -> None:
    """The losses of face recognition in the survey's three families, by year, with an arrow from each to what was built on it."""
    place, left = {}, 2012.2

    def across(year: float) -> float:
        return 2012.6 if year == 2006 else year

    for row, (family, losses) in enumerate(FAMILIES.items()):
        colour = (INK, DIFFERENT, SAME)[row]
        ax.axhspan(-row - 0.42, -row + 0.42, color=colour, alpha=0.07, linewidth=0)
        ax.text(
            left - 0.55,
            -row + 0.36,
            family,
            color=for_words(colour),
            weight="bold",
            va="top",
            fontsize=9,
        )
        for name, year, low in losses:
            place[name] = (across(year), -row + (0.05 if not low else -0.27))
    for before, after in FOLLOWS:
        ax.annotate(
            "",
            place[after],
            place[before],
            arrowprops={
                "arrowstyle": "->",
                "color": FAINT,
                "lw": 1.1,
                "shrinkA": 12,
                "shrinkB": 12,
            },
        )
    for row, losses in enumerate(FAMILIES.values()):
        for name, year, _ in losses:
            ax.text(
                *place[name],
                name,
                ha="center",
                va="center",
                fontsize=8.5,
                bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": FAINT, "lw": 0.6},
            )
    ax.set(
        xlim=(left - 0.7, 2019.8),
        ylim=(-2.5, 0.5),
        yticks=[],
        xlabel="year published (2006 drawn at the left edge)",
        title="Margins on the angle grew out of softmax, not out of pairs",
    )
    ax.set_xticks(
        [2012.6, 2014, 2015, 2016, 2017, 2018, 2019],
        ["2006", "2014", "2015", "2016", "2017", "2018", "2019"],
    )
    ax.grid(False)
