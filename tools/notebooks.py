"""Run the lessons and store what they show; find outputs that are stale, large or unreadable.

    python -m tools.notebooks run [PATHS] [--budget quick]   execute in place, tidy outputs, stamp;
                                                             with the full budget, record frames
    python -m tools.notebooks frames [PATHS]                 execute, and only record frames: the
                                                             pictures of controls (tools/frames.py)
    python -m tools.notebooks tidy [PATHS]                   tidy stored outputs without a run
    python -m tools.notebooks check [PATHS]                  one line a problem; fails if any
    python -m tools.notebooks list [PATHS]                   the measured seconds of each lesson

PATHS are notebooks; without any, every lesson in notebooks/.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from lib.course import as_path
from lib.data.files import write_atomically
from tools import frames
from tools.notebook_outputs import VIEW, tidy

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 2**20
LARGEST, LARGEST_TOGETHER, LONGEST_CELL = 1 * MEGABYTE, 8 * MEGABYTE, 25
CELL_SECONDS = {"quick": 300, "full": 900}  # that a cell may take
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
}
FOLDERS = "home|Users|root|tmp|work|usr|opt|var|content|private"
MACHINE = re.compile(rf"(?<![\w.:/<])(?:/(?:{FOLDERS})/[\w.\-/]+)|[A-Za-z]:\\\\?Users\\")


def lessons() -> list[Path]:
    """Every lesson, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def code_hash(notebook) -> str:
    """sha256 over what the stored outputs came from: the code cells and the results they read.

    The setup cell does not count: stamping the published address into it changes no output. A file
    of docs/results counts where its name stands in the code.
    """
    digest, named = hashlib.sha256(), set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            digest.update(cell.source.encode() + b"\0")
            named.update(re.findall(r"\w+\.json", cell.source))
    for file in sorted(ROOT / "docs/results" / name for name in named):
        if file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def processor_seconds() -> float:
    """Processor time of all child processes that have ended; 0 where the system does not say."""
    times = os.times()
    return times.children_user + times.children_system


def fair_seconds(clock: float, processor: float) -> float:
    """Seconds that a program took: the processor's where that is less than the clock's.

    So other programs on this machine do not make it slow.
    """
    return min(clock, processor) if processor > 0 else clock


# -- run -------------------------------------------------------------------------------------------


class Client(NotebookClient):
    """nbclient, which also sees the errors that an Output widget keeps to itself."""

    hidden_error: str | None = None

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            self.hidden_error = "\n".join(msg["content"]["traceback"])
        return super().process_message(msg, cell, cell_index)


def run(path: Path, budget: str = "full", store: bool = True) -> float:
    """Execute one notebook in place, from its own folder as JupyterLab does.

    The file is replaced only when every cell ran. A kernel now and then loses a request, and its
    cell would wait for ever: a cell without an answer in time gets one more kernel. With the full
    budget the pictures of its controls are recorded too.

    store    False: only record the pictures of its controls, with either budget
    returns  the `fair_seconds` that it took, without the recording
    raises   RuntimeError, with the cell's traceback, where a cell failed; an error inside a
             control's callback counts
    """
    try:
        return run_once(path, budget, store)
    except CellTimeoutError:
        return run_once(path, budget, store)


