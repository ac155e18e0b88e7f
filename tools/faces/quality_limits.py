"""Where the limits of `lib.phone.quality` come from: make a picture worse and worse, and see when its owner is turned away.

    python -m tools.faces.quality_limits

For each measure: disturb the same faces more and more, and count how many are no longer accepted as themselves. The limit is what the
measure says (its median over the faces) where that share reaches one in ten. The people are embedded ones that nothing else is measured on.
"""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from lib.data import load
from lib.data.pairs import all_pairs
from lib.data.synthetic import face_render, face_shape
from lib.evaluation import pair_scores, tar_at_far
from lib.export.contract import PhoneModel
from lib.models import course_model
from lib.phone.photographs import disturb, exposed
from lib.phone.quality import measure
from lib.phone.recogniser import aligned
from lib.phone.recogniser import vectors as vectors_of

SEED, PEOPLE, VIEWS = 13, 40, 4
TURNED_AWAY = 0.1  # one honest picture in ten
SIDE = 160  # of the photographs


def flattened(images: np.ndarray, share: float) -> np.ndarray:
    """Keep this share of the contrast around middle grey, as fog or a smeared lens does."""
    return (
        (128 + share * (images - images.mean((1, 2, 3), keepdims=True)))
        .round()
        .clip(0, 255)
        .astype(np.uint8)
    )


def turned(people: range, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """One view a person with the head turned by `yaw` radians, nothing else new: crops (N, 112, 112, 3), points (N, 5, 2)."""
    found = []
    with torch.inference_mode():
        for number in people:
            view = face_render.view(SEED, number, 0, aligned=True) | {"yaw": yaw}
            found.append(
                face_render.render(
                    face_shape.person(SEED, number),
                    [view],
                    [face_render.view_colours(SEED, number, 0)],
                    112,
                )
            )
    images, points = (np.concatenate(part) for part in zip(*found))
    return aligned(images, points), points


def limits(people: int = PEOPLE) -> dict[str, float]:
    """The six limits, by the names of the constants in `lib.phone.quality`."""
    faces = load(
        "synthetic-faces", identities=people, images=VIEWS, size=SIDE, seed=SEED, aligned=False
    )
    photographs, points = faces.images, faces.extra["landmarks"].astype(np.float64)
    crops, phone = aligned(photographs, points), PhoneModel(course_model())
    embedded = vectors_of(phone, crops)
    i, j, same = all_pairs(faces.identity)
    _, threshold = tar_at_far(pair_scores(embedded, i, j), same, far=0.01)
    first = np.arange(len(faces)) % VIEWS == 0
    templates, probes, whose = embedded[first], ~first, faces.identity[~first]

    def rejected(crops: np.ndarray, whose: np.ndarray = whose) -> float:
        return float(((vectors_of(phone, crops) * templates[whose]).sum(1) < threshold).mean())

    def crossing(strengths, worse: Callable, value: Callable, whose=whose) -> float:
        """The median of a measure where the share of rejected pictures crosses one in ten, on a straight line between strengths."""
        before = None
        for strength in strengths:
            crops, points = worse(strength)
            share, median = (
                rejected(crops, whose),
                float(np.median([value(measure(c, p)) for c, p in zip(crops, points)])),
            )
            if share >= TURNED_AWAY:
                if before is None:
                    raise ValueError(
                        f"already at strength {strength} more than {TURNED_AWAY:.0%} are turned away: begin weaker"
                    )
                part = (TURNED_AWAY - before[0]) / (share - before[0])
                return before[1] + part * (median - before[1])
            before = share, median
        raise ValueError(
            f"even at strength {strength} no more than {share:.0%} are turned away: go on"
        )

    mine, where = crops[probes], points[probes]

    def smaller(side: int) -> tuple[np.ndarray, np.ndarray]:
        """The same photographs with fewer pixels, and points found two of those pixels away: a detector's error does not shrink."""
        small = np.stack(
            [
                np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX))
                for one in photographs[probes]
            ]
        )
        moved = (
            (where + 0.5) * side / SIDE
            - 0.5
            + np.random.default_rng(0).normal(0, 2**0.5, where.shape)
        )  # 2 pixels, root mean square
        return aligned(small, moved), moved

    everybody = np.arange(people)
    return {
        "DARKEST": crossing((-2, -3, -4), lambda s: (exposed(mine, s), where), lambda q: q.grey),
        "BRIGHTEST": crossing(
            (1, 1.5, 2, 2.5), lambda s: (exposed(mine, s), where), lambda q: q.grey
        ),
        "FLATTEST": crossing(
            (0.5, 0.4, 0.3, 0.2), lambda s: (flattened(mine, s), where), lambda q: q.spread
        ),
        "BLURRIEST": crossing(
            (3, 4, 5, 6), lambda s: (disturb(mine, "blurred", s), where), lambda q: q.sharpness
        ),
        "SMALLEST": crossing((90, 70, 60, 50, 45, 40, 35), smaller, lambda q: q.eye_distance),
        "TURNED": crossing(
            (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
            lambda s: turned(range(people), s),
            lambda q: q.turn,
            everybody,
        ),
    }


if __name__ == "__main__":
    for name, value in limits().items():
        print(f"{name:>10} {value:.3g}")
