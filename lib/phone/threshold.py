"""A threshold for one's own people, chosen by leaving people out, and what it does.

    chosen = choose_threshold(people.vectors, people.identity, otherwise=0.3, far=0.001)
    print(chosen.how)
    print(chosen.false_accepts, chosen.false_rejects)

Each person in turn is left out: a threshold is chosen on the scores of the others, and judged on
the scores of that person. So no score judges a threshold that it helped to choose.
"""

import math
from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_array
from lib.evaluation import check_threshold, tar_at_far, wilson_interval
from lib.evaluation.intervals import draw_groups
from lib.phone.open_set import Share, share_with_interval

LEAST_PEOPLE = 10  # with two pictures or more: fewer make too few pairs of people


class Chosen(NamedTuple):
    """A threshold, how it was chosen, and its errors on people who had no part in choosing it."""

    threshold: float
    how: str  # a sentence
    is_own: bool  # False: the model's own threshold, because too few people are there
    false_accepts: Share | None  # of pairs of two people; None where there is one person
    false_rejects: Share | None  # of pairs of one person; None where nobody has two pictures
    named: Share | None  # of pictures of somebody who is not enrolled: those that get a name
    found: Share | None  # of pictures of somebody enrolled by their other pictures: the right name


def choose_threshold(vectors, identity, otherwise: float, far: float = 0.001) -> Chosen:
    """The lowest threshold at which the share of accepted pairs of two people is at most `far`.

    vectors    (N, D) unit vectors of `identity` (N,)
    otherwise  the model's own threshold, measured on other people: taken where too few are here
    far        in (0, 1)
    """
    vectors = as_array(vectors)
    people, who = np.unique(as_array(identity), return_inverse=True)  # who: (N,) 0 ... P - 1
    if vectors.ndim != 2 or who.shape != (len(vectors),) or not np.isfinite(vectors).all():
        raise ValueError(f"vectors must be finite (N, D) and identity (N,), not {vectors.shape}")
    otherwise, far = check_threshold(otherwise, "otherwise"), check_far(far)
    scores = (vectors @ vectors.T).astype(np.float64)
    missing = _missing(who, far)
    if missing:
        how = f"{missing}. The model's own threshold is taken, measured on other people"
        judged = np.full(len(people), otherwise)
        return Chosen(otherwise, how, False, *_rates(scores, who, judged))
    i, j = np.triu_indices(len(who), 1)
    pairs, same = scores[i, j], who[i] == who[j]
    judged = np.empty(len(people))
    for person in range(len(people)):
        others = (who[i] != person) & (who[j] != person)
        judged[person] = tar_at_far(pairs[others], same[others], far)[1]
    threshold = tar_at_far(pairs, same, far)[1]
    count = f"{int((~same).sum()):,} pairs of two people among your {len(people)}"
    how = f"chosen so that at most 1 in {1 / far:,.0f} of the {count} is accepted"
    return Chosen(threshold, how, True, *_rates(scores, who, judged))


def check_far(far) -> float:
    """The share of accepted pairs as a float; ValueError where it is not between 0 and 1."""
    if not 0 < check_threshold(far, "far", cosine=False) < 1:
        raise ValueError(f"far={far}: a share of pairs between 0 and 1, such as 0.001")
    return float(far)


def people_needed(far: float, pictures: int = 2) -> int:
    """How many people with so many pictures each give 1 / far pairs of two people, one left out."""
    pairs = 1 / far / pictures**2 - 1e-9  # n (n - 1) / 2 of the n that remain
    return max(LEAST_PEOPLE, 1 + math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2))


def _missing(who: np.ndarray, far: float) -> str:
    """Why a threshold cannot be chosen on these people; "" where it can."""
    counts = np.bincount(who)
    several = int((counts >= 2).sum())
    rest = counts.sum() - counts  # pictures that remain when a person is left out
    pairs = (rest**2 - ((counts**2).sum() - counts**2)) // 2  # of two people, among these
    if several >= LEAST_PEOPLE and far * pairs.min() >= 1 - 1e-9:
        return ""
    few = f"{several} people with two pictures or more and {pairs.min():,} pairs of two people"
    needed = f"{people_needed(far)} people with two pictures each, or {people_needed(far, 5)}"
    return (
        f"too few people: {few} (one person left out) do not show one false accept in "
        f"{1 / far:,.0f}. It takes {needed} with five"
    )


def _rates(scores: np.ndarray, who: np.ndarray, thresholds: np.ndarray) -> tuple[Share | None, ...]:
    """The four rates of `Chosen`; each picture of person p is judged by thresholds[p]."""
    limit = thresholds[who]  # (N,)
    same = who[:, None] == who  # (N, N)
    own = same & ~np.eye(len(who), dtype=bool)
    best_own, best_other = (np.where(kind, scores, -1).max(1) for kind in (own, ~same))
    found = (best_own >= limit) & (best_own > best_other)
    rows, columns = np.nonzero(own)
    several = own.any(1)
    is_alone = len(thresholds) == 1
    return (
        None if is_alone else _share_of_pairs((scores >= limit[:, None]) & ~same, ~same, who),
        _share(scores[rows, columns] < limit[rows], who[rows]),
        None if is_alone else _share(best_other >= limit, who),
        _share(found[several], who[several]),
    )


def _share(event: np.ndarray, owner: np.ndarray) -> Share | None:
    """A share (M,) with its interval, resampling the people (M,) that it belongs to.

    Of a share of 0 or 1 resampling says nothing: there each person is one trial (Wilson).
    """
    if not len(event):
        return None
    if event.all() or not event.any():
        people = len(np.unique(owner))
        return Share(event.mean(), *wilson_interval(people * event.mean(), people))
    return share_with_interval(event, owner)


def _share_of_pairs(event: np.ndarray, counted: np.ndarray, who: np.ndarray) -> Share:
    """The same of pairs (N, N) of two people; a person drawn twice brings its pairs twice."""
    member = (who == np.arange(who.max() + 1)[:, None]).astype(np.float64)  # (P, N)
    events, total = (member @ pairs @ member.T for pairs in (event, counted))  # (P, P)
    count = len(member)
    if not event.any():
        return Share(0.0, *wilson_interval(0, count * (count - 1) // 2))
    drawn = draw_groups(count, 1000, seed=0)
    times = np.stack([np.bincount(draw, minlength=count) for draw in drawn])  # (1000, P)
    shares = ((times @ events) * times).sum(1) / ((times @ total) * times).sum(1).clip(1)
    return Share(float(events.sum() / total.sum()), *map(float, np.percentile(shares, [2.5, 97.5])))
