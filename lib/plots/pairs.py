"""What a network is shown: pairs as a table, batches as a sheet, triplets by kind."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from lib.data import pairs
from lib.data.arrays import unit_rows
from lib.losses import triplet_kinds
from lib.plots.losses import KINDS
from lib.plots.palette import DIFFERENT, GREYS, HALO, INK, OTHERS, SAME, text_colour
from lib.plots.style import arc, disc, frame, label, place_image, without_ticks

MARKERS = {"easy": "o", "semi-hard": "D", "hard": "^"}


def pair_table(ax: Axes, identity: Sequence[int], images: np.ndarray | None = None) -> None:
    """Draw every pair once, a cell each: same pairs blue with a dot where it fits, others orange.

    identity  (N,); images (N, H, W) uint8, drawn along both sides
    """
    identity = np.asarray(identity)
    n = len(identity)
    i, j = np.triu_indices(n, 1)
    same = identity[i] == identity[j]
    table = np.full((n, n), np.nan)
    table[i, j] = same
    colours = ListedColormap([DIFFERENT, SAME])
    ax.imshow(np.ma.masked_invalid(table), cmap=colours, vmin=0, vmax=1, alpha=0.85)
    if n <= 64:
        ax.plot(j[same], i[same], "o", color="white", markersize=max(1.2, min(6, 60 / n)))
    if n <= 40:
        lines = np.arange(n + 1) - 0.5
        ax.hlines(lines, -0.5, n - 0.5, color="white", linewidth=0.5)
        ax.vlines(lines, -0.5, n - 0.5, color="white", linewidth=0.5)
    for k, image in enumerate([] if images is None else images):
        for extent in ((k - 0.42, k + 0.42, -0.62, -1.46), (-1.46, -0.62, k + 0.42, k - 0.42)):
            ax.imshow(image, extent=extent, **GREYS)
    edge = -0.5 if images is None else -1.6
    ax.set(xlim=(edge, n - 0.5), ylim=(n - 0.5, edge), aspect="equal")
    without_ticks(ax, edge=False)


def batch_table(ax: Axes, p: int = 8, k: int = 4) -> None:
    """Draw the pairs of a batch of `p` identities with `k` images each, and write their counts."""
    identity = np.repeat(np.arange(p), k)
    pair_table(ax, identity)
    same, different = pairs.count_pairs(identity)
    share = same / max(same + different, 1)
    ax.set_title(f"{p} identities x {k} images: {share:.1%} of the pairs are same")
    counts = [f"{p * k} images", f"{same:,} same pairs (blue)", f"{different:,} different pairs"]
    counts.append(f"{pairs.count_triplets(identity):,} triplets")
    half = {"xycoords": "axes fraction", "ha": "left", "fontsize": 10, "linespacing": 1.5}
    label(ax, "\n".join(counts), (0.02, 0.30), **half)


def batch_sheet(ax: Axes, images: np.ndarray, identity: Sequence[int], columns: int) -> None:
    """Draw a batch in rows; a frame says whether an image has another of its identity in the batch.

    images  (B, H, W) uint8: solid blue frame, or pale with a dotted orange one for an image alone
    """
    identity = np.asarray(identity)
    height, width = images.shape[1:3]
    for n, image in enumerate(images):
        y, x = n // columns * (height + 4), n % columns * (width + 4)
        alone = (identity == identity[n]).sum() == 1
        place_image(ax, image, x, y, alpha=0.4 if alone else 1)
        frame(ax, x, y, image, DIFFERENT if alone else SAME, linestyle=":" if alone else "-")
    rows = -(-len(images) // columns)
    ax.set(xlim=(-2, columns * (width + 4) - 2), ylim=(rows * (height + 4) - 2, -2))
    ax.set_aspect("equal")
    ax.axis("off")


def triplet_rings(ax: Axes, d_ap: float = 0.5, margin: float = 0.2) -> None:
    """Draw an anchor, its positive, the zones of hard, semi-hard and easy negatives, one in each.

    d_ap  distance of anchor and positive
    """
    outer, edge = d_ap + margin, 1.45 * (d_ap + margin)
    disc(ax, edge, KINDS["easy"], alpha=0.2)
    disc(ax, outer, KINDS["semi-hard"], alpha=0.3)
    disc(ax, d_ap, KINDS["hard"], alpha=0.3)
    for radius, dash in ((d_ap, "-"), (outer, "--")):
        ax.plot(*arc(radius), dash, color=INK, linewidth=0.8)
    ax.plot([0, d_ap], [0, 0], color=SAME, linewidth=1.5)
    ax.plot(0, 0, "*", color=INK, markersize=13)
    ax.plot(d_ap, 0, "o", color=SAME, markersize=9)
    for distance, turn in ((0.7 * d_ap, 3.9), (d_ap + margin / 2, 3.5), (0.93 * edge, 3.1)):
        ax.plot(distance * np.cos(turn), distance * np.sin(turn), "s", color=DIFFERENT, ms=8)
    label(ax, "anchor", (0, 0), (0, -14), va="center")
    label(ax, "positive", (d_ap, 0), (-8, 9), va="center", color=SAME, path_effects=HALO)
    middles = {"hard": 0.55 * d_ap, "semi-hard": d_ap + margin / 2, "easy": (outer + edge) / 2}
    for name, radius in middles.items():
        label(ax, name, (0, radius), weight="bold")
    for radius, words, turn in ((d_ap, "$d_{ap}$", -0.9), (outer, "$d_{ap} + m$", -0.75)):
        label(ax, words, radius * np.array([np.cos(turn), np.sin(turn)]), (4, -4), va="top")
    ax.set_aspect("equal")
    ax.axis("off")


def triplet_plane(ax: Axes, d_ap: np.ndarray, d_an: np.ndarray, margin: float = 0.2) -> None:
    """Draw triplets by their two distances, with the share of each kind in words.

    d_ap, d_an  (N,) distances of the anchor to the positive and to the negative
    """
    d_ap, d_an = torch.as_tensor(d_ap), torch.as_tensor(d_an)
    masks = [mask.numpy() for mask in triplet_kinds(d_ap, d_an, margin)]
    both = torch.stack([d_ap, d_an]).numpy()  # (2, N)
    low, top = 0.95 * both.min(), 1.03 * both.max()
    for n, (name, mask) in enumerate(zip(("easy", "semi-hard", "hard"), masks)):
        colour, marker, height = KINDS[name], MARKERS[name], 0.86 - 0.22 * n
        ax.plot(*both[:, mask], marker, color=colour, markersize=3.5, alpha=0.6, mew=0)
        beside = {"transform": ax.transAxes, "color": colour, "clip_on": False}
        ax.plot(1.04, height, marker, markersize=8, **beside)
        ax.text(1.08, height, f"{name}\n{mask.mean():.1%}", transform=ax.transAxes, va="center")
    ax.plot([low, top], [low, top], "-", color=INK, linewidth=1)
    ax.plot([low, top], [low + margin, top + margin], "--", color=INK, linewidth=1)
    ax.text(top, top, "$d_{an} = d_{ap}$ ", ha="right", va="bottom", fontsize=9)
    ax.set(xlabel="distance anchor - positive (L2)", ylabel="distance anchor - negative (L2)")
    ax.set(xlim=(low, top), ylim=(low, top), aspect="equal")
    active = np.mean(~masks[0])
    ax.set_title(f"Margin {margin:.2f}: {active:.1%} of these triplets have a loss above 0\n")


def active_share(
    ax: Axes, progress: np.ndarray, shares: Mapping[str, np.ndarray], xlabel: str = "progress"
) -> None:
    """Draw the share of triplets with a loss above 0 against progress, a line a way to choose them.

    progress  (K,); shares  {name: (K,) in [0, 1]}
    """
    styles = ((INK, "--", "s"), (OTHERS[0], "-", "o"), (OTHERS[1], "-.", "D"))
    middle = len(progress) // 2
    for (name, share), (colour, dash, marker) in zip(shares.items(), styles):
        values = 100 * np.asarray(share)
        ax.plot(progress, values, dash, color=colour, marker=marker, markersize=5)
        style = {"color": text_colour(colour), "weight": "bold", "va": "bottom"}
        label(ax, name, (progress[middle], values[middle]), (8, 8), **style)
    ax.set(xlabel=xlabel, ylabel="triplets with a loss above 0 (%)", ylim=(0, 103))


def random_distances(ax: Axes, dimensions: Sequence[int]) -> None:
    """Draw how the distance between two random unit vectors is distributed, by dimension."""
    rng, bins, count = np.random.default_rng(0), np.linspace(0, 2, 101), 20_000
    for n, size in enumerate(dimensions):
        a, b = unit_rows(rng.standard_normal((2, count, size)))
        density, _ = np.histogram(np.linalg.norm(a - b, axis=1), bins, density=True)
        colour = (DIFFERENT, *OTHERS[:2], SAME)[n % 4]
        ax.plot((bins[1:] + bins[:-1]) / 2, density, color=colour, linewidth=1.5)
        highest = int(density.argmax())
        x = (bins[highest] + bins[highest + 1]) / 2 if size > 2 else 0.6
        y = density[highest] if size > 2 else density[30]
        label(ax, f"{size} dimensions", (x, y), (-6, 3), color=text_colour(colour), ha="right")
    ax.axvline(np.sqrt(2), color=INK, linewidth=0.8, linestyle="--")
    ax.margins(y=0.1)
    ax.set(xlim=(0, 2), ylabel="density (1 per unit of distance)")
    ax.set_xlabel("distance between two random unit vectors (L2)")
    ax.set_title("In many dimensions, random unit vectors lie about 1.41 apart")