def run_once(path: Path, budget: str, store: bool = True) -> float:
    """As `run`; raises CellTimeoutError where a cell has no answer in `CELL_SECONDS`."""
    notebook = nbformat.read(path, as_version=4)
    client = Client(
        notebook,
        timeout=CELL_SECONDS[budget],
        startup_timeout=CELL_SECONDS[budget],  # on a busy machine a kernel starts slowly
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    # A thread that waits sleeps: waiting is not counted as work.
    environment |= {"COURSE_BUDGET": budget, "OMP_WAIT_POLICY": "passive"}
    before = processor_seconds()
    with client.setup_kernel(env=environment):
        started = time.perf_counter()
        recorder = Recorder(client, path, budget) if budget == "full" or not store else None
        try:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                if recorder:
                    recorder.record(index, cell)
                if client.hidden_error:
                    raise RuntimeError(f"{path.name}, cell {index}:\n{client.hidden_error}")
        except CellExecutionError as error:
            raise RuntimeError(f"{path.name}:\n{error}") from None
        clock = time.perf_counter() - started
        client.set_widgets_metadata()
    # The kernel has ended, so its processor time is counted.
    processor = processor_seconds() - before
    if recorder:
        recorder.finish()
        clock, processor = clock - recorder.clock, processor - recorder.processor
    seconds = fair_seconds(clock, processor)
    if not store:
        return seconds
    tidy(notebook)
    notebook.metadata = {
        "kernelspec": KERNEL,
        "language_info": LANGUAGE,
        "course": {
            "budget": budget,
            "code_sha256": code_hash(notebook),
            "seconds": round(seconds, 1),
        },
    }
    write(notebook, path)
    return seconds


class Recorder:
    """Records the pictures of a lesson's controls, cell by cell, in the kernel that runs it.

    clock, processor  the seconds that this took
    """

    def __init__(self, client: Client, path: Path, budget: str) -> None:
        self._client, self._path, self._folder = client, path, frames.folder_of(path)
        self._made = {"budget": budget, "code_sha256": code_hash(client.nb)}
        self._recorded: set[str] = set()
        self.clock = self.processor = 0.0

    def record(self, index: int, cell) -> None:
        """The pictures of the cell that has just run; none of real people, none that a script
        draws."""
        found = frames.recorded_cells(self._path, {"cells": [cell]})
        if not found or "real" in cell.metadata.get("tags", []):
            return
        self._recorded.add(frames.name(cell.source))
        # The few images of the quick budget may lack the values that the metadata chooses.
        is_full = self._made["budget"] == "full"
        code = frames.RECORD.format(
            root=str(ROOT),
            count=cell.execution_count,
            folder=str(self._folder / frames.name(cell.source)),
            chosen=dict(cell.metadata.get("frames", {})) if is_full else {},
            made=self._made,
        )
        recording = nbformat.v4.new_code_cell(code)
        self._client.execute_cell(recording, index, store_history=False)
        self._client.nb.cells[index] = cell  # nbclient has put the recording in its place
        if self._client.hidden_error is None:
            printed = [one.text for one in recording.outputs if one.get("name") == "stdout"]
            clock, processor = json.loads(printed[-1].splitlines()[-1])
            self.clock, self.processor = self.clock + clock, self.processor + processor

    def finish(self) -> None:
        """Delete pictures of cells that the lesson no longer has."""
        for folder in self._folder.glob("*"):
            if folder.name not in self._recorded:
                shutil.rmtree(folder)


def write(notebook, path: Path) -> None:
    """Write a valid notebook, whole or not at all."""
    nbformat.validate(notebook)
    content = nbformat.writes(notebook).rstrip("\n") + "\n"
    write_atomically(path, content.encode())


# -- check -----------------------------------------------------------------------------------------


def problems(path: Path) -> list[str]:
    """What is wrong with one stored lesson, one sentence each; empty when nothing is."""
    notebook = nbformat.read(path, as_version=4)
    found = heading_problems(notebook)
    course = notebook.metadata.get("course", {})
    if not course:
        found.append("never run: `python -m tools.notebooks run` it")
    elif course["code_sha256"] != code_hash(notebook):
        found.append("stale: its code, or a result that it reads, has changed since; run it again")
    elif course["budget"] != "full":
        found.append(
            f"its outputs were made with the {course['budget']} budget; readers get the full one"
        )
    if "widgets" in notebook.metadata:
        found.append("metadata.widgets is there: GitHub refuses such a notebook")
    if (size := path.stat().st_size) > LARGEST:
        found.append(f"{size / MEGABYTE:.1f} MB; at most {LARGEST / MEGABYTE:.0f} MB a lesson")
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            found += [f"cell {number}: {problem}" for problem in cell_problems(cell)]
    return found + frames.problems(path, notebook, code_hash(notebook))


def cell_problems(cell) -> list[str]:
    """What is wrong with one code cell and its outputs."""
    found = []
    if cell.source.strip() and cell.execution_count is None:
        found.append("never run")
    if (lines := len(cell.source.splitlines())) > LONGEST_CELL:
        found.append(f"{lines} lines; at most {LONGEST_CELL}")
    for output in cell.outputs:
        data = output.get("data", {})
        picture = next((mime for mime in data if mime.startswith("image/")), None)
        if picture and len(output.metadata.get(picture, {}).get("alt", "")) < 10:
            found.append("a picture without alt text: end the cell with plots.show(fig, alt=...)")
        if VIEW in data and not picture:
            found.append(
                "a widget alone: use plots.explore, or plain tqdm; words may stand beside it"
            )
        is_allowed = "raises-exception" in cell.metadata.get("tags", [])
        if output.output_type == "error" and not is_allowed:
            found.append(f"stores an error: {output.ename}")
        texts = [str(value) for mime, value in data.items() if mime.startswith("text/")]
        for text in [output.get("text", ""), *texts]:
            if match := MACHINE.search(text):
                found.append(f"shows a path of some machine: {match.group()}")
            if output.get("name") == "stderr" and "Warning" in text:
                found.append(f"shows a warning: {text.strip().splitlines()[0][:100]}")
    return found


def heading_problems(notebook) -> list[str]:
    """One H1, first of all, and no level skipped on the way down."""
    levels = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.M | re.S)
            levels += [len(marks) for marks in re.findall(r"^(#{1,6}) ", text, flags=re.M)]
    found = []
    if levels.count(1) != 1:
        found.append(f"{levels.count(1)} H1 headings; a lesson has one")
    elif levels[0] != 1:
        found.append("a heading stands before the H1")
    found += [
        f"an H{below} follows an H{above}: a level is skipped"
        for above, below in zip(levels, levels[1:])
        if below > above + 1
    ]
    return found


