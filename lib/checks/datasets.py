"""Checks of lesson 1: a split that nobody stands on both sides of, duplicates, and what one number gives away.

A split is random, so the check says in words what it did. Duplicates and accuracies are found by comparing everything with everything.
"""

import numpy as np

from lib.checks.judge import Case, judge

SPLITS = 100  # drawn for each input: enough that a person who can come into the test is missed less than once in 10^6


def split_people(attempt) -> bool | None:
    """`(identity (N,), share, rng) -> (train places, test places)`: round(share * people) people, drawn at random, are the test."""

    def described(identity, share, seed) -> str | None:
        halves = [
            attempt(identity.copy(), share, np.random.default_rng([seed, draw]))
            for draw in range(SPLITS)
        ]
        return None if any(half is None for half in halves) else _in_words(identity, share, halves)

    return judge(described, _split_cases(), name="split_people")


def _split_cases():
    def case(identity, share, seed, why, random=False):
        return Case(
            {"identity": np.array(identity), "share": share, "seed": seed},
            _split(identity, share),
            why,
            random,
        )

    yield case(
        [0, 0, 1, 1], 0.5, 0, "whoever is in the test is there with every image, and nowhere else"
    )
    yield case(
        [4, 9, 4, 7, 9, 7, 8, 8],
        0.25,
        0,
        "share counts people; the first part returned is the training half; names are not places",
    )
    yield case(
        [0] * 6 + [1, 1, 2, 2, 3, 3], 0.5, 0, "half of the people, however many images each has"
    )
    yield case(
        [0, 1, 2, 3], 0.5, 0, "draw the people at random: in time everybody stands in the test"
    )
    rng = np.random.default_rng(0)
    for seed in range(20):
        people = int(rng.integers(4, 9))
        yield case(
            rng.permutation(np.repeat(np.arange(people), rng.integers(1, 4, people))),
            0.5,
            seed,
            "people first, then all of their images",
            True,
        )


def _split(identity, share: float) -> str:
    people = len(set(np.asarray(identity).tolist()))
    return f"{round(share * people)} of {people} people in the test, drawn anew each time, and each image on one side"


def _in_words(identity, share: float, halves) -> str:
    """The first thing that is wrong with these splits, or that they are as they should be."""
    everybody, tested = set(identity.tolist()), set()
    for half in halves:
        if not isinstance(half, (tuple, list)) or len(half) != 2:
            return f"{half}, which is not two lists of places"
        train, test = (np.asarray(side).reshape(-1).tolist() for side in half)
        if sorted(train + test) != list(range(len(identity))):
            return f"{train} and {test}, which do not hold each of the places 0..{len(identity) - 1} once"
        sides = [set(identity[side].tolist()) if side else set() for side in (train, test)]
        if both := sides[0] & sides[1]:
            return f"{train} and {test}: identity {min(both)} is on both sides"
        if len(sides[1]) != round(share * len(everybody)):
            return f"{train} and {test}: {len(sides[1])} of {len(everybody)} people in the test"
        tested |= sides[1]
    return (
        f"{len(halves)} splits that never test identities {sorted(everybody - tested)}"
        if everybody - tested
        else _split(identity, share)
    )


def find_duplicates(attempt) -> bool | None:
    """`images (N, H, W) uint8 -> list of (first place, later place)`, in the order of the later ones."""
    return judge(attempt, _duplicates_cases(), name="find_duplicates")


def _duplicates_cases():
    def case(images, why, random=False):
        return Case({"images": np.array(images, dtype=np.uint8)}, _duplicates(images), why, random)

    yield case(
        [[[1, 2]], [[3, 4]]],
        "two different images: an empty list, and an image is no copy of itself",
    )
    yield case(
        [[[1, 2]], [[3, 4]], [[1, 2]]], "copies need not be neighbours; the first place comes first"
    )
    yield case([[[1, 2]], [[2, 1]]], "the same grey values in other places are another image")
    yield case([[[1, 2]], [[1, 3]]], "one grey level is a difference")
    yield case([[[5, 5]], [[5, 5]], [[5, 5]]], "each further copy once, as a copy of the first")
    yield case(
        [[[1, 2]], [[3, 4]], [[3, 4]], [[1, 2]]],
        "in the order of the later copies: one pass over the images finds them so",
    )
    rng = np.random.default_rng(0)
    for _ in range(60):
        pool = rng.integers(0, 256, (5, 2, 3))
        yield case(
            pool[rng.integers(0, 5, rng.integers(1, 7))],
            "byte for byte, each later copy with its first place",
            True,
        )


def _duplicates(images) -> list[tuple[int, int]]:
    images = np.asarray(images)
    found = []
    for later in range(len(images)):
        first = next(place for place in range(later + 1) if (images[place] == images[later]).all())
        if first < later:
            found.append((first, later))
    return found


def gives_away(attempt) -> bool | None:
    """`(number (N,), label (N,) bool) -> float`: balanced accuracy of the best threshold, whichever side the label lies on."""
    return judge(attempt, _away_cases(), name="gives_away")


def _away_cases():
    def case(number, label, why, random=False):
        return Case(
            {"number": np.array(number), "label": np.array(label)},
            _away(number, label),
            why,
            random,
        )

    yield case([0.0, 1.0], [False, True], "a threshold between them is always right: 1")
    yield case(
        [1.0, 0.0], [False, True], "the label may lie below the threshold: try both directions"
    )
    yield case(
        [0.5, 0.5, 0.5, 0.5],
        [False, False, False, True],
        "equal numbers tell nothing: balanced accuracy is 1/2 whatever the mixture",
    )
    yield case(
        [0.0, 1.0, 2.0, 100.0],
        [False, False, True, True],
        "try every threshold, not the mean alone",
    )
    yield case(
        [0.0, 1.0, 2.0, 3.0, 4.0],
        [True, False, False, False, True],
        "one threshold has two sides; in both directions the best is taken",
    )
    rng = np.random.default_rng(0)
    for _ in range(100):
        size = int(rng.integers(2, 30))
        label = rng.random(size) < 0.3
        label[:2] = True, False
        yield case(
            np.round(rng.normal(size=size) + label, 1),
            label,
            "the mean of two shares, one of each class",
            True,
        )


def _away(number, label) -> float:
    best = 0.0
    for threshold in [*number, max(number) + 1]:
        called = [value >= threshold for value in number]
        for direction in (True, False):
            shares = [
                sum(c == (kind == direction) for c, truth in zip(called, label) if truth == kind)
                / sum(truth == kind for truth in label)
                for kind in (True, False)
            ]
            best = max(best, sum(shares) / 2)
    return best
