"""SigComp2011 from the locked archives to three mobile files, over loopback; and the page says what its files say."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools.results import page

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def loopback(real_data):
    """The real archives, served on this machine's own address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(real_data)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.slow
def test_the_whole_way_on_the_real_archives(loopback, real_data, tmp_path):
    sentence = re.search(r"disclaimer sentence `([^`]+)`", (real_data / "README.md").read_text())[1]
    environment = {**os.environ, "COURSE_MIRROR": loopback, "COURSE_CACHE": str(tmp_path), "COURSE_BUDGET": "quick", "SIGCOMP2011_DISCLAIMER": sentence}
    done = subprocess.run([sys.executable, "-m", "tools.results", "signatures"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "results" / "signatures.json").read_text())
    errors, files = found["tables"]
    for row in errors["rows"]:
        for kind in ("skilled", "random"):
            low, high = row[f"{kind}_interval"]
            assert 0 <= low <= row[kind] <= high <= 1
    assert [Path(row["file"]).suffix for row in files["rows"]] == [".onnx", ".tflite", ".pte"]
    assert all(row["difference"] <= 1e-5 for row in files["rows"])
    assert (tmp_path / "results" / "signature_map.png").stat().st_size > 1000
    assert sentence not in done.stdout + done.stderr


def test_the_page_is_what_its_files_say():
    assert page.PAGE.read_text(encoding="utf-8") == page.text()


def test_the_sentence_of_the_disclaimer_stands_nowhere_in_the_course(real_data):
    sentence = re.search(r"disclaimer sentence `([^`]+)`", (real_data / "README.md").read_text())[1]
    found = subprocess.run(["git", "grep", "-lF", sentence], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == ""
