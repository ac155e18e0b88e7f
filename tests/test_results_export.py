"""The results page on files for phones: judged on people who chose nothing, aims and outcomes."""

import json

import numpy as np
import pytest

from tools.faces.face_alignment import DEVELOPMENT
from tools.results import export as subject
from tools.results import page

FILE = page.FOLDER / "export.json"
written = pytest.mark.skipif(
    not FILE.exists(),
    reason="docs/results/export.json is not written yet: python -m tools.results export",
)


def test_the_log_tells_aims_that_are_met_from_aims_that_are_missed():
    """The log of a made-up record: LiteRT's int8 file is over both aims, ExecuTorch's within."""

    def row(file: str, size: int, ms: float, worse: float) -> dict:
        return {
            "file": file,
            "bytes": size,
            "ms": ms,
            "worse": worse,
            "worse_interval": [worse - 0.1, worse + 0.1],
        }

    found = page.record("export")
    next(table for table in found["tables"] if table["name"] == "paper")["rows"] = [
        row("LiteRT float32", 4_000_000, 3.0, 0.0),
        row("LiteRT int8", 1_250_000, 2.0, 0.3),
        row("ExecuTorch float32", 4_000_000, 3.0, 0.0),
        row("ExecuTorch int8", 1_190_000, 6.0, -0.1),
    ]
    log = page.section("export", found)
    assert (
        "- LiteRT int8: 1.25 MB (more than 1.2), EER +0.30 points as measured (more than 0.2; its"
        " interval reaches +0.40), 1.50 times as fast as its float32."
    ) in log
    assert (
        "- ExecuTorch int8: 1.19 MB (at most 1.2), EER -0.10 points as measured (no more than 0.2;"
        " its interval reaches +0.00), 0.50 times as fast as its float32."
    ) in log


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
