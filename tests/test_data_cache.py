"""A stored set comes back whole or is made anew."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lib.data import ImageSet, cache
from lib.data.files import atomic_file, is_foreign, only_one, write_atomically

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


# --- several writers, and killed ones


def test_a_second_maker_waits_and_takes_what_the_first_one_made(here):
    """Two threads ask at once, as two notebooks do; the set is made once."""
    together = threading.Barrier(2)

    def slow() -> ImageSet:
        time.sleep(0.2)
        return make()

    def ask(_) -> ImageSet:
        together.wait()
        return cache.cached("toy", {}, [__file__], slow)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, range(2))
    assert COUNT[0] == 1 and same(first, second)
    assert len(list(here.iterdir())) == 1, "no lock is left"


def test_what_a_killed_writer_left_is_deleted_and_a_living_one_s_file_is_not(here):
    dead = here / ".a.bin.0123abcd.part"
    dead.write_bytes(b"half")
    other = here / ".b.bin.0123abcd.part"
    other.write_bytes(b"of another file")
    with atomic_file(here / "a.bin") as first:
        first.write(b"first")
        assert not dead.exists()
        write_atomically(here / "a.bin", b"second")  # meanwhile
        assert (here / "a.bin").read_bytes() == b"second"
    assert (here / "a.bin").read_bytes() == b"first", "the last one to end wins"
    assert sorted(path.name for path in here.iterdir()) == [other.name, "a.bin"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(here):
    (here / "real").write_bytes(b"old")
    (here / "link").symlink_to(here / "real")
    write_atomically(here / "link", b"new")
    assert (here / "link").is_symlink() and (here / "real").read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="no named pipes")
def test_a_pipe_or_a_device_is_not_replaced_by_a_file(here):
    os.mkfifo(here / "pipe")
    with pytest.raises(FileExistsError, match="not to be replaced"):
        write_atomically(here / "pipe", b"model")
    assert (here / "pipe").is_fifo() and len(list(here.iterdir())) == 1


def test_a_lock_that_a_killed_process_left_stops_nobody(here):
    (here / ".toy.lock").write_bytes(b"")
    with only_one(here / "toy"):
        assert (here / ".toy.lock").exists()
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "path, foreign",
    [
        (".DS_Store", True),
        ("ada/._1.jpg", True),
        ("__MACOSX/ada/1.jpg", True),
        ("ada/.thumbnails/1.jpg", True),
        ("ada/Thumbs.db", True),
        ("ada/@eaDir/1.jpg", True),
        ("ada/1.jpg", False),
        ("ada.b/1 2.jpg", False),
    ],
)
def test_hidden_and_foreign_files_are_known_by_any_part_of_their_path(path, foreign):
    assert is_foreign(path) is foreign


def test_a_kept_set_that_numpy_cannot_make_sense_of_is_rendered_again(here, monkeypatch):
    def read(path):
        raise AttributeError("'bytes' object has no attribute 'tolist'")  # seen by fuzzing

    images = np.zeros((2, 4, 4), np.uint8)
    made = ImageSet(images, np.arange(2), np.ones(2, bool), ("a", "b"))
    monkeypatch.setattr(cache, "read", read)
    assert cache.cached("odd", {}, [], lambda: made) is made
