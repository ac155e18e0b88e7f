"""What a data set gives away without its content: single numbers, duplicates, shared forgers.

A network finds what one number can tell first, and then does not learn to look at face or hand.
"""

import hashlib

import numpy as np

from lib.data.arrays import check_flags, unit_rows
from lib.data.image_set import ImageSet


def single_numbers(images: ImageSet) -> dict[str, np.ndarray]:
    """Numbers that know no shape, {name: float (N,)}; darkness is 0 (white) to 1 (black).

    paper          darkness of the lightest tenth of the pixels
    ink            mean darkness of the pixels that are darker than half the image's darkest
    share of ink   how many those are
    mean, spread   of the whole image's darkness
    colour         mean distance between the strongest and the weakest channel, of RGB images
    """
    pixels = images.images
    grey = pixels.astype(np.float32) if pixels.ndim == 3 else pixels.mean(axis=3)
    dark = 1 - grey.reshape(len(grey), -1) / 255  # (N, H, W) -> (N, H*W)
    inked = dark > dark.max(axis=1, keepdims=True) / 2
    tenth = max(1, dark.shape[1] // 10)
    numbers = {
        "paper": np.partition(dark, tenth, axis=1)[:, :tenth].mean(axis=1),
        "ink": (dark * inked).sum(axis=1) / np.maximum(inked.sum(axis=1), 1),
        "share of ink": inked.mean(axis=1),
        "mean": dark.mean(axis=1),
        "spread": dark.std(axis=1),
    }
    if pixels.ndim == 4:
        numbers["colour"] = (pixels.max(axis=3) - pixels.min(axis=3)).mean(axis=(1, 2)) / 255
    # Sums of equal values can differ in their last digits.
    return {name: np.round(number, 6) for name, number in numbers.items()}


def balanced_accuracy(number: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """(accuracy, threshold) of the best rule `number >= threshold`, or of its opposite.

    The accuracy is the mean over both classes. It is 0.5 by chance, and a little more for noise,
    because the threshold is chosen on the same images.

    number, label  (N,) each, label bool
    raises         ValueError where only one label occurs
    """
    number = np.asarray(number, dtype=float)
    label = check_flags(label, len(number) if number.ndim else 0, "label")
    if label.all() or not label.any():
        raise ValueError("balanced accuracy needs both labels")
    if not np.isfinite(number).all():
        raise ValueError("number holds NaN or infinite values, which no threshold can order")
    from sklearn.metrics import roc_curve  # takes a second to import

    # Rates of `number >= value` for each value that occurs, rising.
    rates = roc_curve(label, np.asarray(number, float), drop_intermediate=False)
    no, yes, values = (part[::-1] for part in rates)
    accuracy = (1 + np.abs(yes - no)) / 2
    best = int(np.argmax(accuracy))
    threshold = (values[best - 1] + values[best]) / 2 if best else values[0]
    return float(accuracy[best]), float(threshold)


def duplicates(images: ImageSet) -> list[tuple[int, int]]:
    """Pairs of positions that hold the same pixels, byte for byte."""
    first: dict[bytes, int] = {}
    found = []
    for position, image in enumerate(images.images):
        earlier = first.setdefault(hashlib.sha256(image.tobytes()).digest(), position)
        if earlier < position:
            found.append((earlier, position))
    return found


def shared_forgers(train: ImageSet, test: ImageSet) -> np.ndarray:
    """Numbers of the forgers whose work is on both sides of a split."""
    if not all("forger" in side.extra for side in (train, test)):
        raise ValueError("these images have no `forger` in extra: nobody knows who forged them")
    forgers = [side.extra["forger"][~side.genuine] for side in (train, test)]
    return np.intersect1d(*forgers)


def nearest(gallery: np.ndarray, probes: np.ndarray) -> np.ndarray:
    """Positions (N,) of the images in `gallery` (M, ...) most like each probe (N, ...).

    Likeness is the cosine of two images' pixels, each less its mean.
    """
    if gallery.shape[1:] != probes.shape[1:] or len(gallery) == 0:
        shapes = f"{gallery.shape} and {probes.shape}"
        raise ValueError(f"gallery and probes must hold images of one shape, not {shapes}")
    flat = [images.reshape(len(images), -1).astype(np.float32) for images in (gallery, probes)]
    shelf, wanted = (unit_rows(rows - rows.mean(axis=1, keepdims=True)) for rows in flat)
    return np.argmax(wanted @ shelf.T, axis=1)  # (N, M) -> (N,)
