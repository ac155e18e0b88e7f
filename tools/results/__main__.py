"""Measure, and write down what came out.

    python -m tools.results omniglot    train, evaluate, write docs/results/omniglot.json, the page
    python -m tools.results page        write docs/results.md, docs/results/log.md and their figures
                                        anew from docs/results/*.json
    python -m tools.results             every subject, one after the other
    python -m tools.results --jobs 2    two of them at a time; those that measure time come last,
                                        one by one

A subject is a module beside this one with `run() -> dict`, what `tools.results.page` describes.
Trainings go on from their checkpoints in the cache. With COURSE_BUDGET=quick the same code runs in
a minute or two and writes into the cache instead of docs/.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed

from lib import course
from lib.data.files import write_atomically
from tools.cache import results_folder
from tools.results import page, pictures
from tools.results.measure import measure

TIMED = {"export"}  # subjects that measure milliseconds, for which the machine has to be idle


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.results",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join([*page.SUBJECTS, "page"])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"{names}; default: all")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="subjects at a time; 1")
    options = parser.parse_args(arguments)
    subjects = options.subjects or page.SUBJECTS
    # Not `choices`: before Python 3.12 argparse holds an empty list against them too.
    if unknown := set(subjects) - {*page.SUBJECTS, "page"}:
        parser.error(f"no subject {', '.join(sorted(unknown))}; there are {names}")
    folder = course.by_budget(quick=results_folder(), full=page.FOLDER)
    at_once = [name for name in subjects if name not in TIMED | {"page"} and options.jobs > 1]
    # Not `fork`: a copy of a process whose threads hold locks may wait for ever.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(options.jobs, 1), spawn) as pool:
        for done in as_completed([pool.submit(measure, name, folder) for name in at_once]):
            done.result()
    for name in subjects:
        if name not in {"page", *at_once}:
            measure(name, folder)
    if folder == page.FOLDER:
        pictures.draw_all()
        for file in page.PAGES:
            write_atomically(file, page.text(file).encode())


if __name__ == "__main__":
    main()
