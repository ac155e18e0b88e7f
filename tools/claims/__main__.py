"""Run the claims that are not on record: python -m tools.claims [TOPIC ...]"""

import argparse
import importlib
import json
import pkgutil
import time

from lib import course
from lib.data.files import write_atomically
from tools import claims

FILE = course.ROOT / "docs" / "results" / "lessons.json"


def recorded() -> dict[str, dict]:
    """What the file holds, by the claims' names; empty where there is no file."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.claims", description=__doc__)
    parser.add_argument("topics", nargs="*", help="modules of tools/claims; none: all")
    wanted = parser.parse_args(arguments).topics
    for module in pkgutil.iter_modules(claims.__path__):
        if module.name not in ("__main__", "glyphs"):
            importlib.import_module(f"tools.claims.{module.name}")
    for one in claims.CLAIMS.values():
        if wanted and one.topic not in wanted:
            continue
        entry = recorded().get(one.name, {})
        if entry.get("code") != one.fingerprint:
            entry = {"rows": []}
        entry = {"says": one.says, "topic": one.topic, "code": one.fingerprint, **entry}
        entry["says"] = one.says
        for seed in range(len(entry["rows"]), one.seeds):
            began = time.process_time()
            figures = {key: float(f"{value:.5g}") for key, value in one.measure(seed).items()}
            entry["rows"].append({"seed": seed, **figures})
            # Read again before writing: another topic may have been measured meanwhile.
            table = dict(sorted({**recorded(), one.name: entry}.items()))
            write_atomically(FILE, (json.dumps(table, indent=1) + "\n").encode())
            print(
                f"{one.name}, seed {seed}: {figures} ({time.process_time() - began:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
