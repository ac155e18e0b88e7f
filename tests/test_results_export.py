"""The results page on files for phones: judged on people who chose nothing, aims and outcomes."""

import json

import numpy as np
import pytest

from lib.export.cost import Cost
from lib.export.runtimes import Row
from tools.faces.face_alignment import DEVELOPMENT
from tools.results import export as subject
from tools.results import page

FILE = page.FOLDER / "export.json"
written = pytest.mark.skipif(
    not FILE.exists(),
    reason="docs/results/export.json is not written yet: python -m tools.results export",
)


def row(name: str, precision: str, size: int, median: float) -> Row:
    return Row(name, precision, size, 0.01, median, median, median)


def cost(name: str, precision: str, worse: float) -> Cost:
    return Cost(
        name, precision, 0.02, (0.01, 0.03), worse, (worse - 0.001, worse + 0.001), 0.01, 0.9
    )


def test_the_verdict_tells_aims_that_are_met_from_aims_that_are_missed():
    rows = [
        row("PyTorch", "float32", 4_000_000, 10.0),
        row("LiteRT", "float32", 4_000_000, 3.0),
        row("LiteRT", "int8", 1_250_000, 2.0),
    ]
    costs = [
        cost("PyTorch", "float32", 0.0),
        cost("LiteRT", "float32", 0.0),
        cost("LiteRT", "int8", 0.003),
    ]
    assert subject.verdicts(rows, costs, True) == (
        "LiteRT int8: 1.25 MB (more than 1.2), EER +0.30 points as measured (more than 0.2; its"
        " interval reaches +0.40), 1.50 times as fast as its float32."
    )
    rows[-1], costs[-1] = row("LiteRT", "int8", 1_190_000, 6.0), cost("LiteRT", "int8", -0.001)
    assert subject.verdicts(rows, costs, True) == (
        "LiteRT int8: 1.19 MB (at most 1.2), EER -0.10 points as measured (no more than 0.2; its"
        " interval reaches +0.00), 0.50 times as fast as its float32."
    )


def test_vectors_of_a_file_are_kept_under_its_own_hash(tmp_path, monkeypatch):
    embedded = []

    def open_model(path):
        def call(picture):
            embedded.append(path.name)
            return picture.reshape(1, -1)[:, :2] + len(path.read_bytes())

        return call

    monkeypatch.setattr(subject, "open_model", open_model)
    pictures = np.random.default_rng(0).random((5, 4, 4, 3)).astype(np.float32)
    path = tmp_path / "some.onnx"
    path.write_bytes(b"one" + bytes(str(tmp_path), "utf-8"))
    first = subject.vectors_of(path, pictures)
    assert np.array_equal(subject.vectors_of(path, pictures), first) and len(embedded) == 5
    path.write_bytes(path.read_bytes() + b"more")
    assert np.allclose(subject.vectors_of(path, pictures), first + 4) and len(embedded) == 10


def test_the_folds_that_judge_are_not_those_that_calibrate():
    assert not set(subject.FOLDS) & set(DEVELOPMENT)


@written
def test_the_page_prints_the_file():
    assert page.section(json.loads(FILE.read_text(encoding="utf-8"))) in page.PAGE.read_text(
        encoding="utf-8"
    )


@written
def test_float_files_agree_and_every_figure_lies_in_its_interval():
    for table in json.loads(FILE.read_text(encoding="utf-8"))["tables"][:2]:
        assert table["rows"][0]["file"] == "PyTorch float32"
        for row in table["rows"]:
            assert "float32" not in row["file"] or (row["parity"] or 0) <= 1e-5
            assert (
                row["eer_interval"][0] <= row["eer"] <= row["eer_interval"][1]
                and row["quartiles"][0] <= row["ms"] <= row["quartiles"][1]
            )
            assert (
                row["worse_interval"][0] - 1e-9 <= row["worse"] <= row["worse_interval"][1] + 1e-9
            )
    assert (page.PAGE.parent / "figures" / "export_table.png").exists()
