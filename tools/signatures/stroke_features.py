"""Numbers that describe a hand's strokes, and distances between two signatures by them.

layout    where strokes run in which direction: histograms of direction on a coarse grid around the
          signature's centre
outline   how strokes turn: pairs of directions along the outline, ahead of and behind every point
strokes   the surroundings of every piece of line, each matched with the most similar piece of the
          other signature
texture   how grey changes within the ink: the pen's pressure, and the pen itself

The first three are computed from `tools.signatures.strokes.Line` alone, which has no pen. Nothing
here is trained; `strokes` needs a basis from a data set.

Sources: Dalal, Triggs 2005 (histograms of direction); Bulacu, Schomaker 2007 (the hinge, for
telling writers); Tola, Lepetit, Fua 2010 (DAISY, the surroundings); Ojala, Pietikainen, Maenpaa
2002 (local binary patterns); Yilmaz, Yanikoglu 2016 (the first and the last for signatures).
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy import ndimage

from tools.signatures.strokes import Line

DIRECTIONS = 8
GRID = (4, 12)  # cells down and across
REACH = (130, 390)  # pixels from the centre to the edge of the grid, down and across
LEG, TURNS = 6, 16  # pixels to look ahead and behind on the outline; bins a direction
RINGS = ((0, 4.0), (10, 4.0), (22, 7.0))  # (radius, blur) in pixels, of a piece's surroundings
STEP = 6  # pixels between pieces of line that are matched
PLACE = 0.6  # weight of 100 pixels beside the difference of two surroundings, which is 0 to 2


def layout(line: Line) -> np.ndarray:
    """Directions on a grid around the line's centre: (8 * 4 * 12,), length 1.

    The grid is in pixels of the scan. A pixel is shared among the cells whose centres are nearest.
    """
    centre = line.xy.mean(0)
    across, down = ((line.xy - centre) / (REACH[1], REACH[0]) + 1).T / 2  # 0 to 1 on the grid
    u, v = across * GRID[1] - 0.5, down * GRID[0] - 0.5
    w = line.direction / np.pi * DIRECTIONS
    cells = np.zeros((DIRECTIONS, *GRID))
    for (iu, wu), (iv, wv), (iw, ww) in product(_two_bins(u), _two_bins(v), _two_bins(w)):
        inside = (iu >= 0) & (iu < GRID[1]) & (iv >= 0) & (iv < GRID[0])
        where = iw[inside] % DIRECTIONS, iv[inside], iu[inside]
        np.add.at(cells, where, (wu * wv * ww)[inside])
    return _root_of_shares(ndimage.gaussian_filter(cells, (0, 0.5, 0.5)))


def outline(curves: list[np.ndarray]) -> np.ndarray:
    """Direction ahead against direction behind, over all points of outlines: (256,), length 1."""
    table = np.zeros((TURNS, TURNS))
    for points in curves:
        if len(points) <= 2 * LEG + 2:
            continue
        behind, ahead = (
            np.arctan2(leg[:, 1], leg[:, 0]) % (2 * np.pi) / (2 * np.pi) * TURNS - 0.5
            for leg in (np.roll(points, shift, 0) - points for shift in (LEG, -LEG))
        )
        for (i, wi), (j, wj) in product(_two_bins(ahead), _two_bins(behind)):
            np.add.at(table, (i % TURNS, j % TURNS), wi * wj)
    return _root_of_shares(table)


def texture(equalised: np.ndarray, mask: np.ndarray, radius: int) -> np.ndarray:
    """Which of eight neighbours are at least as dark, counted over the ink: (256,), length 1.

    equalised  (H, W) ink whose darkness was replaced by ranks (`lib.data.published.ink.equalise`);
               paper 0
    """
    grey = np.pad(equalised, radius)
    y, x = np.nonzero(np.pad(mask, radius))
    code = np.zeros(len(y), dtype=np.int64)
    for k in range(8):
        dy, dx = (int(round(radius * f(2 * np.pi * k / 8))) for f in (np.sin, np.cos))
        code |= (grey[y + dy, x + dx] >= grey[y, x]).astype(np.int64) << k
    return _root_of_shares(np.bincount(code, minlength=256) + 0.5)


def spaced(line: Line, step: int) -> np.ndarray:
    """Numbers of pixels of the line, one in each cell of `step` pixels."""
    x, y = line.xy.T.astype(int)
    return np.unique((y // step) * 100_000 + x // step, return_index=True)[1]


def planes(line: Line) -> np.ndarray:
    """The line by its direction: float32 (8, H // 2 + 1, W // 2 + 1), at half resolution.

    A pixel is shared between the two directions that are nearest.
    """
    x, y = line.xy.T.astype(int)
    height, width = line.page.shape
    half = np.zeros((DIRECTIONS, height // 2 + 1, width // 2 + 1), np.float32)
    for i, weight in _two_bins(line.direction / np.pi * DIRECTIONS):
        np.add.at(half, (i % DIRECTIONS, y // 2, x // 2), weight)
    return half


def surroundings(line: Line) -> tuple[np.ndarray, np.ndarray]:
    """What lies around pieces of the line, one piece in each cell of STEP pixels.

    returns  (places, surroundings): float32 (M, 2) pixels from the centre, float32 (M, 17 * 8) unit
             vectors: directions of the line nearby, at the piece itself and at eight points on each
             of two rings. Computed at half resolution.
    """
    first, half = spaced(line, STEP), planes(line)
    x, y = line.xy.T.astype(int)
    margin, around = 40, []
    for radius, blur in ((r / 2, b / 2) for r, b in RINGS):
        soft = np.stack(
            [ndimage.gaussian_filter(one, blur, mode="constant", truncate=3) for one in half]
        )
        soft = soft * np.sqrt(2 * np.pi) * blur
        soft = np.pad(soft, ((0, 0), (margin, margin), (margin, margin)))
        for k in range(8 if radius else 1):
            angle = 2 * np.pi * k / 8
            rows = np.round(y[first] / 2 + radius * np.sin(angle)).astype(int) + margin
            columns = np.round(x[first] / 2 + radius * np.cos(angle)).astype(int) + margin
            around.append(soft[:, rows, columns].T)  # (M, 8)
    around = np.concatenate(around, 1)
    length = np.sqrt((around**2).sum(1, keepdims=True) + 1e-3)
    return line.xy[first] - line.xy[first].mean(0), around / length


def basis(
    surroundings: list[np.ndarray], size: int = 48, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(mean (D,), directions (D, size)): principal components, which make matching cheap.

    surroundings  of several signatures; at most 60 of each count, so that a long one weighs no more
    """
    rng = np.random.default_rng(seed)
    some = np.concatenate(
        [one[rng.choice(len(one), min(60, len(one)), replace=False)] for one in surroundings]
    )
    mean = some.mean(0)
    _, _, rows = np.linalg.svd(some - mean, full_matrices=False)
    return mean, rows[:size].T


def pieces(
    places: np.ndarray, surroundings: np.ndarray, axes: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """What is matched: surroundings on the basis, and the place: float32 (M, size + 2)."""
    mean, directions = axes
    projected = (surroundings - mean) @ directions
    return np.concatenate([projected, PLACE * places / 100], 1).astype(np.float32)


def match_distance(a: np.ndarray, b: np.ndarray) -> float:
    """How badly two signatures fit: each piece is matched with the nearest piece of the other.

    The mean over the worst quarter, both ways, because a forger gets most of a signature right.

    a, b  (M, D), (K, D) pieces
    """
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T  # (M, K)
    squared = np.maximum(squared, 0)
    worst = [
        np.sort(np.sqrt(nearest))[-max(1, len(nearest) // 4) :].mean()
        for nearest in (squared.min(1), squared.min(0))
    ]
    return float(sum(worst) / 2)


def _two_bins(position: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The two bins that share a position, and their shares."""
    low = np.floor(position).astype(int)
    yield low, 1 - (position - low)
    yield low + 1, position - low


def _root_of_shares(counts: np.ndarray) -> np.ndarray:
    """Square roots of shares: a unit vector; distances between two of them are Hellinger's."""
    return np.sqrt(counts.ravel() / max(counts.sum(), 1e-12))
