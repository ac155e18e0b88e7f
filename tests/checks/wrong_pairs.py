"""Plausible wrong answers to the exercises of the lesson on pairs and triplets.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np
import torch


def counts__each_pair_twice(p, k):
    """you returned (0, 2, 0); expected (0, 1, 0) | one different pair"""
    n = p * k
    same = p * k * (k - 1)
    return same, n * (n - 1) - same, n * (k - 1) * (p - 1) * k


def counts__an_image_with_itself(p, k):
    """With one image each there is no same pair"""
    n = p * k
    same = p * k * (k + 1) // 2
    return same, n * (n + 1) // 2 - same, n * (k - 1) * (p - 1) * k


def counts__triplets_without_order(p, k):
    """(a, p) and (p, a) are two triplets"""
    n = p * k
    same = p * k * (k - 1) // 2
    return same, n * (n - 1) // 2 - same, same * (p - 1) * k


def counts__anchor_as_its_own_positive(p, k):
    """p = 2, k = 1 you returned (0, 1, 2); expected (0, 1, 0) | there is no same pair"""
    n = p * k
    same = p * k * (k - 1) // 2
    return same, n * (n - 1) // 2 - same, n * k * (p - 1) * k


def counts__one_negative_an_identity(p, k):
    """two triplets"""
    n = p * k
    same = p * k * (k - 1) // 2
    return same, n * (n - 1) // 2 - same, n * (k - 1) * (p - 1)


def counts__one_pair_of_two_people(p, k):
    """for p = 2, k = 2 you returned (2, 1, 8); expected (2, 4, 8) | 4 different pairs"""
    return p * k * (k - 1) // 2, p * (p - 1) // 2, p * k * (k - 1) * (p - 1) * k


def counts__different_before_same(p, k):
    """you returned (1, 0, 0); expected (0, 1, 0)"""
    n = p * k
    same = p * k * (k - 1) // 2
    return n * (n - 1) // 2 - same, same, n * (k - 1) * (p - 1) * k


def _same(labels):
    return labels[:, None] == labels[None]


def valid_triplets__anchor_as_its_own_positive(labels):
    """An anchor is not its own positive"""
    same = _same(labels)
    return same[:, :, None] & ~same[:, None, :]


def valid_triplets__negative_before_positive(labels):
    """Axes are anchor, positive, negative"""
    same, other = _same(labels), ~torch.eye(len(labels), dtype=torch.bool)
    return (same & other)[:, None, :] & ~same[:, :, None]


def valid_triplets__any_other_image_as_negative(labels):
    """The negative has another identity"""
    same, other = _same(labels), ~torch.eye(len(labels), dtype=torch.bool)
    return (same & other)[:, :, None] & other[:, None, :]


def valid_triplets__three_different_images(labels):
    """you returned True | A positive has the anchor's identity"""
    other = ~torch.eye(len(labels), dtype=torch.bool)
    return other[:, :, None] & other[:, None, :] & other[None] & ~_same(labels)[:, None, :]


def valid_triplets__each_pair_one_way(labels):
    """(0, 1, 2) and (1, 0, 2)"""
    same = _same(labels)
    return same.triu(1)[:, :, None] & ~same[:, None, :]


def valid_triplets__numbers(labels):
    """expected True and False"""
    same, other = _same(labels), ~torch.eye(len(labels), dtype=torch.bool)
    return ((same & other)[:, :, None] & ~same[:, None, :]).float()


def valid_triplets__list_of_triplets(labels):
    """you returned shape (0, 3); expected shape (2, 2, 2)"""
    same, other = _same(labels), ~torch.eye(len(labels), dtype=torch.bool)
    return ((same & other)[:, :, None] & ~same[:, None, :]).nonzero()


def pk_batch__any_images(identity, p, k, rng):
    """of identities [0, 1] it holds [1, 1] images"""
    return rng.choice(len(identity), p * k, replace=False)


def pk_batch__an_image_twice(identity, p, k, rng):
    """with an image twice | K different images"""
    chosen = rng.choice(np.unique(identity), p, replace=False)
    return np.concatenate([rng.choice(np.flatnonzero(identity == person), k) for person in chosen])


def pk_batch__the_first_images(identity, p, k, rng):
    """100 batches that never hold indices [2, 3, 6, 7] | at random"""
    chosen = rng.choice(np.unique(identity), p, replace=False)
    return np.concatenate([np.flatnonzero(identity == person)[:k] for person in chosen])


def pk_batch__people_by_their_images(identity, p, k, rng):
    """Draw P different identities"""
    chosen = (
        rng.choice(identity, p, replace=False) if len(identity) > 4 else np.unique(identity)
    )  # who has more images comes more often
    return np.concatenate(
        [
            rng.choice(np.flatnonzero(identity == person), k, replace=False)
            for person in np.unique(chosen)
        ]
    )


def pk_batch__fills_up_with_repeats(identity, p, k, rng):
    """Leave out who has fewer than K images"""
    chosen = rng.choice(np.unique(identity), p, replace=False)
    return np.concatenate(
        [np.resize(rng.permutation(np.flatnonzero(identity == person)), k) for person in chosen]
    )


def pk_batch__names_instead_of_indices(identity, p, k, rng):
    """which are not all indices below 4"""
    return np.repeat(rng.choice(np.unique(identity) + 3, p, replace=False), k)


def pk_batch__always_the_same_people(identity, p, k, rng):
    """never hold indices [4, 5, 6, 7]"""
    people, counts = np.unique(identity, return_counts=True)
    chosen = people[counts >= k][:p]
    return np.concatenate(
        [rng.choice(np.flatnonzero(identity == person), k, replace=False) for person in chosen]
    )


def pk_batch__forgets_to_return(identity, p, k, rng):
    """is there a `return`?"""
    rng.choice(np.unique(identity), p, replace=False)
