"""The mutants of a module: its source with one sign, comparison or constant changed at a time.

    for mutant in mutants_of(source):
        mutant.text      "contrastive_loss: margin - d  ->  margin + d"
        mutant.source    the module with that change

Left alone: annotations, defaults of signatures, texts, and what runs only as a command. The text of
a mutant does not depend on how the source is laid out. Where two read alike, the statement around
them is added, and then their number.
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

OPPOSITES = {
    ast.Add: ast.Sub,
    ast.Mult: ast.Div,
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.And: ast.Or,
    ast.BitAnd: ast.BitOr,
}
OPPOSITES |= {second: first for first, second in OPPOSITES.items()}


class Mutant(NamedTuple):
    module: str
    line: int
    text: str
    source: str


def mutants_of(source: str, module: str = "") -> Iterator[Mutant]:
    """Every mutant of a source, in the order of its syntax tree."""
    found, statements = [], []
    for mutant, statement in _mutants_of(source, module):
        found.append(mutant)
        statements.append(statement)
    found = _distinguish(found, [f"  in  {_short(statement)}" for statement in statements])
    seen: Counter = Counter()
    numbers = []
    for mutant in found:
        seen[mutant.text] += 1
        numbers.append(seen[mutant.text])
    marks = [f"  ({number} of {seen[mutant.text]})" for mutant, number in zip(found, numbers)]
    yield from _distinguish(found, marks)


def _distinguish(found: list[Mutant], marks: list[str]) -> list[Mutant]:
    """Add a mark to the texts of those that read alike."""
    times = Counter(mutant.text for mutant in found)
    return [
        mutant if times[mutant.text] == 1 else mutant._replace(text=mutant.text + mark)
        for mutant, mark in zip(found, marks)
    ]


def _mutants_of(source: str, module: str) -> Iterator[tuple[Mutant, str]]:
    """Mutants, each with the statement that it changes."""
    tree = ast.parse(source)
    left_alone = {id(node) for part in ast.walk(tree) for node in _left_alone(part)}
    for number, node in enumerate(ast.walk(tree)):
        change = None if id(node) in left_alone else _change(node)
        if change is None:
            continue
        twin = copy.deepcopy(tree)
        place = next(other for at, other in enumerate(ast.walk(twin)) if at == number)
        before = ast.unparse(place)
        change(place)
        function = function_at(tree, node.lineno)
        inside = f"{function.name}: " if function else ""
        text = f"{inside}{_short(before)}  ->  {_short(ast.unparse(place))}"
        statement = _first_line(_statement(tree, node.lineno))
        yield Mutant(module, node.lineno, text, ast.unparse(twin)), statement


def _left_alone(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a node's annotations and defaults, and below `if __name__ == "__main__"`."""
    parts: list = []
    if isinstance(node, ast.arguments):
        arguments = (*node.posonlyargs, *node.args, *node.kwonlyargs)
        parts = [*node.defaults, *filter(None, node.kw_defaults)]
        parts += [argument.annotation for argument in arguments if argument.annotation]
    elif isinstance(node, ast.FunctionDef) and node.returns:
        parts = [node.returns]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.annotation]
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        parts = [node]
    for part in parts:
        yield from ast.walk(part)


def function_at(tree: ast.AST, line: int) -> ast.FunctionDef | None:
    """The innermost function around a line."""
    return _innermost(tree, line, ast.FunctionDef)


def _statement(tree: ast.AST, line: int) -> ast.stmt:
    return _innermost(tree, line, ast.stmt)


def _innermost(tree: ast.AST, line: int, kind: type):
    nodes = (node for node in ast.walk(tree) if isinstance(node, kind))
    around = [node for node in nodes if node.lineno <= line <= node.end_lineno]
    return max(around, key=lambda node: (node.lineno, -node.end_lineno), default=None)


def _first_line(statement: ast.stmt) -> str:
    """A statement in one line, of a compound one its head."""
    return ast.unparse(statement).splitlines()[0]


def _short(text: str) -> str:
    return text if len(text) <= 70 else text[:67] + "..."


def _change(node: ast.AST) -> Callable | None:
    """A function that changes a copy of `node`; None where there is nothing to change."""
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OPPOSITES:
        return lambda copied: setattr(copied, "op", OPPOSITES[type(copied.op)]())
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPPOSITES:
        return lambda copied: setattr(copied, "ops", [OPPOSITES[type(copied.ops[0])]()])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return lambda copied: setattr(copied, "value", copied.value + 1)
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            return lambda copied: setattr(copied, "op", ast.UAdd())
        if isinstance(node.op, ast.Not | ast.Invert):  # twice: not not x
            return lambda copied: setattr(
                copied, "operand", ast.UnaryOp(type(copied.op)(), copied.operand)
            )
    return None
