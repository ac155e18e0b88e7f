"""Measure, and write down what came out.

    python -m tools.results omniglot      train, evaluate, write docs/results/omniglot.json, then the page
    python -m tools.results page          write docs/results.md anew from all of docs/results/*.json
    python -m tools.results               every subject, one after the other

A subject is a module beside this one with `run() -> dict`, what `tools.results.page` lays out, and `short(tables) -> str`, its outcome in a line. Trainings go on from their checkpoints
in the cache. With COURSE_BUDGET=quick the same code runs in a minute or two and writes into the cache instead of docs/.
"""

import argparse
import importlib
import json
import pkgutil

from lib import course
from tools import results
from tools.results import page

SUBJECTS = sorted(
    module.name
    for module in pkgutil.iter_modules(results.__path__)
    if module.name not in ("__main__", "page")
)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.results",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "subjects",
        nargs="*",
        choices=[*SUBJECTS, "page"],
        default=SUBJECTS,
        metavar="SUBJECT",
        help=", ".join([*SUBJECTS, "page"]),
    )
    folder = course.by_budget(quick=course.cache_dir() / "results", full=page.FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for name in parser.parse_args().subjects:
        if name != "page":
            subject = importlib.import_module(f"tools.results.{name}")
            found = subject.run()
            found["short"] = subject.short(found["tables"])
            (folder / f"{name}.json").write_text(
                json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            print(page.section(found))
    if folder == page.FOLDER:
        page.PAGE.write_text(page.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
