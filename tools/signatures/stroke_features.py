"""Numbers that describe a hand's strokes, and distances between two signatures by them.

layout    where strokes run in which direction: histograms of direction on a coarse grid around the signature's centre
outline   how strokes turn: pairs of directions along the outline, ahead of and behind every point
strokes   the surroundings of every piece of line, each matched with the most similar piece of the other signature
texture   how grey changes within the ink: the pen's pressure, and the pen itself

The first three look at `tools.signatures.strokes.Line` alone, which has no pen. Nothing here is trained; what `strokes` needs of a data set is a basis.

Sources: Dalal, Triggs 2005 (histograms of direction); Bulacu, Schomaker 2007 (the hinge, for telling writers); Tola, Lepetit, Fua 2010
(DAISY, the surroundings); Ojala, Pietikainen, Maenpaa 2002 (local binary patterns); Yilmaz, Yanikoglu 2016 (the first and the last of these
for signatures).
"""

import numpy as np
from scipy import ndimage

from tools.signatures.strokes import Line

DIRECTIONS = 8
GRID, REACH = (
    (4, 12),
    (130, 390),
)  # cells down and across; pixels from the centre to the edge of the grid
LEG, TURNS = 6, 16  # pixels to look ahead and behind on the outline; bins a direction
RINGS = (
    (0, 4.0),
    (10, 4.0),
    (22, 7.0),
)  # (radius, blur) in pixels of what a piece of line sees around it
STEP = 6  # pixels between pieces of line that are matched
PLACE = 0.6  # weight of 100 pixels of distance beside the difference of two surroundings, which lies in [0, 2]


def layout(line: Line) -> np.ndarray:
    """Directions on a grid around the centre of the line, at the size it was written: float64 (8 * 4 * 12,), a unit vector."""
    centre = line.xy.mean(0)
    across, down = ((line.xy - centre) / (REACH[1], REACH[0]) + 1).T / 2  # 0 to 1 on the grid
    u, v, w = across * GRID[1] - 0.5, down * GRID[0] - 0.5, line.direction / np.pi * DIRECTIONS
    cells = np.zeros((DIRECTIONS, *GRID))
    for (iu, wu), (iv, wv), (iw, ww) in (
        (a, b, c) for a in _two(u) for b in _two(v) for c in _two(w)
    ):  # shared among neighbouring cells
        inside = (iu >= 0) & (iu < GRID[1]) & (iv >= 0) & (iv < GRID[0])
        np.add.at(cells, (iw[inside] % DIRECTIONS, iv[inside], iu[inside]), (wu * wv * ww)[inside])
    return _root(ndimage.gaussian_filter(cells, (0, 0.5, 0.5)))


def outline(curves: list[np.ndarray]) -> np.ndarray:
    """Direction ahead against direction behind at every point of the outlines: float64 (16 * 16,), a unit vector."""
    table = np.zeros((TURNS, TURNS))
    for points in (points for points in curves if len(points) > 2 * LEG + 2):
        legs = [np.roll(points, shift, 0) - points for shift in (-LEG, LEG)]
        ahead, behind = (
            np.arctan2(leg[:, 1], leg[:, 0]) % (2 * np.pi) / (2 * np.pi) * TURNS - 0.5
            for leg in legs
        )
        for (i, wi), (j, wj) in ((a, b) for a in _two(ahead) for b in _two(behind)):
            np.add.at(table, (i % TURNS, j % TURNS), wi * wj)
    return _root(table)


def texture(equalised: np.ndarray, mask: np.ndarray, radius: int) -> np.ndarray:
    """Which of eight neighbours are at least as dark, as one of 256 patterns, counted over the ink: float64 (256,), a unit vector.

    equalised  (H, W) ink whose darkness was replaced by ranks (`lib.data.published.ink.equalise`); paper 0
    """
    grey = np.pad(equalised, radius)
    y, x = np.nonzero(np.pad(mask, radius))
    code = np.zeros(len(y), dtype=np.int64)
    for k in range(8):
        dy, dx = (int(round(radius * f(2 * np.pi * k / 8))) for f in (np.sin, np.cos))
        code |= (grey[y + dy, x + dx] >= grey[y, x]).astype(np.int64) << k
    return _root(np.bincount(code, minlength=256) + 0.5)


def surroundings(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """What pieces of the line see around them, one piece in each cell of STEP pixels.

    returns (places, looks): float32 (M, 2) pixels from the centre, float32 (M, 17 * 8) unit vectors: directions of the line nearby, at the
            piece itself and at eight points on each of two rings. Computed at half resolution.
    """
    x, y = line.xy.T.astype(int)
    _, first = np.unique((y // STEP) * 100_000 + x // STEP, return_index=True)
    half = np.zeros(
        (DIRECTIONS, line.page.shape[0] // 2 + 1, line.page.shape[1] // 2 + 1), np.float32
    )
    for i, weight in _two(line.direction / np.pi * DIRECTIONS):
        np.add.at(half, (i % DIRECTIONS, y // 2, x // 2), weight)
    far, looks = 40, []
    for radius, blur in ((r / 2, b / 2) for r, b in RINGS):
        soft = (
            np.stack(
                [ndimage.gaussian_filter(one, blur, mode="constant", truncate=3) for one in half]
            )
            * np.sqrt(2 * np.pi)
            * blur
        )
        soft = np.pad(soft, ((0, 0), (far, far), (far, far)))
        for k in range(8 if radius else 1):
            angle = 2 * np.pi * k / 8
            rows = np.round(y[first] / 2 + radius * np.sin(angle)).astype(int) + far
            columns = np.round(x[first] / 2 + radius * np.cos(angle)).astype(int) + far
            looks.append(soft[:, rows, columns].T)  # (M, 8)
    looks = np.concatenate(looks, 1)
    return (line.xy[first] - line.xy[first].mean(0)), looks / np.sqrt(
        (looks**2).sum(1, keepdims=True) + 1e-3
    )


def basis(looks: list[np.ndarray], size: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(mean (D,), directions (D, size)): the principal components of some surroundings of each signature; they make matching cheap."""
    rng = np.random.default_rng(seed)
    some = np.concatenate(
        [one[rng.choice(len(one), min(60, len(one)), replace=False)] for one in looks]
    )
    mean = some.mean(0)
    _, _, rows = np.linalg.svd(some - mean, full_matrices=False)
    return mean, rows[:size].T


def pieces(
    places: np.ndarray, looks: np.ndarray, axes: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """What is matched: surroundings on the basis, and the place: float32 (M, size + 2)."""
    return np.concatenate([(looks - axes[0]) @ axes[1], PLACE * places / 100], 1).astype(np.float32)


def matched(a: np.ndarray, b: np.ndarray) -> float:
    """How badly two signatures fit: each piece is matched with the nearest piece of the other; the mean over the worst quarter, both ways.

    The worst quarter, because a forger gets most of a signature right.
    """
    squared = np.maximum(
        (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0
    )  # (M, D) x (K, D) -> (M, K)
    return float(
        sum(
            np.sort(np.sqrt(side))[-max(1, len(side) // 4) :].mean()
            for side in (squared.min(1), squared.min(0))
        )
        / 2
    )


def _two(position: np.ndarray):
    """The two bins that share a position, and their shares."""
    low = np.floor(position).astype(int)
    yield low, 1 - (position - low)
    yield low + 1, position - low


def _root(counts: np.ndarray) -> np.ndarray:
    """Square roots of shares: a unit vector, and distances between two of them are Hellinger's."""
    return np.sqrt(counts.ravel() / max(counts.sum(), 1e-12))
