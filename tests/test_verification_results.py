"""The results page on faces: measured on people outside training, and what its file holds."""

import json
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from lib import models
from lib.data.published import lfw
from lib.data.synthetic import face_shape
from lib.data.synthetic.faces import TRAINING_SEED
from lib.evaluation import lfw_accuracy, pair_scores
from tools.faces import face_alignment, fine_tuning, gradient_tuning, halves
from tools.faces import rows as judging
from tools.results import page

FILE = page.FOLDER / "faces.json"
LESSON = next(page.ROOT.glob("notebooks/[0-9][0-9]_verification*.ipynb"))
written = pytest.mark.skipif(
    not FILE.exists(),
    reason="docs/results/faces.json is not written yet: python -m tools.results faces",
)


@pytest.fixture(scope="module")
def rows() -> dict[str, dict]:
    return {
        row["method"]: row
        for row in json.loads(FILE.read_text(encoding="utf-8"))["tables"][0]["rows"]
    }


# -- people outside training -----------------------------------------------------------------------


def test_the_course_model_learned_from_made_up_people_alone():
    facts = models.course_model().facts
    assert facts["data"][0] == facts["first"]["data"][0] == "synthetic-faces"
    assert facts["start_from"] == "first.pt"


def test_nobody_of_the_lesson_on_verification_was_in_training():
    source = "\n".join(
        cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code"
    )
    seeds = {int(seed) for seed in re.findall(r'load\("synthetic-faces"[^)]*seed=(\d+)', source)}
    assert seeds and TRAINING_SEED not in seeds
    options = dict(option.split("=") for option in models.course_model().facts["data"][1:])
    assert options.get("seed", "0") == str(TRAINING_SEED)
    learned = {
        tuple(face_shape.person(TRAINING_SEED, n)["skin"])
        for n in range(int(options["identities"]))
    }
    assert not learned & {
        tuple(face_shape.person(seed, n)["skin"]) for seed in seeds for n in range(200)
    }


def test_the_head_that_reads_landmarks_learned_from_made_up_people_of_its_own():
    assert face_alignment.LANDMARK_SEED not in (TRAINING_SEED, 9)


def test_the_folds_of_lfw_share_no_person(real_data, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    pairs = lfw.read_pairs()
    people = [
        {name.rpartition("_")[0] for a, b, _, fold in pairs if fold == one for name in (a, b)}
        for one in range(10)
    ]
    assert len(set.union(*people)) == sum(len(group) for group in people) == 4281


def test_nobody_of_the_judged_folds_is_in_a_photograph_that_the_new_layer_learns_from(
    real_data, monkeypatch
):
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    listed = lfw.read_pairs()
    names = sorted({name for a, b, _, _ in listed for name in (a, b)})
    _, identity = np.unique([name.rpartition("_")[0] for name in names], return_inverse=True)
    i, j, same, fold = lfw.lfw_pairs(names)
    splits = fine_tuning.halves(identity, (i, j, same, fold))
    for split, folds in zip(splits, ({0, 1, 2, 3, 4}, {5, 6, 7, 8, 9})):
        learned = {names[k].rpartition("_")[0] for k in split.learn}
        judged = {
            name.rpartition("_")[0]
            for a, b, _, one in listed
            if one not in folds
            for name in (a, b)
        }
        assert len(learned) > 2000 and len(judged) > 2000 and not learned & judged
        assert (
            split.judge.sum() == split.own.sum() == 3000
            and set(fold[split.judge]) == set(range(10)) - folds
        )
    assert (splits[0].judge ^ splits[1].judge).all(), "each pair is judged once"


def test_a_person_on_both_sides_is_refused():
    i, j, fold = np.array([0, 2, 4, 6]), np.array([1, 3, 5, 7]), np.array([0, 4, 5, 9])
    apart, shared = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 0, 1, 1, 1, 1, 3, 3])
    assert [split.learn.tolist() for split in fine_tuning.halves(apart, (i, j, i == 0, fold))] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
    ]
    with pytest.raises(ValueError, match="1 people are in folds"):
        fine_tuning.halves(shared, (i, j, i == 0, fold))


