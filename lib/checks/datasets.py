"""Checks of the lesson on datasets: a split by person, duplicates, and what one number reveals.

A split is random, so its check compares a sentence that describes many splits.
"""

import numpy as np

from lib.checks.judge import REPEATS, edge, in_words, judge, pixels
from lib.data import ImageSet
from lib.data.audit import balanced_accuracy, duplicates


def split_people(attempt) -> bool | None:
    """`(identity (N,), share, rng) -> (train indices, test indices)`.

    The test set holds round(share * people) people, drawn at random, with all of their images.
    """

    def expected(identity, share, seed):
        return _good_split(identity, share)

    def draw(rng):
        people = rng.integers(4, 9)
        images = rng.integers(1, 4, people)
        return rng.permutation(np.repeat(np.arange(people), images)), 0.5, rng.integers(1000)

    edges = [
        edge("Every image of a person is on one side only.", [0, 0, 1, 1], 0.5, 0),
        edge(
            "`share` counts people, the training indices come first, and names are not indices.",
            *([4, 9, 4, 7, 9, 7, 8, 8], 0.25, 0),
        ),
        edge(
            "Test half of the people, however many images each has.",
            *([0] * 6 + [1, 1, 2, 2, 3, 3], 0.5, 0),
        ),
        edge("Draw the people at random.", [0, 1, 2, 3], 0.5, 0),
    ]
    hint = "Draw people first, then take all of their images."
    attempt = in_words(attempt, _describe_splits)
    return judge("split_people", attempt, expected, edges, draw, hint, count=20)


def _good_split(identity, share: float) -> str:
    people = len(set(identity.tolist()))
    tested = f"{round(share * people)} of {people} people in the test set, drawn at random"
    return f"{tested}, and each image on one side"


def _describe_splits(identity, share: float, splits) -> str:
    """The first thing that is wrong with these splits, or that they are as they should be."""
    everybody, tested = set(identity.tolist()), set()
    for split in splits:
        if not isinstance(split, (tuple, list)) or len(split) != 2:
            return f"{split}, which is not two lists of indices"
        train, test = (np.asarray(side).reshape(-1).tolist() for side in split)
        if sorted(train + test) != list(range(len(identity))):
            return f"{train} and {test}, which do not hold each index below {len(identity)} once"
        train_people, test_people = ({int(identity[i]) for i in side} for side in (train, test))
        if both := train_people & test_people:
            return f"{train} and {test}: identity {min(both)} is on both sides"
        if len(test_people) != round(share * len(everybody)):
            counted = f"{len(test_people)} of {len(everybody)} people in the test set"
            return f"{train} and {test}: {counted}"
        tested |= test_people
    if everybody - tested:
        return f"{REPEATS} splits that never test identities {sorted(everybody - tested)}"
    return _good_split(identity, share)


def find_duplicates(attempt) -> bool | None:
    """`images (N, H, W) uint8 -> list of (first index, later index)`, in the order of the later."""

    def expected(images):
        count = len(images)
        return duplicates(ImageSet(images, np.arange(count), np.ones(count, bool), ("",) * count))

    def draw(rng):
        return (rng.integers(0, 256, (5, 2, 3))[rng.integers(0, 5, rng.integers(1, 7))],)

    a, b = [[1, 2]], [[3, 4]]
    edges = [
        edge("No image repeats: return an empty list. An image is no copy of itself.", [a, b]),
        edge("Copies need not be neighbours; the first index comes first.", [a, b, a]),
        edge("The same grey values at other pixels are another image.", [[[1, 2]], [[2, 1]]]),
        edge("One grey level is a difference.", [[[1, 2]], [[1, 3]]]),
        edge("List each later copy once, as a copy of the first.", [a, a, a]),
        edge("List the pairs in the order of the later copies.", [a, b, b, a]),
    ]
    hint = "Compare byte by byte, and pair each later copy with the first image equal to it."
    return judge("find_duplicates", attempt, expected, edges, draw, hint, as_input=pixels)


def best_balanced_accuracy(attempt) -> bool | None:
    """`(number (N,), label (N,) bool) -> float`: of the best threshold, in the better direction."""

    def expected(number, label):
        return balanced_accuracy(number, label)[0]

    def draw(rng):
        label = rng.random(rng.integers(2, 30)) < 0.3
        label[:2] = True, False  # both classes occur
        return (rng.normal(size=len(label)) + label).round(1), label

    yes, no = True, False
    edges = [
        edge("A threshold between the two is always correct: 1.", [0.0, 1.0], [no, yes]),
        edge("The label may lie below the threshold: try both directions.", [1.0, 0.0], [no, yes]),
        edge("Equal numbers tell nothing: 1/2 at any class sizes.", [0.5] * 4, [no, no, no, yes]),
        edge("Try every threshold.", [0.0, 1.0, 2.0, 100.0], [no, no, yes, yes]),
        edge(
            "One threshold has two sides; take the better direction.",
            *([0.0, 1.0, 2.0, 3.0, 4.0], [yes, no, no, no, yes]),
        ),
    ]
    hint = "Balanced accuracy is the mean of two shares, one of each class."
    return judge("best_balanced_accuracy", attempt, expected, edges, draw, hint)
