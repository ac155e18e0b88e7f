"""What a data set gives away before anybody looks at a face or a hand: single numbers that tell the answer, duplicates, shared forgers.

Run it on every new data set. What one number can tell, a network finds in its first minute, and looks no further.
"""

import hashlib

import numpy as np

from lib.data import ImageSet


def single_numbers(images: ImageSet) -> dict[str, np.ndarray]:
    """Numbers that see no shape, each {name: float (N,)}; darkness runs from 0 (white) to 1 (black).

    paper          darkness of the lightest tenth of the pixels
    ink            mean darkness of the pixels that are darker than half the image's darkest
    share of ink   how many those are
    mean, spread   of the whole image's darkness
    colour         mean distance between the strongest and the weakest channel, where there are channels
    """
    grey = (
        images.images.astype(np.float32) if images.images.ndim == 3 else images.images.mean(axis=3)
    )
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
    if images.images.ndim == 4:
        numbers["colour"] = (images.images.max(axis=3) - images.images.min(axis=3)).mean(
            axis=(1, 2)
        ) / 255
    return {
        name: np.round(number, 6) for name, number in numbers.items()
    }  # sums of equal values differ in the last digits


def balanced_accuracy(number: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """(accuracy, threshold) of the best rule `number >= threshold`, or its opposite: the mean of both classes' shares, 0.5 is chance.

    The threshold is chosen on the images it is measured on, which flatters: pure noise scores a little above 0.5.
    """
    number, label = np.asarray(number, dtype=np.float64), np.asarray(label, dtype=bool)
    if label.all() or not label.any():
        raise ValueError("balanced accuracy needs both labels")
    order = np.argsort(number, kind="stable")
    values, yes = number[order], label[order]
    below_yes = np.concatenate([[0], np.cumsum(yes)]) / label.sum()
    below_no = np.concatenate([[0], np.cumsum(~yes)]) / (~label).sum()
    right = np.maximum((1 - below_yes + below_no) / 2, (1 - below_no + below_yes) / 2)
    allowed = np.concatenate(
        [[True], values[1:] > values[:-1], [True]]
    )  # no threshold fits between two equal numbers
    best = int(np.argmax(np.where(allowed, right, 0)))
    edges = np.concatenate(
        [[values[0]], (values[1:] + values[:-1]) / 2, [np.nextafter(values[-1], np.inf)]]
    )
    return float(right[best]), float(edges[best])


def duplicates(images: ImageSet) -> list[tuple[int, int]]:
    """Pairs of places that hold the same pixels, byte for byte."""
    first: dict[str, int] = {}
    found = []
    for place, image in enumerate(images.images):
        key = hashlib.sha256(image.tobytes()).hexdigest()
        if key in first:
            found.append((first[key], place))
        first.setdefault(key, place)
    return found


def shared_forgers(train: ImageSet, test: ImageSet) -> np.ndarray:
    """Numbers of the forgers whose work is on both sides of a split."""
    return np.intersect1d(
        *(side.extra["forger"][side.extra["forger"] >= 0] for side in (train, test))
    )


def nearest(gallery: np.ndarray, probes: np.ndarray) -> np.ndarray:
    """For each probe (N, ...) the place of the most similar image in `gallery` (M, ...), by cosine of its pixels less their mean."""

    def rows(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1).astype(np.float32)
        flat -= flat.mean(axis=1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)

    return np.argmax(rows(probes) @ rows(gallery).T, axis=1)  # (N, M) -> (N,)
