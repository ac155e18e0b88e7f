"""What a reader sees of stored outputs: no machine, no progress bar's past, alt texts.

Stored pictures are PNG files of at most 256 colours, which take less than half the space.
"""

import base64
import hashlib
import io
import os
import re
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
VIEW = "application/vnd.jupyter.widget-view+json"
LARGEST_CHANGE = 16  # of 255, that fewer colours may make to a pixel's red, green or blue
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
EDITORS_NOTES = {  # in a cell's metadata
    "execution",
    "jp-MarkdownHeadingCollapsed",
    "jupyter",
    "lines_to_next_cell",
    "scrolled",
}


def tidy(notebook) -> None:
    """Leave in the outputs what a reader reads.

    No paths of this machine, of a progress bar its last state alone, alt text on every picture.
    """
    ids: set[str] = set()
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        cell.id = _cell_id(cell, ids)
        is_setup = "setup" in cell.metadata.get("tags", [])
        for note in EDITORS_NOTES - ({"jupyter"} if is_setup else set()):  # which is collapsed
            cell.metadata.pop(note, None)
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in _joined(cell.outputs)
                if output.output_type != "stream" or output.text.strip()
            ]
            for output in cell.outputs:
                _tidy_output(output)


def _tidy_output(output) -> None:
    if output.output_type == "stream":
        output.text = without_machine(final_lines(output.text))
        return
    data = output.get("data", {})
    for mime, content in data.items():
        if isinstance(content, str) and not mime.startswith("image/"):
            data[mime] = without_machine(content)
    if "image/png" in data or "text/html" in data:
        # Without its kernel a widget shows nothing, and JupyterLab would show it, not these forms.
        data.pop(VIEW, None)
    if "image/png" in data:
        data["image/png"] = smaller(data["image/png"])
        words = data.get("text/plain", "")
        if words and not words.startswith("<"):
            output.metadata.setdefault("image/png", {}).setdefault("alt", words)


def smaller(png: str) -> str:
    """A picture with at most 256 colours, base64; itself where that is not smaller or visible."""
    content = base64.b64decode(png)
    picture = Image.open(io.BytesIO(content))
    is_opaque = picture.convert("RGBA").getextrema()[3] == (255, 255)
    if picture.mode == "P" or not is_opaque:
        return png
    picture = picture.convert("RGB")
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    before, after = (np.asarray(one.convert("RGB"), dtype=int) for one in (picture, few))
    few.save(stored := io.BytesIO(), "PNG", optimize=True)
    visible = np.abs(after - before).max() > LARGEST_CHANGE
    if visible or len(stored.getvalue()) >= len(content):
        return png
    return base64.b64encode(stored.getvalue()).decode()


def _cell_id(cell, seen: set[str]) -> str:
    """An id from the cell's own text: it stays the same, so a diff shows what changed alone."""
    for attempt in range(1000):
        text = f"{cell.cell_type}{attempt or ''}\0{cell.source}"
        name = hashlib.sha256(text.encode()).hexdigest()[:8]
        if name not in seen:
            seen.add(name)
            return name
    raise ValueError("a thousand equal cells")


def _joined(outputs: list) -> list:
    """Neighbouring pieces of one stream as one output."""
    joined: list = []
    for output in outputs:
        last = joined[-1] if joined else None
        is_stream = output.output_type == "stream" and last and last.output_type == "stream"
        if is_stream and last.name == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def final_lines(text: str) -> str:
    """What a terminal shows in the end: of a line that was written over, the last state."""
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
            pattern = re.escape(folder) + r"(?=[/\\:\s'\"]|$)"
            text = re.sub(pattern, lambda _, name=folders[folder]: name, text)
    for variable, value in os.environ.items():
        if re.search(r"INDEX|REGISTRY|PROXY", variable.upper()):
            if host := urlsplit(value).hostname:
                text = text.replace(host, "registry")
    name = socket.gethostname()
    return text if name == "localhost" else re.sub(rf"\b{re.escape(name)}\b", "host", text)
