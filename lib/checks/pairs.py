"""Checks of lesson 2: counting, the mask of valid triplets, and balanced batches.

Counts and masks come from loops over every pair and triple. A batch is random, so the check says in words what it holds.
"""

from collections import Counter
from itertools import product

import numpy as np
import torch

from lib.checks.judge import Case, generator, judge

BATCHES = 100  # drawn for each input: enough that an image which can be drawn is missed less than once in 10^9


def counts(attempt) -> bool | None:
    """`(p, k) -> (same pairs, different pairs, triplets)` of P identities with K images each."""
    return judge(attempt, _counts_cases(), name="counts")


def _counts_cases():
    whys = {
        (2, 1): "with one image each nobody has a partner, and the two strangers make one pair",
        (
            1,
            3,
        ): "one identity alone: K (K - 1) / 2 same pairs, each counted once, no different one, and no negative",
        (
            2,
            2,
        ): "each of the 2 images meets each of the other 2: 4 different pairs; and (a, p) and (p, a) are two triplets",
        (3, 3): "the nine drawings above: 9 same, 27 different, 9 x 2 x 6 triplets",
    }
    for (p, k), why in whys.items():
        yield Case({"p": p, "k": k}, _counted(p, k), why)
    rng = np.random.default_rng(0)
    for p, k in rng.integers(1, 7, (30, 2)).tolist():
        yield Case(
            {"p": p, "k": k}, _counted(p, k), "pairs without order, triplets with one", random=True
        )


def _counted(p: int, k: int) -> tuple[int, int, int]:
    people = [person for person in range(p) for _ in range(k)]
    places = range(len(people))
    pairs = Counter(people[i] == people[j] for i in places for j in places if i < j)
    return (
        pairs[True],
        pairs[False],
        sum(_is_triplet(people, *three) for three in product(places, repeat=3)),
    )


def _is_triplet(people, a: int, p: int, n: int) -> bool:
    return a != p and people[a] == people[p] and people[a] != people[n]


def valid_triplets(attempt) -> bool | None:
    """`labels (B,) -> bool (B, B, B)`: which (anchor, positive, negative) are triplets."""
    return judge(attempt, [*_triplets_edges(), *_triplets_at_random()], name="valid_triplets")


def _triplets_edges():
    for labels, why in (
        ([0, 1], "an anchor is not its own positive: two images make no triplet"),
        (
            [0, 0],
            "the negative belongs to another identity: two images of one person make no triplet",
        ),
        ([0, 1, 2], "a positive has the anchor's identity"),
        (
            [0, 0, 1],
            "axes in the order anchor, positive, negative: (0, 1, 2) and (1, 0, 2) are the two triplets",
        ),
        ([5, 5, 5], "without another identity there is no negative"),
        ([3, 7, 3, 7], "labels name people; they are not 0, 1, 2 in order"),
    ):
        yield Case({"labels": torch.tensor(labels)}, _triplets(labels), why)


def _triplets_at_random():
    rng = generator()
    for _ in range(60):
        size = int(torch.randint(1, 8, (), generator=rng))
        labels = torch.randint(0, 4, (size,), generator=rng)
        yield Case(
            {"labels": labels},
            _triplets(labels.tolist()),
            "a != p, one identity for a and p, another for n",
            True,
        )


def _triplets(labels) -> np.ndarray:
    places = range(len(labels))
    return np.array(
        [[[_is_triplet(labels, a, p, n) for n in places] for p in places] for a in places]
    )


def pk_batch(attempt) -> bool | None:
    """`(identity (N,), p, k, rng) -> places (p * k,)`: P identities drawn at random, K different images of each."""

    def described(identity, p, k, seed) -> str | None:
        batches = [
            attempt(identity.copy(), p, k, np.random.default_rng([seed, draw]))
            for draw in range(BATCHES)
        ]
        return (
            None if any(batch is None for batch in batches) else _in_words(identity, p, k, batches)
        )

    return judge(described, _pk_cases(), name="pk_batch")


def _pk_cases():
    def case(identity, p, k, seed, why, random=False):
        return Case(
            {"identity": np.array(identity), "p": p, "k": k, "seed": seed},
            _balanced(p, k),
            why,
            random,
        )

    yield case([0, 0, 1, 1], 2, 2, 0, "every identity once, and of each K different images")
    yield case(
        [0, 0, 0, 0, 0, 0, 1, 1],
        2,
        2,
        0,
        "draw P different identities from np.unique(identity), then images of each",
    )
    yield case(
        [0, 0, 0, 0, 1, 1, 1, 1],
        1,
        2,
        0,
        "P and K are drawn at random: over many batches everybody comes, with every image",
    )
    yield case(
        [0, 0, 0, 1, 2, 2, 2, 3],
        2,
        2,
        0,
        "an identity with fewer than K images has no place in the batch",
    )
    yield case(
        [9, 4, 9, 4, 7, 7], 2, 2, 0, "identities are names: return places in `identity`, not names"
    )
    rng = np.random.default_rng(0)
    for seed in range(20):
        k, people = int(rng.integers(2, 4)), int(rng.integers(4, 7))
        identity = rng.permutation(np.repeat(np.arange(people), k + rng.integers(0, 2, people)))
        yield case(
            identity,
            int(rng.integers(2, people)),
            k,
            seed,
            "P identities, then K images of each",
            True,
        )


def _balanced(p: int, k: int) -> str:
    return f"{p} x {k} images, all different, in time every one that there is"


def _in_words(identity, p: int, k: int, batches) -> str:
    """The first thing that is wrong with these batches, or that they are as they should be."""
    seen: set[int] = set()
    for batch in batches:
        places = np.asarray(batch).reshape(-1).tolist()
        if not all(isinstance(place, int) and 0 <= place < len(identity) for place in places):
            return f"{places}, which are not all places in 0..{len(identity) - 1}"
        held = Counter(identity[places].tolist())
        if len(set(places)) < len(places):
            return f"{places}, with an image twice"
        if len(held) != p or set(held.values()) != {k}:
            return f"{places}: of identities {list(held)} it holds {list(held.values())} images"
        seen |= set(places)
    never = [
        place
        for place in range(len(identity))
        if place not in seen and np.sum(identity == identity[place]) >= k
    ]
    return f"{len(batches)} batches that never hold places {never}" if never else _balanced(p, k)
