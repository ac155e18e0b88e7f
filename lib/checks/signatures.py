"""Checks of the lesson on signature verification: a decision, a safe split."""

import numpy as np

from lib.checks.judge import edge, judge


def verify_signature(attempt) -> bool | None:
    """`(questioned (D,), references (k, D), threshold) -> (score, accepted)`, any lengths.

    Mean cosine to the references, minus the mean cosine among them where there are two or more.
    """

    def cosine(a, b):
        return float(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))

    def expected(questioned, references, threshold):
        k = len(references)
        score = np.mean([cosine(questioned, one) for one in references])
        if k > 1:
            pairs = [(i, j) for i in range(k) for j in range(i)]
            score -= np.mean([cosine(references[i], references[j]) for i, j in pairs])
        return score, bool(score >= threshold)

    def draw(rng):
        vectors = rng.normal(size=(rng.integers(2, 7), rng.integers(2, 6))) + 1
        return vectors[0], vectors[1:], rng.uniform(-1, 1)

    right, up, between = [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]
    edges = [
        edge("Two equal references have cosine 1: 1 - 1.", right, [right, right], -0.5),
        edge(
            "Is a reference compared with itself? These two have cosine 0.", right, [right, up], 0
        ),
        edge(
            "Normalise: a vector's length says nothing here.", [3.0, 0.0], [right, [2.0, 0.0]], -1
        ),
        edge("The references have cosine 1: 0.7071 - 1.", between, [right, right], 0.0),
        edge("One reference has no pairs: subtract nothing.", between, [right], 0.5),
        edge("A score at the threshold is accepted.", right, [right], 1.0),
    ]
    hint = "Subtract the mean over the k (k - 1) / 2 pairs of references."
    return judge("verify_signature", attempt, expected, edges, draw, hint)


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
