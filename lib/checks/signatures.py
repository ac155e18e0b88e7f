"""Checks of the lesson on signature verification: scores against references, Cllr, a safe split."""

import math

import numpy as np

from lib.checks.judge import edge, judge
from lib.data.arrays import unit_rows
from lib.evaluation import cllr


def score_against_references(attempt) -> bool | None:
    """`(questioned (Q, D), references (k, D)) -> (Q,)`, all unit vectors.

    Mean cosine to the references, minus the mean cosine among the references.
    """

    def expected(questioned, references):
        among = (references @ references.T)[np.triu_indices(len(references), k=1)]
        return (questioned @ references.T).mean(1) - among.mean()

    def draw(rng):
        count, k, size = rng.integers(1, 5), rng.integers(2, 6), rng.integers(2, 6)
        vectors = unit_rows(rng.normal(size=(count + k, size)) + 1)
        return vectors[:count], vectors[count:]

    right, up, between = [1.0, 0.0], [0.0, 1.0], [math.sqrt(0.5), math.sqrt(0.5)]
    edges = [
        edge("Two equal references agree with cosine 1: 1 - 1.", [right], [right, right]),
        edge("The references have cosine 0. Is each compared with itself?", [right], [right, up]),
        edge("The references agree perfectly: 0.7071 - 1.", [between], [right, right]),
        edge("Return one score for each questioned signature.", [right, up], [right, between]),
    ]
    hint = "Subtract the mean over the k (k - 1) / 2 pairs of references."
    return judge("score_against_references", attempt, expected, edges, draw, hint)


def cllr_in_bits(attempt) -> bool | None:
    """`(llr (N,) natural logarithms, same (N,) bool) -> Cllr in bits`."""

    def draw(rng):
        same = rng.random(rng.integers(4, 30)) < rng.uniform(0.2, 0.8)
        same[:2] = True, False  # both kinds occur
        return np.where(same, 1.0, -1.0) + rng.normal(0, 2, len(same)), same

    yes, no, three = True, False, math.log(3)
    edges = [
        edge("Evidence for neither side costs 1 bit.", [0.0, 0.0], [yes, no]),
        edge("3 to 1 for the correct side costs log2(1 + 1/3).", [three, -three], [yes, no]),
        edge("3 to 1 for the wrong side costs log2(1 + 3) = 2.", [-three, three], [yes, no]),
        edge("Each kind has weight one half.", [2.0, 2.0, 2.0, 0.0], [yes, yes, yes, no]),
        edge("Strong evidence for the correct side costs little.", [9.0, -9.0], [yes, no]),
    ]
    hint = "Take the mean over same pairs, the mean over different pairs, and half of their sum."
    return judge("cllr_in_bits", attempt, cllr, edges, draw, hint)


def split_without_shared_forgers(attempt) -> bool | None:
    """`(writer (N,), forger (N,), test (T,)) -> (train mask, test mask)`.

    The forger of a genuine signature is -1; `test` holds writers. No forger is on both sides.
    """

    def expected(writer, forger, test):
        rows = list(zip(writer.tolist(), forger.tolist()))
        busy = {f for w, f in rows if w in test and f >= 0}  # who forges in the test set
        train = [w not in test and f not in busy for w, f in rows]
        return np.array(train), np.array([w in test for w, _ in rows])

    def draw(rng):
        n = rng.integers(8, 40)
        forger = np.where(rng.random(n) < 0.5, -1, rng.integers(0, 8, n))
        return rng.integers(0, 6, n), forger, rng.choice(6, rng.integers(1, 4), replace=False)

    edges = [
        edge("Without forgeries, split by writer.", [1, 1, 2, 2], [-1, -1, -1, -1], [2]),
        edge(
            "Forger 5 also forges in the test set: leave that forgery out, and keep forger 6's.",
            *([1, 1, 1, 2, 2], [-1, 5, 6, -1, 5], [2]),
        ),
        edge("Two forgers: nothing has to be left out.", [1, 1, 2, 2], [-1, 7, -1, 8], [2]),
        edge("-1 is no forger who could be on both sides.", [1, 2, 3], [-1, -1, 4], [3]),
        edge("Forger 2 is not writer 2.", [1, 1, 2, 2, 3], [2, -1, -1, 9, -1], [2]),
        edge("All writers are tested: train on nothing.", [1, 1, 2, 2], [-1, 5, -1, 5], [1, 2]),
    ]
    hint = "Test every image of the test writers; train on others, without the test's forgers."
    return judge("split_without_shared_forgers", attempt, expected, edges, draw, hint)
