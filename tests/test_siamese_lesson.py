"""Lesson 1 keeps its promise: at most 80 lines, nothing of lib but the data, and they run alone."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

LESSON = Path(__file__).resolve().parent.parent / "notebooks" / "01_a_siamese_network.ipynb"
CELLS = nbformat.read(LESSON, as_version=4).cells
FENCE = re.compile(r"```python\n(from pytorch_metric_learning.*?)\n```", re.S)


def cells_tagged(tag: str) -> list[str]:
    return [cell.source for cell in CELLS if tag in cell.metadata.get("tags", [])]


def program() -> str:
    """The program as the lesson tells readers to copy it: `plt.show()` in place of plots.show."""
    source = "\n\n".join(cells_tagged("program"))
    lines = source.splitlines()
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and ast.unparse(node.value).startswith("plots.show(")
    ]
    for call in sorted(calls, key=lambda node: -node.lineno):
        lines[call.lineno - 1 : call.end_lineno] = ["plt.show()"]
    return "\n".join(lines)


def test_the_program_has_at_most_80_lines():
    lines = [line.strip() for line in program().splitlines()]
    counted = [line for line in lines if line and not line.startswith("#")]
    assert 60 < len(counted) <= 80, len(counted)


def test_the_program_takes_nothing_from_the_library_but_the_data():
    tree = ast.parse(program())
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported.append(node.module)
    assert [name for name in imported if name.partition(".")[0] == "lib"] == ["lib.data"]
    uses = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {use for use in uses if use.startswith("course.")} == {"course.by_budget"}


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What set-up, program and the page's lines for pytorch-metric-learning print as one script."""
    text = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
    script = [
        *cells_tagged("setup"),
        program(),
        "optimizer = torch.optim.AdamW(model.parameters())",
    ]
    script += ["model.train()", FENCE.search(text).group(1), "print(f'at last {loss.item():.3f}')"]
    done = subprocess.run(
        [sys.executable, "-c", "\n\n".join(script)],
        cwd=LESSON.parent,
        env=os.environ | {"COURSE_BUDGET": "quick", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_program_runs_alone_and_judges_characters_that_it_has_never_seen(said):
    line = next(line for line in said if line.startswith("EER"))
    before, after = map(float, re.findall(r"([\d.]+)%", line))
    assert after < 35 and after < before - 5, line


def test_the_lines_for_pytorch_metric_learning_run_as_printed(said):
    assert 0 < float(said[-1].removeprefix("at last ")) < 2
