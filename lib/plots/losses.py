"""What a loss does to a pair, to a triplet, and to a batch: forces, and the value that a useless model scores.

Forces are minus the gradient: where a point would go next. Outward is positive.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots import DIFFERENT, FAINT, FORGERY, INK, OTHERS, SAME, for_words

SHAPES = "os^DvPX*"
KINDS = {"easy": OTHERS[0], "semi-hard": OTHERS[1], "hard": FORGERY}


def margin_forces(ax: Axes, margin: float, squared: bool = False) -> None:
    """Draw force against distance for same and different pairs at one margin.

    squared  of max(0, margin^2 - d^2) in place of max(0, margin - d)^2: a form often met, which does not push where d = 0
    """
    d = np.linspace(0, 2, 401)
    push = np.where(d < margin, d if squared else margin - d, 0.0)
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.plot(d, -d, color=SAME, lw=2.5)
    ax.plot(d, push, color=DIFFERENT, lw=2.5, ls=(0, (5, 1.5)))
    ax.axvline(margin, color=INK, lw=1, ls=":")
    left = margin > 1.6  # of its line, where there is no room on the right
    ax.text(
        margin + (-0.02 if left else 0.02),
        1.95,
        f"margin {margin:.2f}",
        color=INK,
        va="top",
        ha="right" if left else "left",
    )
    ax.text(
        0.95, -1.25, "same: pulled in,\nthe further the harder", color=SAME, ha="right", va="top"
    )
    ax.text(1.98, -0.08, "different", color=for_words(DIFFERENT), ha="right", va="top")
    ax.set(
        xlabel="distance d of the pair (embedding units)",
        ylabel="force (outward > 0)",
        xlim=(0, 2),
        ylim=(-2, 2),
    )
    if margin == 0:
        ax.set_title("Without a margin, nothing pushes strangers apart")
    elif squared:
        ax.set_title("With m² − d², strangers on one spot are not pushed at all")
    else:
        ax.set_title(f"Past the margin {margin:.2f}, strangers feel no force")


def triplet_forces(
    ax: Axes, distance: float = 0.85, angle: int = 60, margin: float = 0.3, d_ap: float = 0.7
) -> None:
    """Draw an anchor, its positive at `d_ap`, and a negative at `distance` and `angle` degrees, with the force on each point."""
    turn = np.deg2rad(angle)
    anchor, positive, negative = (
        np.zeros(2),
        np.array([d_ap, 0.0]),
        distance * np.array([np.cos(turn), np.sin(turn)]),
    )
    loss = max(0.0, d_ap - distance + margin)
    kind = "hard" if distance <= d_ap else "semi-hard" if loss > 1e-9 else "easy"
    _rings(ax, d_ap, margin)
    if kind != "easy":
        pull = (positive - anchor) / d_ap
        push = (anchor - negative) / distance if distance > 0 else np.zeros(2)
        for point, force, colour in (
            (anchor, pull + push, INK),
            (positive, -pull, SAME),
            (negative, -push, DIFFERENT),
        ):
            _arrow(ax, point, 0.35 * force, colour)
    for point, name, colour, shape in (
        (anchor, "anchor", INK, "*"),
        (positive, "positive", SAME, "o"),
        (negative, "negative", DIFFERENT, "s"),
    ):
        ax.scatter(
            *point,
            color=colour,
            marker=shape,
            s=130 if shape == "*" else 70,
            zorder=4,
            edgecolor=for_words(colour),
        )
        beside = {"anchor": (0, -14), "positive": (7, -12), "negative": (0, 14)}[
            name
        ]  # the anchor's arrow may end at the positive: its name stands clear
        ax.annotate(
            name,
            point,
            beside,
            textcoords="offset points",
            ha="left" if name == "positive" else "center",
            va="center",
            color=INK,
            zorder=5,
        )
    ax.set(
        xlim=(-2.1, 2.1),
        ylim=(-1.55, 1.6),
        aspect="equal",
        xlabel="embedding, first coordinate",
        ylabel="second coordinate",
    )
    meaning = {
        "hard": "the negative is nearer than the positive",
        "semi-hard": "right order, but within the margin",
        "easy": "no force, nothing to learn",
    }
    ax.set_title(f"{kind.capitalize()}, loss {loss:.2f}: {meaning[kind]}")


def _rings(ax: Axes, d_ap: float, margin: float) -> None:
    """The three places a negative can be in, as rings around the anchor."""
    turns = np.linspace(0, 2 * np.pi, 181)
    inner, outer = d_ap, d_ap + margin
    for radius, style in ((inner, "-"), (outer, "--")):
        ax.plot(radius * np.cos(turns), radius * np.sin(turns), color=FAINT, lw=1, ls=style)
    ax.fill(
        outer * np.cos(turns), outer * np.sin(turns), color=KINDS["semi-hard"], alpha=0.14, lw=0
    )
    ax.fill(inner * np.cos(turns), inner * np.sin(turns), color="white", lw=0)
    ax.fill(inner * np.cos(turns), inner * np.sin(turns), color=KINDS["hard"], alpha=0.14, lw=0)
    for radius, name in (
        (0.6 * inner, "hard"),
        (inner + margin / 2, "semi-hard"),
        (outer + 0.12, "easy"),
    ):
        if name != "semi-hard" or margin > 0.1:
            ax.text(
                0, -radius, name, color=INK, ha="center", va="center", fontsize=9, style="italic"
            )


def _arrow(ax: Axes, start, step, colour: str) -> None:
    if np.hypot(*step) > 1e-6:
        ax.annotate(
            "",
            start + step,
            start,
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0},
            zorder=3,
        )


def useless_model(ax: Axes, same_share: float, margin: float = 1.0) -> None:
    """Draw the contrastive loss of a model that gives every pair one distance, against that distance."""
    d = np.linspace(0, 1.5 * margin, 301)
    loss = 0.5 * (same_share * d**2 + (1 - same_share) * np.maximum(0, margin - d) ** 2)
    best, value = (1 - same_share) * margin, same_share * (1 - same_share) * margin**2 / 2
    ax.plot(d, loss, color=INK, lw=2)
    ax.axhline(value, color=FORGERY, ls="--", lw=1.5)
    ax.plot(best, value, "D", color=FORGERY, ms=8)
    ax.text(
        1.5 * margin,
        value + 0.012,
        f"p(1 − p)m²/2 = {value:.3f}",
        color=for_words(FORGERY),
        ha="right",
    )
    ax.set(
        xlabel="the one distance it gives to every pair (embedding units)",
        ylabel="contrastive loss",
        xlim=(0, 1.5 * margin),
        ylim=(0, 0.55 * margin**2),
    )
    ax.set_title(f"With {same_share:.0%} same pairs, knowing nothing scores {value:.3f}")


def batch_forces(
    ax: Axes,
    points: np.ndarray,
    labels: Sequence[int],
    forces: np.ndarray,
    title: str,
    reach: float = 1.3,
) -> None:
    """Draw a batch of 2-D embeddings, a colour and a shape an identity, with the force on each point (arrows to one scale, the longest 0.4)."""
    longest = max(float(np.hypot(*forces.T).max()), 0.4 / 12)
    for label in np.unique(labels):
        mine = points[np.asarray(labels) == label]
        colour = (SAME, DIFFERENT, *OTHERS)[label % 6]
        ax.scatter(
            mine[:, 0],
            mine[:, 1],
            s=45,
            color=colour,
            marker=SHAPES[label % len(SHAPES)],
            edgecolor=for_words(colour),
            lw=0.8,
            zorder=3,
        )
    ax.quiver(
        *points.T,
        *forces.T,
        angles="xy",
        scale_units="xy",
        scale=longest / 0.4,
        color=INK,
        width=0.003,
        zorder=4,
    )
    ax.set(
        xlim=(-1.6 * reach, 1.6 * reach),
        ylim=(-reach, reach),
        aspect="equal",
        xlabel="first coordinate",
        ylabel="second coordinate",
    )
    ax.set_title(title)


def against_the_useless(
    ax: Axes, curves: Mapping[str, Sequence[float]], trivial: float, title: str
) -> None:
    """Draw training curves with the value of a model that ignores its input as a dashed line."""
    styles = ((FORGERY, "-."), (SAME, "-"), (OTHERS[0], (0, (4, 1))), (OTHERS[1], ":"))
    for (name, losses), (colour, style) in zip(curves.items(), styles):
        ax.plot(losses, color=colour, ls=style, lw=2)
        ax.annotate(
            name,
            (len(losses) - 1, losses[-1]),
            (5, 0),
            textcoords="offset points",
            va="center",
            color=for_words(colour),
        )
    longest = max(len(losses) for losses in curves.values())
    ax.plot([0, longest], [trivial, trivial], color=INK, ls="--", lw=1.2)
    ax.text(
        0.98 * longest,
        0.98 * trivial,
        "a model that ignores its input",
        ha="right",
        va="top",
        color=INK,
    )
    ax.set(
        xlabel="training step", ylabel="loss", xlim=(0, 1.25 * longest), ylim=(0, None), title=title
    )


def teaching_triplets(ax: Axes, counts: Mapping[str, Sequence[float]], total: int) -> None:
    """Draw how many triplets of each batch still cost something over a training, by kind ("semi-hard", "hard"), against all of them."""
    steps = len(next(iter(counts.values())))
    for (kind, values), style in zip(counts.items(), ("-", "--")):
        ax.plot(np.maximum(values, 0.8), color=KINDS[kind], ls=style, lw=1.6)
        ax.annotate(
            kind,
            (steps - 1, max(np.mean(values[-20:]), 1)),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    ax.plot([0, steps], [total, total], color=INK, lw=1, ls=":")
    ax.text(
        0.98 * steps, 0.85 * total, f"all {total:,} of a batch", ha="right", va="top", color=INK
    )
    left = sum(np.mean(values[-20:]) for values in counts.values())
    ax.set(
        xlabel="training step",
        ylabel="triplets with a loss above 0",
        xlim=(0, 1.15 * steps),
        ylim=(0.8, 1.6 * total),
        yscale="log",
    )
    ax.set_title(f"In the last twenty steps {left / total:.1%} of the triplets teach")
