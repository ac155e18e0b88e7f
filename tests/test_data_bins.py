"""Verification files (.bin) are read as both Pythons pack them, and nothing in them is run."""

import io
import os
import pickle
import struct

import numpy as np
import pytest
from PIL import Image

from lib.data.download import DataError
from tools.faces import bins


def encoded(colour: int, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (112, 112), (colour, 255 - colour, 7)).save(buffer, form)
    return buffer.getvalue()


IMAGES = [encoded(10 * n) for n in range(6)]
SAME = [True, False, True]


def python_2(images: list[bytes], same: list[bool]) -> bytes:
    """What Python 2's pickle.dump((images, same), file, 2) writes: str as BINSTRING."""
    out = (
        b"\x80\x02]("
        + b"".join(b"T" + struct.pack("<i", len(image)) + image for image in images)
        + b"e]("
        + b"".join(b"\x88" if y else b"\x89" for y in same)
    )
    return out + b"e\x86."


@pytest.mark.parametrize(
    "packed",
    [
        *(pickle.dumps((IMAGES, SAME), protocol) for protocol in (3, 4, 5)),
        python_2(IMAGES, SAME),
        pickle.dumps([IMAGES, SAME], 4),
    ],
)
def test_a_file_is_read_as_it_was_packed(tmp_path, packed):
    (tmp_path / "set.bin").write_bytes(packed)
    images, i, j, same = bins.read(tmp_path / "set.bin")
    assert images.shape == (6, 112, 112, 3) and images.dtype == np.uint8
    assert [image[0, 0].tolist() for image in images] == [
        [10 * n, 255 - 10 * n, 7] for n in range(6)
    ]
    assert (i.tolist(), j.tolist(), same.tolist()) == ([0, 2, 4], [1, 3, 5], SAME)


class Malicious:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "place",
    [
        lambda bad: (IMAGES, [*SAME[:2], bad]),
        lambda bad: ([*IMAGES[:5], bad], SAME),
        lambda bad: bad,
    ],
)
def test_a_malicious_pickle_is_refused_and_nothing_runs(tmp_path, protocol, place):
    target = str(tmp_path / "owned")
    packed = pickle.dumps(place(Malicious(target)), protocol)
    with pytest.raises(DataError, match="refused"):
        bins.unpickle(packed)
    assert not os.path.exists(target)
    pickle.loads(packed)
    assert os.path.isdir(target), "the same file, read by pickle itself, does run"


def test_the_second_lock_holds_without_the_first(monkeypatch, tmp_path):
    monkeypatch.setattr(bins.pickletools, "genops", lambda data: [])
    with pytest.raises(DataError, match="asks for"):
        bins.unpickle(pickle.dumps((IMAGES, [Malicious(str(tmp_path / "owned"))]), 4))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "content",
    [
        {"images": IMAGES},
        (IMAGES, [1, 0, 1]),
        ([*IMAGES[:5], "text"], SAME),
        (IMAGES, SAME, SAME),
        (IMAGES[:4], SAME),
        ([], []),
        (IMAGES, np.array(SAME)),
        b"bytes",
        ([*IMAGES[:5], IMAGES], SAME),
        (IMAGES, [*SAME[:2], None]),
    ],
)
def test_anything_but_bytes_lists_and_bools_is_refused_in_words(content):
    with pytest.raises(DataError):
        bins.unpickle(pickle.dumps(content, 4))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"not a pickle",
        pickle.dumps((IMAGES, SAME), 4)[:-900],
        b"\x80\x02]r\xff\xff\xff\x7f.",
        b"\x80\x05\x96" + b"\xff" * 7 + b"\x0f.",
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x0f.",
    ],
)
def test_a_damaged_file_is_refused_in_words(data):
    with pytest.raises(DataError):
        bins.unpickle(data)


def test_bytes_that_are_no_image_are_named(tmp_path):
    (tmp_path / "set.bin").write_bytes(pickle.dumps(([*IMAGES[:5], b"no image"], SAME), 4))
    with pytest.raises(DataError, match="image 5"):
        bins.read(tmp_path / "set.bin")
