"""Change one sign, comparison or constant of a module at a time, and see whether its tests notice.

    python -m tests.lint.mutations [MODULES] [--most 40]      such as lib.losses.metric; none: TESTS

The tests run once without a mutant, which shows which of them enter which function. Then each
mutant lives in a forked process that runs the tests which enter its function, cheapest first, until
the first failure; no file is touched. A mutant that survives is a place that no test guards, or it
computes the same: equal_mutants.json names those that were looked at, and says why. A run over all
mutants of a module goes into docs/mutations.json.
"""

import argparse
import ast
import gc
import importlib
import json
import os
import random
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

from tests.lint.mutants import Mutant, function_at, mutants_of

ROOT = Path(__file__).resolve().parents[2]
TESTS = {  # what pytest is asked to run
    "lib.losses.metric": ["tests/test_losses.py"],
    "lib.losses.triplets": ["tests/test_losses.py"],
    "lib.losses.batch": ["tests/test_losses.py"],
    "lib.losses.margins": ["tests/test_losses.py"],
    "lib.data.pairs": ["tests/test_pairs.py"],
    "lib.data.arrays": ["tests/test_evaluation.py"],
    "lib.evaluation.scores": ["tests/test_evaluation.py"],
    "lib.evaluation.rates": ["tests/test_evaluation.py"],
    "lib.evaluation.intervals": ["tests/test_evaluation.py", "tests/test_one_shot.py"],
    "lib.evaluation.calibration": ["tests/test_evaluation.py"],
    "lib.evaluation.identification": ["tests/test_evaluation.py"],
    "lib.evaluation.references": ["tests/test_references.py"],
    "lib.phone.alignment": ["tests/test_alignment.py"],
    # without the tests that kill a process: it reads the file itself, not the mutant
    "lib.phone.gallery": ["tests/test_gallery.py", "-k", "not kill"],
    "lib.phone.gallery_file": ["tests/test_gallery.py", "-k", "not kill"],
    "lib.phone.open_set": ["tests/test_open_set.py"],
    "lib.phone.people": ["tests/test_people.py"],
    "lib.phone.threshold": ["tests/test_people.py"],
    "lib.phone.quality": ["tests/test_phone_pipeline.py"],
    "lib.phone.detector": ["tests/test_detector.py"],
    # without a test that takes half a minute and guards another module
    "lib.phone.recogniser": ["tests/test_phone_pipeline.py", "-k", "not limits_are"],
    "tools.faces.landmarks": ["tests/test_alignment.py"],
    "tools.signatures.stroke_features": ["tests/test_strokes.py"],
}
LONGEST = 120  # processor seconds, or 20 times as many by the clock: a mutant may never end
PASSED, FAILED = 77, 2  # exit statuses of a child
# Without what takes time at each start: caches, rewritten asserts, collecting garbage after tests.
PLUGINS = ["cacheprovider", "unraisableexception", "threadexception"]
FLAGS = ["-x", "-q", "--assert=plain", *(f"-pno:{name}" for name in PLUGINS)]
FLAGS += ["-m", "not slow and not browser"]

# {module: {text: why}} of mutants that change nothing a caller could see.
EQUAL: dict[str, dict[str, str]] = json.loads(
    (ROOT / "tests" / "lint" / "equal_mutants.json").read_text()
)


def mutants(module: str) -> list[Mutant]:
    """Every mutant of a module."""
    return list(mutants_of(file_of(module).read_text(), module))


