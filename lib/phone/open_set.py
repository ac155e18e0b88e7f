"""Open-set rates of galleries: who gets a name when enrolled people and strangers use the phone.

chosen = open_set_trials(vectors["choose"], choose.identity, enrolled=10)
threshold = threshold_for(chosen, one_in=1000)
measured = open_set_trials(vectors["measure"], measure.identity, enrolled=10)
tpir, fpir = open_set_rates(measured, threshold)

table = threshold_table(vectors["choose"], choose.identity, (1, 5, 10, 20, 50))  # in a contract
threshold = threshold_at(table, templates=len(gallery))  # as the app does
margin = choose_margin(vectors["choose"], choose.identity, table)
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lib.evaluation import check_margin, check_threshold, check_threshold_table, interval_over
from lib.phone.gallery import Gallery

MARGIN = 0.05  # by which the best person leads, at most: one person under two names, and relatives


class OpenSetTrials(NamedTuple):
    """Every probe of every random gallery, one entry each (M,)."""

    owner: np.ndarray  # the person in the picture
    enrolled: np.ndarray  # bool, False for a stranger
    correct: np.ndarray  # bool, the best match is the owner
    best: np.ndarray  # the best person's score
    second: np.ndarray  # the second-best person's; -1 where one person is enrolled


def open_set_trials(
    vectors, identity, enrolled: int, templates: int = 1, mode: str = "keep", draws: int = 40
) -> OpenSetTrials:
    """Enrol people drawn at random, and compare all other pictures with them.

    vectors    (N, D) unit vectors of `identity` (N,)
    enrolled   how many people; the pictures of all others are strangers'
    templates  how many pictures of each; `mode` is that of `Gallery.enrol`
    draws      how many random galleries
    raises     ValueError where nobody is enrolled, or no stranger is left
    """
    vectors, identity = np.asarray(vectors), np.asarray(identity)
    rng, people, rows = np.random.default_rng(0), np.unique(identity), []
    if vectors.ndim != 2 or identity.shape != (len(vectors),) or templates < 1 or draws < 1:
        given = f"{vectors.shape} and {identity.shape}, templates={templates}, draws={draws}"
        raise ValueError(f"vectors (N, D), identity (N,), and 1 or more of the others, not {given}")
    if not 0 < enrolled < len(people):
        raise ValueError(f"enrolled={enrolled}: 1 or more, fewer than the {len(people)} people")
    for _ in range(draws):
        gallery, is_probe = Gallery("0" * 16, vectors.shape[1]), np.full(len(vectors), True)
        inside = rng.choice(people, enrolled, replace=False)
        for person in inside:
            own = rng.permutation(np.flatnonzero(identity == person))[:templates]
            gallery.enrol(str(person), vectors[own], mode)
            is_probe[own] = False
        probes = np.flatnonzero(is_probe)
        scores, owner = gallery.scores(vectors[probes]), identity[probes]  # (Q, enrolled)
        nobody = np.full((len(probes), 1), -1.0)
        second, best = np.sort(np.hstack([nobody, scores]), axis=1)[:, -2:].T
        correct = inside[scores.argmax(1)] == owner
        rows.append((owner, np.isin(owner, inside), correct, best, second))
    return OpenSetTrials(*map(np.concatenate, zip(*rows)))


def threshold_for(trials: OpenSetTrials, one_in: float) -> float:
    """The lowest threshold at which at most one stranger in `one_in` gets a name.

    raises  ValueError where there are too few strangers to tell
    """
    if not one_in >= 1:
        raise ValueError(f"one_in={one_in}: at most one stranger in so many, 1 or more")
    scores = np.sort(trials.best[~trials.enrolled])[::-1]
    allowed = int(len(scores) / one_in + 1e-9)
    if allowed < 1:
        raise ValueError(f"one in {one_in:g} cannot be told from {len(scores)} strangers' pictures")
    return float(np.nextafter(scores[allowed], 2))  # just above the first one that is too many


def threshold_table(vectors, identity, templates: Sequence[int], one_in: float = 1000) -> dict:
    """Thresholds for galleries of several sizes, as the contract of a model file carries them.

    vectors    (N, D) unit vectors of `identity` (N,)
    templates  how many are enrolled, rising, one of each person: several of one person resemble
               each other, and give a stranger fewer chances than as many of different people
    returns    {"one_in", "templates", "threshold"}: at each threshold at most one stranger in
               `one_in` gets a name. They are rounded up, and never fall as the gallery grows
    """
    trials = (open_set_trials(vectors, identity, enrolled=count) for count in templates)
    found = np.array([threshold_for(trial, one_in) for trial in trials])
    rising = np.maximum.accumulate(np.ceil(found * 1e4) / 1e4)
    return {"one_in": one_in, "templates": list(templates), "threshold": rising.tolist()}


def threshold_at(table: dict, templates: int) -> float:
    """The threshold for a gallery of so many templates, from a table of a few sizes.

    Between two sizes it is linear in the logarithm of the size. Below the first size the first
    threshold holds. Beyond the last size the last line goes on, up to 1. The app does the same
    (`Thresholds.kt`), and so does the page for a browser (`thresholds.js`).

    raises  ValueError, in words, for a table that is not one
    """
    sizes, values = check_threshold_table(table)
    if templates <= sizes[0] or len(sizes) == 1:
        return float(values[0])
    end = min(bisect_left(sizes, templates), len(sizes) - 1)  # of the line that holds `templates`
    part = math.log(templates / sizes[end - 1]) / math.log(sizes[end] / sizes[end - 1])
    return min(1.0, values[end - 1] + part * (values[end] - values[end - 1]))


def choose_margin(vectors, identity, table: dict) -> float:
    """By how much the best person must lead the second to be named.

    It is `MARGIN`, or less where the network's scores lie so close together that `MARGIN` would
    leave more than 1 % of the right names in doubt.

    vectors   (N, D) unit vectors of `identity` (N,); a third of the people is enrolled, at most 20
    table     of `threshold_table`
    """
    enrolled = min(20, len(np.unique(identity)) // 3)
    trials = open_set_trials(vectors, identity, enrolled)
    named = trials.correct & trials.enrolled & (trials.best >= threshold_at(table, enrolled))
    if not named.any():
        return MARGIN
    lead = float(np.quantile((trials.best - trials.second)[named], 0.01))
    return min(MARGIN, round(max(lead, 0.0), 4))


class Share(NamedTuple):
    """A share and its 95 % interval."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%})"


def open_set_rates(
    trials: OpenSetTrials, threshold: float, margin: float = 0.0, resamples: int = 1000
) -> tuple[Share, Share]:
    """(TPIR, FPIR): enrolled people who are found, and strangers who get a name."""
    threshold, margin = check_threshold(threshold), check_margin(margin)
    named = (trials.best >= threshold) & (trials.best - trials.second >= margin)
    found, known, owner = named & trials.correct, trials.enrolled, trials.owner
    tpir = share_with_interval(found[known], owner[known], resamples)
    return tpir, share_with_interval(named[~known], owner[~known], resamples)


def share_with_interval(event, owner, resamples: int = 1000) -> Share:
    """The share of pictures (M,) bool with its interval, resampling the people they show (M,)."""
    event = np.asarray(event, dtype=np.float64)
    return Share(float(event.mean()), *interval_over(event, owner, resamples=resamples))
