"""Pairs, triplets and balanced batches from labels alone: which images to compare, and how many ways there are.

`identity` (N,) is a list, array or tensor of labels. `genuine` (N,) is optional, False for a skilled forgery of that identity:
it makes a *different* pair with each genuine image of the identity it imitates, and no other pair.

An identity with one image has nobody to be the same as: it serves as a stranger to the others, in pairs and as a negative.
"""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_array


class PairCount(NamedTuple):
    same: int
    different: int


def all_pairs(identity, genuine=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of images once, in reading order.

    returns (i, j, same): int (M,), int (M,), bool (M,), with i < j
    raises  ValueError where there is only one identity and no forgery, so that no pair differs
    """
    identity, genuine = _labels(identity, genuine)
    _two_sides(identity, genuine)
    i, j = np.triu_indices(len(identity), k=1)
    both_genuine, one_identity = genuine[i] & genuine[j], identity[i] == identity[j]
    keep = both_genuine | (one_identity & (genuine[i] | genuine[j]))
    return i[keep], j[keep], (both_genuine & one_identity)[keep]


def sample_pairs(
    identity, count: int, seed: int = 0, genuine=None, same_share: float = 0.5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` distinct pairs in random order, each pair of a kind equally likely.

    same_share  share of same pairs; half, though in nature nearly all pairs differ
    returns     (i, j, same): int (count,), int (count,), bool (count,)
    raises      ValueError where there are fewer pairs of a kind than asked for
    """
    identity, genuine = _labels(identity, genuine)
    _two_sides(identity, genuine)
    if not 0 <= same_share <= 1:
        raise ValueError(f"same_share is a share in [0, 1], not {same_share}")
    rng = np.random.default_rng(seed)
    asked = (round(count * same_share), count - round(count * same_share))
    found = [
        _draw(rows, n, rng, kind)
        for rows, n, kind in zip(_rows(identity, genuine), asked, ("same", "different"))
    ]
    i, j = (np.concatenate(side) for side in zip(*found))
    order = rng.permutation(count)
    return i[order], j[order], (np.arange(count) < asked[0])[order]


def count_pairs(identity, genuine=None) -> PairCount:
    """How many pairs there are of each kind, without listing them."""
    return PairCount(
        *(int((last - first).sum()) for _, _, first, last in _rows(*_labels(identity, genuine)))
    )


def all_triplets(identity, genuine=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every (anchor, positive, negative): two genuine images of one identity, and one of another or a forgery of theirs.

    returns (a, p, n), each int (T,); (a, p) and (p, a) are two triplets. Their number grows with the cube of the images:
            ask `count_triplets` first
    """
    blocks = _blocks(*_labels(identity, genuine))
    return _triplets(blocks, np.arange(sum(block.count for block in blocks)))


def sample_triplets(
    identity, count: int, seed: int = 0, genuine=None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` distinct triplets, each equally likely: (a, p, n), each int (count,). ValueError where there are fewer."""
    blocks = _blocks(*_labels(identity, genuine))
    total = sum(block.count for block in blocks)
    if count > total:
        raise ValueError(f"there are {total} triplets, not {count}")
    return _triplets(blocks, np.random.default_rng(seed).choice(total, count, replace=False))


def count_triplets(identity, genuine=None) -> int:
    """How many triplets there are, without listing them."""
    return sum(block.count for block in _blocks(*_labels(identity, genuine)))


class PKBatches:
    """Balanced batches: P identities, K images of each; a batch sampler for `DataLoader(..., batch_sampler=PKBatches(...))`.

    Within an epoch every identity is drawn equally often, give or take one, and so is every image of an identity.
    Batches depend on (seed, epoch) alone; call `set_epoch` before each epoch, or every epoch is the same.

    identity  (N,)
    p, k      identities a batch, images an identity; an identity with fewer than k images repeats some,
              one with a single image is left out (k > 1), with a warning: an image must not be its own positive
    batches   batches an epoch
    raises    ValueError where fewer than p identities are left
    """

    def __init__(self, identity, p: int, k: int, batches: int, seed: int = 0):
        identity, _ = _labels(identity, None)
        if min(p, k, batches) < 1:
            raise ValueError(f"p, k and batches are 1 or more, not {p}, {k}, {batches}")
        groups = [np.flatnonzero(identity == person) for person in np.unique(identity)]
        self.groups = [group for group in groups if len(group) > 1 or k == 1]
        if left_out := len(groups) - len(self.groups):
            warnings.warn(
                f"{left_out} of {len(groups)} identities have one image and stay out of the batches: no positive can be drawn",
                stacklevel=2,
            )
        if len(self.groups) < p:
            raise ValueError(
                f"batches of {p} identities cannot be drawn from {len(self.groups)} with {'two images' if k > 1 else 'an image'} or more; lower p"
            )
        self.p, self.k, self.batches, self.seed, self.epoch = p, k, batches, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        drawn = np.zeros(
            len(self.groups), dtype=int
        )  # how often each identity was drawn in this epoch
        shown = [np.zeros(len(group), dtype=int) for group in self.groups]  # and each of its images
        for _ in range(self.batches):
            batch = []
            for g in _least_used(drawn, rng)[: self.p]:
                drawn[g] += 1
                images = np.resize(
                    _least_used(shown[g], rng), self.k
                )  # starts over where there are fewer than k
                np.add.at(shown[g], images, 1)
                batch += self.groups[g][images].tolist()
            yield batch


def _least_used(used: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions by how often they were used, equals in random order."""
    return np.lexsort((rng.random(len(used)), used))


def _labels(identity, genuine) -> tuple[np.ndarray, np.ndarray]:
    identity = as_array(identity)
    genuine = (
        np.ones(len(identity), dtype=bool) if genuine is None else as_array(genuine).astype(bool)
    )
    if identity.ndim != 1 or genuine.shape != identity.shape or len(identity) == 0:
        raise ValueError(
            f"identity must be (N,), N >= 1, and genuine the same, not {identity.shape} and {genuine.shape}"
        )
    return identity, genuine


def _two_sides(identity: np.ndarray, genuine: np.ndarray) -> None:
    if len(np.unique(identity)) == 1 and genuine.all():
        raise ValueError(
            "one identity only: every pair would be the same person. Add images of at least one other"
        )


def _by_person(
    identity: np.ndarray, genuine: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Genuine images sorted by identity, and where each identity begins and ends there: (order, people, start, end)."""
    order = np.flatnonzero(genuine)
    order = order[np.argsort(identity[order], kind="stable")]
    people = np.unique(identity)
    start, end = (np.searchsorted(identity[order], people, side) for side in ("left", "right"))
    return order, people, start, end


def _rows(
    identity: np.ndarray, genuine: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """All pairs without listing them: rows (order, image, first, last), where `image` pairs with order[first:last].

    Sorted by identity, an image's partners are one run: the rest of its own identity for same pairs, all that come after
    that for different ones; a forgery's partners are the genuine images of whom it imitates. Returns [same, different].
    """
    order, people, start, end = _by_person(identity, genuine)
    person = np.searchsorted(people, identity)
    own_end = end[person[order]]
    forged = np.flatnonzero(~genuine)
    same = (order, order, np.arange(len(order)) + 1, own_end)
    different = (
        order,
        np.concatenate([order, forged]),
        np.concatenate([own_end, start[person[forged]]]),
        np.concatenate([np.full(len(order), len(order)), end[person[forged]]]),
    )
    return [same, different]


def _draw(
    rows: tuple, count: int, rng: np.random.Generator, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """`count` distinct pairs of those rows: number all pairs row by row, draw numbers, look them up."""
    order, image, first, last = rows
    ends = np.cumsum(last - first)
    if count > (total := int(ends[-1]) if len(ends) else 0):
        raise ValueError(
            f"there are {total} {kind} pairs, not {count}; ask for fewer, or set same_share"
        )
    number = rng.choice(total, count, replace=False) if count else np.zeros(0, dtype=int)
    row = np.searchsorted(ends, number, side="right")
    partner = order[last[row] - (ends[row] - number)]
    return np.minimum(image[row], partner), np.maximum(image[row], partner)


class _Block(NamedTuple):
    """The triplets of one identity: every two of `own`, in both orders, with every one of `others`."""

    own: np.ndarray
    others: np.ndarray

    @property
    def count(self) -> int:
        return len(self.own) * (len(self.own) - 1) * len(self.others)


def _blocks(identity: np.ndarray, genuine: np.ndarray) -> list[_Block]:
    return [
        _Block(
            np.flatnonzero(genuine & (identity == person)),
            np.flatnonzero(genuine ^ (identity == person)),
        )
        for person in np.unique(identity)
    ]  # genuine of others, or forged of this one


def _triplets(
    blocks: list[_Block], number: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triplets with these numbers, counted block by block."""
    ends = np.cumsum([block.count for block in blocks])
    triplets = np.empty((3, len(number)), dtype=np.int64)
    which = np.searchsorted(ends, number, side="right")
    for b in np.unique(which):
        own, others = blocks[b]
        mine = np.flatnonzero(which == b)
        pair, n = np.divmod(number[mine] - (ends[b] - blocks[b].count), len(others))
        a, p = np.divmod(pair, len(own) - 1)
        triplets[:, mine] = own[a], own[p + (p >= a)], others[n]  # p skips the anchor
    return tuple(triplets)
