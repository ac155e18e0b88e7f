"""Where the limits of `lib.phone.quality` come from: pictures spoilt until they are refused.

    COURSE_MIRROR=... python -m tools.faces.quality_limits     # writes docs/results/quality.json

Two photographs of one person, from the same pairs of LFW's folds 1 and 2: the second is disturbed
more and more, until one in ten is no longer accepted as its owner. The limit is the median of the
measure there. Points are BlazeFace's, found again in a photograph that was made smaller; vectors
are the published network's, at the threshold that accepts one in a thousand pairs of different
people. A head in a photograph cannot be turned: that limit comes from synthetic people and the
course's model. Folds 3 to 10 only tell which share of good photographs each limit refuses.
"""

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from lib.course import ROOT
from lib.data import load
from lib.data.files import write_atomically
from lib.data.pairs import all_pairs
from lib.data.synthetic import face_render, face_shape
from lib.evaluation import pair_scores, tar_at_far
from lib.export.contract import PhoneModel
from lib.models import course_model
from lib.phone import quality
from lib.phone.detector import largest_faces
from lib.phone.photographs import disturb, expose
from lib.phone.quality import Quality, measure
from lib.phone.recogniser import align, embed_crops
from tools.faces.face_alignment import load_photographs, published_network

FILE = ROOT / "docs" / "results" / "quality.json"
CHOSEN_ON = (0, 1)  # folds
REFUSED = 0.1  # one honest picture in ten
SEED, PEOPLE, VIEWS = 13, 40, 4  # of the synthetic people
FAR, DRAWN_FAR = 0.001, 0.01  # of the thresholds

Faces = tuple[np.ndarray, np.ndarray]  # crops (N, 112, 112, 3), points (N, 4 or 5, 2)


class Probes(NamedTuple):
    """N pictures, each with the vector of another picture of its owner."""

    crops: np.ndarray  # uint8 (N, 112, 112, 3)
    points: np.ndarray  # (N, P, 2), in the photographs
    templates: np.ndarray  # (N, D)
    phone: PhoneModel
    threshold: float

    def refused(self, crops: np.ndarray) -> float:
        """The share of pictures, one of each owner, that are not accepted as the owner."""
        scores = (embed_crops(self.phone, crops) * self.templates).sum(1)
        return float((scores < self.threshold).mean())

    def limit(
        self,
        strengths: Sequence[float],
        disturbed: Callable[[float], Faces],
        value: Callable[[Quality], float],
    ) -> float:
        """The median of a measure where the share refused reaches REFUSED, by linear interpolation.

        strengths  from weak to strong
        disturbed  strength -> the disturbed faces; NaN for points that were not found
        value      the measure
        raises     ValueError where the first strength is too strong or the last too weak
        """
        before = None
        for strength in strengths:
            crops, points = disturbed(strength)
            share, there = self.refused(crops), np.isfinite(points).all((1, 2))
            found = [value(measure(*face)) for face in zip(crops[there], points[there])]
            median = float(np.median(found))
            print(f"    {strength:g}: {share:.1%} refused, median {median:.3g}", flush=True)
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


# -- photographs ----------------------------------------------------------------------------------


def flattened(images: np.ndarray, share: float) -> np.ndarray:
    """Keep this share of the contrast around middle grey, as fog or a smeared lens does."""
    contrast = images - images.mean((1, 2, 3), keepdims=True)
    return (128 + share * contrast).round().clip(0, 255).astype(np.uint8)


def smaller(photographs: np.ndarray, side: int) -> Faces:
    """The same photographs with fewer pixels, and the points that the detector then finds.

    Where it finds none the crop is black: such a picture is refused, and its points are NaN.
    """
    box = Image.Resampling.BOX
    small = np.stack(
        [np.asarray(Image.fromarray(p).resize((side, side), box)) for p in photographs]
    )
    points, found = largest_faces(small)
    crops = np.zeros((len(small), 112, 112, 3), np.uint8)
    crops[found] = align(small[found], points[found])
    return crops, points


