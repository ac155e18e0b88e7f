"""Sets that are larger than memory should hold are mapped from a file, and work like any other."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lib.data import ImageSet, folder, load, mapped
from lib.data.download import DataError
from lib.losses import batch_hard_triplet_loss
from lib.models import EmbeddingNet, embed
from lib.training import fit


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, and a limit of memory that a few small pictures exceed."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped, "IN_MEMORY", 1000)
    return tmp_path / "cache"


@pytest.fixture
def people(tmp_path) -> Path:
    """Four people with three pictures each, the middle one of each no picture."""
    rng = np.random.default_rng(0)
    for person in ("ada", "bob", "eve", "joe"):
        (tmp_path / "people" / person).mkdir(parents=True)
        for number in (0, 2):
            pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "people" / person / f"{number}.png")
        (tmp_path / "people" / person / "1.png").write_text("no picture")
    return tmp_path / "people"


def in_memory(people: Path, monkeypatch, **options) -> ImageSet:
    with monkeypatch.context() as patch:
        patch.setattr(mapped, "IN_MEMORY", 10**9)
        with pytest.warns(UserWarning, match="left out"):
            return load("folder", path=people, **options)


def pixel_files(cache: Path) -> list[Path]:
    return sorted(cache.glob("folder-*"))


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("grey", [False, True])
def test_a_large_folder_is_mapped_and_equal_to_the_same_folder_in_memory(
    cache, people, monkeypatch, grey
):
    expected = in_memory(people, monkeypatch, size=(16, 12), grey=grey)
    assert not isinstance(expected.images, np.memmap) and not pixel_files(cache)
    for _ in range(2):  # written, then read back
        images = load("folder", path=people, size=(16, 12), grey=grey)
        assert isinstance(images.images, np.memmap)
        assert np.array_equal(images.images, expected.images)
        assert images.names == expected.names
        assert np.array_equal(images.identity, expected.identity)


@pytest.mark.filterwarnings("ignore:.*(left out|one picture only)")
def test_pictures_are_read_once_and_anew_when_one_of_them_changes(cache, people, monkeypatch):
    read = []
    monkeypatch.setattr(
        folder,
        "_picture",
        lambda file, *rest, real=folder._picture: read.append(file) or real(file, *rest),
    )
    first = load("folder", path=people, size=20)
    load("folder", path=people, size=20)
    assert len(read) == 12
    Image.new("RGB", (20, 20), "red").save(people / "bob" / "2.png")
    second = load("folder", path=people, size=20)
    assert len(read) == 24 and len(pixel_files(cache)) == 1, "the old file is gone"
    place = second.names.index("bob/2.png")
    assert (second.images[place] == (255, 0, 0)).all()
    assert not np.array_equal(first.images[place], second.images[place])
    load("folder", path=people, size=20, grey=True)
    assert len(pixel_files(cache)) == 2, "other options are another file"
    (people / "bob" / "2.png").unlink()
    assert len(load("folder", path=people, size=20)) == 7


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_file_that_is_cut_short_is_written_again(cache, people):
    whole = np.array(load("folder", path=people, size=20).images)
    (file,) = pixel_files(cache)
    content = file.read_bytes()
    for length in (0, 1, len(content) - 1, len(content) // 2):
        file.write_bytes(content[:length])
        assert np.array_equal(load("folder", path=people, size=20).images, whole)
    assert file.read_bytes() == content


def test_a_load_that_is_stopped_leaves_nothing_behind(cache, people, monkeypatch):
    def stop(file, *rest):
        if file.parent.name == "eve":
            raise KeyboardInterrupt
        return np.zeros((20, 20, 3), np.uint8)

    monkeypatch.setattr(folder, "_picture", stop)
    with pytest.raises(KeyboardInterrupt):
        load("folder", path=people, size=20)
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_said_before_the_first_picture_is_read(cache, people, monkeypatch):
    monkeypatch.setattr(folder, "_picture", lambda *_: pytest.fail("a picture was read"))
    full = type("Usage", (), {"free": 100})
    monkeypatch.setattr(mapped.shutil, "disk_usage", lambda _: full)
    with pytest.raises(DataError, match="disk is full"):
        load("folder", path=people, size=20)
    assert list(cache.iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_nobody_else_can_read_the_pixels_of_people(cache, people):
    load("folder", path=people, size=20)
    (file,) = pixel_files(cache)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.filterwarnings("ignore:.*left out")
def test_mapped_pixels_cannot_be_written_to(cache, people):
    images = load("folder", path=people, size=20)
    for part in (images, images.split_by_identity(0.5)[0]):
        with pytest.raises(ValueError, match="read-only"):
            part.images[:] = 0


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_person_without_a_readable_picture_is_named_in_a_mapped_folder_too(cache, people):
    for number in (0, 2):
        (people / "eve" / f"{number}.png").write_text("no picture")
    with pytest.raises(DataError, match="eve holds no picture.*eve/0.png"):
        load("folder", path=people, size=20)
    for file in people.rglob("*.png"):
        file.write_text("no picture")
    with pytest.raises(DataError, match="ada holds no picture"):
        load("folder", path=people, size=20)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_split_of_a_mapped_set_is_mapped_and_holds_the_same_images(cache, people, monkeypatch):
    expected = in_memory(people, monkeypatch, size=20).split_by_identity(0.5, seed=3)
    parts = load("folder", path=people, size=20).split_by_identity(0.5, seed=3)
    for part, other in zip(parts, expected):
        assert isinstance(part.images, np.memmap) and np.array_equal(part.images, other.images)
        assert part.names == other.names
    small = parts[0][:1]
    monkeypatch.setattr(mapped, "IN_MEMORY", 10**6)
    assert type(parts[0][:1].images) is np.ndarray, "what is small lies in memory"
    assert np.array_equal(small.images, parts[0].images[:1])
    assert len(list(cache.iterdir())) == 1, "a selection leaves no file"


def test_a_selection_is_copied_block_by_block_in_the_order_asked_for(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK", 3)
    pixels = np.random.default_rng(1).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    pixels.tofile(tmp_path / "pixels")
    source = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=pixels.shape)
    index = np.array([9, 0, 3, 3, 7, 1, 8, 2])
    assert np.array_equal(mapped.select(source, index), pixels[index])


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.filterwarnings("error:.*not writable")
def test_a_mapped_set_is_trained_on_and_embedded_as_one_in_memory(cache, people, monkeypatch):
    expected = in_memory(people, monkeypatch, size=32)
    images = load("folder", path=people, size=32)
    losses, vectors = [], []
    for each in (expected, images):
        torch.manual_seed(0)
        model = EmbeddingNet(embedding_size=8)
        loss = batch_hard_triplet_loss
        losses.append(fit(model, each, loss=loss, steps=2, batch=(3, 2)).loss)
        vectors.append(embed(model, each))
    assert losses[0] == losses[1] and torch.equal(*vectors)
