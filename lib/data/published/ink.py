"""Scanned handwriting without its pen: ink found, its colour and darkness made equal, cropped.

A pen belongs to one session, which is either genuine or forged, so a model that sees it need not
look at the hand. After `normalise` two things remain: where the ink lies, and where a stroke is
darker than the rest of its signature.
"""

import numpy as np
from PIL import Image
from scipy import ndimage, stats

SPECK = 20  # pixels; less ink in one piece is dust (at 400 dpi a stroke is 5 to 10 pixels wide)
LIGHTEST = 0.35  # darkness given to a signature's lightest ink; its darkest gets 1


def otsu(values: np.ndarray) -> float:
    """The threshold that best splits `values` (0 to 255) in two: largest variance between them.

    source  Otsu, A threshold selection method from gray-level histograms, 1979
    """
    counts, edges = np.histogram(values, bins=256, range=(0, 256))
    below = np.cumsum(counts).astype(float)
    sums = np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below - sums * below[-1]) ** 2 / (below * above)
    return float(edges[np.argmax(np.nan_to_num(between, posinf=0.0)) + 1])


def darkness(scan: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper: (H, W, 3) -> float32 (H, W), 0 to 255."""
    # In the channel where it is furthest: blue ink is dark only in the red channel.
    return np.clip(paper_colour(scan) - scan, 0, 255).max(axis=2)


def paper_colour(scan: np.ndarray) -> np.ndarray:
    """The median colour, float32 (3,): most of a scan is paper. Every third pixel is enough."""
    return np.median(scan[::3, ::3].reshape(-1, 3), axis=0).astype(np.float32)


def ink_mask(scan: np.ndarray, dark: np.ndarray | None = None) -> np.ndarray:
    """bool (H, W): where there is ink, without dust; with dust where there is nothing else."""
    dark = darkness(scan) if dark is None else dark
    mask = dark > otsu(dark)
    pieces, _ = ndimage.label(mask, np.ones((3, 3)))
    large = np.bincount(pieces.ravel()) >= SPECK
    large[0] = False  # the paper
    return large[pieces] if large.any() else mask


def equalise(dark: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Darkness (H, W) replaced by its rank: every signature has the same share of every darkness.

    returns  float32 (H, W), 0 on paper, LIGHTEST to 1 where `mask` says ink
    """
    equal = np.zeros(mask.shape, dtype=np.float32)
    # Equal darkness gets one rank; separate ranks would show the order of the pixels.
    ranks = (stats.rankdata(dark[mask]) - 0.5) / max(mask.sum(), 1)
    equal[mask] = LIGHTEST + (1 - LIGHTEST) * ranks
    return equal


def bounding_box(mask: np.ndarray) -> tuple[slice, slice]:
    """The smallest rectangle around the ink (everything, where there is none)."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    return found[0] if found else (slice(None), slice(None))


def fit_into(
    picture: Image.Image, size: tuple[int, int], paper: int | tuple[int, ...], border: float = 0.04
) -> np.ndarray:
    """The picture scaled into (height, width), proportions kept, centred on `paper` with a border.

    border  share of each side that stays free at either end
    """
    height, width = size
    scale = min(height / picture.height, width / picture.width) * (1 - 2 * border)
    new = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    # BOX averages what falls into a pixel: thin strokes become fainter instead of breaking up.
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    frame = Image.new(picture.mode, (width, height), paper)
    frame.paste(picture.resize(new, method), ((width - new[0]) // 2, (height - new[1]) // 2))
    return np.asarray(frame)


def normalise(scan: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A scan (H, W, 3) as dark ink on white paper without its pen: uint8 (height, width)."""
    dark = darkness(scan)
    mask = ink_mask(scan, dark)
    ink = equalise(dark, mask)[bounding_box(mask)]
    return fit_into(Image.fromarray((255 * (1 - ink)).round().astype(np.uint8)), size, paper=255)


def crop_in_colour(scan: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same crop with its colours, which show the pen: uint8 (height, width, 3)."""
    paper = tuple(int(value) for value in paper_colour(scan))
    return fit_into(Image.fromarray(scan[bounding_box(ink_mask(scan))]), size, paper=paper)
