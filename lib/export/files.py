"""Model files that explain themselves: the contract inside each format, and as JSON beside it."""

import contextlib
import importlib.util
import io
import json
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from lib import course
from lib.data.arrays import check_whole_number
from lib.data.files import write_atomically
from lib.evaluation import check_threshold
from lib.export.contract import check_decision

KEY = "contract"  # under this name every format carries its JSON


def require(module: str) -> None:
    """ImportError, in words, where a converter or a runtime is not installed."""
    if importlib.util.find_spec(module) is None:
        package, file, extra = course.NEEDED.get(module), "requirements.txt", ""
        if module in course.MOBILE:
            package, file = course.MOBILE[module], "requirements-mobile.txt"
            extra = " (the extra `mobile`, for Linux and macOS)"
        raise ImportError(f"{package} is not installed: `pip install -r {file}` brings it{extra}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what Python and C++ print; an error gets the last five lines of it as a note."""
    with (
        tempfile.TemporaryFile() as log,
        warnings.catch_warnings(),
        contextlib.ExitStack() as restore,
    ):
        warnings.simplefilter("ignore")
        restore.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.WARNING)
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            stream.flush()
            saved = os.dup(number)
            restore.callback(os.close, saved)
            restore.callback(os.dup2, saved, number)
            os.dup2(log.fileno(), number)
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                yield
        except Exception as error:
            log.seek(0)
            printed = (text.getvalue() + log.read().decode(errors="replace")).strip()
            if printed:
                error.add_note("the converter said: " + "\n".join(printed.splitlines()[-5:]))
            raise


def write(path: Path | str, content: bytes, facts: dict) -> Path:
    """Put a model file PATH and its contract PATH.json in place."""
    path = course.as_path(path)
    write_atomically(path, content)
    write_atomically(f"{path}.json", (json.dumps(facts, indent=2) + "\n").encode())
    return path


def read_contract(path: Path | str) -> dict:
    """The contract, from the model file alone; the JSON is for those who cannot read the format.

    raises  FileNotFoundError; ValueError for another kind of file, a damaged one, and one that
            carries no contract
    """
    path = course.as_path(path)
    readers = {".onnx": _from_onnx, ".tflite": _from_tflite, ".pte": _from_pte}
    if path.suffix not in readers:
        raise ValueError(f"{path.name} is none of {', '.join(readers)}")
    with reading(path):
        text = readers[path.suffix](path)
    if text is None:
        raise ValueError(f"{path.name} carries no contract; was it written by lib.export?")
    return parse_contract(text, path)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """What a format's own reader raises for a damaged file, as a ValueError in words."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        yield
    except (ImportError, FileNotFoundError):
        raise
    except Exception as error:
        why = f"truncated, damaged, or no {path.suffix} ({type(error).__name__})"
        raise ValueError(f"{path.name} cannot be read: {why}") from error


def parse_contract(text: str | bytes, path: Path) -> dict:
    """The contract in a JSON text that was read from `path`.

    raises  ValueError where a fact is missing that the contract of each network has, for a
            fingerprint that is none, and for a threshold that is no cosine
    """
    try:
        facts = json.loads(text)
        _, height, width, channels = facts["input"]["shape"]
        _, size = facts["output"]["shape"]
        lengths = [check_whole_number("", n, least=1) for n in (height, width, channels, size)]
        divide = check_threshold(facts["input"]["divide"], cosine=False)
        check_threshold(facts["input"]["subtract"], cosine=False)
        if not (lengths and divide and re.fullmatch("[0-9a-f]{16}", facts["fingerprint"])):
            raise ValueError
        facts["precision"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(f"{path.name} holds a damaged contract; export the model again") from None
    check_decision(facts, f"{path.name}: ")
    return facts


def _from_onnx(path: Path) -> str | None:
    import onnx

    return next((entry.value for entry in onnx.load(path).metadata_props if entry.key == KEY), None)


def _from_tflite(path: Path) -> str | None:
    require("ai_edge_litert")
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    for i in range(model.MetadataLength()):
        if model.Metadata(i).Name() == KEY.encode():
            return model.Buffers(model.Metadata(i).Buffer()).DataAsNumpy().tobytes().decode()
    return None


def _from_pte(path: Path) -> str | None:
    require("executorch")
    with quiet():
        from executorch.runtime import Runtime

        program = Runtime.get().load_program(path)
        return program.load_method(KEY).execute([])[0] if KEY in program.method_names else None
