"""Write first, import later: a lesson writes what it introduces before it takes it from `lib`.

A cell with `"proves": ["lib.losses.contrastive_loss"]` in its metadata shows that what the lesson
wrote equals the name in lib. Here each such lesson runs in a fresh process, as if lib did not have
the names that no cell has proved yet. A proving cell runs twice: once with a wrong function under
that name, which it must notice, and once as it stands.
"""

import ast
import builtins
import functools
import importlib
import linecache
import multiprocessing
import os
import re
import sys
import traceback
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from tools import notebooks

MUST_PROVE = ("01", "03", "04", "05", "06", "08", "09", "11", "12")
EQUALITY = {"allclose", "equal", "isclose", "array_equal", "array_equiv", "approx"}
LESSONS = {path: nbformat.read(path, as_version=4) for path in notebooks.lessons()}
PROVING = [
    pytest.param(path, id=path.stem)
    for path, notebook in LESSONS.items()
    if any("proves" in cell.metadata for cell in notebook.cells)
]


# -- a lib without some names, and with wrong ones ------------------------------------------------


def object_of(name: str):
    """What a dotted name means: "lib.losses.contrastive_loss" -> the function."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


class View(types.ModuleType):
    """A module of lib as a lesson's cells see it; lib itself uses the real one.

    hidden     objects that no module has, by any path
    replaced   (object, what stands in its place)

    Both lists may change while a lesson runs: a view that a cell has imported follows them.
    """

    def __init__(self, module: types.ModuleType, hidden: list, replaced: list) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__["_seen"] = module, hidden, replaced

    def __getattr__(self, name: str):
        module, hidden, replaced = self.__dict__["_seen"]
        value = getattr(module, name)
        if name == "__all__":  # for `from lib.losses import *`
            return [public for public in value if hasattr(self, public)]
        if any(value is one for one in hidden):
            raise AttributeError(f"{module.__name__}.{name} is taught here and not proved yet")
        if isinstance(value, types.ModuleType) and value.__name__.partition(".")[0] == "lib":
            return View(value, hidden, replaced)
        return next((new for old, new in replaced if value is old), value)

    def __dir__(self) -> list[str]:
        return [name for name in dir(self.__dict__["_seen"][0]) if hasattr(self, name)]


def importing(hidden: list, replaced: list):
    """An `__import__` that gives views of lib's modules."""

    def view_or_module(name, globals=None, locals=None, fromlist=(), level=0):
        module = builtins.__import__(name, globals, locals, fromlist, level)
        is_lib = name.partition(".")[0] == "lib"
        return View(module, hidden, replaced) if is_lib else module

    return view_or_module


def spoiled(value):
    """Something like `value` that gives other numbers: a function, a network, an array."""
    if isinstance(value, type) and issubclass(value, nn.Module):

        def forward(self, *given, **more):
            return spoiled(value.forward(self, *given, **more))

        return type(value.__name__, (value,), {"forward": forward})
    if isinstance(value, type) and hasattr(value, "__iter__"):
        return type(value.__name__, (value,), {"__iter__": lambda self: spoiled_items(self, value)})
    if isinstance(value, type | types.FunctionType | functools.partial):
        return lambda *given, **more: spoiled(value(*given, **more))
    if isinstance(value, tuple | list):
        return [spoiled(part) for part in value]
    if value is None or isinstance(value, str):
        return f"not {value}"
    if isinstance(value, bool) or getattr(value, "dtype", None) in (bool, torch.bool, np.bool_):
        return not value if isinstance(value, bool) else ~value
    return value + 1


def spoiled_items(thing, parent: type):
    """What iterating over a thing gives by its parent's way, each item spoiled."""
    return map(spoiled, parent.__iter__(thing))


# -- running a lesson's cells ----------------------------------------------------------------------


