"""Fit the course's model to photographs of half of LFW's people, to be judged on the other half: a new last layer, in a second on one core.

    halves(identity, pairs) -> two splits: learn from the people of folds 1-5, judge on folds 6-10, and the other way round
    fitted(looks, identity, half) -> (mean, matrix), and what was tried

What the model says of two photographs of one person differs: by light, by age, by crop. A linear layer on top of the embedding can shrink the
directions in which that happens and stretch the others. It needs no gradient: with W the covariance within people, it is W^(-1/2).

No person is on both sides. What there is to choose, each split chooses among its own people, on a fifth of them that it learned nothing
from. So nobody a figure is measured on has had a say in the layer, in its recipe, or in its threshold.

Source: Hatch, Kajarekar, Stolcke, Within-Class Covariance Normalization for SVM-based Speaker Recognition, Interspeech 2006.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lib.data.pairs import count_pairs, sample_pairs
from lib.evaluation import equal_error_rate, pair_scores

FOLDS = ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9))
HELD_OUT, MOST_PAIRS = 0.2, 20_000
ROUND = (
    0.0,
    0.1,
    0.3,
    1.0,
)  # how much of a covariance that is equal in all directions is added, as a share of the mean variance


class Split(NamedTuple):
    """Positions of the photographs to learn from, and of the pairs to judge on; and the pairs among the former, for a threshold."""

    learn: np.ndarray  # (L,) into the photographs
    judge: np.ndarray  # bool (M,), of the pairs
    own: np.ndarray  # bool (M,)


def halves(identity: np.ndarray, pairs) -> list[Split]:
    """Both ways to learn from five folds and judge on the other five.

    raises  ValueError where somebody would be on both sides
    """
    i, j, _, fold = pairs
    splits = []
    for folds in FOLDS:
        own = np.isin(fold, folds)
        learn = np.unique(np.r_[i[own], j[own]])
        if common := set(identity[learn]) & set(identity[np.r_[i[~own], j[~own]]]):
            raise ValueError(
                f"{len(common)} people are in folds {folds} and in others: nothing measured on them would mean anything"
            )
        splits.append(Split(learn, ~own, own))
    return splits


def within_people(vectors: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """(N, D), (N,) -> (D, D): mean outer product of what is left of each vector without its person's mean."""
    _, who = np.unique(identity, return_inverse=True)
    means = np.zeros((who.max() + 1, vectors.shape[1]))
    np.add.at(means, who, vectors)
    left = vectors - (means / np.bincount(who)[:, None])[who]
    return left.T @ left / len(left)


def layer(
    vectors: np.ndarray, identity: np.ndarray, roundness: float
) -> tuple[np.ndarray, np.ndarray]:
    """(mean (D,), matrix (D, D)): an embedding x becomes (x - mean) @ matrix, in which people vary alike in all directions."""
    covariance = within_people(vectors, identity)
    values, directions = np.linalg.eigh(
        covariance + roundness * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    )
    return vectors.mean(0), directions / np.sqrt(values.clip(1e-9)) @ directions.T


def held_out(identity: np.ndarray) -> np.ndarray:
    """bool (N,): the photographs of a fifth of these people, the same fifth each time: what is chosen is judged on them."""
    people = np.random.default_rng(0).permutation(np.unique(identity))
    return np.isin(identity, people[: max(2, round(HELD_OUT * len(people)))])


def error_among(vectors: np.ndarray, identity: np.ndarray) -> tuple[float, int]:
    """EER over pairs of these photographs, half of them same, and how many pairs that is."""
    i, j, same = sample_pairs(identity, 2 * min(MOST_PAIRS // 2, *count_pairs(identity)))
    return equal_error_rate(pair_scores(vectors, i, j), same)[0], len(same)


def unchanged(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The layer that changes nothing."""
    return np.zeros(size), np.eye(size)


def fitted(
    looks: Mapping[str, np.ndarray],
    identity: np.ndarray,
    half: str,
    trial: Mapping[str, np.ndarray] | None = None,
) -> tuple[tuple[np.ndarray, np.ndarray], list[dict]]:
    """Choose how round among these people alone, then fit to all of them.

    looks     several (N, D) embeddings of the same photographs, each a sample of its person
    trial     the same by a network that learned nothing from the people of `held_out`, where that of `looks` learned from all
    returns   (mean, matrix), and one row a trial: the EER on the people kept out, on the mean of all looks; first without the layer,
              which for a `trial` stands with its own choice
    """
    held, seen = held_out(identity), looks if trial is None else trial
    mean_look, learned = (
        sum(seen.values()) / len(seen),
        np.concatenate([look[~held] for look in seen.values()]),
    )

    def row(recipe: str, mean, matrix) -> dict:
        eer, pairs = error_among((mean_look[held] - mean) @ matrix, identity[held])
        return {"half": half, "recipe": recipe, "eer": eer, "pairs": pairs}

    before, then = (
        ([row("no new layer", *unchanged(mean_look.shape[1]))], "")
        if trial is None
        else ([], "gradients as chosen, then ")
    )
    rows = [
        row(f"{then}roundness {one:g}", *layer(learned, np.tile(identity[~held], len(seen)), one))
        for one in ROUND
    ]
    best = min(range(len(ROUND)), key=lambda k: rows[k]["eer"])
    rows[best]["chosen"] = "chosen"
    return layer(
        np.concatenate(list(looks.values())), np.tile(identity, len(looks)), ROUND[best]
    ), before + rows
