"""A new last layer for the course's model, from photographs of half of LFW's people.

    halves(identity, pairs)            two splits: learn from folds 1 to 5, judge on folds 6 to 10;
                                       and the other way round
    fit_layer(views, identity, half)   (mean, matrix), and what was tried

Two photographs of one person have different embeddings, by light, by age, by crop. A linear layer
on top of the embedding can shrink the directions in which that happens and stretch the others. It
needs no gradient: with W the covariance within people, it is W^(-1/2).

No person is on both sides. What there is to choose, each split chooses on a fifth of its own
people, which the trial learned nothing from. So nobody whom a figure is measured on has influenced
the layer, its recipe or its threshold.

Source: Hatch, Kajarekar, Stolcke, Within-Class Covariance Normalization for SVM-based Speaker
Recognition, Interspeech 2006.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lib.data.pairs import count_pairs, sample_pairs
from lib.evaluation import equal_error_rate, pair_scores
from tools.faces.face_alignment import Pairs

FOLDS = ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9))
HELD_OUT, MOST_PAIRS = 0.2, 20_000
ROUNDNESS = (0.0, 0.1, 0.3, 1.0)  # of the mean variance, added in all directions

Layer = tuple[np.ndarray, np.ndarray]  # mean (D,), matrix (D, D): x becomes (x - mean) @ matrix


class Split(NamedTuple):
    """Photographs to learn from, and pairs to judge on."""

    learn: np.ndarray  # (L,) positions of the photographs
    judge: np.ndarray  # bool (M,), of the pairs
    own: np.ndarray  # bool (M,), pairs of the photographs to learn from: for a threshold


def halves(identity: np.ndarray, pairs: Pairs) -> list[Split]:
    """Both ways to learn from five folds and judge on the other five.

    raises  ValueError where somebody would be on both sides
    """
    i, j, _, fold = pairs
    splits = []
    for folds in FOLDS:
        own = np.isin(fold, folds)
        learn = np.unique(np.r_[i[own], j[own]])
        common = np.intersect1d(identity[learn], identity[np.r_[i[~own], j[~own]]])
        if len(common):
            raise ValueError(
                f"{len(common)} people are in folds {folds} and in others: nothing measured on them"
                " would mean anything"
            )
        splits.append(Split(learn, ~own, own))
    return splits


def within_people(vectors: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """(N, D), (N,) -> (D, D): covariance of the vectors around their person's mean."""
    _, person = np.unique(identity, return_inverse=True)
    means = np.zeros((person.max() + 1, vectors.shape[1]))
    np.add.at(means, person, vectors)
    left = vectors - (means / np.bincount(person)[:, None])[person]
    return left.T @ left / len(left)


def whitening_layer(vectors: np.ndarray, identity: np.ndarray, roundness: float) -> Layer:
    """The layer after which one person's vectors vary alike in all directions.

    roundness  how much of a covariance that is equal in all directions is added, as a share of the
               mean variance
    """
    covariance = within_people(vectors, identity)
    size = len(covariance)
    rounded = covariance + roundness * np.trace(covariance) / size * np.eye(size)
    values, directions = np.linalg.eigh(rounded)
    return vectors.mean(0), directions / np.sqrt(values.clip(1e-9)) @ directions.T


def identity_layer(size: int) -> Layer:
    """The layer that changes nothing."""
    return np.zeros(size), np.eye(size)


def held_out(identity: np.ndarray) -> np.ndarray:
    """bool (N,): photographs of a fifth of these people, the same fifth each time."""
    people = np.random.default_rng(0).permutation(np.unique(identity))
    return np.isin(identity, people[: max(2, round(HELD_OUT * len(people)))])


def pairs_among(identity: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(i, j, same): at most MOST_PAIRS pairs of these photographs, half of them same."""
    return sample_pairs(identity, 2 * min(MOST_PAIRS // 2, *count_pairs(identity)))


def eer_among(vectors: np.ndarray, identity: np.ndarray) -> tuple[float, int]:
    """EER over `pairs_among` these photographs, and how many pairs that is."""
    i, j, same = pairs_among(identity)
    return equal_error_rate(pair_scores(vectors, i, j), same)[0], len(same)


def fit_layer(
    views: Mapping[str, np.ndarray],
    identity: np.ndarray,
    half: str,
    trial: Mapping[str, np.ndarray] | None = None,
) -> tuple[Layer, list[dict]]:
    """Choose the roundness among these people alone, then fit the layer to all of them.

    views    several (N, D) embeddings of the same photographs, each a sample of its person
    trial    the same by a network that learned nothing from the people of `held_out`, where the
             network of `views` learned from all
    returns  the layer, and one row a trial: the EER of the mean of all views, on the people held
             out; without `trial` the first row is that without a layer
    """
    held, given = held_out(identity), views if trial is None else trial
    mean_view = sum(given.values()) / len(given)
    learned = np.concatenate([view[~held] for view in given.values()])
    people = np.tile(identity[~held], len(given))

    def row(recipe: str, layer: Layer) -> dict:
        mean, matrix = layer
        eer, pairs = eer_among((mean_view[held] - mean) @ matrix, identity[held])
        return {"half": half, "recipe": recipe, "eer": eer, "pairs": pairs}

    prefix = "" if trial is None else "gradients as chosen, then "
    rows = [
        row(f"{prefix}roundness {roundness:g}", whitening_layer(learned, people, roundness))
        for roundness in ROUNDNESS
    ]
    best = min(range(len(ROUNDNESS)), key=lambda k: rows[k]["eer"])
    rows[best]["chosen"] = "chosen"
    if trial is None:
        rows.insert(0, row("no new layer", identity_layer(mean_view.shape[1])))
    vectors, everybody = np.concatenate(list(views.values())), np.tile(identity, len(views))
    return whitening_layer(vectors, everybody, ROUNDNESS[best]), rows
