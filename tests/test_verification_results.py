"""What stands on the results page about faces: measured on people outside training, equal to its file, and quoted rightly."""

import json
import re

import nbformat
import numpy as np
import pytest

from lib import models
from lib.data import face_shape, lfw
from lib.data.faces import TRAINING_SEED
from lib.evaluation import pair_scores
from tools.results import faces as subject
from tools.results import page

FILE = page.FOLDER / "faces.json"
LESSON = page.ROOT / "notebooks" / "09_verification_and_identification.ipynb"
written = pytest.mark.skipif(not FILE.exists(), reason="docs/results/faces.json is not written yet: python -m tools.results faces")


@pytest.fixture(scope="module")
def rows() -> dict[str, dict]:
    return {row["method"]: row for row in json.loads(FILE.read_text(encoding="utf-8"))["tables"][0]["rows"]}


# -- people outside training ---------------------------------------------------------------------------------------------


def test_the_course_model_learned_from_made_up_people_alone():
    facts = models.course_model().facts
    assert facts["data"][0] == "embedded-faces" and facts["start_from"] is None


def test_nobody_of_lesson_9_was_in_training():
    source = "\n".join(cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code")
    seeds = {int(seed) for seed in re.findall(r'load\("embedded-faces"[^)]*seed=(\d+)', source)}
    assert seeds and TRAINING_SEED not in seeds
    options = dict(option.split("=") for option in models.course_model().facts["data"][1:])
    learned = {tuple(face_shape.person(TRAINING_SEED, n)["skin"]) for n in range(int(options["identities"]))}
    assert not learned & {tuple(face_shape.person(seed, n)["skin"]) for seed in seeds for n in range(200)}


def test_the_head_that_reads_landmarks_learned_from_made_up_people_of_its_own():
    assert subject.LANDMARK_SEED not in (TRAINING_SEED, 9)


def test_the_folds_of_lfw_share_no_person(real_data, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    pairs = lfw._pairs()
    people = [{name.rpartition("_")[0] for a, b, _, fold in pairs if fold == one for name in (a, b)} for one in range(10)]
    assert len(set.union(*people)) == sum(len(group) for group in people) == 4281


def test_eigenfaces_never_see_the_fold_they_judge():
    rng = np.random.default_rng(0)
    pixels, fold = rng.normal(size=(60, 12)), np.repeat(np.arange(3), 10)
    i, j = np.arange(0, 60, 2), np.arange(1, 60, 2)
    scores = subject.eigenface_scores(pixels, i, j, fold, size=5)
    for one in range(3):
        others = pixels[[n for n in range(60) if n // 20 != one]]
        centred = others - others.mean(0)
        _, values, basis = np.linalg.svd(centred / np.sqrt(len(others) - 1), full_matrices=False)
        seen = (pixels - others.mean(0)) @ (basis[:5] / values[:5, None]).T
        assert scores[fold == one] == pytest.approx(pair_scores(seen, i, j)[fold == one], abs=1e-9)


# -- the page ------------------------------------------------------------------------------------------------------------


@written
def test_the_page_prints_the_file():
    assert page.section(json.loads(FILE.read_text(encoding="utf-8"))) in page.PAGE.read_text(encoding="utf-8")


@written
def test_each_figure_stands_with_an_interval_that_holds_it(rows):
    measured = [row for row in rows.values() if "eer" in row]
    assert len(measured) >= 8
    for row in measured:
        for key in ("eer", "tar2", "tar3", "auc"):
            low, high = row[f"{key}_interval"]
            assert low - 1e-9 <= row[key] <= high + 1e-9, (row["method"], key)


@written
def test_alignment_buys_what_the_page_says(rows):
    centre, fixed, landmarks = (rows[f"published weights, {how}"] for how in ("centre crop", "fixed crop", "landmarks"))
    assert centre["mean"] < fixed["mean"]
    assert fixed["mean"] < landmarks["mean"] and landmarks["eer_interval"][1] < fixed["eer_interval"][0], "the EER's intervals stand apart"
    assert rows["raw pixels"]["mean"] < rows["course model, landmarks"]["mean"] < fixed["mean"]


@written
def test_lesson_9_quotes_the_page(rows):
    closing = next(cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "markdown" and "On photographs" in cell.source)
    known = {f"{row['mean']:.2%}".replace("%", " %") for row in rows.values()} | {f"{row['eer']:.2%}".replace("%", " %") for row in rows.values() if "eer" in row}
    quoted = re.findall(r"\d+\.\d\d %", closing)
    assert len(quoted) >= 5 and set(quoted) <= known, set(quoted) - known


# -- the command, on a few pairs -------------------------------------------------------------------------------------------


def test_without_weights_the_command_says_where_to_put_them(monkeypatch):
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv("COURSE_FACE_WEIGHTS", raising=False)
    with pytest.raises(SystemExit, match="COURSE_FACE_WEIGHTS"):
        subject.published()


def test_a_pass_that_was_stopped_goes_on(monkeypatch):
    images, asked = np.zeros((2500, 1, 1, 3), np.uint8), []

    def stops(some):
        asked.append(some)
        if some[0] >= 1000:
            raise KeyboardInterrupt
        return some[:, None] * 2.0

    with pytest.raises(KeyboardInterrupt):
        subject.kept("stopped", images, stops)
    asked.clear()
    found = subject.kept("stopped", images, lambda some: (asked.append(some), some[:, None] * 2.0)[1])
    assert np.array_equal(found[:, 0], 2.0 * np.arange(2500)) and min(some[0] for some in asked) == 1000
