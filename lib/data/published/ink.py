"""Scanned handwriting without its pen: paper removed, colour and darkness of the ink made equal, cropped, fitted into a frame.

In a signature data set, pens belong to sessions, and sessions to genuine or forged: whatever is left of the pen is an answer
that a model finds before it looks at the hand. What stays here is where the ink lies, and where a stroke is darker than the rest
of its own signature.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

SPECK = 20  # pixels; less ink in one piece than this is dust (a stroke at 400 dpi is 5 to 10 pixels wide)
LIGHTEST = 0.35  # darkness given to a signature's lightest ink; its darkest gets 1


def otsu(values: np.ndarray) -> float:
    """The threshold that best splits `values` (0 to 255) in two: largest variance between the two sides (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=256, range=(0, 256))
    below = np.cumsum(counts).astype(float)
    sums = np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below - sums * below[-1]) ** 2 / (below * above)
    return float(edges[np.argmax(np.nan_to_num(between, posinf=0.0)) + 1])


def darkness(scan: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper, in the channel where it is furthest: (H, W, 3) -> float32 (H, W), 0 to 255.

    Blue ink is dark only to the red channel, black ink to all: the furthest channel sees both alike.
    """
    return np.clip(paper_colour(scan) - scan, 0, 255).max(axis=2)


def paper_colour(scan: np.ndarray) -> np.ndarray:
    """The median colour, float32 (3,): most of a scan is paper. Every third pixel is enough to tell."""
    return np.median(scan[::3, ::3].reshape(-1, 3), axis=0).astype(np.float32)


def ink_mask(scan: np.ndarray, dark: np.ndarray | None = None) -> np.ndarray:
    """bool (H, W): where there is ink, dust left out. Falls back to all dark pixels where nothing but dust is there."""
    dark = darkness(scan) if dark is None else dark
    mask = dark > otsu(dark)
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    if count:
        large = np.bincount(pieces.ravel()) >= SPECK
        large[0] = False
        if large.any():
            return large[pieces]
    return mask


def saturation(scan: np.ndarray) -> float:
    """Mean colour saturation of the ink, 0 (grey) to 1: a property of the pen, not of the hand."""
    ink = scan[ink_mask(scan)].astype(float)
    if not len(ink):
        return 0.0
    highest = ink.max(axis=1)
    return float(np.mean((highest - ink.min(axis=1)) / np.maximum(highest, 1)))


def mean_darkness(scan: np.ndarray) -> float:
    """Mean darkness of the ink, 0 (white) to 1 (black): a property of the pen and of the pressure."""
    ink = scan[ink_mask(scan)]
    return float(1 - ink.mean() / 255) if len(ink) else 0.0


def stroke_width(scan: np.ndarray) -> float:
    """Mean width of the strokes in pixels: ink by half its outline. The tip of the pen, and the hand that presses or lingers."""
    mask = ink_mask(scan)
    outline = mask & ~ndimage.binary_erosion(mask)
    return float(2 * mask.sum() / max(outline.sum(), 1))


def equalised(dark: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Ink with the pen taken out: ranks of darkness, so that every signature has the same share of every darkness.

    returns  float32 (H, W), 0 on paper, LIGHTEST to 1 on ink
    """
    drawn = np.zeros(mask.shape, dtype=np.float32)
    values = dark[mask]
    # Equal darkness gets one rank, or the order of the pixels would be drawn into flat ink.
    levels, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / max(len(values), 1)
    drawn[mask] = LIGHTEST + (1 - LIGHTEST) * ranks[which]
    return drawn


def box(mask: np.ndarray) -> tuple[slice, slice]:
    """The smallest rectangle around the ink (everything, where there is none)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def fitted(
    picture: Image.Image,
    size: tuple[int, int],
    paper: int | tuple[int, int, int],
    border: float = 0.04,
) -> np.ndarray:
    """The picture scaled into (height, width) with its proportions kept, centred on `paper`, a thin border left free."""
    height, width = size
    scale = min(height / picture.height, width / picture.width) * (1 - 2 * border)
    new = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    frame = Image.new(picture.mode, (width, height), paper)
    # BOX averages what falls into a pixel: thin strokes grow fainter instead of breaking up.
    frame.paste(
        picture.resize(new, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR),
        ((width - new[0]) // 2, (height - new[1]) // 2),
    )
    return np.asarray(frame)


def normalised(scan: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A scan (H, W, 3) as dark ink on white paper without its pen: uint8 (height, width)."""
    dark = darkness(scan)
    mask = ink_mask(scan, dark)
    drawn = equalised(dark, mask)[box(mask)]
    return fitted(Image.fromarray((255 * (1 - drawn)).round().astype(np.uint8)), size, paper=255)


def in_colour(scan: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same crop with its colours: uint8 (height, width, 3). For showing what a pen gives away."""
    paper = tuple(int(value) for value in paper_colour(scan))
    return fitted(Image.fromarray(scan[box(ink_mask(scan))]), size, paper=paper)
