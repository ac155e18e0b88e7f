"""Where the limits of `lib.phone.quality` come from: pictures spoilt until they are refused.

    python -m tools.faces.quality_limits

For each measure: disturb the same faces more and more, and count how many are no longer accepted as
themselves. The limit is the measure's median over the faces where that share reaches one in ten.
The people are synthetic, and nothing else is measured on them.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from PIL import Image

from lib.data import load
from lib.data.pairs import all_pairs
from lib.data.synthetic import face_render, face_shape
from lib.evaluation import pair_scores, tar_at_far
from lib.export.contract import PhoneModel
from lib.models import course_model
from lib.phone.photographs import disturb, expose
from lib.phone.quality import Quality, measure
from lib.phone.recogniser import align, embed_crops

SEED, PEOPLE, VIEWS = 13, 40, 4
REFUSED = 0.1  # one honest picture in ten
SIDE = 160  # of the photographs
FAR = 0.01  # of the threshold
POINT_ERROR = 2**0.5  # pixels in x and in y: a detector is 2 pixels off, root mean square

Faces = tuple[np.ndarray, np.ndarray]  # crops (N, 112, 112, 3), points (N, 5, 2)


def flattened(images: np.ndarray, share: float) -> np.ndarray:
    """Keep this share of the contrast around middle grey, as fog or a smeared lens does."""
    contrast = images - images.mean((1, 2, 3), keepdims=True)
    return (128 + share * contrast).round().clip(0, 255).astype(np.uint8)


def turned(people: range, yaw: float) -> Faces:
    """One view a person with the head turned by `yaw` radians, and nothing else new."""
    found = []
    with torch.inference_mode():
        for number in people:
            view = face_render.view(SEED, number, 0, aligned=True) | {"yaw": yaw}
            colours = face_render.view_colours(SEED, number, 0)
            person = face_shape.person(SEED, number)
            found.append(face_render.render(person, [view], [colours], 112))
    images, points = (np.concatenate(part) for part in zip(*found))
    return align(images, points), points


def smaller(photographs: np.ndarray, points: np.ndarray, side: int) -> Faces:
    """The same photographs with fewer pixels; the points' error, in pixels, stays the same."""
    small = np.stack(
        [
            np.asarray(Image.fromarray(photograph).resize((side, side), Image.Resampling.BOX))
            for photograph in photographs
        ]
    )
    error = np.random.default_rng(0).normal(0, POINT_ERROR, points.shape)
    moved = (points + 0.5) * side / SIDE - 0.5 + error
    return align(small, moved), moved


class Gallery:
    """One template a person, the other pictures as probes, and a threshold."""

    def __init__(self, people: int) -> None:
        faces = load(
            "synthetic-faces", identities=people, images=VIEWS, size=SIDE, seed=SEED, aligned=False
        )
        points = faces.extra["landmarks"].astype(np.float64)
        crops = align(faces.images, points)
        self.phone = PhoneModel(course_model())
        vectors = embed_crops(self.phone, crops)
        i, j, same = all_pairs(faces.identity)
        _, self.threshold = tar_at_far(pair_scores(vectors, i, j), same, FAR)
        first = np.arange(len(faces)) % VIEWS == 0
        self.templates, self.owner = vectors[first], faces.identity[~first]
        self.photographs, self.crops, self.points = (
            faces.images[~first],
            crops[~first],
            points[~first],
        )

    def refused(self, crops: np.ndarray, owner: np.ndarray) -> float:
        """The share of pictures that are not accepted as their owner."""
        scores = (embed_crops(self.phone, crops) * self.templates[owner]).sum(1)
        return float((scores < self.threshold).mean())

    def limit(
        self,
        strengths: Sequence[float],
        disturbed: Callable[[float], Faces],
        value: Callable[[Quality], float],
        owner: np.ndarray | None = None,
    ) -> float:
        """The median of a measure where the share refused reaches REFUSED, by linear interpolation.

        strengths  from weak to strong
        disturbed  strength -> the disturbed faces
        value      the measure
        raises     ValueError where the first strength is too strong or the last too weak
        """
        owner = self.owner if owner is None else owner
        before = None
        for strength in strengths:
            crops, points = disturbed(strength)
            share = self.refused(crops, owner)
            qualities = [measure(crop, own) for crop, own in zip(crops, points)]
            median = float(np.median([value(quality) for quality in qualities]))
            if share >= REFUSED:
                if before is None:
                    raise ValueError(
                        f"already at strength {strength} more than {REFUSED:.0%} are refused: begin"
                        " weaker"
                    )
                part = (REFUSED - before[0]) / (share - before[0])
                return before[1] + part * (median - before[1])
            before = share, median
        raise ValueError(f"even at strength {strength} no more than {share:.0%} are refused: go on")


def limits(people: int = PEOPLE) -> dict[str, float]:
    """The six limits, by the names of the constants in `lib.phone.quality`."""
    gallery = Gallery(people)
    crops, points, photographs = gallery.crops, gallery.points, gallery.photographs

    def with_exposure(stops: float) -> Faces:
        return expose(crops, stops), points

    def with_contrast(share: float) -> Faces:
        return flattened(crops, share), points

    def with_blur(strength: float) -> Faces:
        return disturb(crops, "blurred", strength), points

    def with_side(side: float) -> Faces:
        return smaller(photographs, points, int(side))

    def with_yaw(yaw: float) -> Faces:
        return turned(range(people), yaw)

    limit, everybody = gallery.limit, np.arange(people)
    return {
        "DARKEST": limit((-2, -3, -4), with_exposure, lambda q: q.grey),
        "BRIGHTEST": limit((1, 1.5, 2, 2.5), with_exposure, lambda q: q.grey),
        "FLATTEST": limit((0.5, 0.4, 0.3, 0.2), with_contrast, lambda q: q.spread),
        "BLURRIEST": limit((3, 4, 5, 6), with_blur, lambda q: q.sharpness),
        "SMALLEST": limit((90, 70, 60, 50, 45, 40, 35), with_side, lambda q: q.eye_distance),
        "TURNED": limit((0.3, 0.4, 0.5, 0.6, 0.7, 0.8), with_yaw, lambda q: q.turn, everybody),
    }


if __name__ == "__main__":
    for name, value in limits().items():
        print(f"{name:>10} {value:.3g}")