def photographed() -> tuple[Probes, np.ndarray]:
    """LFW's same pairs of folds 1 and 2; also the second photographs (N, 150, 150, 3)."""
    faces, (i, j, same, fold) = load_photographs()
    chosen = same & np.isin(fold, CHOSEN_ON)
    sides = [faces.images[side[chosen]] for side in (i, j)]
    points, found = zip(*map(largest_faces, sides))
    both, phone = found[0] & found[1], PhoneModel(published_network().float())
    crops = [align(side[both], at[both]) for side, at in zip(sides, points)]
    templates, vectors = (embed_crops(phone, part) for part in crops)
    people = faces.identity[i[chosen]][both]
    strangers = (templates @ vectors.T)[people[:, None] != people]
    threshold = float(np.quantile(strangers, 1 - FAR))
    probes = Probes(crops[1], points[1][both], templates, phone, threshold)
    print(f"threshold {threshold:.3f}; {probes.refused(crops[1]):.1%} of {len(people)} refused")
    return probes, sides[1][both]


def photographed_limits() -> dict[str, float]:
    probes, photographs = photographed()
    crops, points = probes.crops, probes.points
    ways: dict[str, tuple] = {
        "DARKEST": ((-2, -3, -4, -5, -6, -7), lambda s: (expose(crops, s), points), "grey"),
        "BRIGHTEST": ((1, 1.5, 2, 2.5, 3, 4), lambda s: (expose(crops, s), points), "grey"),
        "FLATTEST": (
            (0.5, 0.3, 0.2, 0.1, 0.05, 0.025),
            lambda share: (flattened(crops, share), points),
            "spread",
        ),
        "BLURRIEST": (
            (1, 2, 3, 4, 5, 6, 8),
            lambda sigma: (disturb(crops, "blurred", sigma), points),
            "sharpness",
        ),
        "SMALLEST": (
            (75, 60, 50, 40, 35, 30, 25, 20),
            lambda s: smaller(photographs, s),
            "eye_distance",
        ),
    }
    return _limits(probes, ways)


def _limits(probes: Probes, ways: dict[str, tuple]) -> dict[str, float]:
    found = {}
    for name, (strengths, disturbed, what) in ways.items():
        print(name)
        found[name] = probes.limit(strengths, disturbed, attrgetter(what))
    return found


def good_photographs_refused() -> dict[str, float]:
    """Of each reason, the share of LFW's photographs of folds 3 to 10 that it refuses."""
    faces, (i, j, _, fold) = load_photographs()
    judged = ~np.isin(fold, CHOSEN_ON)
    images = faces.images[np.unique(np.r_[i[judged], j[judged]])]
    points, found = largest_faces(images)
    crops = align(images[found], points[found])
    reasons = [quality.refusal(*face) for face in zip(crops, points[found])]
    shares = {why: reasons.count(why) / len(reasons) for why in sorted(set(reasons)) if why}
    return {"photographs": len(images), "no face": float((~found).mean()), **shares}


# -- synthetic people ------------------------------------------------------------------------------


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


def drawn(people: int) -> Probes:
    """Synthetic people and the course's model."""
    options = dict(identities=people, images=VIEWS, size=160, seed=SEED, aligned=False)
    faces = load("synthetic-faces", **options)
    points = faces.extra["landmarks"].astype(np.float64)
    crops, phone = align(faces.images, points), PhoneModel(course_model())
    vectors = embed_crops(phone, crops)
    i, j, same = all_pairs(faces.identity)
    _, threshold = tar_at_far(pair_scores(vectors, i, j), same, DRAWN_FAR)
    first = np.arange(len(faces)) % VIEWS == 0
    return Probes(crops[first], points[first], vectors[first], phone, threshold)


def drawn_limits(people: int = PEOPLE) -> dict[str, float]:
    strengths = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    way = strengths, lambda yaw: turned(range(people), yaw), "turn"
    return _limits(drawn(people), {"TURNED": way})


def main() -> None:
    limits = photographed_limits() | drawn_limits()
    write_atomically(FILE, json.dumps({"limits": limits}, indent=1).encode() + b"\n")
    for name, value in limits.items():
        now = getattr(quality, name)
        print(f"{name:>10} {value:.3g}" + ("" if abs(now - value) < 0.04 * value else f" ({now=})"))
    found = {"limits": limits, "refused": good_photographs_refused()}
    write_atomically(FILE, json.dumps(found, indent=1).encode() + b"\n")
    print(found["refused"])


if __name__ == "__main__":
    main()
