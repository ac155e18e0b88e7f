"""One subject measured and written down.

A module of its own: a process that multiprocessing starts cannot find what `__main__.py` defines.
"""

import importlib
import json
from pathlib import Path

from lib.data.files import write_atomically
from tools.results import page


def measure(name: str, folder: Path) -> None:
    """Measure one subject, write its JSON file and print its section of the page."""
    found = importlib.import_module(f"tools.results.{name}").run()
    content = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / f"{name}.json", content.encode())
    print(page.section(name, found), flush=True)
