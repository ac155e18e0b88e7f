"""Figures of lesson 10: embeddings laid out on a plane, and what such a map keeps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plots import DIFFERENT, FAINT, HALO, INK, OTHERS, SAME, for_words

SIGNS = ("o", "s", "^", "D", "v", "P")
HUES = (SAME, DIFFERENT, *OTHERS[:3])


def embedding_map(ax: Axes, xy: np.ndarray, identity: np.ndarray, title: str) -> None:
    """Points (N, 2) of a map, one marker and colour an identity, the identity's number above its middle."""
    for k, person in enumerate(np.unique(identity)):
        mine = identity == person
        colour = HUES[k % len(HUES)]
        ax.scatter(
            *xy[mine].T,
            s=18,
            marker=SIGNS[k % len(SIGNS)],
            color=colour,
            edgecolor=for_words(colour),
            alpha=0.75,
            linewidths=0.7,
        )
        ax.annotate(
            str(person),
            np.median(xy[mine], axis=0),
            (0, 7),
            textcoords="offset points",
            weight="bold",
            fontsize=8,
            color=INK,
            ha="center",
            path_effects=HALO,
            zorder=4,
        )
    ax.set(
        title=title, xticks=[], yticks=[]
    )  # a map's axes have no unit: that is one of the lesson's points
    ax.set_xlabel("no unit")
    ax.set_aspect("equal", adjustable="datalim")
    ax.grid(False)


def neighbours_kept(ax: Axes, shares: Mapping[str, float], chance: float, k: int) -> None:
    """Bars: the share of each point's k nearest neighbours that are still among its k nearest on the map."""
    names = list(shares)
    bars = ax.barh(
        names,
        list(shares.values()),
        color=[FAINT if name == "PCA" else SAME for name in names],
        height=0.6,
    )
    ax.bar_label(bars, fmt=lambda share: f"{share:.0%}", padding=3)
    ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
    ax.text(
        chance, -0.42, " chance", va="center", fontsize=9
    )  # above the bars: below them it would run into the frame
    best = max(shares, key=shares.get)
    ax.set(
        title=f"{best} keeps most neighbours, and still loses {1 - shares[best]:.0%} of them",
        xlim=(0, 1),
        xlabel=f"share of the {k} nearest neighbours kept (0 to 1)",
    )
    ax.set_ylim(len(names) - 0.6, -0.65)
    ax.grid(axis="y", visible=False)


def distance_against_map(ax: Axes, true: np.ndarray, drawn: np.ndarray, correlation: float) -> None:
    """Distances between the identities' middles: in the embedding (x) and on the map (y), and how well their order agrees."""
    ax.scatter(true, drawn, s=22, color=SAME, alpha=0.7, linewidths=0)
    ax.set(
        title=f"Near on the map is not alike: rank correlation {correlation:.2f}",
        xlabel="distance between two people's median embeddings (L2, 0 to 2)",
        ylabel="distance on the map (no unit)",
    )


def noise_map(ax: Axes, xy: np.ndarray, clusters: np.ndarray) -> None:
    """A map of noise; `clusters` (N,) are the groups that a clustering program finds on it, which are none."""
    for k in np.unique(clusters):
        colour = HUES[k % len(HUES)]
        ax.scatter(
            *xy[clusters == k].T,
            s=16,
            marker=SIGNS[k % len(SIGNS)],
            color=colour,
            edgecolor=for_words(colour),
            alpha=0.8,
            linewidths=0.7,
        )
    ax.set(title="Noise, and a map that invites stories", xticks=[], yticks=[], xlabel="no unit")
    ax.grid(False)


def spread_shown(
    axes: Sequence[Axes], truth: np.ndarray, drawn: np.ndarray, group: np.ndarray
) -> None:
    """Two groups, one wider than the other, as they are (left, first two coordinates) and on the map (right)."""
    for ax, xy, title in zip(
        axes, (truth, drawn), ("As it is: one group is wider", "On the map: the difference is gone")
    ):
        for k, name in ((0, "tight"), (1, "wide")):
            ax.scatter(
                *xy[group == k].T,
                s=14,
                marker=SIGNS[k],
                color=HUES[k],
                edgecolor=for_words(HUES[k]),
                alpha=0.7,
                linewidths=0.6,
            )
            ax.annotate(
                name,
                xy[group == k].mean(0),
                weight="bold",
                ha="center",
                va="center",
                path_effects=HALO,
            )
        ax.set(title=title, xticks=[], yticks=[], xlabel="no unit")
        ax.set_aspect("equal", adjustable="datalim")
        ax.grid(False)


def mistakes_on_map(
    axes: Sequence[Axes],
    xy: np.ndarray,
    identity: np.ndarray,
    images: np.ndarray,
    wrong: np.ndarray,
    nearest: np.ndarray,
) -> None:
    """The map with the points in `wrong` ringed; beside it up to four of those pictures, each above its nearest neighbour.

    nearest  (N,) index of each picture's nearest neighbour in the embedding
    """
    left, right = axes
    embedding_map(left, xy, identity, f"{len(wrong)} pictures lie nearest to somebody else")
    left.scatter(*xy[wrong].T, s=60, marker="o", facecolors="none", edgecolors=INK, linewidths=0.9)
    shown = wrong[:4]
    if len(shown):
        pairs = [np.concatenate([images[a], images[nearest[a]]]) for a in shown]  # (2H, W, 3) each
        right.imshow(np.concatenate(pairs, axis=1))
        side = images.shape[2]
        right.set_xticks(
            [side * (n + 0.5) for n in range(len(shown))],
            [f"{identity[a]} → {identity[nearest[a]]}" for a in shown],
        )
    right.set(title="Above: the picture. Below: its nearest", yticks=[])
    right.grid(False)


def signature_map(ax: Axes, xy: np.ndarray, writer: np.ndarray, genuine: np.ndarray) -> None:
    """Map (N, 2) of signatures: each writer's genuine ones as dots in one colour with the writer's number, forgeries as crosses."""
    for k, person in enumerate(np.unique(writer)):
        own, forged = (writer == person) & genuine, (writer == person) & ~genuine
        colour = HUES[k % len(HUES)]
        ax.scatter(*xy[own].T, s=20, marker="o", color=colour, linewidths=0)
        ax.scatter(*xy[forged].T, s=20, marker="x", color=colour, linewidths=1)
        ax.annotate(
            str(person),
            np.median(xy[own], axis=0),
            weight="bold",
            fontsize=8,
            ha="center",
            va="center",
            bbox={
                "boxstyle": "circle,pad=0.15",
                "fc": "white",
                "ec": FAINT,
                "lw": 0.5,
                "alpha": 0.8,
            },
        )
    ax.set(
        title="Writers never trained on: genuine (dots) and skilled forgeries (crosses)",
        xticks=[],
        yticks=[],
        xlabel="no unit",
    )
    ax.grid(False)
