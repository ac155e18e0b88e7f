"""Turn one sign, comparison or constant of a module at a time, and see whether its tests notice.

    python -m tools.mutations [MODULES] [--most 40]      such as lib.losses; without any, the core (see TESTS)

Each mutant lives in a forked process that runs the module's test file until the first failure; no file is touched. A mutant that
survives is a place that no test guards, or one that computes the same (`EQUAL` names those that were looked at, and says why).
A run over all mutants of a module goes into docs/mutations.json.
"""

import argparse
import ast
import copy
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTS = {
    "lib.losses": ["tests/test_losses.py"],
    "lib.margins": ["tests/test_losses.py"],
    "lib.pairs": ["tests/test_pairs.py"],
    "lib.scores": ["tests/test_evaluation.py"],
    "lib.evaluation": ["tests/test_evaluation.py"],
    "lib.calibration": ["tests/test_evaluation.py"],
    "lib.identification": ["tests/test_evaluation.py"],
    "lib.references": ["tests/test_references.py"],
    "lib.alignment": ["tests/test_alignment.py"],
    "lib.gallery": ["tests/test_gallery.py"],
    "lib.quality": ["tests/test_phone_pipeline.py"],
}
TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
          ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
LONGEST = 120  # seconds; a mutant that never ends is caught too

# Mutants that change nothing a caller could see, by module and text: looked at one by one.
EQUAL: dict[str, dict[str, str]] = json.loads((ROOT / "tests" / "equal_mutants.json").read_text())


class Mutant(NamedTuple):
    module: str
    line: int
    text: str  # "contrastive_loss: margin - d  ->  margin + d"
    source: str


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines. Annotations, defaults of signatures and texts are left alone."""
    path = ROOT / (module.replace(".", "/") + ".py")
    yield from mutants_of(path.read_text(), module)


def mutants_of(source: str, module: str = "") -> Iterator[Mutant]:
    tree = ast.parse(source)
    left_alone = {id(node) for part in ast.walk(tree) for node in _signature(part)}
    for number, node in enumerate(ast.walk(tree)):
        for change in () if id(node) in left_alone else _changes(node):
            twin = copy.deepcopy(tree)
            place = next(other for at, other in enumerate(ast.walk(twin)) if at == number)
            before = ast.unparse(place)
            change(place)
            text = f"{_inside(tree, node.lineno)}{_short(before)}  ->  {_short(ast.unparse(place))}"
            yield Mutant(module, node.lineno, text, ast.unparse(twin))


def _signature(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a function's defaults and annotations, and in an annotation of a variable."""
    parts: list = []
    if isinstance(node, ast.arguments):
        parts = [*node.defaults, *filter(None, node.kw_defaults), *(a.annotation for a in (*node.posonlyargs, *node.args, *node.kwonlyargs) if a.annotation)]
    elif isinstance(node, ast.FunctionDef) and node.returns:
        parts = [node.returns]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.annotation]
    for part in parts:
        yield from ast.walk(part)


def _inside(tree: ast.AST, line: int) -> str:
    """The innermost function around a line, "loss: ", or nothing."""
    around = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno]
    return f"{max(around, key=lambda node: node.lineno).name}: " if around else ""


def _short(text: str) -> str:
    return text if len(text) <= 70 else text[:67] + "..."


def _changes(node: ast.AST) -> list:
    """Functions that each turn one thing in a copy of `node`."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in TURNED:
        return [lambda place: setattr(place, "op", TURNED[type(place.op)]())]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        return [lambda place: place.ops.__setitem__(0, TURNED[type(place.ops[0])]())]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        return [lambda place: setattr(place, "op", ast.UAdd())]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        return [lambda place: setattr(place, "operand", ast.UnaryOp(type(place.op)(), place.operand))]  # twice: not not x
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return [lambda place: setattr(place, "value", place.value + 1)]
    return []


def survives(mutant: Mutant) -> bool:
    """True where every test passes with the mutant in place. Runs in a child process."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(_tests_pass(mutant))
        finally:
            os._exit(1)
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 77
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def _tests_pass(mutant: Mutant) -> int:
    """In the child: the mutant in place of the file, whatever imports it; 77 where the tests pass."""
    import pytest

    target = str(ROOT / (mutant.module.replace(".", "/") + ".py"))
    code = compile(mutant.source, target, "exec")
    get_code = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: code if self.path == target else get_code(self, name)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ["COURSE_BUDGET"], os.environ["MPLBACKEND"] = "quick", "agg"
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "-m", "not slow", *TESTS[mutant.module]])
    return 77 if status == 0 else 2


def prepared() -> None:
    """Import once, before any fork, what every test file imports slowly; nothing of `lib`."""
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import pytorch_metric_learning.losses  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import torch
    import torchvision  # noqa: F401

    torch.set_num_threads(1)
    assert not any(name == "lib" or name.startswith("lib.") for name in sys.modules), "a module of lib is loaded already: a mutant would not be seen"


def examine(module: str, most: int | None = None, seed: int = 0) -> tuple[int, list[Mutant]]:
    """(mutants tried, survivors that are not known to be equal)"""
    found = [mutant for mutant in mutants(module) if mutant.text not in EQUAL.get(module, {})]
    if most is not None and len(found) > most:
        found = random.Random(seed).sample(found, most)
    return len(found), [mutant for mutant in found if survives(mutant)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutations", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("modules", nargs="*", help="of: " + ", ".join(TESTS))
    parser.add_argument("--most", type=int, help="at most so many mutants a module, drawn at random")
    options = parser.parse_args(arguments)
    prepared()
    alive, table = 0, {}
    for module in options.modules or TESTS:
        started = time.perf_counter()
        tried, survivors = examine(module, options.most)
        table[module] = {"mutants": tried, "caught": tried - len(survivors), "known to be equal": len(EQUAL.get(module, {}))}
        print(f"{module}: {tried - len(survivors)} of {tried} caught in {time.perf_counter() - started:.0f} s", flush=True)
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
