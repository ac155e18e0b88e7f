"""An ImageSet refuses what does not fit, splits without a shared identity, and joins in order."""

import numpy as np
import pytest

from lib.data import ImageSet
from lib.data.arrays import height_and_width, unit_rows


def images_of(identity: list[int], **extra) -> ImageSet:
    images = np.arange(len(identity) * 6, dtype=np.uint8).reshape(-1, 2, 3)
    names = tuple(f"image {n}" for n in range(len(identity)))
    return ImageSet(images, np.array(identity), np.ones(len(identity), bool), names, extra)


TEN = images_of([n // 3 for n in range(30)])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"images": np.zeros((2, 3, 3), np.float32)}, "uint8"),
        ({"images": np.zeros((2, 3, 3, 4), np.uint8)}, "uint8"),
        ({"images": np.zeros((0, 3, 3), np.uint8)}, "empty"),
        ({"identity": [1]}, "1 entries in identity"),
        ({"names": ("a",)}, "1 entries in names"),
        ({"extra": {"forger": np.zeros(3)}}, "3 entries in forger"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(change, message):
    fields = {"images": np.zeros((2, 3, 3), np.uint8), "identity": [0, 1], "genuine": [True] * 2}
    with pytest.raises(ValueError, match=message):
        ImageSet(**{**fields, "names": ("a", "b"), **change})


@pytest.mark.parametrize("test, count", [(0.3, 3), (0.01, 1), (0.99, 9), (4, 4), ([2, 7, 7], 2)])
def test_a_split_shares_no_identity_and_loses_no_image(test, count):
    train, held_out = TEN.split_by_identity(test, seed=1)
    assert len(held_out.identities) == count and len(train.identities) == 10 - count
    assert not set(train.identities) & set(held_out.identities)
    assert sorted(train.names + held_out.names) == sorted(TEN.names)
    for side in (train, held_out):
        for image, name in zip(side.images, side.names):
            assert np.array_equal(image, TEN.images[int(name.split()[1])])


@pytest.mark.parametrize("test", [0, 10, 11, -1, 0.0, 1.0, 1.5, [], range(10), [3, 99]])
def test_a_split_that_leaves_a_side_empty_or_names_a_stranger_is_refused(test):
    with pytest.raises(ValueError, match="test=|not in this set"):
        TEN.split_by_identity(test)


def test_a_single_identity_cannot_be_split():
    with pytest.raises(ValueError, match="one identity"):
        images_of([5, 5]).split_by_identity(0.5)


def test_joined_sets_keep_their_order_and_their_extra():
    first, second = images_of([4, 5], part=np.zeros(2)), images_of([4], part=np.ones(1))
    joined = ImageSet.concatenate([first, second])
    assert joined.identity.tolist() == [4, 5, 4] and joined.extra["part"].tolist() == [0, 0, 1]
    assert np.array_equal(joined[[2]].images, second.images) and len(joined[0]) == 1
    for other in (images_of([1]), ImageSet(np.zeros((1, 9, 9), np.uint8), [1], [True], ("a",))):
        with pytest.raises(ValueError, match="joined"):
            ImageSet.concatenate([first, other])


def test_unit_rows_have_length_one_and_zeros_stay():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert rows.tolist() == [[0.6, 0.8], [0.0, 0.0]]


@pytest.mark.parametrize("size", [0, 2.5, (3,), (4, 0), (4, 4, 3)])
def test_a_size_is_a_side_or_height_and_width(size):
    assert height_and_width(7) == (7, 7) and height_and_width((3, 5)) == (3, 5)
    with pytest.raises(ValueError, match="size"):
        height_and_width(size)
