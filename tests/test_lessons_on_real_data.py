"""Lessons on photographs of real people: they run through a mirror, and store no photograph."""

import base64
import io
import re
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from test_lessons import run_cells

from lib.data import load
from tools import notebooks

LESSONS = {path: nbformat.read(path, as_version=4) for path in notebooks.lessons()}
LOADS_PHOTOGRAPHS = re.compile(r"""load\(\s*["'](lfw|olivetti)["']""")
BLOCK = 24  # pixels


def code_cells(path: Path, tag: str = "") -> list:
    """The code cells of a lesson that have the tag."""
    cells = [cell for cell in LESSONS[path].cells if cell.cell_type == "code"]
    return [cell for cell in cells if not tag or tag in cell.metadata.get("tags", [])]


WITH_PHOTOGRAPHS = [
    pytest.param(path, id=path.stem)
    for path in LESSONS
    if any(LOADS_PHOTOGRAPHS.search(cell.source) for cell in code_cells(path))
]


def pictures(cells) -> list[np.ndarray]:
    """Every stored picture of the cells, uint8 (H, W, 3)."""
    stored = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB"))
        for data in stored
        if "image/png" in data
    ]


def shows_a_photograph(picture: np.ndarray) -> bool:
    """True where, in three blocks of the picture, no colour fills an eighth of the pixels.

    A block of a curve, a map or a table has a background, or a mark that fills a part of it.
    Photographs and rendered faces have many colours, also where only 256 are stored.
    """
    colours, found = picture.astype(np.int64) @ [1, 256, 65536], 0  # (H, W)
    for top in range(0, colours.shape[0] - BLOCK + 1, BLOCK):
        for left in range(0, colours.shape[1] - BLOCK + 1, BLOCK):
            block = colours[top : top + BLOCK, left : left + BLOCK]
            found += np.unique(block, return_counts=True)[1].max() < BLOCK**2 / 8
    return bool(found >= 3)


# -- what is stored -------------------------------------------------------------------------------


def test_some_lessons_run_on_photographs():
    assert {param.id[:2] for param in WITH_PHOTOGRAPHS} >= {"11", "12", "13"}


@pytest.mark.parametrize("path", WITH_PHOTOGRAPHS)
def test_cells_that_load_photographs_and_all_behind_that_use_them_are_tagged(path):
    cells = code_cells(path)
    tagged = ["real" in cell.metadata.get("tags", []) for cell in cells]
    loading = [bool(LOADS_PHOTOGRAPHS.search(cell.source)) for cell in cells]
    assert all(tag for tag, loads in zip(tagged, loading) if loads)
    for cell, tag in zip(cells[loading.index(True) :], tagged[loading.index(True) :]):
        assert tag or not re.search(r"\breal\b|\breal_|photographs\b", cell.source), cell.source


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in LESSONS])
def test_a_cell_with_real_people_stores_no_photograph(path):
    for picture in pictures(code_cells(path, "real")):
        assert not shows_a_photograph(picture)


@pytest.mark.parametrize("path", WITH_PHOTOGRAPHS)
def test_a_lesson_says_how_to_get_the_photographs(path):
    (cell,) = (cell for cell in code_cells(path) if LOADS_PHOTOGRAPHS.search(cell.source))
    assert 'print("LFW is not here: data/README.md says how to get it.")' in cell.source


def test_stored_faces_are_recognised_as_photographs_and_curves_are_not():
    lesson = next(path for path in LESSONS if path.name.startswith("00_"))
    found = {
        cell.source.splitlines()[-1]: any(map(shows_a_photograph, pictures([cell])))
        for cell in code_cells(lesson)
        if pictures([cell])
    }
    faces = [shows for line, shows in found.items() if "made-up faces" in line or "alt=alt" in line]
    assert len(faces) == 2 and all(faces) and sum(found.values()) < len(found)


# -- through a mirror -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_lfw(tmp_path_factory) -> Path:
    """A mirror with an LFW of 24 made-up people in two folds, four photographs each."""
    folder = tmp_path_factory.mktemp("mirror") / "lfw"
    folder.mkdir()
    faces = load("synthetic-faces", identities=24, images=4, size=152, seed=21, aligned=False)
    with zipfile.ZipFile(folder / "lfw_view2_150.zip", "w") as archive:
        for n, pixels in enumerate(faces.images):
            Image.fromarray(pixels[1:151, 1:151]).save(content := io.BytesIO(), "JPEG", quality=95)
            name = f"P{n // 4:02}"
            archive.writestr(f"lfw/{name}/{name}_{n % 4 + 1:04}.jpg", content.getvalue())
    lines = ["2\t24"]
    for people in (range(12), range(12, 24)):
        lines += [f"P{p:02}\t{a}\t{a + 1}" for p in people for a in (1, 3)]
        others = [(p, people[(p + 1) % 12]) for p in people]
        lines += [f"P{p:02}\t{a}\tP{q:02}\t{a}" for p, q in others for a in (1, 4)]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder.parent


@pytest.mark.parametrize("path", WITH_PHOTOGRAPHS)
def test_a_lesson_runs_on_photographs_where_a_mirror_has_them(
    path, small_lfw, tmp_path, monkeypatch
):
    """The real cells are run, and ask no other address."""
    monkeypatch.setenv("COURSE_MIRROR", str(small_lfw))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))  # not LFW itself, of another run
    done, hosts, _ = run_cells(path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not hosts
    kept = list((tmp_path / "cache-lessons").rglob("lfw-*"))
    assert kept, "the photographs were read"
