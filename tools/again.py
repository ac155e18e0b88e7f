"""Run every lesson three times, and compare what the runs print and draw.

    make again                      every lesson with the quick budget (docs/results/again.json)
    make again ARGS="lesson names"  these, such as 05_many_negatives_or_none

Twice with one thread, once with two. Two runs with one thread must end in the same bytes: text,
tables and pictures, but for seconds and rates. With two threads sums end in other last digits, and
a training makes them larger: there the counted differences are those of the printed numbers.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from lib import course
from lib.data.files import write_atomically
from tools import notebooks

RECORD = course.ROOT / "docs" / "results" / "again.json"
THREADS = (1, 1, 2)
# What a clock says ("12.3 s", "1,234 images/s", "00:12<00:00", "3.2 ms", "(0.9, 1.1)") and
# the dots that are printed while a converter works.
RATE = r"\d\d:\d\d<\d\d:\d\d|[\d.,]+ ?(images/s|it/s|ms|s|min)\b|[\d.]+ \([\d., ]+\)"
CLOCK = re.compile(rf"^\.* |{RATE}", re.MULTILINE)
BAR = re.compile(r"\d+/\d+ \|[^|\n]*\|[^\n]*?images/s")  # a training's, if it takes a while
TIMED = re.compile(r"seconds|\bms\b|images/s|Fastest|MB in")  # outputs that show measured times
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def run(folder: Path, names: list[str], threads: int) -> list[Path]:
    """The lessons of a fresh copy of the checkout, run with so many threads."""
    subprocess.run(["git", "clone", "-q", course.ROOT, folder], check=True)
    paths = [folder / "notebooks" / f"{name}.ipynb" for name in names]
    command = [sys.executable, "-m", "tools.notebooks", "run", *paths, "--budget", "quick"]
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "MKL", "NUMBA", "OPENBLAS")}
    environment = os.environ | limits | {"PYTHONHASHSEED": "0"}
    subprocess.run([str(part) for part in command], cwd=folder, env=environment, check=True)
    return paths


def shown(path: Path) -> list[list[str]]:
    """What each code cell of a lesson shows, without what a clock said; pictures as base64."""
    cells = []
    for cell in nbformat.read(path, as_version=4).cells:
        parts: list[str] = []
        for output in cell.get("outputs", ()):
            data = {"text": output.text} if "text" in output else dict(output.get("data", {}))
            words = BAR.sub(
                "", " ".join(str(data.get(kind, "")) for kind in ("text", "text/plain"))
            )
            if TIMED.search(words) or TIMED.search(cell.source):
                data = {"text": CLOCK.sub("...", words)}
            texts = (CLOCK.sub("...", BAR.sub("", str(data[kind]))) for kind in sorted(data))
            parts += [text for text in texts if text.strip(". \n")]
        cells.append(parts)
    return cells


def farthest(one: str, other: str) -> float | None:
    """The largest difference of two texts' numbers, as a share of the larger; None: other words."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return None
    pairs = zip(map(float, NUMBER.findall(one)), map(float, NUMBER.findall(other)))
    return max((abs(a - b) / max(abs(a), abs(b), 1e-9) for a, b in pairs), default=0.0)


def compare(first: Path, second: Path) -> dict:
    """How many cells show the same bytes, which do not, and how far their numbers are apart."""
    pairs = list(zip(shown(first), shown(second), strict=True))
    others = [number for number, (one, other) in enumerate(pairs) if one != other]
    for number in others:
        print(first.stem, number, *("".join(part)[:200] for part in pairs[number]), sep="\n  ")
    apart = [
        farthest(a, b)
        for number in others
        for a, b in zip(*pairs[number])
        if a != b and len(a) < 10_000  # a longer one is a picture
    ]
    return {
        "cells": sum(bool(one or other) for one, other in pairs),
        "different": others,
        "numbers apart": max((each for each in apart if each is not None), default=0.0),
        "other words": sum(each is None for each in apart),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tools.again", description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", help="names of notebooks; none: all")
    given = parser.parse_args(arguments).lessons
    names = given or [path.stem for path in notebooks.lessons()]
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(Path(folder, str(n)), names, threads) for n, threads in enumerate(THREADS)]
        record = {
            name: {"again": compare(one, again), "two threads": compare(one, two)}
            for name, one, again, two in zip(names, *runs)
        }
    for name, found in record.items():
        print(name, found)
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    everything = dict(sorted((known | record).items()))
    write_atomically(RECORD, (json.dumps(everything, indent=1) + "\n").encode())
    return int(any(found["again"]["different"] for found in record.values()))


if __name__ == "__main__":
    sys.exit(main())
