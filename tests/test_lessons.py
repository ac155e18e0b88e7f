"""Every lesson runs under the quick budget, offline, in a minute, and its controls can be moved."""

import base64
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellTimeoutError
from PIL import Image

from lib import plots
from tools import notebook_outputs, notebooks

ROOT = Path(__file__).resolve().parent.parent
LESSONS = notebooks.lessons()
LONGEST = 75  # seconds: a minute where the course is made; other processors are a fourth slower


def run_cells(path: Path, folder: Path) -> tuple[subprocess.CompletedProcess, list[str], float]:
    """One notebook through nbval-lax in a pytest of its own: (result, hosts it asked for, seconds).

    Seconds are the processor's where that is less than the clock's: other programs on this
    machine do not make a lesson slow.
    """
    log = folder / "hosts.txt"
    dead = "http://127.0.0.1:9"  # nobody listens there: for programs that are not Python
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MPLBACKEND", "PYTEST_ADDOPTS")
    } | {
        "COURSE_BUDGET": "quick",
        # of their own: other tests leave downloads of a mirror in the common one
        "COURSE_CACHE": os.environ["COURSE_CACHE"] + "-lessons",
        "COURSE_NETWORK_LOG": str(log),
        "PYTHONPATH": os.pathsep.join(
            [
                str(ROOT / "tests" / "offline"),
                str(ROOT / "tests"),
                os.environ.get("PYTHONPATH", ""),
            ]
        ),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_WAIT_POLICY": "passive",  # threads that wait for a busy core sleep
        **dict.fromkeys(
            ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
            dead,
        ),
        "no_proxy": "localhost,127.0.0.1",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "nbval.plugin",
        "-p",
        "slider_driver",
        "-p",
        "figure_watcher",
        "-p",
        "no:cacheprovider",
        "--nbval-lax",
    ]
    command += [
        "--nbval-cell-timeout=300",
        "-q",
        "--color=no",
        "-rN",
        "--no-header",
        "-c",
        os.devnull,
        f"--rootdir={path.parent}",
        str(path),
    ]
    started, before = time.perf_counter(), notebooks.processor_seconds()
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=900
    )
    seconds = notebooks.fair_seconds(
        time.perf_counter() - started, notebooks.processor_seconds() - before
    )
    return done, log.read_text().split() if log.exists() else [], seconds


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_offline_in_about_a_minute_and_its_controls_move(lesson, tmp_path):
    done, hosts, seconds = run_cells(lesson, tmp_path)
    assert done.returncode == 0, f"{lesson.name} failed\n{done.stdout}{done.stderr}"
    assert not hosts, f"{lesson.name} tried to reach {sorted(set(hosts))}"
    assert seconds < LONGEST, f"{lesson.name} took {seconds:.0f} s under the quick budget"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_what_a_lesson_stores_is_fresh_small_and_described(lesson):
    assert notebooks.problems(lesson) == []


def test_all_lessons_together_stay_under_eight_megabytes():
    assert sum(path.stat().st_size for path in LESSONS) < notebooks.LARGEST_TOGETHER


# -- the runner finds what it is there to find -----------------------------------------------------


def notebook(folder: Path, *sources: str) -> Path:
    """A notebook of these code cells, never run."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks.KERNEL})
    book.cells = [
        nbformat.v4.new_markdown_cell("# 99 · A test"),
        *map(nbformat.v4.new_code_cell, sources),
    ]
    path = folder / "99_test.ipynb"
    nbformat.write(book, path)
    return path


FIND_LIB = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
BROKEN_AT_ITS_END = """
from lib.plots import explore

def line(ax, height: int, slope: int = 1) -> None:
    ax.plot([0, slope / (3 - height)])

explore(line, alt="A line from zero to a height.", height=(0, 3, 1), slope=(0, 4, 1))
"""


def test_a_control_that_fails_only_at_its_maximum_is_found(tmp_path):
    done, _, _ = run_cells(notebook(tmp_path, FIND_LIB, BROKEN_AT_ITS_END), tmp_path)
    assert done.returncode == 1
    assert "height = 3" in done.stdout and "ZeroDivisionError" in done.stdout
    assert "slope = " not in done.stdout.split("a control failed")[1], "the other control works"
    assert "1 failed, 2 passed" in done.stdout, "the cells themselves ran: only a driver sees this"


def test_a_control_that_moves_nothing_is_found(tmp_path):
    idle = (
        "from lib.plots import explore\n"
        'explore(lambda ax, knob: ax.plot([1, 2]), alt="A line that goes up.", knob=(0, 3, 1))'
    )
    done, _, _ = run_cells(notebook(tmp_path, FIND_LIB, idle), tmp_path)
    assert "moving it changes no picture" in done.stdout


def test_a_failing_cell_is_shown_with_its_text(tmp_path):
    done, _, _ = run_cells(notebook(tmp_path, "margin = 0", "1 / margin"), tmp_path)
    assert done.returncode == 1
    assert "1 / margin" in done.stdout and "ZeroDivisionError" in done.stdout


def test_a_lesson_that_reaches_out_is_found_even_where_it_hides_it(tmp_path):
    hidden = """import urllib.request