class Run:
    """The code cells of a lesson in one namespace, under a lib that lacks what is not proved."""

    def __init__(self, notebook) -> None:
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.space: dict = {"__name__": "__main__"}
        self.hidden: list = []
        self.replaced: list = []
        imports = {"__import__": importing(self.hidden, self.replaced)}
        self.space["__builtins__"] = vars(builtins) | imports
        self.taught = [name for cell in self.cells for name in cell.metadata.get("proves", [])]

    def execute(self, number: int, space: dict) -> None:
        name = f"<code cell {number}>"
        source = re.sub(r"^(\s*)[%!].*$", r"\1pass", self.cells[number].source, flags=re.M)
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        exec(compile(source, name, "exec"), space)

    def problem(self) -> str:
        """The first cell that fails without what is proved later, in words; "" where none does."""
        unproved = list(self.taught)
        last = max((n for n, c in enumerate(self.cells) if "proves" in c.metadata), default=-1)
        for number in range(last + 1):
            proved = self.cells[number].metadata.get("proves", [])
            unproved = [name for name in unproved if name not in proved]
            self.hidden[:] = [object_of(name) for name in unproved]
            for name in proved:
                self.replaced[:] = [(object_of(name), spoiled(object_of(name)))]
                try:
                    self.execute(number, dict(self.space))
                except AssertionError:
                    continue
                return f"code cell {number} does not notice a wrong {name}"
            self.replaced.clear()
            try:
                self.execute(number, self.space)
            except Exception:
                return f"code cell {number}, without {unproved}:\n{traceback.format_exc()}"
        return ""


def _in_a_process(sources: list, folder: str, send) -> None:
    os.chdir(folder)
    sys.stdout = sys.stderr = open(os.devnull, "w")
    torch.set_num_threads(1)
    try:
        cells = [nbformat.v4.new_code_cell(s, metadata=dict(meta)) for s, meta in sources]
        send.send(Run(nbformat.v4.new_notebook(cells=cells)).problem())
    except BaseException:
        send.send(traceback.format_exc())


def problem_of(notebook, folder: Path) -> str:
    """`Run.problem` of a notebook, in a fresh process that stands in `folder`."""
    sources = [(c.source, dict(c.metadata)) for c in notebook.cells if c.cell_type == "code"]
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_in_a_process, args=(sources, str(folder), send))
    process.start()
    send.close()
    try:
        return receive.recv()
    except EOFError:
        return "the process ended without an answer"
    finally:
        process.join()


# -- the lessons -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PROVING)
def test_a_lesson_writes_what_it_teaches_before_lib_has_it(path):
    assert problem_of(LESSONS[path], path.parent) == ""


@pytest.mark.parametrize("path", PROVING)
def test_a_proving_cell_asserts_that_two_things_are_equal(path):
    for cell in LESSONS[path].cells:
        if "proves" in cell.metadata:
            assert asserts_equality(cell.source), cell.source
            for name in cell.metadata["proves"]:
                assert callable(object_of(name))
                assert name.rpartition(".")[2] in cell.source, f"{name} is not in its proof"


@pytest.mark.parametrize("path", PROVING)
def test_no_cell_goes_round_the_import_statement(path):
    for cell in LESSONS[path].cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            assert not re.search(r"import_module|sys\.modules|__import__", cell.source)


@pytest.mark.parametrize("number", MUST_PROVE)
def test_a_lesson_that_introduces_a_part_of_the_library_proves_it_equal(number):
    assert [param for param in PROVING if param.id.startswith(f"{number}_")]