def file_of(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


# -- which test enters which function --------------------------------------------------------------


class Entered(NamedTuple):
    """Which functions of a module the tests enter, as one run without a mutant shows."""

    # {test: (seconds, first lines of the functions that it enters)}
    tests: dict[str, tuple[float, list[int]]]
    # first lines of what fixtures, or the tests' import, enter: any test may depend on them
    fixtures: list[int]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests that enter a mutant's function, cheapest first.

        All tests, where it is in no function, or where a fixture or no test enters it.
        """
        function = function_at(ast.parse(file_of(mutant.module).read_text()), mutant.line)
        every = sorted(self.tests, key=lambda test: self.tests[test][0])
        if function is None:
            return every
        first = min([function.lineno, *(node.lineno for node in function.decorator_list)])
        lines = range(first, function.end_lineno + 1)
        if any(line in lines for line in self.fixtures):
            return every
        found = [test for test in every if any(line in lines for line in self.tests[test][1])]
        return found or every


class _Watch:
    """A plugin of pytest that notes what `Entered` holds."""

    def __init__(self, file: str) -> None:
        self.file, self.now, self.fixtures, self.tests = file, set(), set(), {}

    def _enter(self, frame, event, argument) -> None:
        if frame.f_code.co_filename == self.file:
            self.now.add(frame.f_code.co_firstlineno)

    def pytest_sessionstart(self) -> None:
        sys.settrace(self._enter)

    def pytest_runtest_logstart(self) -> None:
        self.began = time.process_time()

    def pytest_runtest_call(self) -> None:
        self.fixtures |= self.now
        self.now = set()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.tests[nodeid] = (time.process_time() - self.began, sorted(self.now))
        self.now = set()


def entered(module: str) -> Entered:
    """Run a module's tests as they are, in a child process, and see which functions each enters.

    raises  SystemExit where a test fails
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            watch = _Watch(str(file_of(module)))
            status = _pytest(TESTS[module], [watch])
            with os.fdopen(writing, "w") as pipe:
                json.dump([int(status), watch.tests, sorted(watch.fixtures)], pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        status, tests, fixtures = json.loads(pipe.read() or "[1, {}, []]")
    os.waitpid(child, 0)
    if status != 0:
        tests = " ".join(TESTS[module])
        raise SystemExit(f"the tests of {module} fail without any mutant: {tests}")
    return Entered(tests, fixtures)


# -- running mutants -------------------------------------------------------------------------------


def survives(mutant: Mutant, tests: list[str]) -> bool:
    """True where every one of these tests, run in a child process, passes with the mutant."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(_tests_pass(mutant, tests))
        finally:
            os._exit(1)
    deadline = time.monotonic() + 20 * LONGEST
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == PASSED
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def _tests_pass(mutant: Mutant, tests: list[str]) -> int:
    """In the child: run the tests with the mutant in place of the file, whatever imports it."""
    import resource  # POSIX alone, as fork is

    # Processor time: by the clock, mutants would count as caught on a busy machine.
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    target = str(file_of(mutant.module))
    code = compile(mutant.source, target, "exec")
    get_code = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: (
        code if self.path == target else get_code(self, name)
    )
    return PASSED if _pytest(tests) == 0 else FAILED


def _pytest(tests: list[str], plugins: list | None = None) -> int:
    """In a child: run these tests and print nothing."""
    import pytest

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ.update(COURSE_BUDGET="quick", MPLBACKEND="agg", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    os.chdir(ROOT)
    return pytest.main([*FLAGS, *tests], plugins=plugins)


def prepare() -> None:
    """Import once, before any fork, what every test file imports slowly; nothing of the course."""
    import torch

    for module in (
        "numpy",
        "pytest",
        "pytorch_metric_learning.losses",
        "sklearn.isotonic",
        "sklearn.linear_model",
        "sklearn.metrics",
        "sklearn.model_selection",
        "torchvision",
    ):
        importlib.import_module(module)
    torch.set_num_threads(1)
    gc.freeze()  # a child that collects garbage would copy the parent's memory
    loaded = [name for name in sys.modules if name.split(".")[0] in ("lib", "tools")]
    assert not loaded, f"{loaded} are loaded already: a mutant in them would not be seen"


def examine(module: str, most: int | None = None, seed: int = 0) -> tuple[int, list[Mutant]]:
    """(mutants tried, survivors that are not known to be equal)"""
    found = [mutant for mutant in mutants(module) if mutant.text not in EQUAL.get(module, {})]
    if most is not None and len(found) > most:
        found = random.Random(seed).sample(found, most)
    known = entered(module)
    return len(found), [mutant for mutant in found if survives(mutant, known.tests_of(mutant))]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lint.mutations",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", help="of: " + ", ".join(TESTS))
    parser.add_argument(
        "--most", type=int, help="at most so many mutants a module, drawn at random"
    )
    options = parser.parse_args(arguments)
    prepare()
    alive, table = 0, {}
    for module in options.modules or TESTS:
        started = time.perf_counter()
        tried, survivors = examine(module, options.most)
        table[module] = {
            "mutants": tried,
            "caught": tried - len(survivors),
            "known to be equal": len(EQUAL.get(module, {})),
            "alive": [mutant.text for mutant in survivors],
        }
        caught, seconds = tried - len(survivors), time.perf_counter() - started
        print(f"{module}: {caught} of {tried} caught in {seconds:.0f} s", flush=True)
        for mutant in survivors:
            print(f"  alive  {module}:{mutant.line}  {mutant.text}", flush=True)
        alive += len(survivors)
    if options.most is None:
        file = ROOT / "docs" / "mutations.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(dict(sorted({**known, **table}.items())), indent=1) + "\n")
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())
