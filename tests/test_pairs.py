"""Pairs, triplets and batches compared with brute force, which lists them one by one."""

import itertools
import warnings
from collections import Counter

import numpy as np
import pytest
import torch

from lib.data import pairs
from lib.data.pairs import PKBatches

UNEVEN = [3, 3, 3, 8, 5, 5, 8, 8, 8, 1]  # not sorted, and identity 1 has a single image
FORGED = dict(identity=[0, 0, 0, 1, 1, 2, 2, 0, 0, 1], genuine=[True] * 7 + [False] * 3)
CASES = [
    dict(identity=UNEVEN),
    FORGED,
    dict(identity=[4, 4, 4], genuine=[True, True, False]),
    dict(identity=list("abca")),
    dict(
        identity=np.random.default_rng(0).integers(9, size=40),
        genuine=np.random.default_rng(1).random(40) < 0.7,
    ),
]
cases = pytest.mark.parametrize(
    "case", CASES, ids=["uneven", "forgeries", "one writer", "letters", "random"]
)


def brute_pairs(identity, genuine=None) -> list[tuple[int, int, bool]]:
    genuine = [True] * len(identity) if genuine is None else genuine
    found = []
    for i, j in itertools.combinations(range(len(identity)), 2):
        if genuine[i] and genuine[j]:
            found.append((i, j, identity[i] == identity[j]))
        elif (genuine[i] or genuine[j]) and identity[i] == identity[j]:
            found.append(
                (i, j, False)
            )  # a forgery meets only the hand it imitates, and is never the same
    return found


def brute_triplets(identity, genuine=None) -> list[tuple[int, int, int]]:
    genuine = [True] * len(identity) if genuine is None else genuine
    images, found = range(len(identity)), []
    for a, p, n in itertools.product(images, images, images):
        if a != p and identity[a] == identity[p] and genuine[a] and genuine[p]:
            if (genuine[n] and identity[n] != identity[a]) or (
                not genuine[n] and identity[n] == identity[a]
            ):
                found.append((a, p, n))
    return found


def as_tuples(columns) -> list[tuple]:
    return list(zip(*(column.tolist() for column in columns)))


@cases
def test_all_pairs_are_the_brute_force_list_in_its_order(case):
    assert as_tuples(pairs.all_pairs(**case)) == brute_pairs(**case)


@cases
def test_counted_pairs_are_the_listed_ones(case):
    listed = brute_pairs(**case)
    assert pairs.count_pairs(**case) == (
        sum(s for _, _, s in listed),
        sum(not s for _, _, s in listed),
    )


@cases
def test_sampling_as_many_as_there_are_gives_each_pair_and_triplet_once(case):
    count = pairs.count_pairs(**case)
    total = sum(count)
    drawn = as_tuples(
        pairs.sample_pairs(**case, count=total, seed=3, same_share=count.same / total)
    )
    assert sorted(drawn) == sorted(brute_pairs(**case))
    triplets = pairs.count_triplets(**case)
    assert sorted(as_tuples(pairs.sample_triplets(**case, count=triplets, seed=3))) == sorted(
        brute_triplets(**case)
    )


def test_pairs_of_p_identities_with_k_images_follow_the_formulas():
    for p, k in [(2, 2), (8, 4), (200, 20)]:
        identity = np.repeat(np.arange(p), k)
        assert pairs.count_pairs(identity) == (p * k * (k - 1) // 2, k * k * p * (p - 1) // 2)
        assert pairs.count_triplets(identity) == p * k * (k - 1) * (p - 1) * k
    assert (pairs.count_pairs(identity), pairs.count_triplets(identity)) == (
        (38_000, 7_960_000),
        302_480_000,
    )


@pytest.mark.parametrize("same_share, same", [(0.5, 10), (0.0, 0), (0.25, 5), (1.0, 20)])
def test_a_sample_is_balanced_distinct_repeatable_and_correct(same_share, same):
    identity = np.repeat(np.arange(6), 5)
    i, j, drawn_same = pairs.sample_pairs(identity, 20, seed=1, same_share=same_share)
    assert drawn_same.sum() == same and len(set(zip(i, j))) == 20 and (i < j).all()
    assert ((identity[i] == identity[j]) == drawn_same).all()
    repeated, other = (
        pairs.sample_pairs(identity, 20, seed=seed, same_share=same_share) for seed in (1, 2)
    )
    assert as_tuples(repeated) == as_tuples((i, j, drawn_same)) != as_tuples(other)


def test_a_sample_is_mixed_not_sorted_by_kind():
    _, _, same = pairs.sample_pairs(np.repeat(np.arange(20), 10), 200)
    assert 60 < (same[1:] != same[:-1]).sum() < 140


def test_every_pair_and_triplet_is_equally_likely():
    drawn = Counter()
    for seed in range(3000):
        drawn.update(as_tuples(pairs.sample_pairs(**FORGED, count=4, seed=seed)))
    for kind in (True, False):
        possible = [pair for pair in brute_pairs(**FORGED) if pair[2] == kind]
        expected = 6000 / len(possible)
        assert all(abs(drawn[pair] - expected) < 6 * expected**0.5 for pair in possible)
    triplets = Counter(
        itertools.chain.from_iterable(
            as_tuples(pairs.sample_triplets(**FORGED, count=5, seed=seed)) for seed in range(3000)
        )
    )
    possible = brute_triplets(**FORGED)
    expected = 15000 / len(possible)
    assert set(triplets) == set(possible) and all(
        abs(n - expected) < 6 * expected**0.5 for n in triplets.values()
    )


def test_tensors_and_lists_give_the_same_pairs_as_arrays():
    expected = as_tuples(pairs.all_pairs(np.array(UNEVEN)))
    assert (
        as_tuples(pairs.all_pairs(UNEVEN))
        == as_tuples(pairs.all_pairs(torch.tensor(UNEVEN)))
        == expected
    )


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: pairs.all_pairs([7, 7, 7]), "one identity only"),
        (lambda: pairs.sample_pairs([7, 7, 7], 1), "one identity only"),
        (lambda: pairs.sample_pairs([1, 2, 3], 2), "0 same pairs, not 1"),
        (lambda: pairs.sample_pairs([1, 1, 2], 10, same_share=0.1), "2 different pairs, not 9"),
        (lambda: pairs.sample_pairs([1, 1, 2], 2, same_share=50), "share"),
        (lambda: pairs.sample_triplets([1, 1, 2], 3), "2 triplets, not 3"),
        (
            lambda: pairs.sample_pairs([1, 1], 1, genuine=[False, False], same_share=1),
            "0 same pairs, not 1",
        ),
        (
            lambda: pairs.sample_pairs([1, 1], 1, genuine=[False, False], same_share=0),
            "0 different pairs, not 1",
        ),
        (lambda: pairs.all_pairs([]), "N >= 1"),
        (lambda: pairs.all_pairs([[1, 2]]), "N >= 1"),
        (lambda: pairs.all_pairs([1, 2], [True]), "genuine"),
        (
            lambda: PKBatches([1, 1, 2, 2], p=3, k=2, batches=1),
            "of 3 identities cannot be drawn from 2 with two images or more; lower p",
        ),
        (
            lambda: PKBatches([1, 1, 2, 2], p=3, k=1, batches=1),
            "of 3 identities cannot be drawn from 2 with an image or more; lower p",
        ),
        (lambda: PKBatches([1, 1, 2, 2], p=2, k=0, batches=1), "at least 1"),
    ],
)
def test_what_cannot_be_drawn_raises_an_error_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_identities_with_one_image_each_make_no_triplet():
    assert pairs.count_triplets([1, 2, 3]) == pairs.count_triplets([1, 1, 1]) == 0


