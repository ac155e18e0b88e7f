"""Pairs, triplets and balanced batches from labels alone, and how many of them there are.

`identity` (N,) is a list, array or tensor of whole numbers or text. `genuine` (N,) is optional,
False for a skilled forgery of that identity: it makes a *different* pair with each genuine image of
the identity it imitates, and no other pair.

An identity with one image has no same pair. In different pairs, and as a negative, it takes part.
"""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lib.data.arrays import check_flags, check_labels, whole_numbers

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


class PairCount(NamedTuple):
    same: int
    different: int


def all_pairs(identity, genuine=None) -> Arrays:
    """Every pair of images once, in reading order.

    returns (i, j, same): int (M,), int (M,), bool (M,), with i < j
    raises  ValueError where there is only one identity and no forgery, so that no pair differs
    """
    identity, genuine = _labels(identity, genuine, pairs_must_differ=True)
    i, j = np.triu_indices(len(identity), k=1)
    both_genuine, one_identity = genuine[i] & genuine[j], identity[i] == identity[j]
    keep = both_genuine | (one_identity & (genuine[i] | genuine[j]))
    return i[keep], j[keep], (both_genuine & one_identity)[keep]


def sample_pairs(
    identity, count: int, seed: int = 0, genuine=None, same_share: float = 0.5
) -> Arrays:
    """`count` distinct pairs (i, j, same) in random order, each pair of a kind equally likely.

    same_share  share of same pairs; half, although nearly all pairs of a data set differ
    raises      ValueError where there are fewer pairs of a kind than `count` needs
    """
    identity, genuine = _labels(identity, genuine, pairs_must_differ=True)
    whole_numbers(count=(count, 0), seed=(seed, 0))
    if not 0 <= same_share <= 1:
        raise ValueError(f"same_share is a share in [0, 1], not {same_share}")
    rng = np.random.default_rng(seed)
    same_runs, different_runs = _runs(identity, genuine)
    same_count = round(count * same_share)
    same_i, same_j = _draw(same_runs, same_count, rng, "same")
    different_i, different_j = _draw(different_runs, count - same_count, rng, "different")
    i, j = np.concatenate([same_i, different_i]), np.concatenate([same_j, different_j])
    order = rng.permutation(count)
    return i[order], j[order], (np.arange(count) < same_count)[order]


def count_pairs(identity, genuine=None) -> PairCount:
    """How many pairs there are of each kind, without listing them."""
    same, different = _runs(*_labels(identity, genuine))
    return PairCount(int(same.lengths.sum()), int(different.lengths.sum()))


def sample_triplets(identity, count: int, seed: int = 0, genuine=None) -> Arrays:
    """`count` distinct triplets, each equally likely.

    returns (a, p, n), int (count,) each: two genuine images of one identity, in either order, and a
            genuine image of another identity or a forgery of theirs
    raises  ValueError where there are fewer
    """
    blocks, sizes = _triplet_blocks(*_labels(identity, genuine))
    whole_numbers(count=(count, 0), seed=(seed, 0))
    ends = np.cumsum(sizes)
    if count > ends[-1]:
        raise ValueError(f"there are {ends[-1]} triplets, not {count}")
    # Number all triplets block by block, draw numbers, look them up.
    number = np.random.default_rng(seed).choice(int(ends[-1]), count, replace=False)
    a, p, n = np.empty((3, count), dtype=np.int64)
    which = np.searchsorted(ends, number, side="right")
    for b in np.unique(which):
        own, others = blocks[b]
        mine = np.flatnonzero(which == b)
        pair, negative = np.divmod(number[mine] - (ends[b] - sizes[b]), len(others))
        anchor, positive = np.divmod(pair, len(own) - 1)
        a[mine], n[mine] = own[anchor], others[negative]
        p[mine] = own[positive + (positive >= anchor)]  # the positive is not the anchor itself
    return a, p, n


def count_triplets(identity, genuine=None) -> int:
    """How many triplets there are, without listing them."""
    _, sizes = _triplet_blocks(*_labels(identity, genuine))
    return int(sizes.sum())


