"""The set-up cell, the same in every lesson: its text and its metadata.

The tests hold the set-up cell of every notebook to these two. The address on the line that begins
with `REPOSITORY` is the only difference; `make stamp` writes it.
"""

# Where there is no course and none can be downloaded, the cell says what to do and shows git's own
# message. It deletes nothing: a folder in the way may be the reader's.
SOURCE = """\
#@title Set-up
# Find the course's code; on Colab, download it first.
import os, subprocess, sys
from pathlib import Path

REPOSITORY = os.path.expanduser(os.environ.get("COURSE_REPOSITORY", ""))
new = Path("course").resolve()  # where a download goes
root = next((p for p in new.parents if (p / "lib/course.py").exists()), new)
if not (root / "lib/course.py").exists():
    if not REPOSITORY:
        raise RuntimeError("Open this notebook in the course's folder, or set COURSE_REPOSITORY.")
    fix = f"{new} is in the way; rename or delete it" if new.exists() else f"check {REPOSITORY}"
    clone = ["git", "clone", "--quiet", "--depth=1", REPOSITORY, new]
    if (git := subprocess.run(clone, stderr=subprocess.PIPE, text=True)).returncode:
        raise RuntimeError(f"No course here: {fix}, then run this cell again. git: {git.stderr}")
sys.path.insert(0, str(root))
from lib import course

course.start()"""

# One collapsed line: source_hidden in JupyterLab, cellView on Colab, hide-input on the site.
METADATA = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "tags": ["setup", "hide-input"],
}


def source(address: str = "") -> str:
    """The cell's text with a published address in it, which COURSE_REPOSITORY overrides."""
    return SOURCE.replace('"COURSE_REPOSITORY", ""', f'"COURSE_REPOSITORY", "{address}"')