def test_batches_hold_p_identities_with_k_different_images_each():
    identity = np.random.default_rng(0).permutation(np.repeat(np.arange(30), 7))
    sampler = PKBatches(identity, p=8, k=4, batches=50)
    batches = list(sampler)
    assert len(batches) == len(sampler) == 50
    for batch in batches:
        assert sorted(Counter(identity[batch].tolist()).values()) == [4] * 8
        assert len(set(batch)) == 32 and all(type(i) is int for i in batch)


def test_the_smallest_batch_is_one_image():
    assert sorted(PKBatches([1, 2], p=1, k=1, batches=1, seed=0)) in ([[0]], [[1]])


def test_an_epoch_shows_every_identity_and_image_equally_often():
    identity = np.repeat(np.arange(30), 7)
    drawn = Counter(
        itertools.chain.from_iterable(PKBatches(identity, p=8, k=4, batches=45))
    )  # 360 draws of 30 identities
    people = Counter(np.repeat(np.arange(30), 7)[list(drawn.elements())].tolist())
    assert set(people.values()) == {48} and set(drawn.values()) == {6, 7}


def test_batches_depend_on_seed_and_epoch_alone():
    identity = np.repeat(np.arange(10), 4)
    first, second = PKBatches(identity, 4, 2, 6, seed=5), PKBatches(identity, 4, 2, 6, seed=5)
    assert list(first) == list(first) == list(second)
    first.set_epoch(1)
    assert list(first) != list(second)
    second.set_epoch(1)
    assert list(first) == list(second) != list(PKBatches(identity, 4, 2, 6, seed=6))


def test_an_image_is_never_its_own_positive():
    identity = [0, 0, 1, 1, 2, 3]  # 2 and 3 have one image
    with pytest.warns(UserWarning, match="2 of 4 identities have one image") as seen:
        sampler = PKBatches(identity, p=2, k=2, batches=20)
    assert [one.filename for one in seen] == [__file__], (
        "the warning names the line that made the batches"
    )
    assert all(sorted(batch) == [0, 1, 2, 3] for batch in sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # with k = 1 there is no positive to miss
        assert {i for batch in PKBatches(identity, p=4, k=1, batches=20) for i in batch} == set(
            range(6)
        )


def test_a_small_identity_repeats_images_and_shows_all_of_them():
    for batch in PKBatches([0, 0, 1, 1, 1, 1, 1], p=2, k=5, batches=10):
        counts = Counter(batch)
        assert sorted((counts[0], counts[1])) == [2, 3] and all(counts[i] == 1 for i in range(2, 7))


def test_a_data_loader_takes_it_as_batch_sampler():
    data = torch.utils.data.TensorDataset(torch.arange(40), torch.arange(10).repeat_interleave(4))
    loader = torch.utils.data.DataLoader(
        data, batch_sampler=PKBatches(data.tensors[1], p=5, k=3, batches=4)
    )
    for _, labels in loader:
        assert sorted(Counter(labels.tolist()).values()) == [3] * 5


@pytest.mark.parametrize("share", [-0.1, 1.1, 50])
def test_a_share_outside_0_and_1_is_an_error(share):
    with pytest.raises(ValueError, match="same_share is a share in"):
        pairs.sample_pairs([0, 0, 1, 1], 2, same_share=share)