def test_the_new_layer_evens_out_how_people_vary_and_is_chosen_among_its_own_people():
    rng = np.random.default_rng(0)
    identity = np.repeat(np.arange(200), 5)
    spread = np.array([3.0, 1.0, 0.2, 0.2])
    people = rng.normal(size=(200, 4))
    views = {name: people[identity] + spread * rng.normal(size=(1000, 4)) for name in "ab"}
    (mean, matrix), rows = fine_tuning.fit_layer(views, identity, "some")
    seen = np.concatenate([(view - mean) @ matrix for view in views.values()])
    means = np.stack([seen[np.tile(identity, 2) == k].mean(0) for k in range(200)])
    left = seen - means[np.tile(identity, 2)]
    chosen = [row for row in rows if row.get("chosen")]
    assert (
        len(chosen) == 1
        and chosen[0]["eer"] == min(row["eer"] for row in rows[1:]) < rows[0]["eer"] - 0.05
    )
    if chosen[0]["recipe"] == "roundness 0":
        np.testing.assert_allclose(left.T @ left / len(left), np.eye(4), atol=1e-6)
    _, flat = fine_tuning.whitening_layer(views["a"], identity, 0.0)
    slow = np.mean(
        [
            np.outer(x, x)
            for x in views["a"]
            - np.stack([views["a"][identity == k].mean(0) for k in range(200)])[identity]
        ],
        axis=0,
    )
    np.testing.assert_allclose(flat @ slow @ flat.T, np.eye(4), atol=1e-6)


