"""Moves every control of a running notebook to its minimum, middle and maximum, by comm messages.

A front end sends the same messages. nbval runs cells only, so it never sees a control fail at a
value that no cell set. As a pytest plugin (`-p slider_driver`, beside `--nbval-lax`) this file adds
one item after the last cell of each notebook, which moves the controls in the same kernel.
"""

import re
import time
from dataclasses import dataclass, field

import pytest

PATIENCE = 120  # seconds for one answer on a busy machine
DISPLAY_ONLY = (
    "Layout",
    "Style",
    "Box",
    "Image",
    "HTML",
    "Label",
    "Output",
    "Progress",
    "Valid",
    "Tab",
    "Accordion",
    "Any",  # lib.plots.webcam, which waits for a picture
)


@dataclass
class Move:
    """One control set to one value: the time it took, its errors, and whether a picture changed."""

    control: str
    value: object
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    redrawn: bool = False


def drive(client) -> list[Move]:
    """Move every control of a kernel, one at a time; each goes back to where it was.

    client  a blocking client of jupyter_client
    """
    comms = request(client, "comm_info_request", {"target_name": "jupyter.widget"})["comms"]
    states = {comm: _state(client, comm) for comm in comms}
    moves = []
    for comm, state in states.items():
        kind = state.get("_model_name", "").removesuffix("Model")
        name = state.get("description") or kind
        if not state or any(kind.endswith(passive) for passive in DISPLAY_ONLY):
            continue
        if kind == "Button":
            click = {"method": "custom", "content": {"event": "click"}}
            moves.append(_send(client, comm, name, "click", click))
            continue
        key, values = _places(state)
        if not values:
            moves.append(Move(name, None, errors=[f"the driver cannot move a {kind}"]))
            continue
        tries = [
            _send(client, comm, name, value, _update(key, value)) for value in (*values, state[key])
        ]
        if not any(move.redrawn or move.errors for move in tries):
            tries[-1].errors.append("moving it changes no picture")
        moves += tries
    return moves


def complaints(moves: list[Move]) -> list[str]:
    """One sentence for each error of each move."""
    return [f"{move.control} = {move.value}: {error}" for move in moves for error in move.errors]


def _places(state: dict) -> tuple[str, list]:
    """The trait to set, and its minimum, middle and maximum."""
    if "_options_labels" in state:
        last = len(state["_options_labels"]) - 1
        return "index", [0, last // 2, last]
    if "min" in state and "max" in state:
        low, high, step = state["min"], state["max"], state.get("step") or 1
        middle = low + step * int((high - low) / step / 2)
        if isinstance(state["value"], list):
            return "value", [[low, low], [low, middle], [low, high], [high, high]]
        return "value", [low, middle, high]
    if isinstance(state.get("value"), bool):
        return "value", [True, False]
    return "value", []


def _update(key: str, value) -> dict:
    return {"method": "update", "state": {key: value}, "buffer_paths": []}


def request(client, kind: str, content: dict) -> dict:
    """Send one message on the shell channel; the content of its reply."""
    message = client.session.msg(kind, content)
    client.shell_channel.send(message)
    while True:
        reply = client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message["msg_id"]:
            return reply["content"]


def _results(client, comm: str, data: dict) -> list[dict]:
    """Send one comm message; every iopub message that it caused, until the kernel is idle."""
    message = client.session.msg("comm_msg", {"comm_id": comm, "data": data})
    client.shell_channel.send(message)
    results = []
    while True:
        reply = client.get_iopub_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") != message["msg_id"]:
            continue
        if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
            return results
        results.append(reply)


def _state(client, comm: str) -> dict:
    for reply in _results(client, comm, {"method": "request_state"}):
        if reply["msg_type"] == "comm_msg" and reply["content"]["comm_id"] == comm:
            return reply["content"]["data"].get("state", {})
    return {}


def _send(client, comm: str, name: str, value, data: dict) -> Move:
    move, started = Move(name, value), time.perf_counter()
    for reply in _results(client, comm, data):
        if reply["msg_type"] == "error":
            move.errors.append(
                re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(reply["content"]["traceback"]))
            )
        # A picture travels as a buffer of an Image widget, or as an output of its own.
        move.redrawn |= bool(reply.get("buffers")) or reply["msg_type"] in (
            "display_data",
            "update_display_data",
        )
    move.seconds = time.perf_counter() - started
    return move


# -- pytest plugin ---------------------------------------------------------------------------------


class Controls(pytest.Item):
    """Every control of one notebook, in the kernel that its cells ran in."""

    def runtest(self) -> None:
        moves = drive(self.parent.kernel.kc)
        slowest = max(moves, key=lambda move: move.seconds, default=Move("none", None))
        names = {move.control for move in moves}
        summary = f"{len(names)} moved {len(moves)} times"
        slow = f"slowest {slowest.control} {slowest.seconds:.2f} s"
        self.add_report_section("call", "controls", f"{summary}; {slow}")
        if found := complaints(moves):
            raise AssertionError("a control failed\n" + "\n".join(found))

    def repr_failure(self, excinfo) -> str:
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}: controls"


def pytest_collection_modifyitems(items: list) -> None:
    """After the last cell of each notebook, its controls."""
    last = {
        item.parent: index
        for index, item in enumerate(items)
        if type(item.parent).__name__ == "IPyNbFile"
    }
    for notebook, index in sorted(last.items(), key=lambda pair: -pair[1]):
        items.insert(index + 1, Controls.from_parent(notebook, name="Controls"))
