"""Checks every figure that a running notebook draws, also at each place of its controls.

As a pytest plugin (`-p figure_watcher`, beside nbval and `-p slider_driver`) this file calls
`tests.lint.figures.problems` in the notebook's own kernel on each figure that becomes a PNG, and
fails the notebook's last item, the controls, with what was found.
"""

from pathlib import Path

import pytest
from slider_driver import request

ROOT = Path(__file__).resolve().parent.parent

# `show` and the controls both look up `png` in lib.plots.style when they make a picture. A problem
# is kept once, however many titles a control gives the same figure.
WATCH = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lib.plots import style as _style
from tests.lint import figures as _figures
_png, _figure_problems = _style.png, {{}}

def _checked_png(figure):
    picture = _png(figure)
    for problem in _figures.problems(figure):
        _figure_problems.setdefault(problem.rpartition("': ")[2], problem)
    return picture

_style.png = _checked_png
sys.path.remove({str(ROOT)!r})
"""


def _notebook(item):
    return item.parent if type(item.parent).__name__ == "IPyNbFile" else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item) -> None:
    """Put the check in place when the kernel has started, before the notebook's first cell."""
    notebook = _notebook(item)
    if notebook is not None and not hasattr(notebook, "watched"):
        notebook.watched = True
        _run(notebook, WATCH, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After the controls, a notebook's last item, report what the figures lack."""
    if type(item).__name__ != "Controls" or _notebook(item) is None:
        return (yield)
    failures = []
    try:
        yield
    except AssertionError as failure:
        failures.append(str(failure))
    found = _run(item.parent, "", "list(_figure_problems.values())")
    if found != "[]":
        lines = found.replace('", ', '",\n')
        failures.append(f"a figure that some readers cannot read\n{lines}")
    if failures:
        raise AssertionError("\n".join(failures))


def _run(notebook, code: str, expression: str | None) -> str:
    """Run code silently in the notebook's kernel; the text of an expression there."""
    content = {
        "code": code,
        "silent": True,
        "store_history": False,
        "allow_stdin": False,
        "stop_on_error": True,
        "user_expressions": {"answer": expression} if expression else {},
    }
    reply = request(notebook.kernel.kc, "execute_request", content)
    if reply["status"] != "ok":
        raise RuntimeError(f"figures cannot be checked: {reply.get('evalue')}")
    answer = reply["user_expressions"].get("answer", {})
    return answer.get("data", {}).get("text/plain", "")