def test_eigenfaces_never_see_the_fold_they_judge():
    rng = np.random.default_rng(0)
    pixels, fold = rng.normal(size=(60, 12)), np.repeat(np.arange(3), 10)
    i, j = np.arange(0, 60, 2), np.arange(1, 60, 2)
    scores = judging.eigenface_scores(pixels, i, j, fold, size=5)
    for one in range(3):
        others = pixels[[n for n in range(60) if n // 20 != one]]
        centred = others - others.mean(0)
        _, values, basis = np.linalg.svd(centred / np.sqrt(len(others) - 1), full_matrices=False)
        seen = (pixels - others.mean(0)) @ (basis[:5] / values[:5, None]).T
        assert scores[fold == one] == pytest.approx(pair_scores(seen, i, j)[fold == one], abs=1e-9)


# -- the page --------------------------------------------------------------------------------------


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
    centre, fixed, landmarks = (
        rows[f"published weights, {how}"] for how in ("centre crop", "fixed crop", "landmarks")
    )
    assert centre["mean"] < fixed["mean"]
    assert (
        fixed["mean"] < landmarks["mean"]
        and landmarks["eer_interval"][1] < fixed["eer_interval"][0]
    ), "the EER's intervals stand apart"
    assert rows["raw pixels"]["mean"] < rows["course model, landmarks"]["mean"] < fixed["mean"]


@written
def test_the_lesson_quotes_the_page(rows):
    closing = next(
        cell.source
        for cell in nbformat.read(LESSON, 4).cells
        if cell.cell_type == "markdown" and "Published weights reach" in cell.source
    )
    known = {f"{row['mean']:.2%}".replace("%", " %") for row in rows.values()} | {
        f"{row['eer']:.2%}".replace("%", " %") for row in rows.values() if "eer" in row
    }
    # Two are the paper's own.
    quoted = [
        one for one in re.findall(r"\d+\.\d\d %", closing) if one[:5] not in ("99.28", "99.55")
    ]
    assert len(quoted) >= 5 and set(quoted) <= known, set(quoted) - known


@written
@pytest.mark.parametrize("how", halves.METHODS)
def test_what_photographs_taught_is_reported_half_by_half(rows, how):
    bought, _ = fitted_tables()
    mine = [row for row in bought if row["how"] == how]
    assert [row["half"] for row in mine] == list(halves.HALVES.values())
    row = rows[f"{halves.METHODS[how]}, landmarks"]
    assert row["mean"] == pytest.approx(np.mean([row["accuracy"] for row in mine]), abs=1e-9)
    assert row["eer_interval"][1] < rows["course model, landmarks"]["eer_interval"][0], (
        "what the page says it bought"
    )


@written
def test_each_half_made_its_choices_among_its_own_people_and_trained_what_erred_least():
    _, tried = fitted_tables()
    for half in halves.HALVES.values():
        mine = [row for row in tried if row["half"] == half]
        assert mine[0]["recipe"] == "no new layer" and len({row["pairs"] for row in mine}) == 1
        kinds = [
            [row for row in mine[1:] if row["recipe"].startswith(kind)]
            for kind in ("roundness", "gradients, ", "gradients as chosen, then roundness")
        ]
        assert [len(kind) for kind in kinds] == [
            len(fine_tuning.ROUNDNESS),
            len(gradient_tuning.RECIPES) + 1,
            len(fine_tuning.ROUNDNESS),
        ]
        for kind in kinds:
            assert [row["recipe"] for row in kind if row.get("chosen")] == [
                min(kind, key=lambda row: row["eer"])["recipe"]
            ]
        (recipe,) = (row["recipe"] for row in kinds[1] if row.get("chosen"))
        assert recipe.startswith(f"gradients, {gradient_tuning.LONG:,} steps"), (
            "as the page counts its steps"
        )


def fitted_tables() -> list[list[dict]]:
    """The rows about what photographs taught: what it bought, and what was tried."""
    return [page.rows(page.record("faces"), name) for name in ("taught", "choices")]


# -- thresholds, and few pairs ---------------------------------------------------------------------


def test_accuracy_in_two_groups_takes_no_threshold_from_the_other_group():
    rng = np.random.default_rng(0)
    same, fold = np.tile([True, False], 100), np.repeat(np.arange(4), 50)
    scores = (
        rng.normal(size=200) + same + 100 * (fold >= 2)
    )  # the second network's scores lie elsewhere
    parts = [
        lfw_accuracy(scores[fold // 2 == g], same[fold // 2 == g], fold[fold // 2 == g])
        for g in (0, 1)
    ]
    mean, std = judging.accuracy(scores, same, fold, [fold < 2, fold >= 2])
    assert (
        mean == pytest.approx(np.mean([part[0] for part in parts]))
        and mean > judging.accuracy(scores, same, fold)[0] + 0.05
    )
    each = [
        part[0] + sign * part[1] for part in parts for sign in (1, -1)
    ]  # two folds a group: mean +- std are the folds themselves
    assert std == pytest.approx(np.std(each))
    assert judging.accuracy(scores, same, fold) == pytest.approx(lfw_accuracy(scores, same, fold))


@pytest.mark.parametrize(
    "pairs, silent", [(120, "TAR at FAR 1 % and TAR at FAR 0.1 %"), (600, "TAR at FAR 0.1 %")]
)
def test_a_row_says_what_its_few_pairs_cannot_tell(pairs, silent):
    rng = np.random.default_rng(1)
    same, k = np.tile([True, False], pairs // 2), np.arange(pairs)
    row = judging.row(
        "few",
        rng.normal(size=pairs) + 2 * same,
        (2 * k, 2 * k + 1, same, k % 10),
        np.arange(2 * pairs) // np.where(np.repeat(same, 2), 2, 1),
    )
    assert row["source"] == f"{pairs // 2} different pairs are too few for {silent}"
    assert (
        ("tar2" in row) == ("1 % and" not in silent)
        and "tar3" not in row
        and "eer" in row
        and "auc" in row
    )


# -- the command, on a few pairs -------------------------------------------------------------------


def test_without_weights_the_command_says_where_to_put_them(monkeypatch):
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv("COURSE_FACE_WEIGHTS", raising=False)
    with pytest.raises(SystemExit, match="COURSE_FACE_WEIGHTS"):
        face_alignment.published_network()


def test_a_pass_that_was_stopped_goes_on(monkeypatch):
    images, asked = np.zeros((2500, 1, 1, 3), np.uint8), []

    def stops(some):
        asked.append(some)
        if some[0] >= 1000:
            raise KeyboardInterrupt
        return some[:, None] * 2.0

    with pytest.raises(KeyboardInterrupt):
        face_alignment.compute_in_parts("stopped", images, stops)
    asked.clear()
    found = face_alignment.compute_in_parts(
        "stopped", images, lambda some: (asked.append(some), some[:, None] * 2.0)[1]
    )
    assert (
        np.array_equal(found[:, 0], 2.0 * np.arange(2500))
        and min(some[0] for some in asked) == 1000
    )


@pytest.mark.slow
def test_the_faces_command_runs_from_archive_to_table_and_leaves_docs_alone(real_data, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (page.ROOT / "docs" / "results").rglob("*")}
    environment = os.environ | {
        "COURSE_BUDGET": "quick",
        "COURSE_MIRROR": str(real_data),
        "COURSE_CACHE": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tools.results", "faces"],
        cwd=page.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        "### 6,000 pairs in ten folds" in done.stdout
        and "60 different pairs are too few for TAR at FAR 1 % and TAR at FAR 0.1 %" in done.stdout
    )
    assert before == {
        path: path.stat().st_mtime_ns for path in (page.ROOT / "docs" / "results").rglob("*")
    }
