"""SigComp2011 from the locked archives to three mobile files, served over loopback."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lib.data.arrays import unit_rows
from lib.data.published import sigcomp2011
from lib.evaluation import Scored, equal_error_rate
from tools.results import page
from tools.signatures import rows, verifier

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def loopback(real_data):
    """The real archives, served on this machine's own address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(real_data))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.slow
def test_the_whole_way_on_the_real_archives(loopback, real_data, tmp_path):
    sentence = re.search(r"disclaimer sentence `([^`]+)`", (real_data / "README.md").read_text())[1]
    environment = {
        **os.environ,
        "COURSE_MIRROR": loopback,
        "COURSE_CACHE": str(tmp_path),
        "COURSE_BUDGET": "quick",
        "SIGCOMP2011_DISCLAIMER": sentence,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tools.results", "signatures"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "results" / "signatures.json").read_text())
    errors, operating, counted, cheats, files, unmet, own = found["tables"]
    for row in errors["rows"]:
        for kind in ("skilled", "random"):
            low, high = row[f"{kind}_interval"]
            assert 0 <= low <= row[kind] <= high <= 1
    assert all(
        0 <= row["far"] <= 1 and row["min_cllr"] <= row["cllr"] + 1e-9 for row in operating["rows"]
    )
    assert [row["k"] for row in counted["rows"]] == [2, 3, 6, 9, 11] and len(cheats["rows"]) == 8
    assert [Path(row["file"]).suffix for row in files["rows"]] == [".onnx", ".tflite", ".pte"]
    assert all(row["difference"] <= 1e-5 for row in files["rows"])
    assert len(unmet["rows"]) == 2 and [row["k"] for row in own["rows"]] == [6, 11, 6, 11]
    assert (tmp_path / "results" / "signature_map.png").stat().st_size > 1000
    assert sentence not in done.stdout + done.stderr


def test_the_sentence_of_the_disclaimer_stands_nowhere_in_the_course(real_data):
    sentence = re.search(r"disclaimer sentence `([^`]+)`", (real_data / "README.md").read_text())[1]
    found = subprocess.run(
        ["git", "grep", "-lF", sentence], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""


def test_no_writer_of_the_test_part_is_among_the_training_writers(real_data):
    writers = {}
    for part, remote in sigcomp2011.ARCHIVES.items():
        with zipfile.ZipFile(real_data / remote.name) as archive:
            stems = [
                Path(name).stem
                for name in archive.namelist()
                if "dutch" in name.lower() and name.lower().endswith(".png")
            ]
        writers[part] = {
            who[0] for who in (sigcomp2011.parse_name(stem, part) for stem in stems) if who
        }
    assert len(writers["training"]) == 10 and len(writers["test"]) == 20
    assert not writers["training"] & writers["test"]


def test_the_threshold_never_sees_a_test_writer():
    """The threshold is the training writers' own, whatever the test part holds."""

    def some(seed: int) -> Scored:
        r = np.random.default_rng(seed)
        same = np.arange(60) % 2 == 0
        return Scored(
            r.normal(same, 1), same, np.arange(60) % 4 == 1, np.arange(60) // 6, np.arange(60) // 6
        )

    training = some(0)
    found = [rows.operating_row("", training, some(seed)) for seed in (1, 2)]
    assert found[0]["threshold"] == found[1]["threshold"] and found[0]["far"] != found[1]["far"]
    own = training.against("skilled")
    assert found[0]["threshold"] == equal_error_rate(own.score, own.same)[1]


def described(rng, writers) -> verifier.Described:
    """Twelve random descriptions a writer, eight genuine; forgeries differ in `texture 1` alone."""
    writer = np.repeat(list(writers), 12)
    forger = np.tile([-1] * 8 + [1] * 4, len(writers))
    vectors = {name: rng.normal(size=(len(writer), 6)) for name in verifier.VECTORS}
    vectors["texture 1"] += 4 * (forger >= 0)[:, None]
    vectors = {name: unit_rows(value) for name, value in vectors.items()}
    surroundings = [rng.normal(size=(20, 136)).astype(np.float16) for _ in writer]
    return verifier.Described(
        vectors,
        [np.zeros((20, 2), np.float32)] * len(writer),
        surroundings,
        writer,
        forger,
        ("",) * len(writer),
    )


def test_a_pen_is_found_without_references_and_a_description_of_the_hand_is_at_chance():
    rng = np.random.default_rng(1)
    learn, ask = described(rng, range(10)), described(rng, range(20, 80))
    assert rows.accuracy_without_references(learn, ask, "texture 1") > 0.9
    assert abs(rows.accuracy_without_references(learn, ask, "layout") - 0.5) < 0.15


def test_a_gain_is_the_difference_of_two_errors_and_zero_from_a_system_to_itself():
    rng = np.random.default_rng(2)
    same = np.arange(400) % 2 == 0
    writer = np.arange(400) // 20
    weak, strong = (
        Scored(rng.normal(size * same, 1), same, ~same, writer, writer) for size in (1, 3)
    )
    bought, (low, high) = rows.gain(weak, strong)
    assert bought == pytest.approx(
        rows.eer_of(weak, "skilled")[0] - rows.eer_of(strong, "skilled")[0]
    )
    assert 0 < low <= bought <= high
    assert rows.gain(weak, weak) == (0, [0, 0])


def test_the_eer_of_own_thresholds_is_the_mean_of_the_writers_own():
    rng = np.random.default_rng(3)
    same, writer = np.arange(400) % 2 == 0, np.arange(400) // 40
    scored = Scored(rng.normal(2 * same + writer, 1), same, ~same, writer, writer)
    mean, (low, high) = rows.eer_of_own_thresholds(scored)
    each = [equal_error_rate(scored.score[writer == w], same[writer == w])[0] for w in range(10)]
    assert mean == pytest.approx(np.mean(each)) and low <= mean <= high
    assert mean < rows.eer_of(scored, "skilled")[0], "one threshold does not fit all writers"


def test_the_stored_figures_agree_with_each_other():
    errors, _, counted, cheats, *_ = page.record("signatures")["tables"]
    by_name = {row["system"]: row for row in errors["rows"]}
    for row in errors["rows"]:
        assert row["skilled_interval"][0] <= row["skilled"] <= row["skilled_interval"][1]
    line = by_name["+ strokes: the line alone"]
    assert line["gain"] == pytest.approx(100 * (by_name["+ outline"]["skilled"] - line["skilled"]))
    assert (
        line["skilled_interval"][1]
        < by_name["raw pixels, references' spread"]["skilled_interval"][0]
    )  # the hand-made baseline, beaten
    six = next(row for row in counted["rows"] if row["k"] == 6)
    assert six["line"] == pytest.approx(line["skilled"]) and six["ink"] == pytest.approx(
        by_name["+ grey ink"]["skilled"]
    )
    alone = {row["name"]: row.get("alone", 0) for row in cheats["rows"]}
    assert alone["saturation"] > 0.9 and alone["layout"] < 0.65 and alone["outline"] < 0.65
