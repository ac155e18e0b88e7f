"""Run the lessons and keep what they show; find stored outputs that are stale, too large, or say nothing to a reader who cannot see.

    python -m tools.notebooks run [PATHS] [--budget quick]   execute in place, tidy the outputs, stamp them
    python -m tools.notebooks check [PATHS]                  one line a problem; fails if there is any
    python -m tools.notebooks list [PATHS]                   the measured seconds of each lesson

PATHS are notebooks; without any, every lesson in notebooks/.
"""

import argparse
import hashlib
import os
import re
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 2**20
LARGEST, LARGEST_TOGETHER, LONGEST_CELL = 1 * MEGABYTE, 8 * MEGABYTE, 25
VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
}
MACHINE = re.compile(
    r"(?<![\w.:/<])(?:/(?:home|Users|root|tmp|work|usr|opt|var|content|private)/[\w.\-/]+)|[A-Za-z]:\\\\?Users\\"
)
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def lessons() -> list[Path]:
    """Every lesson, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def code_hash(notebook) -> str:
    """sha256 over the sources of the code cells, in order: what the stored outputs came from. The setup cell does not count: stamping
    the published address into it changes no output."""
    digest = hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            digest.update(cell.source.encode() + b"\0")
    return digest.hexdigest()


def processor_seconds() -> float:
    """What all processes that this one started and that have ended took of the processors, in seconds; 0 where the system does not say."""
    times = os.times()
    return times.children_user + times.children_system


def fair_seconds(clock: float, processor: float) -> float:
    """Seconds that a program took: the processor's where that is less than the clock's. Others on this machine do not make it slow."""
    return min(clock, processor) if processor > 0 else clock


# -- run -------------------------------------------------------------------------------------------


class Client(NotebookClient):
    """nbclient, which also sees the errors that an Output widget keeps to itself."""

    hidden_error: str | None = None

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            self.hidden_error = "\n".join(msg["content"]["traceback"])
        return super().process_message(msg, cell, cell_index)


def run(path: Path, budget: str = "full") -> float:
    """Execute one notebook in place, from its own folder as JupyterLab does, and return the seconds that it took.

    Seconds are the processor's where that is less than the clock's: other programs on this machine do not make a lesson slow.
    The file is replaced only when every cell ran.
    raises  RuntimeError, with the cell's traceback, where one did not (an error inside a control's callback counts)
    """
    notebook = nbformat.read(path, as_version=4)
    client = Client(
        notebook,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    environment |= {
        "COURSE_BUDGET": budget,
        "OMP_WAIT_POLICY": "passive",
    }  # a thread that waits sleeps: it is no work
    before = processor_seconds()
    with client.setup_kernel(env=environment):
        started = time.perf_counter()
        try:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                if client.hidden_error:
                    raise RuntimeError(f"{path.name}, cell {index}:\n{client.hidden_error}")
        except CellExecutionError as error:
            raise RuntimeError(f"{path.name}:\n{error}") from None
        seconds = time.perf_counter() - started
        client.set_widgets_metadata()
    seconds = fair_seconds(
        seconds, processor_seconds() - before
    )  # the kernel has ended, so its work is counted
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


def write(notebook, path: Path) -> None:
    """Write a valid notebook under a temporary name, then rename it."""
    nbformat.validate(notebook)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as file:
        nbformat.write(notebook, file)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def tidy(notebook) -> None:
    """Leave in the outputs what a reader reads: no machine paths, no progress bar's past, alt text on every picture."""
    seen: set[str] = set()
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        cell.id = _cell_id(cell, seen)
        for noise in (
            "execution",
            "jp-MarkdownHeadingCollapsed",
            "jupyter",
            "lines_to_next_cell",
            "scrolled",
        ):
            cell.metadata.pop(noise, None)
        if cell.cell_type != "code":
            continue
        cell.outputs = [
            output
            for output in _joined(cell.outputs)
            if output.output_type != "stream" or output.text.strip()
        ]
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = without_machine(final_lines(output.text))
                continue
            for mime, data in output.get("data", {}).items():
                if isinstance(data, str) and not mime.startswith("image/"):
                    output.data[mime] = without_machine(data)
            if "image/png" in output.get("data", {}):
                output.data.pop(
                    VIEW, None
                )  # nothing answers it without its kernel, and JupyterLab would show that instead of the picture
            words = output.get("data", {}).get("text/plain", "")
            if "image/png" in output.get("data", {}) and words and not words.startswith("<"):
                output.metadata.setdefault("image/png", {}).setdefault("alt", words)


