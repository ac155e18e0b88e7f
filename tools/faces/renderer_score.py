"""How much synthetic people vary, judged by a network of photographs, without any training.

    python -m tools.faces.renderer_score    (with COURSE_MIRROR set; half a minute)

To the published network, 100 drawn people should be as different from each other as 100 people of
LFW are, and pictures of one person should differ as LFW's do. LFW's people come from folds 1 and 2,
which nothing is reported on.
"""

import numpy as np

from lib import data, models
from lib.data.pairs import all_pairs
from lib.data.published.lfw import lfw_pairs
from lib.evaluation import equal_error_rate, pair_scores
from lib.phone import alignment
from tools.faces.face_alignment import PHOTOGRAPH, published_network

PEOPLE, PICTURES, SEED = 100, 6, 1
FOLDS = (0, 1)
SQUARE = dict(side=119, down=-4)  # the fixed crop that docs/results.md found


def effective_dimensions(people: np.ndarray) -> float:
    """(sum of variances)^2 / sum of squared variances, along the principal axes of (M, D) rows."""
    variances = np.linalg.svd(people - people.mean(0), compute_uv=False) ** 2
    return float(variances.sum() ** 2 / (variances**2).sum())


def score(vectors: np.ndarray, identity: np.ndarray) -> dict[str, float]:
    """EER, mean cosine of one person and of strangers, effective dimensions of people's means."""
    i, j, same = all_pairs(identity)
    scores = pair_scores(vectors, i, j)
    means = np.stack([vectors[identity == who].mean(0) for who in np.unique(identity)])
    return {
        "eer": equal_error_rate(scores, same)[0],
        "same": float(scores[same].mean()),
        "strangers": float(scores[~same].mean()),
        "dimensions": effective_dimensions(means),
    }


def photographs() -> tuple[np.ndarray, np.ndarray]:
    """Crops of up to `PICTURES` photographs each of the first `PEOPLE` people with two or more."""
    faces = data.load("lfw", size=PHOTOGRAPH, crop=PHOTOGRAPH)
    i, j, _, fold = lfw_pairs(faces.names)
    seen = np.unique(faces.identity[np.r_[i, j][np.tile(np.isin(fold, FOLDS), 2)]])
    counts = np.bincount(faces.identity)
    chosen = [who for who in seen if counts[who] > 1][:PEOPLE]
    at = np.concatenate([np.flatnonzero(faces.identity == who)[:PICTURES] for who in chosen])
    return alignment.crop(faces.images[at], *alignment.centre_square(**SQUARE)), faces.identity[at]


def main() -> None:
    network = published_network()
    sets = {"LFW": photographs()}
    for name, varied in (("drawn", False), ("drawn, varied", True)):
        options = dict(identities=PEOPLE, images=PICTURES, size=112, seed=SEED, varied=varied)
        faces = data.load("synthetic-faces", **options)
        sets[name] = faces.images, faces.identity
    print(f"{'':14} {'EER':>7} {'same':>6} {'strangers':>9} {'dimensions':>10}")
    for name, (images, identity) in sets.items():
        eer, same, strangers, dimensions = score(models.embed(network, images), identity).values()
        print(f"{name:14} {eer:7.2%} {same:6.2f} {strangers:9.2f} {dimensions:10.1f}")


if __name__ == "__main__":
    main()
