"""What a loss does to a pair, a triplet and a batch, and what distances without information score.

A force is minus the gradient: the direction in which a point moves next. Outward is positive.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.losses import baseline_loss
from lib.plots.style import (
    DIFFERENT,
    FAINT,
    FORGERY,
    INK,
    OTHERS,
    SAME,
    arc,
    arrow,
    disc,
    label,
    text_colour,
)

IDENTITY_COLOURS, IDENTITY_MARKERS = (SAME, DIFFERENT, *OTHERS), "os^DvPX*"
KINDS = {"easy": OTHERS[0], "semi-hard": OTHERS[1], "hard": FORGERY}


def margin_forces(ax: Axes, margin: float, squared: bool = False) -> None:
    """Draw force against distance for same and different pairs at one margin.

    squared  the loss of max(0, margin^2 - d^2) in place of max(0, margin - d)^2: a form often met,
             which does not push where d = 0
    """
    d = np.linspace(0, 2, 401)
    push = np.where(d < margin, d if squared else margin - d, 0.0)
    ax.axhline(0, color=FAINT, lw=0.8)
    ax.plot(d, -d, color=SAME, lw=2.5)
    ax.plot(d, push, color=DIFFERENT, lw=2.5, ls=(0, (5, 1.5)))
    ax.axvline(margin, color=INK, lw=1, ls=":")
    # The name of the line stands left of it where there is no room on the right.
    x, side = (margin - 0.02, "right") if margin > 1.6 else (margin + 0.02, "left")
    ax.text(x, 1.95, f"margin {margin:.2f}", color=INK, va="top", ha=side)
    corner = {"ha": "right", "va": "top"}
    ax.text(0.95, -1.25, "same: pulled in,\nthe further the harder", color=SAME, **corner)
    ax.text(1.98, -0.08, "different", color=text_colour(DIFFERENT), **corner)
    ax.set(xlabel="distance d of the pair (embedding units)", ylabel="force (outward > 0)")
    ax.set(xlim=(0, 2), ylim=(-2, 2))
    if margin == 0:
        ax.set_title("Without a margin, nothing pushes different pairs apart")
    elif squared:
        ax.set_title("With m² − d², a different pair at distance 0 feels no force")
    else:
        ax.set_title(f"Beyond the margin {margin:.2f}, different pairs feel no force")


def triplet_forces(
    ax: Axes, distance: float = 0.85, angle: int = 60, margin: float = 0.3, d_ap: float = 0.7
) -> None:
    """Draw an anchor, its positive and a negative, with the force on each point.

    distance, angle  where the negative lies, seen from the anchor; the angle in degrees
    d_ap             distance of the positive
    """
    turn = np.deg2rad(angle)
    anchor, positive = np.zeros(2), np.array([d_ap, 0.0])
    negative = distance * np.array([np.cos(turn), np.sin(turn)])
    loss = max(0.0, d_ap - distance + margin)
    kind = "hard" if distance <= d_ap else "semi-hard" if loss > 1e-9 else "easy"

    for radius, dash in ((d_ap, "-"), (d_ap + margin, "--")):
        ax.plot(*arc(radius), color=FAINT, lw=1, ls=dash)
    disc(ax, d_ap + margin, KINDS["semi-hard"], alpha=0.14)
    disc(ax, d_ap, KINDS["hard"], alpha=0.14)
    named = {"hard": 0.6 * d_ap, "semi-hard": d_ap + margin / 2, "easy": d_ap + margin + 0.12}
    for name, radius in named.items():
        if name != "semi-hard" or margin > 0.1:
            label(ax, name, (0, -radius), fontsize=9, style="italic")

    if kind != "easy":
        pull = (positive - anchor) / d_ap
        push = (anchor - negative) / distance if distance > 0 else np.zeros(2)
        for point, force, colour in (
            (anchor, pull + push, INK),
            (positive, -pull, SAME),
            (negative, -push, DIFFERENT),
        ):
            if np.hypot(*force) > 1e-6:
                arrow(ax, point, point + 0.35 * force, colour)
    # The anchor's arrow may end at the positive, so the positive's name stands beside it.
    for name, point, colour, marker, size, offset in (
        ("anchor", anchor, INK, "*", 130, (0, -14)),
        ("positive", positive, SAME, "o", 70, (7, -12)),
        ("negative", negative, DIFFERENT, "s", 70, (0, 14)),
    ):
        edge = text_colour(colour)
        ax.scatter(*point, color=colour, marker=marker, s=size, zorder=4, edgecolor=edge)
        label(ax, name, point, offset, va="center", zorder=5)
    ax.set(xlim=(-2.1, 2.1), ylim=(-1.55, 1.6), aspect="equal")
    ax.set(xlabel="embedding, first coordinate", ylabel="second coordinate")
    meaning = {
        "hard": "the negative is nearer than the positive",
        "semi-hard": "right order, but within the margin",
        "easy": "no force, nothing to learn",
    }
    ax.set_title(f"{kind.capitalize()}, loss {loss:.2f}: {meaning[kind]}")


def constant_distance_loss(ax: Axes, same_share: float, margin: float = 1.0) -> None:
    """Draw the contrastive loss of a model that gives every pair one distance, by that distance.

    same_share  share of same pairs, in (0, 1)
    """
    d = np.linspace(0, 1.5 * margin, 301)
    loss = 0.5 * (same_share * d**2 + (1 - same_share) * np.maximum(0, margin - d) ** 2)
    lowest = baseline_loss("contrastive", margin=margin, same_share=same_share)
    ax.plot(d, loss, color=INK, lw=2)
    ax.axhline(lowest, color=FORGERY, ls="--", lw=1.5)
    ax.plot((1 - same_share) * margin, lowest, "D", color=FORGERY, ms=8)
    words, colour = f"p(1 − p)m²/2 = {lowest:.3f}", text_colour(FORGERY)
    ax.text(1.5 * margin, lowest + 0.012, words, color=colour, ha="right")
    ax.set(xlabel="the distance of every pair (embedding units)", ylabel="contrastive loss")
    ax.set(xlim=(0, 1.5 * margin), ylim=(0, 0.55 * margin**2))
    ax.set_title(f"With {same_share:.0%} same pairs, no single distance scores below {lowest:.3f}")


def batch_forces(
    ax: Axes,
    points: np.ndarray,
    labels: Sequence[int],
    forces: np.ndarray,
    title: str,
    reach: float = 1.3,
) -> None:
    """Draw a batch of 2-D embeddings, a colour and a marker an identity, with the forces on them.

    points, forces  (B, 2); arrows have one scale, the longest is 0.4 long
    labels          (B,) identities
    """
    for identity in np.unique(labels):
        colour = IDENTITY_COLOURS[identity % len(IDENTITY_COLOURS)]
        marker = IDENTITY_MARKERS[identity % len(IDENTITY_MARKERS)]
        style = {"color": colour, "marker": marker, "edgecolor": text_colour(colour)}
        ax.scatter(*points[np.asarray(labels) == identity].T, s=45, lw=0.8, zorder=3, **style)
    longest = max(float(np.hypot(*forces.T).max()), 0.4 / 12)
    scale = {"angles": "xy", "scale_units": "xy", "scale": longest / 0.4}
    ax.quiver(*points.T, *forces.T, color=INK, width=0.003, zorder=4, **scale)
    ax.set(xlim=(-1.6 * reach, 1.6 * reach), ylim=(-reach, reach), aspect="equal", title=title)
    ax.set(xlabel="first coordinate", ylabel="second coordinate")


def losses_with_baseline(
    ax: Axes, curves: Mapping[str, Sequence[float]], baseline: float, title: str
) -> None:
    """Draw training losses, and the loss of a model that ignores its input as a dashed line.

    curves  {name: (steps,)}
    """
    styles = ((FORGERY, "-."), (SAME, "-"), (OTHERS[0], (0, (4, 1))), (OTHERS[1], ":"))
    for (name, losses), (colour, dash) in zip(curves.items(), styles):
        ax.plot(losses, color=colour, ls=dash, lw=2)
        label(ax, name, (len(losses) - 1, losses[-1]), (5, 0), color=text_colour(colour))
    longest = max(len(losses) for losses in curves.values())
    ax.plot([0, longest], [baseline, baseline], color=INK, ls="--", lw=1.2)
    corner = {"ha": "right", "va": "top", "color": INK}
    ax.text(0.98 * longest, 0.98 * baseline, "a model that ignores its input", **corner)
    ax.set(xlabel="training step", ylabel="loss", title=title)
    ax.set(xlim=(0, 1.25 * longest), ylim=(0, None))


def active_triplets(ax: Axes, counts: Mapping[str, Sequence[float]], total: int) -> None:
    """Draw how many triplets of each batch have a loss above 0 over a training, by kind.

    counts  {"semi-hard": (steps,), "hard": (steps,)}
    total   all triplets of a batch
    """
    steps = len(next(iter(counts.values())))
    at_the_end = {kind: np.mean(values[-20:]) for kind, values in counts.items()}
    for (kind, values), dash in zip(counts.items(), ("-", "--")):
        ax.plot(np.maximum(values, 0.8), color=KINDS[kind], ls=dash, lw=1.6)
        label(ax, kind, (steps - 1, max(at_the_end[kind], 1)), (6, 0))
    ax.plot([0, steps], [total, total], color=INK, lw=1, ls=":")
    corner = {"ha": "right", "va": "top", "color": INK}
    ax.text(0.98 * steps, 0.85 * total, f"all {total:,} of a batch", **corner)
    ax.set(xlabel="training step", ylabel="triplets with a loss above 0", yscale="log")
    ax.set(xlim=(0, 1.15 * steps), ylim=(0.8, 1.6 * total))
    active = sum(at_the_end.values()) / total
    ax.set_title(f"In the last twenty steps {active:.1%} of the triplets have a loss above 0")
