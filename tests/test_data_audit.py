"""The audit finds what it should: compared with plain loops, and with cheats planted on purpose."""

import numpy as np
import pytest

from lib.data import ImageSet, audit


def made(images: np.ndarray, **facts) -> ImageSet:
    n = len(images)
    return ImageSet(
        images,
        facts.get("identity", np.arange(n)),
        facts.get("genuine", np.ones(n, bool)),
        tuple(map(str, range(n))),
        facts.get("extra", {}),
    )


@pytest.mark.parametrize("seed", range(5))
def test_balanced_accuracy_is_the_best_of_all_thresholds_either_way(seed):
    rng = np.random.default_rng(seed)
    number, label = rng.integers(0, 6, 30).astype(float), rng.random(30) < 0.3
    label[:2] = True, False
    best = 0.0
    for t in [*np.unique(number), 99]:
        for called in (number >= t, number < t):
            best = max(best, (called[label].mean() + (~called)[~label].mean()) / 2)
    accuracy, threshold = audit.balanced_accuracy(number, label)
    called = number >= threshold
    reached = (called[label].mean() + (~called)[~label].mean()) / 2
    assert accuracy == pytest.approx(best, abs=1e-12) and max(
        reached, 1 - reached
    ) == pytest.approx(best, abs=1e-12)


def test_balanced_accuracy_at_its_ends():
    assert audit.balanced_accuracy([1, 2, 3, 4], [False, False, True, True]) == (1.0, 2.5)
    assert audit.balanced_accuracy([7, 7, 7], [True, False, True])[0] == 0.5
    with pytest.raises(ValueError, match="both labels"):
        audit.balanced_accuracy([1, 2], [True, True])


def test_a_grey_level_of_paper_or_ink_is_found_and_equal_images_tell_nothing():
    rng = np.random.default_rng(0)
    images = np.full((40, 20, 20), 250, np.uint8)
    forged = np.arange(40) % 2 == 1
    for image in images:
        image[tuple(rng.integers(0, 20, (2, 60)))] = 60
    equal = audit.single_numbers(made(images))
    assert (
        audit.balanced_accuracy(equal["paper"], forged)[0]
        == 0.5
        == audit.balanced_accuracy(equal["ink"], forged)[0]
    )
    paper, ink = images.copy(), images.copy()
    paper[forged] = np.where(paper[forged] == 250, 249, 60)  # one grey level, which nobody sees
    ink[forged] = np.where(ink[forged] == 60, 55, 250)
    assert audit.balanced_accuracy(audit.single_numbers(made(paper))["paper"], forged)[0] == 1.0
    assert audit.balanced_accuracy(audit.single_numbers(made(ink))["ink"], forged)[0] == 1.0
    colour = np.repeat(images[..., None], 3, axis=3)
    colour[forged, ..., 2] -= 3
    assert audit.balanced_accuracy(audit.single_numbers(made(colour))["colour"], forged)[0] == 1.0


def test_duplicates_are_found_byte_for_byte():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4)).astype(np.uint8)
    images[4], images[5] = images[1], images[1]
    assert audit.duplicates(made(images)) == [(1, 4), (1, 5)]
    images[4, 0, 0] ^= 1
    assert audit.duplicates(made(images)) == [(1, 5)]


def test_a_forger_on_both_sides_is_named():
    images = np.zeros((6, 2, 2), np.uint8)
    whole = made(
        images,
        identity=[0, 0, 1, 1, 2, 2],
        genuine=[True, False] * 3,
        extra={"forger": np.array([-1, 7, -1, 7, -1, 9])},
    )
    assert (
        audit.shared_forgers(whole.of([0, 2]), whole.of([1])).tolist() == [7]
        and len(audit.shared_forgers(whole.of([0]), whole.of([2]))) == 0
    )


def test_the_nearest_image_is_the_one_a_loop_finds():
    rng = np.random.default_rng(0)
    gallery, probes = (
        rng.integers(0, 256, (9, 5, 6, 3)).astype(np.uint8),
        rng.integers(0, 256, (7, 5, 6, 3)).astype(np.uint8),
    )
    expected = [
        max(range(9), key=lambda m: np.corrcoef(gallery[m].ravel(), probe.ravel())[0, 1])
        for probe in probes
    ]
    assert audit.nearest(gallery, probes).tolist() == expected
    assert audit.nearest(gallery, np.full((1, 5, 6, 3), 9, np.uint8)).shape == (1,), (
        "a blank image does not divide by zero"
    )