class PKBatches:
    """Balanced batches of P identities with K images each, a batch sampler of torch's DataLoader.

    Within an epoch every identity is drawn equally often, give or take one, and so is every image
    of an identity. Batches depend on (seed, epoch) alone; `set_epoch` goes before each epoch.

    p, k     identities a batch, images an identity; an identity with fewer than k images repeats
             some; one with a single image is left out (k > 1), with a warning, because an image
             must not be its own positive
    batches  batches an epoch
    raises   ValueError where fewer than p identities are left
    """

    def __init__(self, identity, p: int, k: int, batches: int, seed: int = 0):
        identity, _ = _labels(identity)
        whole_numbers(p=(p, 1), k=(k, 1), batches=(batches, 1), seed=(seed, 0))
        order = np.argsort(identity, kind="stable")  # a comparison a person would be N x C
        groups = np.split(order, np.flatnonzero(np.diff(identity[order])) + 1)
        self.groups = [group for group in groups if len(group) > 1 or k == 1]
        if left_out := len(groups) - len(self.groups):
            alone = f"{left_out} of {len(groups)} identities have one image"
            warnings.warn(f"{alone}, so no positive, and stay out of the batches", stacklevel=2)
        if len(self.groups) < p:
            there = f"{len(self.groups)} with {'two images' if k > 1 else 'an image'} or more"
            raise ValueError(f"batches of {p} identities cannot be drawn from {there}; lower p")
        self.p, self.k, self.batches, self.seed, self.epoch = p, k, batches, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        # How often each identity, and each of its images, was drawn in this epoch.
        drawn = np.zeros(len(self.groups), dtype=int)
        shown = [np.zeros(len(group), dtype=int) for group in self.groups]
        for _ in range(self.batches):
            batch: list[int] = []
            for g in _least_used(drawn, rng)[: self.p]:
                drawn[g] += 1
                # np.resize starts over where there are fewer than k images
                images = np.resize(_least_used(shown[g], rng), self.k)
                np.add.at(shown[g], images, 1)
                batch += self.groups[g][images].tolist()
            yield batch


def _least_used(used: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions by how often they were used, equals in random order."""
    return np.lexsort((rng.random(len(used)), used))


def _labels(
    identity, genuine=None, pairs_must_differ: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    identity = check_labels(identity, text=True)
    count = len(identity)
    genuine = np.ones(count, bool) if genuine is None else check_flags(genuine, count, "genuine")
    if pairs_must_differ and len(np.unique(identity)) == 1 and genuine.all():
        raise ValueError("one identity only: every pair would be same. Add images of another")
    return identity, genuine


class _Runs(NamedTuple):
    """All pairs of one kind without listing them: `image[r]` and `order[first[r]:last[r]]`."""

    order: np.ndarray
    image: np.ndarray
    last: np.ndarray
    lengths: np.ndarray  # last - first


def _runs(identity: np.ndarray, genuine: np.ndarray) -> tuple[_Runs, _Runs]:
    """(same, different) pairs.

    With genuine images sorted by identity, an image's partners are one run: the rest of its own
    identity in same pairs, all images after that in different ones. A forgery's partners are the
    genuine images of the identity it imitates.
    """
    order = np.flatnonzero(genuine)
    order = order[np.argsort(identity[order], kind="stable")]
    start, end = (np.searchsorted(identity[order], identity, side) for side in ("left", "right"))
    forged = np.flatnonzero(~genuine)
    first = np.concatenate([end[order], start[forged]])
    last = np.concatenate([np.full(len(order), len(order)), end[forged]])
    same = _Runs(order, order, end[order], end[order] - np.arange(len(order)) - 1)
    return same, _Runs(order, np.concatenate([order, forged]), last, last - first)


def _draw(
    runs: _Runs, count: int, rng: np.random.Generator, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """`count` distinct pairs: number all pairs run by run, draw numbers, look them up."""
    ends = np.cumsum(runs.lengths)
    if count > (total := int(ends[-1]) if len(ends) else 0):
        raise ValueError(f"there are {total} {kind} pairs, not {count}; or set same_share")
    number = rng.choice(total, count, replace=False) if count else np.zeros(0, dtype=int)
    row = np.searchsorted(ends, number, side="right")
    image, partner = runs.image[row], runs.order[runs.last[row] - (ends[row] - number)]
    return np.minimum(image, partner), np.maximum(image, partner)


def _triplet_blocks(
    identity: np.ndarray, genuine: np.ndarray
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """For each identity (anchors and positives, negatives), and how many triplets they make."""
    blocks = []
    for person in np.unique(identity):
        own = identity == person
        blocks.append((np.flatnonzero(genuine & own), np.flatnonzero(genuine ^ own)))
    return blocks, np.array([len(own) * (len(own) - 1) * len(others) for own, others in blocks])