try:
    urllib.request.urlopen('http://192.0.2.1/')
except OSError as error:
    print(error)"""
    child = """import subprocess, sys
code = "import socket; socket.getaddrinfo('example.invalid', 80)"
subprocess.run([sys.executable, '-c', code])"""
    direct = """import socket
try:
    socket.socket().connect(('192.0.2.7', 80))
except ConnectionRefusedError:
    pass"""
    done, hosts, _ = run_cells(notebook(tmp_path, hidden, child, direct), tmp_path)
    assert set(hosts) == {"proxy", "example.invalid", "192.0.2.7"}, done.stdout


# -- tools.notebooks -------------------------------------------------------------------------------


PICTURE = """from lib import plots
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
plots.show(fig, alt="An empty pair of axes.")"""
NOISY = (
    "import sys\nfor i in range(3):\n    print(f'\\rstep {i}', end='', file=sys.stderr, flush=True)"
)


def test_running_stamps_a_notebook_and_leaves_only_what_a_reader_reads(tmp_path):
    path = notebook(
        tmp_path, FIND_LIB, PICTURE, NOISY, "import os\nprint(os.getcwd())", BROKEN_AT_ITS_END
    )
    notebooks.run(path, "quick")
    book = nbformat.read(path, as_version=4)
    assert book.metadata.course.budget == "quick" and book.metadata.course.seconds > 0
    assert book.metadata.course.code_sha256 == notebooks.code_hash(book)
    assert set(book.metadata) == {"kernelspec", "language_info", "course"}
    picture, bar, folder, control = (cell.outputs[0] for cell in book.cells[2:])
    assert picture.metadata["image/png"]["alt"] == "An empty pair of axes."
    assert bar.text == "step 2"
    assert str(tmp_path) not in folder.text
    assert control.metadata["image/png"]["alt"] and {"image/png", "text/plain"} == set(
        control.data
    ), "a stored control is its still picture"
    assert [found for found in notebooks.problems(path) if "budget" not in found] == []


def test_running_fails_on_an_error_that_an_output_widget_swallows_and_leaves_the_file_alone(
    tmp_path,
):
    path = notebook(tmp_path, "import ipywidgets\nwith ipywidgets.Output():\n    1 / 0")
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        notebooks.run(path, "quick")
    assert path.read_bytes() == before and list(tmp_path.glob("*.part")) == []


def test_a_notebook_whose_kernel_lost_a_request_runs_once_more_with_another_kernel(
    tmp_path, monkeypatch
):
    path, run, waited = notebook(tmp_path, "x = 1"), notebooks.run_once, []

    def lost_once(*arguments):
        if not waited:
            waited.append(arguments)
            raise CellTimeoutError("no answer")
        return run(*arguments)

    monkeypatch.setattr(notebooks, "run_once", lost_once)
    notebooks.run(path)
    assert waited and notebooks.problems(path) == []


def test_a_changed_cell_makes_a_notebook_stale_and_changed_prose_does_not(tmp_path):
    path = notebook(tmp_path, "x = 1")
    notebooks.run(path)
    assert notebooks.problems(path) == []
    book = nbformat.read(path, as_version=4)
    book.cells[0].source += "\n\nMore words."
    nbformat.write(book, path)
    assert notebooks.problems(path) == []
    book.cells[1].source = "x = 2"
    nbformat.write(book, path)
    assert any("stale" in found for found in notebooks.problems(path))


def test_a_changed_result_makes_the_notebook_that_reads_it_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    result = tmp_path / "docs" / "results" / "faces.json"
    result.parent.mkdir(parents=True)
    result.write_text("1")
    path = notebook(tmp_path, f"print(open({str(result)!r}).read())")
    notebooks.run(path)
    assert notebooks.problems(path) == []
    result.write_text("2")
    assert any("stale" in found for found in notebooks.problems(path))


@pytest.mark.parametrize(
    "spoil, complaint",
    [
        (lambda book: book.cells[0].update(source="## no H1"), "0 H1"),
        (lambda book: book.cells[0].update(source="# one\n### three"), "skipped"),
        (lambda book: book.cells[0].update(source="# one\n# two"), "2 H1"),
        (lambda book: book.cells[1].update(execution_count=None), "never run"),
        (lambda book: book.cells[1].update(source="\n".join(["x = 1"] * 30)), "30 lines"),
        (lambda book: book.cells[2].outputs[0].metadata.pop("image/png"), "alt text"),
        (lambda book: book.cells[2].outputs[0].data.update({"image/png": "A" * 1_100_000}), "MB"),
        (
            lambda book: book.cells[1].update(
                outputs=[nbformat.v4.new_output("stream", text="see /home/ann/lib.py")]
            ),
            "path",
        ),
        (
            lambda book: book.cells[1].update(
                outputs=[nbformat.v4.new_output("error", ename="E", evalue="")]
            ),
            "error",
        ),
        (
            lambda book: book.cells[1].update(
                outputs=[nbformat.v4.new_output("stream", name="stderr", text="x: UserWarning: y")]
            ),
            "warning",
        ),
        (lambda book: book.metadata.update(widgets={}), "metadata.widgets"),
        (lambda book: book.metadata.pop("course"), "never run"),
    ],
)
def test_a_spoiled_notebook_is_complained_about(healthy, tmp_path, spoil, complaint):
    book = nbformat.reads(healthy, as_version=4)
    spoil(book)
    path = tmp_path / "99_spoiled.ipynb"
    nbformat.write(book, path)
    found = notebooks.problems(path)
    assert any(complaint in problem for problem in found), found


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> str:
    """A notebook that has nothing to complain about, as text."""
    path = notebook(tmp_path_factory.mktemp("healthy"), FIND_LIB, PICTURE)
    notebooks.run(path)
    assert notebooks.problems(path) == []
    return path.read_text()


def test_a_stored_widget_is_its_words_and_one_without_words_is_complained_about():
    data = {notebooks.VIEW: {"model_id": "1"}, "text/plain": "a widget"}
    outputs = [
        nbformat.v4.new_output("display_data", data=data | words)
        for words in ({"text/html": "<p>This needs a running kernel.</p>"}, {})
    ]
    cells = [nbformat.v4.new_code_cell("show()", outputs=[output]) for output in outputs]
    notebook_outputs.tidy(book := nbformat.v4.new_notebook(cells=cells))
    kept, bare = (cell.outputs[0].data for cell in book.cells)
    assert set(kept) == {"text/html", "text/plain"} and set(bare) == set(data)
    found = [notebooks.cell_problems(cell)[1:] for cell in book.cells]  # after "never run"
    assert found[0] == [] and "a widget alone" in found[1][0]


def stored_png(pixels: np.ndarray) -> str:
    """The picture as a notebook stores it."""
    Image.fromarray(pixels).save(content := io.BytesIO(), "PNG")
    return base64.b64encode(content.getvalue()).decode()


def pixels_of(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), dtype=int)


def test_a_stored_picture_takes_less_space_and_looks_the_same():
    fig, ax = plt.subplots()
    ax.plot(np.sin(np.arange(50)), label="a line")
    ax.legend()
    png = base64.b64encode(plots.style.png(fig)).decode()
    small = notebook_outputs.smaller(png)
    assert len(small) < 0.6 * len(png)
    assert np.abs(pixels_of(small) - pixels_of(png)).max() <= notebook_outputs.LARGEST_CHANGE
    assert notebook_outputs.smaller(small) == small, "a second time changes nothing"


def test_a_picture_that_would_change_visibly_stays_as_it_is():
    many = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    see_through = np.zeros((8, 8, 4), dtype=np.uint8)
    for pixels in (many, see_through):
        assert notebook_outputs.smaller(stored_png(pixels)) == stored_png(pixels)


def test_tidying_makes_stored_pictures_small_and_keeps_the_rest(healthy, tmp_path):
    path = tmp_path / "99_tidy.ipynb"
    book = nbformat.reads(healthy, as_version=4)
    pixels = 30 * np.random.default_rng(0).integers(0, 2, (64, 64, 3), dtype=np.uint8)
    book.cells[2].outputs[0].data["image/png"] = stored_png(pixels)
    nbformat.write(book, path)
    notebooks.main(["tidy", str(path)])
    tidied = nbformat.read(path, as_version=4)
    stored = tidied.cells[2].outputs[0].data["image/png"]
    assert len(stored) < len(stored_png(pixels)) and (pixels_of(stored) == pixels).all()
    assert tidied.metadata == book.metadata and notebooks.problems(path) == []


def test_hashes_in_fenced_code_are_not_headings():
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# one\n```\n# comment\n#### also\n```\n## two")]
    )
    assert notebooks.heading_problems(book) == []


def test_a_progress_bar_keeps_its_last_state():
    assert (
        notebook_outputs.final_lines("\r 0%|  |\r 50%|# |\r100%|##|\ndone\n") == "100%|##|\ndone\n"
    )
