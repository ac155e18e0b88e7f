"""Checks of the lesson on pairs and triplets: counts, the mask of valid triplets, P x K batches.

A batch is random, so its check compares a sentence that describes many batches.
"""

from collections import Counter

import numpy as np
import torch

from lib.checks.judge import REPEATS, edge, in_words, judge
from lib.data.pairs import count_pairs, count_triplets


def counts(attempt) -> bool | None:
    """`(p, k) -> (same pairs, different pairs, triplets)` of P identities with K images each."""

    def expected(p, k):
        identity = np.repeat(np.arange(p), k)
        return *count_pairs(identity), count_triplets(identity)

    def draw(rng):
        return rng.integers(1, 7, 2).tolist()

    edges = [
        edge("With one image each there is no same pair, and one different pair.", 2, 1),
        edge("With one identity there is no negative; count each of the 3 pairs once.", 1, 3),
        edge("2 x 2 images make 4 different pairs; (a, p) and (p, a) are two triplets.", 2, 2),
        edge("The nine drawings above: 9 same pairs, 27 different, 9 x 2 x 6 triplets.", 3, 3),
    ]
    hint = "A pair has no order; a triplet has one."
    return judge("counts", attempt, expected, edges, draw, hint, count=30)


def valid_triplets(attempt) -> bool | None:
    """`labels (B,) -> bool (B, B, B)`: which (anchor, positive, negative) are triplets."""

    def expected(labels):
        mask = np.zeros((len(labels),) * 3, dtype=bool)
        for a, p, n in np.ndindex(mask.shape):
            mask[a, p, n] = a != p and labels[a] == labels[p] and labels[a] != labels[n]
        return mask

    def draw(rng):
        return (rng.integers(0, 4, rng.integers(1, 8)),)

    edges = [
        edge("An anchor is not its own positive.", [0, 1]),
        edge("The negative has another identity: two images of one make no triplet.", [0, 0]),
        edge("A positive has the anchor's identity.", [0, 1, 2]),
        edge("Axes are anchor, positive, negative: (0, 1, 2) and (1, 0, 2) here.", [0, 0, 1]),
        edge("Without another identity there is no negative.", [5, 5, 5]),
        edge("Labels are names, not 0, 1, 2 in order.", [3, 7, 3, 7]),
    ]
    hint = "a != p, a and p have one identity, n has another."
    return judge("valid_triplets", attempt, expected, edges, draw, hint, as_input=torch.tensor)


def pk_batch(attempt) -> bool | None:
    """`(identity (N,), p, k, rng) -> indices (p * k,)`.

    P identities drawn at random, and of each K different images drawn at random.
    """

    def expected(identity, p, k, seed):
        return _good_batch(p, k)

    def draw(rng):
        k, people = rng.integers(2, 4), rng.integers(4, 7)
        images = k + rng.integers(0, 2, people)
        identity = rng.permutation(np.repeat(np.arange(people), images))
        return identity, rng.integers(2, people), k, rng.integers(1000)

    edges = [
        edge("Take every identity once, with K different images of each.", [0, 0, 1, 1], 2, 2, 0),
        edge(
            "Draw identities and images at random: in 100 batches every image occurs.",
            *([0, 0, 0, 0, 1, 1, 1, 1], 1, 2, 0),
        ),
        edge("Draw P different identities from np.unique.", [0] * 6 + [1, 1], 2, 2, 0),
        edge("Leave out who has fewer than K images.", [0, 0, 0, 1, 2, 2, 2, 3], 2, 2, 0),
        edge("Return indices into `identity`, not names.", [9, 4, 9, 4, 7, 7], 2, 2, 0),
    ]
    hint = "Draw P identities, then K images of each."
    attempt = in_words(attempt, _describe_batches)
    return judge("pk_batch", attempt, expected, edges, draw, hint, count=20)


def _good_batch(p: int, k: int) -> str:
    return f"{p} x {k} different images, and over many batches every image"


def _describe_batches(identity, p: int, k: int, batches) -> str:
    """The first thing that is wrong with these batches, or that they are as they should be."""
    seen: set[int] = set()
    for batch in batches:
        indices = np.asarray(batch).reshape(-1).tolist()
        if not all(isinstance(index, int) and 0 <= index < len(identity) for index in indices):
            return f"{indices}, which are not all indices below {len(identity)}"
        if len(set(indices)) < len(indices):
            return f"{indices}, with an image twice"
        held = Counter(identity[indices].tolist())
        if len(held) != p or set(held.values()) != {k}:
            return f"{indices}: of identities {list(held)} it holds {list(held.values())} images"
        seen |= set(indices)
    can_occur = {i for i, person in enumerate(identity) if sum(identity == person) >= k}
    if can_occur - seen:
        return f"{REPEATS} batches that never hold indices {sorted(can_occur - seen)}"
    return _good_batch(p, k)
