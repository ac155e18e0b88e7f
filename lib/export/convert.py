"""One network, three formats: ONNX, LiteRT (.tflite) and ExecuTorch (.pte), in float or in int8.

    to_onnx(model, "face.onnx")
    to_tflite(model, "face.tflite", "float16")
    to_executorch(model, "face.pte", "int8", calibration=images)

int8 means: in convolutions, weights are bytes with one scale an output channel, and activations are
bytes between the smallest and the largest value that `calibration` shows (ExecuTorch: between two
values that lose least). Channels are balanced first (`lib.export.rewrite`). The normalisation at
the end stays in float, so vectors keep unit length.
"""

import contextlib
import json
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

import numpy as np
import torch

from lib.course import as_path
from lib.export import rewrite
from lib.export.cache import cached
from lib.export.contract import PhoneModel, contract
from lib.export.files import require, write
from lib.export.runtimes import run
from lib.models import Network

PRECISIONS = {
    ".onnx": ("float32", "int8"),
    ".tflite": ("float32", "float16", "int8"),
    ".pte": ("float32", "int8"),
}
# How far an answer may be from the network's, in lengths of a vector. float32 and float16 only
# round; int8 loses more, and only a warning says how much.
LARGEST_ERROR = {"float32": 1e-3, "float16": 2e-2, "int8": 0.5}


def to_onnx(
    model: Network,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` as ONNX; int8 by ONNX Runtime's static quantisation.

    calibration  uint8 images (a hundred of the training images), for int8 only
    facts        what only the caller knows: name, version, threshold, threshold_far, data...
    raises       ValueError for a precision that the format does not have, int8 without calibration,
                 another ending than .onnx, weights that are not float32 or hold NaN, facts that a
                 contract cannot hold, and where the file answers otherwise than the network;
                 ImportError, in words, where the converter is not installed
    """
    require("onnxscript")
    require("onnxruntime")
    from lib.export import onnx_file  # imports ONNX, which is optional

    path = _named(path, ".onnx")
    phone, pictures = prepare(model, ".onnx", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(onnx_file.convert, phone, precision == "int8", by="onnxscript")
    if precision == "int8":
        content = cached(onnx_file.to_int8, content, pictures, by="onnxruntime")
    return _write(path, onnx_file.with_contract(content, facts), facts, phone, pictures)


def to_tflite(
    model: Network,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` for LiteRT, once TensorFlow Lite. Arguments as for `to_onnx`.

    float16 halves the weights only; the arithmetic stays in float32. int8 is static.
    """
    require("litert_torch")
    from lib.export import tflite_file  # imports LiteRT, which is optional

    path = _named(path, ".tflite")
    phone, pictures = prepare(model, ".tflite", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(tflite_file.convert, phone, by="litert-torch")
    if precision == "float16":
        content = cached(tflite_file.to_float16, content, by="ai-edge-quantizer")
    if precision == "int8":
        content = cached(tflite_file.to_int8, content, pictures, by="ai-edge-quantizer")
    return _write(path, tflite_file.with_contract(content, facts), facts, phone, pictures)


def to_executorch(
    model: Network,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` for ExecuTorch with its CPU backend XNNPACK. Arguments as for `to_onnx`.

    int8 is PyTorch's own export quantisation. A .pte has no table for metadata, so the contract is
    a method of the program that returns the JSON.
    """
    require("executorch")
    from lib.export import executorch_file  # imports ExecuTorch, which is optional

    path = _named(path, ".pte")
    phone, pictures = prepare(model, ".pte", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(executorch_file.convert, phone, pictures, json.dumps(facts), by="executorch")
    return _write(path, content, facts, phone, pictures)


def export_all(
    model: Network,
    folder: Path | str,
    calibration: np.ndarray,
    leave_out: Collection[str] = (),
    out: TextIO | None = None,
    **facts,
) -> list[Path]:
    """All seven files, named after `facts["name"]`; a format without its converter is left out.

    leave_out  names of files not to make, such as "int8.pte"
    out        gets a line a file; None: standard output
    """
    paths, out, name = [], out or sys.stdout, str(facts.get("name", "model"))
    if not name or Path(name).name != name:
        raise ValueError(f"name={name!r} begins the files' names: it must be one without a folder")
    for suffix, convert in ((".onnx", to_onnx), (".tflite", to_tflite), (".pte", to_executorch)):
        for precision in PRECISIONS[suffix]:
            if precision + suffix in leave_out:
                continue
            path = as_path(folder) / f"{name}-{precision}{suffix}"
            began = time.perf_counter()
            try:
                with _dots(out):
                    convert(model, path, precision, calibration, **facts)
            except ImportError as missing:
                print(f"{suffix} skipped: {missing}", file=out)
                break
            size, seconds = path.stat().st_size / 1e6, time.perf_counter() - began
            print(f" {path.name:<28} {size:5.2f} MB in {seconds:.1f} s", file=out)
            paths.append(path)
    return paths


@contextlib.contextmanager
def _dots(out: TextIO) -> Iterator[None]:
    """Print a dot every three seconds: converters do not report progress."""
    done = threading.Event()

    def print_dots() -> None:
        while not done.wait(3):
            print(".", end="", file=out, flush=True)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(print_dots)
        try:
            yield
        finally:
            done.set()


def _named(path: Path | str, suffix: str) -> Path:
    """The path, whose ending says the format; ValueError, before any work, for another ending."""
    path = as_path(path)
    if path.suffix != suffix:
        raise ValueError(f"{path.name!r} must end in {suffix}: the ending says the format")
    return path


def _write(
    path: Path, content: bytes, facts: dict, phone: PhoneModel, calibration: np.ndarray | None
) -> Path:
    """Put the file in place once it has answered as the network does.

    calibration  pictures for an int8 file, which knows of no larger values than theirs
    """
    pictures, expected = phone.probe
    if calibration is not None:
        pictures = calibration[:2]
        with torch.no_grad():
            expected = phone(torch.from_numpy(pictures)).numpy()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path.name)
        file.write_bytes(content)
        answers = run(file, pictures)
    off = np.linalg.norm(answers - expected, axis=1).max() / np.linalg.norm(expected, axis=1).max()
    words = f"{path.name} answers otherwise than the network, by {off:.2g} of a vector's length"
    if calibration is not None and not off <= LARGEST_ERROR["int8"]:
        warnings.warn(f"{words}: other calibration images?", stacklevel=3)
    elif not off <= LARGEST_ERROR[facts["precision"]]:
        raise ValueError(f"{words}: it is not written")
    return write(path, content, facts)


def prepare(
    model: Network, suffix: str, precision: str, calibration: np.ndarray | None
) -> tuple[PhoneModel, np.ndarray | None]:
    """The network as the phone sees it and, for int8, balanced, with its calibration pictures."""
    if precision not in PRECISIONS[suffix]:
        known = ", ".join(PRECISIONS[suffix])
        raise ValueError(f"no {precision!r} for {suffix}; there are {known}")
    phone = PhoneModel(model)
    phone.to(memory_format=torch.contiguous_format)  # ExecuTorch refuses channels-last weights
    phone.probe  # noqa: B018  # the network's answers, before anything is rewritten
    if precision != "int8":
        return phone, None
    if calibration is None or len(calibration) == 0:
        raise ValueError(
            "int8 needs calibration=, some hundred images that show how large values get"
        )
    phone.model = rewrite.equalised(phone.model, calibration)
    return phone, phone.pictures(calibration)
