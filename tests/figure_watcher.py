"""Looks at every figure that a running notebook draws, its controls' redraws among them, before it becomes a picture.

As a pytest plugin (`-p figure_watcher`, beside nbval and `-p slider_driver`) this file puts `tests.lint.figures.problems` between a figure and
its PNG in the notebook's own kernel, and fails the notebook's last item, the controls, with what was found.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds to import matplotlib on a busy machine
WATCH = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lib import plots as _plots
from tools import figures as _figures
_png, _figure_problems = _plots.png, {{}}

def _watched(figure):
    picture = _png(figure)
    for problem in _figures.problems(figure):
        _figure_problems.setdefault(problem.rpartition("': ")[2], problem)  # once, however many titles a control gives it
    return picture

_plots.png = _watched
sys.path.remove({str(ROOT)!r})
"""


def _notebook(item):
    return item.parent if type(item.parent).__name__ == "IPyNbFile" else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item) -> None:
    """The kernel is there: before its first cell, step between figure and picture."""
    notebook = _notebook(item)
    if notebook is not None and not hasattr(notebook, "watched"):
        notebook.watched = True
        _ask(notebook, WATCH, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After the controls, which are a notebook's last item, say what the figures lack, beside what the controls themselves lack."""
    if type(item).__name__ != "Controls" or _notebook(item) is None:
        return (yield)
    failures = []
    try:
        yield
    except AssertionError as failure:
        failures.append(str(failure))
    found = _ask(item.parent, "", "list(_figure_problems.values())")
    if found != "[]":
        failures.append("a figure that some readers cannot read\n" + found.replace('", ', '",\n'))
    if failures:
        raise AssertionError("\n".join(failures))


def _ask(notebook, code: str, expression: str | None) -> str:
    """Run code silently in the notebook's kernel; the text of an expression there."""
    client = notebook.kernel.kc
    message = client.session.msg(
        "execute_request",
        {
            "code": code,
            "silent": True,
            "store_history": False,
            "allow_stdin": False,
            "stop_on_error": True,
            "user_expressions": {"answer": expression} if expression else {},
        },
    )
    client.shell_channel.send(message)
    while True:
        reply = client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message["msg_id"]:
            break
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"figures cannot be watched: {reply['content'].get('evalue')}")
    answer = reply["content"]["user_expressions"].get("answer", {})
    return answer.get("data", {}).get("text/plain", "")