def asserts_equality(source: str) -> bool:
    """True where a cell asserts a comparison of values: allclose(...), a == b, abs(a - b) < c."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and "assert_close" in ast.unparse(node.func):
            return True
        for part in ast.walk(node.test) if isinstance(node, ast.Assert) else ():
            if isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] in EQUALITY:
                return True
            if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Eq):
                return True
            if isinstance(part, ast.Compare) and "abs(" in ast.unparse(part.left):
                return isinstance(part.ops[0], ast.Lt | ast.LtE)
    return False


# -- the run finds what it is there to find --------------------------------------------------------

TAUGHT = "lib.losses.contrastive_loss"
OWN = (
    "import torch\n"
    "def contrastive_loss(d, same, margin=1.0):\n"
    "    push = torch.clamp(margin - d, min=0) ** 2\n"
    "    return 0.5 * torch.where(same, d**2, push).mean()"
)
PROOF = (
    "from lib import losses\n"
    "d, same = torch.rand(9), torch.rand(9) < 0.5\n"
    "assert torch.allclose(contrastive_loss(d, same), losses.contrastive_loss(d, same))"
)


def small(*cells: str, proof: str = PROOF) -> nbformat.NotebookNode:
    """A lesson of these code cells, then one that proves the contrastive loss."""
    last = nbformat.v4.new_code_cell(proof, metadata={"proves": [TAUGHT]})
    return nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells), last])


@pytest.mark.parametrize(
    "source",
    [
        "from lib.losses import contrastive_loss",
        "from lib.losses import contrastive_loss as loss",
        "from lib.losses.metric import contrastive_loss",
        "from lib import losses\nlosses.contrastive_loss",
        "from lib.losses import *\ncontrastive_loss",
        "import lib.losses\nlib.losses.contrastive_loss",
        "import lib.losses.metric as m\nm.contrastive_loss",
        "import lib\ngetattr(lib.losses, 'contrastive_loss')",
        "import lib.losses as m\nassert 'contrastive_loss' not in dir(m)\nm.contrastive_loss",
    ],
)
def test_a_name_that_is_taken_from_lib_before_its_proof_is_found(source):
    found = Run(small(source)).problem()
    assert "code cell 0" in found and re.search("taught here|NameError|ImportError", found), found


def test_lib_itself_keeps_the_name_and_what_is_proved_may_be_used():
    early = "from lib import losses"
    inside = (
        "from lib.losses import batch_contrastive_loss\n"
        "batch_contrastive_loss(torch.rand(4, 2), torch.tensor([0, 0, 1, 1]))"
    )
    later = "from lib.losses import contrastive_loss\ncontrastive_loss(d, same)"
    notebook = small(early, OWN, inside, proof=PROOF.removeprefix("from lib import losses\n"))
    notebook.cells.append(nbformat.v4.new_code_cell(later))
    notebook.cells.append(nbformat.v4.new_code_cell("assert 1 == 1", metadata={"proves": []}))
    assert Run(notebook).problem() == ""


@pytest.mark.parametrize(
    "proof",
    [
        "from lib import losses\nassert losses.contrastive_loss",
        PROOF.replace("losses.contrastive_loss(", "contrastive_loss("),
        PROOF.replace("assert ", ""),
    ],
)
def test_a_proof_that_a_wrong_function_would_pass_is_found(proof):
    assert "does not notice" in Run(small(OWN, proof=proof)).problem()


def test_a_proof_that_fails_is_found():
    wrong = OWN.replace("0.5 *", "1.0 *")
    assert "AssertionError" in Run(small(wrong)).problem()


@pytest.mark.parametrize(
    "source, is_proof",
    [
        (PROOF, True),
        ("assert a == b", True),
        ("assert abs(a - b) < 1e-3", True),
        ("assert (a - b).abs().max() <= 1e-6", True),
        ("torch.testing.assert_close(a, b)", True),
        ("assert a", False),
        ("assert a < b", False),
        ("torch.allclose(a, b)", False),
    ],
)
def test_what_counts_as_asserting_equality(source, is_proof):
    assert asserts_equality(source) is is_proof


def test_a_wrong_network_function_and_batch_give_other_numbers():
    batches = spoiled(object_of("lib.data.pairs.PKBatches"))([0, 0, 1, 1], 2, 2, 1)
    assert sorted(next(iter(batches))) == [1, 2, 3, 4] and len(batches) == 1
    x = torch.zeros(2, 1, 28, 28)
    torch.manual_seed(0)
    net = spoiled(object_of("lib.models.EmbeddingNet"))(2).eval()
    assert torch.allclose(net(x), type(net).__mro__[1].forward(net, x) + 1)
    assert (
        spoiled(object_of("lib.losses.triplet_kinds"))(torch.zeros(1), torch.ones(1), 0.5)[0].item()
        is False
    )
