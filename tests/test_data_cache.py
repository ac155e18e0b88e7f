"""A stored set comes back whole or is made anew."""

import numpy as np
import pytest

from lib.data import ImageSet, cache

COUNT = [0]


def make() -> ImageSet:
    COUNT[0] += 1
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (6, 5, 4), dtype=np.uint8)
    return ImageSet(
        images, np.arange(6), np.ones(6, bool), tuple("abcdef"), {"forger": np.arange(6) - 1}
    )


def same(a: ImageSet, b: ImageSet) -> bool:
    return (
        np.array_equal(a.images, b.images)
        and np.array_equal(a.identity, b.identity)
        and np.array_equal(a.genuine, b.genuine)
        and a.names == b.names
        and a.extra.keys() == b.extra.keys()
        and all(np.array_equal(a.extra[k], b.extra[k]) for k in a.extra)
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    COUNT[0] = 0
    return tmp_path


def test_a_set_is_made_once_and_read_back_equal(here):
    first, second = (cache.cached("toy", {"seed": 0}, [__file__], make) for _ in range(2))
    assert COUNT[0] == 1 and same(first, second)
    assert len(list(here.iterdir())) == 1  # and no temporary file is left


def test_other_options_or_other_code_make_another_file(here):
    code = here / "code.py"
    code.write_text("a = 1")
    cache.cached("toy", {"seed": 0}, [str(code)], make)
    cache.cached("toy", {"seed": 1}, [str(code)], make)
    assert COUNT[0] == 2
    code.write_text("a = 2")
    cache.cached("toy", {"seed": 0}, [str(code)], make)
    assert COUNT[0] == 3 and len(list(here.glob("toy-*.npz"))) == 3


def test_a_damaged_file_is_found_wherever_the_damage_is_and_made_again(here):
    whole = cache.cached("toy", {}, [__file__], make)
    (path,) = here.iterdir()
    good = path.read_bytes()
    for at in range(0, len(good), 37):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        assert same(cache.cached("toy", {}, [__file__], make), whole), f"byte {at}"
    for length in (0, 1, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        made = COUNT[0]
        assert same(cache.cached("toy", {}, [__file__], make), whole) and COUNT[0] == made + 1


def test_a_write_that_fails_leaves_nothing_behind(here, monkeypatch):
    def full_disk(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError):
        cache.cached("toy", {}, [__file__], make)
    assert list(here.iterdir()) == []


def test_no_pickle_is_written_or_read(here):
    path = here / "toy.npz"
    np.savez_compressed(path, images=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError):
        cache.read(path)