def _cell_id(cell, seen: set[str]) -> str:
    """An id from the cell's own text: the same after every conversion, so that a diff shows what changed and nothing else."""
    for attempt in range(1000):
        name = hashlib.sha256(
            f"{cell.cell_type}{attempt or ''}\0{cell.source}".encode()
        ).hexdigest()[:8]
        if name not in seen:
            seen.add(name)
            return name
    raise ValueError("a thousand equal cells")


def _joined(outputs: list) -> list:
    """Neighbouring pieces of one stream as one output."""
    joined: list = []
    for output in outputs:
        if (
            output.output_type == "stream"
            and joined
            and joined[-1].output_type == "stream"
            and joined[-1].name == output.name
        ):
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def final_lines(text: str) -> str:
    """What a terminal shows in the end: of each line that a progress bar wrote over, only the last state."""
    lines = []
    for line in ANSI.sub("", text).replace("\r\n", "\n").split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(states[-1].rstrip() if states else "")
    return "\n".join(lines)


def without_machine(text: str) -> str:
    """The text without this machine's folders, name, and package registry."""
    folders = {
        str(ROOT): ".",
        str(Path.home()): "~",
        sys.prefix: "<python>",
        sys.base_prefix: "<python>",
        tempfile.gettempdir(): "<tmp>",
    }
    for folder in sorted(folders, key=len, reverse=True):
        if len(folder) > 4 or folder in ("/tmp", str(Path.home())):
            text = re.sub(
                re.escape(folder) + r"(?=[/\\:\s'\"]|$)", lambda _, name=folders[folder]: name, text
            )
    for variable, value in os.environ.items():
        if re.search(r"INDEX|REGISTRY|PROXY", variable.upper()) and (
            host := urlsplit(value).hostname
        ):
            text = text.replace(host, "registry")
    return (
        re.sub(rf"\b{re.escape(socket.gethostname())}\b", "host", text)
        if socket.gethostname() != "localhost"
        else text
    )


# -- check -----------------------------------------------------------------------------------------


def problems(path: Path) -> list[str]:
    """What is wrong with one stored lesson, one sentence each; empty when nothing is."""
    notebook = nbformat.read(path, as_version=4)
    found = heading_problems(notebook)
    course = notebook.metadata.get("course", {})
    if not course:
        found.append("never run: `python -m tools.notebooks run` it")
    elif course["code_sha256"] != code_hash(notebook):
        found.append("stale: its code changed after its outputs were made; run it again")
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
    return found


def cell_problems(cell) -> list[str]:
    """What is wrong with one code cell and its outputs."""
    found = []
    if cell.source.strip() and cell.execution_count is None:
        found.append("never run")
    if len(cell.source.splitlines()) > LONGEST_CELL:
        found.append(f"{len(cell.source.splitlines())} lines; at most {LONGEST_CELL}")
    for output in cell.outputs:
        data = output.get("data", {})
        picture = next((mime for mime in data if mime.startswith("image/")), None)
        if picture and len(output.metadata.get(picture, {}).get("alt", "")) < 10:
            found.append("a picture without alt text: end the cell with plots.show(fig, alt=...)")
        if VIEW in data and not picture:
            found.append("a widget without a still picture: use plots.explore, or plain tqdm")
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get(
            "tags", []
        ):
            found.append(f"stores an error: {output.ename}")
        words = [
            output.get("text", ""),
            *(str(value) for mime, value in data.items() if mime.startswith("text/")),
        ]
        for text in words:
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
    parser.add_argument("command", choices=("run", "check", "list"))
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--budget", choices=("quick", "full"), default="full")
    options = parser.parse_args(arguments)
    paths = [path.resolve() for path in options.paths] or lessons()
    failed = False
    for path in paths:
        if options.command == "run":
            print(f"{path.name}: ", end="", flush=True)
            try:
                print(f"{run(path, options.budget):.1f} s")
            except RuntimeError as error:
                failed = True
                print(f"FAILED\n{error}")
        elif options.command == "check":
            for problem in (found := problems(path)):
                print(f"{path.name}: {problem}")
            failed |= bool(found)
        else:
            course = nbformat.read(path, as_version=4).metadata.get("course")
            print(
                f"{path.stem:<40} {course['seconds']:>7.1f} s  {course['budget']}"
                if course
                else f"{path.stem:<40}   never run"
            )
    if options.command == "check":
        together = sum(path.stat().st_size for path in paths)
        if together > LARGEST_TOGETHER:
            failed = True
            print(
                f"{together / MEGABYTE:.1f} MB together; at most {LARGEST_TOGETHER / MEGABYTE:.0f} MB"
            )
        if not failed:
            print(f"{len(paths)} lessons, nothing to mend")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
