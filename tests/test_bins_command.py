"""Verification files through the course's evaluation by one command, and published weights by one call."""

import hashlib
import io
import pickle
import re
import sys

import numpy as np
import pytest
from PIL import Image

from lib import models
from lib.data import load
from lib.data.download import DataError
from lib.evaluation import pair_scores
from tools.faces import bins_command as command


@pytest.fixture(scope="module")
def made_up_bin(tmp_path_factory):
    """A file as InsightFace packs it, of made-up people: 20 same pairs and 20 different ones."""
    faces = load("synthetic-faces", identities=20, images=2, size=112, seed=4)

    def packed(image: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        return buffer.getvalue()

    first, second = np.arange(0, 40, 2), np.arange(1, 40, 2)
    pairs = np.stack(
        [np.stack([first, second], 1), np.stack([first, np.roll(second, -2)], 1)], 1
    ).reshape(-1, 2)  # same, different, same...
    path = tmp_path_factory.mktemp("bins") / "made_up.bin"
    path.write_bytes(
        pickle.dumps(([packed(faces.images[k]) for k in pairs.ravel()], [True, False] * 20), 4)
    )
    return path, faces, pairs


def test_the_command_judges_a_file_as_its_pictures_are_judged(made_up_bin, monkeypatch, capsys):
    path, faces, pairs = made_up_bin
    monkeypatch.setattr(sys, "argv", ["bins", "--model", str(models.COURSE_MODEL), str(path)])
    command.main()
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
        command.main()


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
    from lib.data.download import digest

    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    paths = models.fetch_face_weights()
    assert [digest(path) for path in paths] == list(models.ncnn.FACE_WEIGHTS.values())
    assert models.count_parameters(models.load_ncnn(*paths)) == 1_003_136
