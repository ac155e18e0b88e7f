"""Turn one sign, comparison or constant of a module at a time, and see whether its tests notice.

    python -m tests.lint.mutations [MODULES] [--most 40]      such as lib.losses; without any, the core (see TESTS)

The tests run once without a mutant, to see which of them enter which function. Then each mutant lives in a forked process that runs the
tests which enter its function, cheapest first, until the first failure; no file is touched. A mutant that survives is a place that no
test guards, or one that computes the same (`EQUAL` names those that were looked at, and says why). A run over all mutants of a module
goes into docs/mutations.json.
"""

import argparse
import ast
import copy
import gc
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

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
    # what is killed is another process, which reads the file itself
    "lib.phone.gallery": ["tests/test_gallery.py", "-k", "not kill"],
    "lib.phone.gallery_file": ["tests/test_gallery.py", "-k", "not kill"],
    "lib.phone.open_set": ["tests/test_open_set.py"],
    "lib.phone.quality": ["tests/test_phone_pipeline.py"],
    "lib.phone.detector": ["tests/test_phone_pipeline.py", "-k", "detector"],
    # without a test that takes half a minute, and is of another module
    "lib.phone.recogniser": ["tests/test_phone_pipeline.py", "-k", "not limits_are"],
}
TURNED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
LONGEST = 120  # seconds of the processor's time, or twenty times as many of the clock's; a mutant that never ends is caught too
# Without what takes time at each start: caches, rewritten asserts, and garbage collected after each test.
FLAGS = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",
    "-p",
    "no:threadexception",
    "--assert=plain",
    "-m",
    "not slow and not browser",
]

# Mutants that change nothing a caller could see, by module and text: looked at one by one.
EQUAL: dict[str, dict[str, str]] = json.loads(
    (ROOT / "tests" / "lint" / "equal_mutants.json").read_text()
)


class Mutant(NamedTuple):
    module: str
    line: int
    text: str  # "contrastive_loss: margin - d  ->  margin + d"
    source: str


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines. Left alone: annotations, defaults of signatures, texts, and what runs only as a
    command, in a process that reads the file itself."""
    yield from mutants_of(_file(module).read_text(), module)


def mutants_of(source: str, module: str = "") -> Iterator[Mutant]:
    found, lines = list(_mutants_of(source, module)), source.splitlines()
    found = _told_apart(found, [f"  in  {lines[mutant.line - 1].strip()}" for mutant in found])
    seen: Counter = Counter()
    for mutant in found:
        seen[mutant.text] += 1
        seen[mutant.text, mutant.source] = seen[mutant.text]
    yield from _told_apart(
        found,
        [f"  ({seen[mutant.text, mutant.source]} of {seen[mutant.text]})" for mutant in found],
    )


def _told_apart(found: list[Mutant], marks: list[str]) -> list[Mutant]:
    """A mark behind the texts of those that read alike."""
    times = Counter(mutant.text for mutant in found)
    return [
        mutant if times[mutant.text] == 1 else mutant._replace(text=mutant.text + mark)
        for mutant, mark in zip(found, marks)
    ]


def _mutants_of(source: str, module: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    left_alone = {id(node) for part in ast.walk(tree) for node in _left_alone(part)}
    for number, node in enumerate(ast.walk(tree)):
        for change in () if id(node) in left_alone else _changes(node):
            twin = copy.deepcopy(tree)
            place = next(other for at, other in enumerate(ast.walk(twin)) if at == number)
            before = ast.unparse(place)
            change(place)
            text = f"{_inside(tree, node.lineno)}{_short(before)}  ->  {_short(ast.unparse(place))}"
            yield Mutant(module, node.lineno, text, ast.unparse(twin))


def _left_alone(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a function's defaults and annotations, in an annotation of a variable, and below `if __name__ == "__main__"`."""
    parts: list = []
    if isinstance(node, ast.arguments):
        parts = [
            *node.defaults,
            *filter(None, node.kw_defaults),
            *(
                a.annotation
                for a in (*node.posonlyargs, *node.args, *node.kwonlyargs)
                if a.annotation
            ),
        ]
    elif isinstance(node, ast.FunctionDef) and node.returns:
        parts = [node.returns]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.annotation]
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        parts = [node]
    for part in parts:
        yield from ast.walk(part)


def _inside(tree: ast.AST, line: int) -> str:
    """The innermost function around a line, "loss: ", or nothing."""
    function = _function(tree, line)
    return f"{function.name}: " if function else ""


