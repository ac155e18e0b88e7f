"""Figures of what a network is shown: pairs as a table, batches as a sheet, triplets by how much they teach."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from lib.data import pairs
from lib.plots import DIFFERENT, HALO, INK, OTHERS, SAME, for_words
from lib.plots.losses import KINDS

SHAPE = {"easy": "o", "semi-hard": "D", "hard": "^"}


def pair_table(ax: plt.Axes, identity: Sequence[int], images: np.ndarray | None = None) -> None:
    """Draw every pair once, a cell each: same pairs blue (with a dot where it fits), different ones orange; `images` (N, H, W) along the sides."""
    identity = np.asarray(identity)
    n = len(identity)
    i, j, same = (
        pairs.all_pairs(identity)
        if len(np.unique(identity)) > 1
        else (*np.triu_indices(n, 1), np.ones(n * (n - 1) // 2, bool))
    )
    table = np.full((n, n), np.nan)
    table[i, j] = same
    ax.imshow(
        np.ma.masked_invalid(table),
        cmap=ListedColormap([DIFFERENT, SAME]),
        vmin=0,
        vmax=1,
        alpha=0.85,
    )
    if n <= 64:
        ax.plot(j[same], i[same], "o", color="white", markersize=max(1.2, min(6, 60 / n)))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5))
    if n <= 40:
        line = np.arange(n + 1) - 0.5
        ax.hlines(line, -0.5, n - 0.5, color="white", linewidth=0.5)
        ax.vlines(line, -0.5, n - 0.5, color="white", linewidth=0.5)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if images is not None:
        for k, image in enumerate(images):
            for extent in ((k - 0.42, k + 0.42, -0.62, -1.46), (-1.46, -0.62, k + 0.42, k - 0.42)):
                ax.imshow(image, extent=extent, cmap="gray", vmin=0, vmax=255)
        ax.set(xlim=(-1.6, n - 0.5), ylim=(n - 0.5, -1.6))
    ax.set_aspect("equal")


def batch_table(ax: plt.Axes, p: int = 8, k: int = 4) -> None:
    """Draw the pairs of a batch of `p` identities with `k` images each, and put their counts in words."""
    identity = np.repeat(np.arange(p), k)
    pair_table(ax, identity)
    same, different = pairs.count_pairs(identity)
    total, triplets = same + different, pairs.count_triplets(identity)
    ax.set_title(f"{p} identities x {k} images: {same / max(total, 1):.1%} of the pairs are same")
    ax.text(
        0.02,
        0.30,
        f"{p * k} images\n{same:,} same pairs (blue)\n{different:,} different pairs\n{triplets:,} triplets",
        transform=ax.transAxes,
        ha="left",
        va="center",
        color=INK,
        fontsize=10,
        linespacing=1.5,
    )  # the empty half of the table


def batch_sheet(ax: plt.Axes, images: np.ndarray, identity: Sequence[int], columns: int) -> None:
    """Draw a batch (B, H, W) in rows; an image with a partner in it has a firm blue frame, one without is pale and dotted orange."""
    identity = np.asarray(identity)
    height, width = images.shape[1:3]
    for n, image in enumerate(images):
        y, x = n // columns * (height + 4), n % columns * (width + 4)
        alone = (identity == identity[n]).sum() == 1
        ax.imshow(
            image,
            extent=(x, x + width, y + height, y),
            cmap="gray",
            vmin=0,
            vmax=255,
            alpha=0.4 if alone else 1,
        )
        ax.add_patch(
            plt.Rectangle(
                (x, y),
                width,
                height,
                fill=False,
                linewidth=2,
                edgecolor=DIFFERENT if alone else SAME,
                linestyle=":" if alone else "-",
            )
        )
    rows = -(-len(images) // columns)
    ax.set(xlim=(-2, columns * (width + 4) - 2), ylim=(rows * (height + 4) - 2, -2))
    ax.set_aspect("equal")
    ax.axis("off")


def triplet_rings(ax: plt.Axes, d_ap: float = 0.5, margin: float = 0.2) -> None:
    """Draw an anchor, its positive, and the three zones in which a negative is hard, semi-hard or easy."""
    edge = 1.45 * (d_ap + margin)
    turn = np.linspace(0, 2 * np.pi, 200)
    for radius, colour, alpha in (
        (edge, KINDS["easy"], 0.2),
        (d_ap + margin, KINDS["semi-hard"], 0.3),
        (d_ap, KINDS["hard"], 0.3),
    ):
        ax.fill(radius * np.cos(turn), radius * np.sin(turn), color="white", linewidth=0)
        ax.fill(
            radius * np.cos(turn), radius * np.sin(turn), color=colour, alpha=alpha, linewidth=0
        )
    for radius, style in ((d_ap, "-"), (d_ap + margin, "--")):
        ax.plot(radius * np.cos(turn), radius * np.sin(turn), style, color=INK, linewidth=0.8)
    ax.plot([0, d_ap], [0, 0], color=SAME, linewidth=1.5)
    ax.plot(0, 0, "*", color=INK, markersize=13)
    ax.plot(d_ap, 0, "o", color=SAME, markersize=9)
    ax.annotate("anchor", (0, 0), (0, -14), textcoords="offset points", ha="center", va="center")
    ax.annotate(
        "positive",
        (d_ap, 0),
        (-8, 9),
        textcoords="offset points",
        ha="right",
        va="center",
        color=for_words(SAME),
        path_effects=HALO,
    )
    for radius, name in (
        (d_ap * 0.55, "hard"),
        (d_ap + margin / 2, "semi-hard"),
        ((d_ap + margin + edge) / 2, "easy"),
    ):
        ax.text(0, radius, name, ha="center", va="center", fontweight="bold")
    for radius, words, way in ((d_ap, "$d_{ap}$", -0.9), (d_ap + margin, "$d_{ap} + m$", -0.75)):
        ax.annotate(
            words,
            radius * np.array([np.cos(way), np.sin(way)]),
            (4, -4),
            textcoords="offset points",
            ha="left",
            va="top",
        )
    ax.set_aspect("equal")
    ax.axis("off")


def triplet_plane(ax: plt.Axes, d_ap: np.ndarray, d_an: np.ndarray, margin: float = 0.2) -> None:
    """Draw triplets by their two distances, the zones easy, semi-hard and hard, and the share of each in words."""
    d_ap, d_an = np.asarray(d_ap), np.asarray(d_an)
    hard, easy = d_an <= d_ap, (d_an > d_ap) & (d_an >= d_ap + margin)
    masks = {"easy": easy, "semi-hard": ~easy & ~hard, "hard": hard}
    low, top = 0.95 * float(min(d_ap.min(), d_an.min())), 1.03 * float(max(d_ap.max(), d_an.max()))
    for name, mask in masks.items():
        ax.plot(
            d_ap[mask],
            d_an[mask],
            SHAPE[name],
            color=KINDS[name],
            markersize=3.5,
            alpha=0.6,
            markeredgewidth=0,
        )
    line = np.array([low, top])
    ax.plot(line, line, "-", color=INK, linewidth=1)
    ax.plot(line, line + margin, "--", color=INK, linewidth=1)
    for n, name in enumerate(masks):
        ax.plot(
            1.04,
            0.86 - 0.22 * n,
            SHAPE[name],
            color=KINDS[name],
            transform=ax.transAxes,
            clip_on=False,
            markersize=8,
        )
        ax.text(
            1.08,
            0.86 - 0.22 * n,
            f"{name}\n{masks[name].mean():.1%}",
            transform=ax.transAxes,
            va="center",
            ha="left",
        )
    ax.text(top, top, "$d_{an} = d_{ap}$ ", ha="right", va="bottom", fontsize=9)
    ax.set(
        xlim=(low, top),
        ylim=(low, top),
        xlabel="distance anchor - positive (L2)",
        ylabel="distance anchor - negative (L2)",
    )
    ax.set_title(f"Margin {margin:.2f}: {np.mean(~easy):.1%} of these triplets cost something\n")
    ax.set_aspect("equal")


def teaching_share(
    ax: plt.Axes, progress: np.ndarray, shares: dict[str, np.ndarray], x: str = "progress"
) -> None:
    """Draw the share of triplets that still cost something against progress, one labelled line a way of choosing them."""
    for n, (name, share) in enumerate(shares.items()):
        colour, style, marker = ((INK, "--", "s"), (OTHERS[0], "-", "o"), (OTHERS[1], "-.", "D"))[
            n % 3
        ]
        ax.plot(progress, 100 * np.asarray(share), style, color=colour, marker=marker, markersize=5)
        middle = len(progress) // 2
        ax.annotate(
            name,
            (progress[middle], 100 * share[middle]),
            (8, 8),
            textcoords="offset points",
            va="bottom",
            color=for_words(colour),
            fontweight="bold",
        )
    ax.set(xlabel=x, ylabel="triplets that cost something (%)", ylim=(0, 103))
