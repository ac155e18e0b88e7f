"""What a loss does to pairs, triplets, a batch and a network; what its baseline is.

A force is minus the gradient: the direction in which a point moves next. Outward is positive.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots.palette import DIFFERENT, FAINT, FORGERY, INK, OTHERS, SAME, text_colour
from lib.plots.style import arc, arrow, disc, label, mark

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
    ax.plot([margin, margin], [0, 2.3], color=INK, lw=1, ls=":")
    # The name of the line stands left of it where there is no room on the right.
    x, side = (margin - 0.02, "right") if margin > 1.6 else (margin + 0.02, "left")
    ax.text(x, 2.28, f"margin {margin:.2f}", color=INK, va="top", ha=side)
    corner = {"ha": "right", "va": "top"}
    ax.text(0.95, -1.25, "same pair: −d", color=SAME, **corner)
    inside = "d" if squared else "m − d"
    words = f"different pair: {inside} inside the margin, 0 beyond"
    ax.text(1.98, -0.08, words, color=text_colour(DIFFERENT), **corner)
    ax.set(xlabel="distance d of the pair (embedding units)", ylabel="force (outward > 0)")
    ax.set(xlim=(0, 2), ylim=(-2, 2.3))
    if margin == 0:
        ax.set_title("Without a margin, nothing pushes different pairs apart")
    elif squared:
        ax.set_title("With m² − d², the push is small near distance 0")
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

    towards, away = positive / d_ap, -negative / max(distance, 1e-9)
    forces = np.array([towards + away, -towards, -away]) if kind != "easy" else np.zeros((3, 2))
    # A name stands where no arrow goes, and not on the line of the other points.
    level = abs(angle - 90) > 60
    names = (
        ("anchor", anchor, INK, "*", 130, (0, -14) if level else (-9, 0)),
        ("positive", positive, SAME, "o", 70, (7, -12)),
        (
            "negative",
            negative,
            DIFFERENT,
            "s",
            70,
            (0, 14) if level else (9 - 18 * (angle <= 90), 0),
        ),
    )
    for (name, point, colour, marker, size, offset), force in zip(names, forces):
        if np.hypot(*force) > 1e-6:
            arrow(ax, point, point + 0.35 * force, colour)
        edge = text_colour(colour)
        ax.scatter(*point, color=colour, marker=marker, s=size, zorder=4, edgecolor=edge)
        label(ax, name, point, offset, va="center", zorder=5)
    ax.set(xlim=(-2.0, 2.0), ylim=(-1.5, 1.7), aspect="equal")
    ax.set(xlabel="embedding, first coordinate", ylabel="second coordinate")
    meaning = {
        "hard": "the negative is nearer than the positive",
        "semi-hard": "right order, but within the margin",
        "easy": "no force",
    }
    ax.set_title(f"{kind.capitalize()}, loss {loss:.2f}: {meaning[kind]}")


def constant_distance_loss(ax: Axes, same_share: float = 0.04, margin: float = 1.0) -> None:
    """Draw the mean contrastive loss of pairs that all have one distance, by that distance.

    same_share  share of same pairs, in (0, 1)
    """
    d = np.linspace(0, 1.5 * margin, 301)
    loss = 0.5 * (same_share * d**2 + (1 - same_share) * np.maximum(0, margin - d) ** 2)
    best, lowest = (1 - same_share) * margin, (1 - same_share) * same_share * margin**2 / 2
    ax.plot(d, loss, color=INK, lw=2)
    ax.axhline(lowest, color=FORGERY, ls="--", lw=1.5)
    for row, (x, y, marker, words) in enumerate(
        (
            (0, loss[0], "s", f"one spot, d = 0: {loss[0]:.3f}"),
            (best, lowest, "D", f"baseline, d = (1 − p) m: {lowest:.3f}"),
        )
    ):
        at = 0.24 * margin, (0.57 - 0.05 * row) * margin**2
        for place in ((x, y), at):
            mark(ax, *place, marker, FORGERY, 7, clip_on=False, zorder=4)
        label(ax, words, at, (9, 0), color=text_colour(FORGERY))
    ax.set(xlabel="distance d of every pair (embedding units)", ylabel="mean contrastive loss")
    ax.set(xlim=(0, 1.5 * margin), ylim=(0, 0.62 * margin**2))
    ax.set_title(f"With {same_share:.0%} same pairs, no single distance scores below {lowest:.3f}")


def batch_forces(
    ax: Axes, points: np.ndarray, forces: np.ndarray, labels: Sequence[int], title: str
) -> None:
    """Draw a batch of 2-D embeddings, a colour and a marker an identity, with the forces on them.

    points, forces  (B, 2); arrows have one scale, the longest is 0.4 long
    labels          (B,) identities
    """
    _identities(ax, points, labels, size=32)
    longest = max(float(np.hypot(*forces.T).max()), 0.4 / 12)
    scale = {"angles": "xy", "scale_units": "xy", "scale": longest / 0.4}
    ax.quiver(*points.T, *forces.T, color=INK, width=0.008, zorder=4, **scale)
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", title=title)
    ax.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    _name_coordinates(ax)


def embeddings(
    ax: Axes, points: np.ndarray, identity: np.ndarray, title: str, reach: float, shown: int = 6
) -> None:
    """Draw 2-D embeddings around their mean, the first identities in colour, the others pale.

    points    (N, 2)
    identity  (N,)
    reach     half the side of the picture, in embedding units; where all points lie within a
              quarter of it, an inset enlarges them
    """
    points = points - points.mean(0)
    _some_identities(ax, points, identity, reach, shown)
    ax.set(title=title)
    _name_coordinates(ax)
    spread = float(np.abs(points).max())
    if spread < reach / 4:
        inset = ax.inset_axes((0.54, 0.54, 0.46, 0.46))
        _some_identities(inset, points, identity, max(spread, 1e-12), shown)
        inset.set(xticks=[], yticks=[])
        inset.spines[["top", "right"]].set_visible(True)
        times = float(f"{reach / spread:.1g}") if spread else 0
        inset.set_xlabel(f"{times:,.0f} x larger" if spread else "all equal", fontsize=9)


def _name_coordinates(ax: Axes) -> None:
    """Both axes; of pictures side by side, which have one scale, the first alone has heights."""
    ax.set_xlabel("first coordinate")
    place = ax.get_subplotspec()
    if place is None or place.is_first_col():
        ax.set_ylabel("second coordinate")
    else:
        ax.tick_params(labelleft=False)


def _some_identities(ax: Axes, points, identity, reach: float, shown: int) -> None:
    coloured = np.isin(identity, np.unique(identity)[:shown])
    ax.scatter(*points[~coloured].T, s=4, color="#DDDDDD", lw=0)
    _identities(ax, points[coloured], np.asarray(identity)[coloured], size=16)
    ends = -1.05 * reach, 1.05 * reach
    ax.set(xlim=ends, ylim=ends, aspect="equal")


def _identities(ax: Axes, points: np.ndarray, labels: Sequence[int], size: float) -> None:
    labels = np.asarray(labels)
    for n, identity in enumerate(np.unique(labels)):
        colour = IDENTITY_COLOURS[n % len(IDENTITY_COLOURS)]
        style = {"color": colour, "marker": IDENTITY_MARKERS[n % len(IDENTITY_MARKERS)]}
        edge = {"edgecolor": text_colour(colour), "lw": 0.6, "zorder": 3}
        ax.scatter(*points[labels == identity].T, s=size, **style, **edge)


def losses_with_baseline(
    ax: Axes, curves: Mapping[str, Sequence[float]], baseline: float, title: str
) -> None:
    """Draw training losses, and what distances without regard to the labels score at best, dashed.

    curves  {name: (steps,)}
    """
    _named_lines(ax, {name: (range(len(losses)), losses) for name, losses in curves.items()})
    longest = max(len(losses) for losses in curves.values())
    ax.plot([0, longest], [baseline, baseline], color=INK, ls="--", lw=1.2)
    corner = {"ha": "right", "va": "top", "color": INK}
    ax.text(0.98 * longest, 0.96 * baseline, f"baseline {baseline:g}", **corner)
    ax.set(ylabel="loss", title=title)


def error_rates(ax: Axes, curves: Mapping[str, tuple], title: str) -> None:
    """Draw error rates during training: {name: (training steps (n,), rates in [0, 1] (n,))}."""
    percent = {name: (steps, [100 * r for r in rates]) for name, (steps, rates) in curves.items()}
    _named_lines(ax, percent)
    ax.set(ylabel="EER on unseen characters (%)", title=title)


def _named_lines(ax: Axes, curves: Mapping[str, tuple]) -> None:
    """Lines {name: (training steps, values)}, each named at its end."""
    styles = ((FORGERY, "-."), (SAME, "-"), (OTHERS[0], (0, (4, 1))), (OTHERS[1], ":"))
    ends = sorted(values[-1] for _, values in curves.values())
    for (name, (steps, values)), (colour, dash) in zip(curves.items(), styles):
        ax.plot(steps, values, color=colour, ls=dash, lw=2)
        # Curves that end close to each other have their names apart: the higher one above.
        up = 14 * (ends.index(values[-1]) - (len(ends) - 1) / 2)
        end = steps[-1], values[-1]
        label(ax, name, end, (5, up), va="center", color=text_colour(colour))
    longest = max(steps[-1] for steps, _ in curves.values())
    ax.set(xlabel="training step", xlim=(0, 1.3 * longest), ylim=(0, None))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1.01 * longest])