def _function(tree: ast.AST, line: int) -> ast.FunctionDef | None:
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _short(text: str) -> str:
    return text if len(text) <= 70 else text[:67] + "..."


def _changes(node: ast.AST) -> list:
    """Functions that each turn one thing in a copy of `node`."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in TURNED:
        return [lambda place: setattr(place, "op", TURNED[type(place.op)]())]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        return [lambda place: place.ops.__setitem__(0, TURNED[type(place.ops[0])]())]
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and not isinstance(node.operand, ast.Constant)
    ):
        return [lambda place: setattr(place, "op", ast.UAdd())]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        return [
            lambda place: setattr(place, "operand", ast.UnaryOp(type(place.op)(), place.operand))
        ]  # twice: not not x
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return [lambda place: setattr(place, "value", place.value + 1)]
    return []


class Entered(NamedTuple):
    """What one run without a mutant shows."""

    tests: dict[
        str, tuple[float, list[int]]
    ]  # {test: (seconds, first lines of the module's functions that it enters)}
    fixtures: list[
        int
    ]  # first lines of what fixtures, or the tests' import, enter: any test may rest on it

    def by(self, mutant: Mutant) -> list[str]:
        """The tests that enter a mutant's function, cheapest first; all of them where it is in none, or where that cannot be seen."""
        function = _function(ast.parse(_file(mutant.module).read_text()), mutant.line)
        every = sorted(self.tests, key=lambda test: self.tests[test][0])
        if function is None:
            return every
        inside = range(
            min([function.lineno, *(at.lineno for at in function.decorator_list)]),
            function.end_lineno + 1,
        )
        if any(line in inside for line in self.fixtures):
            return every
        return [
            test for test in every if any(line in inside for line in self.tests[test][1])
        ] or every


class _Watch:
    """A plugin of pytest that fills `Entered`."""

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
    """Run a module's tests as they are, in a child, and see which functions each enters. Ends the program where a test fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            watch = _Watch(str(_file(module)))
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
        raise SystemExit(
            f"the tests of {module} fail without any mutant: {' '.join(TESTS[module])}"
        )
    return Entered(tests, fixtures)


def survives(mutant: Mutant, tests: list[str]) -> bool:
    """True where every one of these tests passes with the mutant in place. Runs in a child process."""
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
            return os.waitstatus_to_exitcode(status) == 77
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def _tests_pass(mutant: Mutant, tests: list[str]) -> int:
    """In the child: the mutant in place of the file, whatever imports it; 77 where the tests pass."""
    import resource  # POSIX alone, as fork is

    resource.setrlimit(
        resource.RLIMIT_CPU, (LONGEST, LONGEST)
    )  # the clock would count a busy machine's mutants as caught
    target = str(_file(mutant.module))
    code = compile(mutant.source, target, "exec")
    get_code = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: (
        code if self.path == target else get_code(self, name)
    )
    return 77 if _pytest(tests) == 0 else 2


def _pytest(tests: list[str], plugins: list | None = None) -> int:
    """In a child: run these tests without a word."""
    import pytest

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ.update(COURSE_BUDGET="quick", MPLBACKEND="agg", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    os.chdir(ROOT)
    return pytest.main([*FLAGS, *tests], plugins=plugins)


def _file(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def prepared() -> None:
    """Import once, before any fork, what every test file imports slowly; nothing of `lib`."""
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import pytorch_metric_learning.losses  # noqa: F401
    import sklearn.isotonic  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import sklearn.model_selection  # noqa: F401
    import torch
    import torchvision  # noqa: F401

    torch.set_num_threads(1)
    gc.freeze()  # a child that collects garbage would copy the parent's memory
    assert not any(name == "lib" or name.startswith("lib.") for name in sys.modules), (
        "a module of lib is loaded already: a mutant would not be seen"
    )


def examine(module: str, most: int | None = None, seed: int = 0) -> tuple[int, list[Mutant]]:
    """(mutants tried, survivors that are not known to be equal)"""
    found = [mutant for mutant in mutants(module) if mutant.text not in EQUAL.get(module, {})]
    if most is not None and len(found) > most:
        found = random.Random(seed).sample(found, most)
    known = entered(module)
    return len(found), [mutant for mutant in found if survives(mutant, known.by(mutant))]


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
    prepared()
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
        print(
            f"{module}: {tried - len(survivors)} of {tried} caught in {time.perf_counter() - started:.0f} s",
            flush=True,
        )
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
