"""Verification files (.bin): read as they were packed, never run, and judged by one command."""

import hashlib
import io
import os
import pickle
import re
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from lib import models
from lib.data import load
from lib.data.download import DataError, digest
from lib.evaluation import pair_scores
from tools.faces import bins


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


IMAGES = [png(Image.new("RGB", (112, 112), (10 * n, 255 - 10 * n, 7))) for n in range(6)]
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


def test_nothing_is_imported_even_where_no_instruction_was_looked_at(monkeypatch, tmp_path):
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
        b"\x80\x04\x95b" + b"\x00" * 6 + b"\x80].",  # a frame of more bytes than can be counted
    ],
)
def test_a_damaged_file_is_refused_in_words(data):
    with pytest.raises(DataError):
        bins.unpickle(data)


def test_bytes_that_are_no_image_are_named(tmp_path):
    (tmp_path / "set.bin").write_bytes(pickle.dumps(([*IMAGES[:5], b"no image"], SAME), 4))
    with pytest.raises(DataError, match="image 5"):
        bins.read(tmp_path / "set.bin")


# -- the command, and the published weights --------------------------------------------------------


@pytest.fixture(scope="module")
def synthetic_file(tmp_path_factory):
    """A file as InsightFace packs it, of synthetic people: 20 same pairs and 20 different ones."""
    faces = load("synthetic-faces", identities=20, images=2, size=112, seed=4)

    first, second = np.arange(0, 40, 2), np.arange(1, 40, 2)
    pairs = np.stack(
        [np.stack([first, second], 1), np.stack([first, np.roll(second, -2)], 1)], 1
    ).reshape(-1, 2)  # same, different, same...
    path = tmp_path_factory.mktemp("bins") / "synthetic.bin"
    path.write_bytes(
        pickle.dumps(
            ([png(Image.fromarray(faces.images[k])) for k in pairs.ravel()], [True, False] * 20), 4
        )
    )
    return path, faces, pairs


def test_the_command_judges_a_file_as_ten_folds_by_hand_do(synthetic_file, monkeypatch, capsys):
    path, faces, pairs = synthetic_file
    monkeypatch.setattr(sys, "argv", ["bins", "--model", str(models.COURSE_MODEL), str(path)])
    bins.main()
    head, one_look, mirrored = capsys.readouterr().out.splitlines()
    assert head.startswith(f"{path}: 40 pairs") and mirrored.startswith("  mirrored too")
    scores = pair_scores(models.embed(models.course_model(), faces), *pairs.T)
    same, right = np.tile([True, False], 20), []
    for fold in range(10):  # four pairs each, in file order
        test = np.arange(40) // 4 == fold
        best = max(
            np.sort(scores[~test])[::-1], key=lambda t: np.mean((scores[~test] >= t) == same[~test])
        )
        below = scores[~test][scores[~test] < best].max(initial=-1)
        right.append(np.mean((scores[test] >= (best + below) / 2) == same[test]))
    assert (
        f"accuracy {np.mean(right):.2%} ± {np.std(right):.2%}" in one_look
        and "too few different pairs" in one_look
    )


def test_a_file_that_would_run_code_ends_the_command_in_words(tmp_path, monkeypatch):
    (tmp_path / "bad.bin").write_bytes(pickle.dumps(([print], [True]), 4))
    monkeypatch.setattr(
        sys, "argv", ["bins", "--model", str(models.COURSE_MODEL), str(tmp_path / "bad.bin")]
    )
    with pytest.raises(SystemExit, match="bad.bin: .*refused"):
        bins.main()


def test_published_weights_come_by_one_call_that_shows_their_terms(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    assert re.search(r"/[0-9a-f]{40}/", models.ncnn.FACE_WEIGHTS_AT), "the address names a commit"
    published = tmp_path / "published"
    published.mkdir()
    for end in models.ncnn.FACE_WEIGHTS:
        (published / f"mobilefacenet.{end}").write_bytes(end.encode())
    monkeypatch.setattr(models.ncnn, "FACE_WEIGHTS_AT", published.as_uri() + "/")
    with pytest.raises(DataError, match="not the file its publisher describes"):
        models.fetch_face_weights()
    assert "non-commercial research only" in capsys.readouterr().out
    monkeypatch.setattr(
        models.ncnn,
        "FACE_WEIGHTS",
        {end: hashlib.sha256(end.encode()).hexdigest() for end in models.ncnn.FACE_WEIGHTS},
    )
    assert [path.read_bytes() for path in models.fetch_face_weights()] == [b"param", b"bin"]


def test_the_pinned_checksums_are_those_of_the_files_that_the_figures_were_measured_with(
    real_data, tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    paths = models.fetch_face_weights()
    assert [digest(path) for path in paths] == list(models.ncnn.FACE_WEIGHTS.values())
    assert models.count_parameters(models.load_ncnn(*paths)) == 1_003_136
