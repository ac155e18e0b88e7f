"""Checks of lesson 5: a score that knows the references' spread, the price of a likelihood ratio, a split that forgers respect."""

import math

import numpy as np

from lib.checks.judge import Case, judge


def beside_the_spread(attempt) -> bool | None:
    """(questioned (Q, D), references (k, D)), unit vectors -> (Q,): mean cosine to the references minus their own mean cosine."""
    return judge(attempt, _reference_sets(), name="beside_the_spread")


def _reference_sets():
    right, up, between = [1.0, 0.0], [0.0, 1.0], [math.sqrt(0.5), math.sqrt(0.5)]
    yield _spread_case(
        [right],
        [right, right],
        "two references that are one image agree perfectly, 1, and so does the questioned one: 1 - 1",
    )
    yield _spread_case(
        [right],
        [right, up],
        "the references have cosine 0 with each other: nothing to subtract. Is each reference compared with itself in yours?",
    )
    yield _spread_case(
        [between], [right, right], "the references agree perfectly, so 1 is subtracted from 0.7071"
    )
    yield _spread_case(
        [right, up, [-1.0, 0.0]], [right, between], "three questioned signatures, three scores"
    )
    rng = np.random.default_rng(5)
    for _ in range(60):
        size = int(rng.integers(2, 6))
        vectors = rng.normal(size=(size + int(rng.integers(1, 5)), int(rng.integers(2, 6)))) + 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield _spread_case(
            vectors[size:],
            vectors[:size],
            "mean over the references, minus the mean over their k (k - 1) / 2 pairs",
            random=True,
        )


def _spread_case(questioned, references, why: str, random: bool = False) -> Case:
    """The expected scores by adding up, pair by pair."""
    questioned, references = np.array(questioned), np.array(references)
    pairs = [
        sum(x * y for x, y in zip(a, b))
        for n, a in enumerate(references)
        for b in references[n + 1 :]
    ]
    to = [
        sum(sum(x * y for x, y in zip(q, r)) for r in references) / len(references)
        for q in questioned
    ]
    return Case(
        {"questioned": questioned, "references": references},
        np.array(to) - sum(pairs) / len(pairs),
        why,
        random,
    )


def price_in_bits(attempt) -> bool | None:
    """(llr (N,) natural logarithms, same (N,) bool) -> Cllr in bits."""
    return judge(attempt, _evidence(), name="price_in_bits")


def _evidence():
    yield _evidence_case(
        [0.0, 0.0], [True, False], "evidence that says nothing costs exactly 1 bit"
    )
    yield _evidence_case(
        [math.log(3), -math.log(3)],
        [True, False],
        "odds of 3 to 1 for the right side cost log2(1 + 1/3) = 0.415 on either side",
    )
    yield _evidence_case(
        [-math.log(3), math.log(3)],
        [True, False],
        "odds of 3 to 1 for the wrong side cost log2(1 + 3) = 2",
    )
    yield _evidence_case(
        [2.0, 2.0, 2.0, 0.0],
        [True, True, True, False],
        "each kind weighs one half, however many there are of it",
    )
    yield _evidence_case(
        [9.0, -9.0], [True, False], "strong evidence for the right side is nearly free"
    )
    rng = np.random.default_rng(6)
    for _ in range(60):
        same = rng.random(rng.integers(4, 30)) < rng.uniform(0.2, 0.8)
        same[:2] = True, False
        yield _evidence_case(
            np.where(same, 1.0, -1.0) + rng.normal(0, 2, len(same)),
            same,
            "the mean over same ones and the mean over different ones, halved",
            random=True,
        )


def _evidence_case(llr, same, why: str, random: bool = False) -> Case:
    """The expected price by adding up, one pair at a time."""
    costs = {True: [], False: []}
    for value, kind in zip(llr, same):
        odds = math.exp(value)
        costs[bool(kind)].append(math.log2(1 + 1 / odds) if kind else math.log2(1 + odds))
    expected = sum(sum(cost) / len(cost) for cost in costs.values()) / 2
    return Case({"llr": np.array(llr, dtype=float), "same": np.array(same)}, expected, why, random)


def apart(attempt) -> bool | None:
    """(writer (N,), forger (N,) with -1 for genuine, test writers) -> (train mask, test mask), no hand in both."""
    return judge(attempt, _hands(), name="apart")


def _hands():
    yield _hands_case(
        [1, 1, 2, 2], [-1, -1, -1, -1], [2], "no forgeries here: a split by writer, nothing more"
    )
    yield _hands_case(
        [1, 1, 1, 2, 2],
        [-1, 5, 6, -1, 5],
        [2],
        "forger 5 works in the test too, so that forgery of writer 1 stays out of training; forger 6's stays in",
    )
    yield _hands_case(
        [1, 1, 2, 2], [-1, 7, -1, 8], [2], "different forgers: nothing has to be left out"
    )
    yield _hands_case(
        [1, 2, 3],
        [-1, -1, 4],
        [3],
        "-1 is nobody: a genuine signature has no forger that could be on both sides",
    )
    yield _hands_case(
        [1, 1, 2, 2, 3],
        [2, -1, -1, 9, -1],
        [2],
        "forger number 2 is not writer number 2: the two are counted apart",
    )
    yield _hands_case(
        [1, 1, 2, 2], [-1, 5, -1, 5], [1, 2], "all writers are tested: nothing is left to train on"
    )
    rng = np.random.default_rng(7)
    for _ in range(60):
        n = int(rng.integers(8, 40))
        yield _hands_case(
            rng.integers(0, 6, n),
            np.where(rng.random(n) < 0.5, -1, rng.integers(0, 8, n)),
            rng.choice(6, int(rng.integers(1, 4)), replace=False),
            "train: other writers, and no forgery by somebody who also forges in the test; test: every image of its writers",
            random=True,
        )


def _hands_case(writer, forger, test, why: str, random: bool = False) -> Case:
    """The expected masks image by image."""
    there = {int(f) for w, f in zip(writer, forger) if w in list(test) and f >= 0}
    train = [w not in list(test) and int(f) not in there for w, f in zip(writer, forger)]
    given = {"writer": np.array(writer), "forger": np.array(forger), "test": np.array(test)}
    return Case(given, (np.array(train), np.array([w in list(test) for w in writer])), why, random)