# -- command line ----------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("command", choices=("run", "frames", "tidy", "check", "list"))
    parser.add_argument("paths", nargs="*", type=as_path)
    parser.add_argument("--budget", choices=("quick", "full"), default="full")
    options = parser.parse_args(arguments)
    paths = [path.resolve() for path in options.paths] or lessons()
    commands = {
        "run": run_all,
        "frames": record_all,
        "tidy": tidy_all,
        "check": check_all,
        "list": list_all,
    }
    return int(commands[options.command](paths, options.budget))


def run_all(paths: list[Path], budget: str, store: bool = True) -> bool:
    """Run the notebooks one after the other; True where one failed."""
    failed = False
    for path in paths:
        print(f"{path.name}: ", end="", flush=True)
        try:
            print(f"{run(path, budget, store):.1f} s")
        except RuntimeError as error:
            failed = True
            print(f"FAILED\n{error}")
    return failed


def record_all(paths: list[Path], budget: str) -> bool:
    """Record the pictures of the notebooks' controls; True where one failed."""
    with_controls = [
        path for path in paths if frames.recorded_cells(path, nbformat.read(path, as_version=4))
    ]
    return run_all(with_controls, budget, store=False)


def tidy_all(paths: list[Path], _: str) -> bool:
    """Tidy the stored outputs of the notebooks, and print their sizes."""
    for path in paths:
        before = path.stat().st_size
        tidy(notebook := nbformat.read(path, as_version=4))
        write(notebook, path)
        print(f"{path.name}: {before:,} -> {path.stat().st_size:,} bytes")
    return False


def check_all(paths: list[Path], _: str) -> bool:
    """Print the problems of the notebooks; True where there is any."""
    found = [f"{path.name}: {problem}" for path in paths for problem in problems(path)]
    together = sum(path.stat().st_size for path in paths)
    if together > LARGEST_TOGETHER:
        most = LARGEST_TOGETHER / MEGABYTE
        found.append(f"{together / MEGABYTE:.1f} MB together; at most {most:.0f} MB")
    if (recorded := frames.bytes_together()) > frames.LARGEST_TOGETHER:
        most = frames.LARGEST_TOGETHER / MEGABYTE
        found.append(f"docs/frames holds {recorded / MEGABYTE:.1f} MB; at most {most:.0f} MB")
    print("\n".join(found) or f"{len(paths)} lessons, no problem")
    return bool(found)


def list_all(paths: list[Path], _: str) -> bool:
    """Print what each notebook took when it was run last."""
    for path in paths:
        course = nbformat.read(path, as_version=4).metadata.get("course")
        times = f"{course['seconds']:>7.1f} s  {course['budget']}" if course else "  never run"
        print(f"{path.stem:<40} {times}")
    return False


if __name__ == "__main__":
    sys.exit(main())
