"""Run a model file as a phone does, in the runtime of its format; compare answers and times.

Golden files are for such a comparison outside Python. A folder holds `golden.json` and for each
picture i: `picture_i.png` (what a camera and an alignment would hand over), `input_i.f32` (the
picture as the model's input) and `output_i.f32` (the network's answer), little-endian floats.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from lib.course import as_path
from lib.data.files import write_atomically
from lib.export.contract import PhoneModel
from lib.export.files import quiet, read_contract, reading, require
from lib.models import Network

RUNTIMES = {".onnx": "ONNX Runtime", ".tflite": "LiteRT", ".pte": "ExecuTorch"}
# Largest difference of any number of a unit vector of 128 numbers. Shorter vectors have larger
# numbers and so larger differences. Float formats only round; int8 answers a little differently.
TOLERANCE = {"float32": 1e-5, "float16": 5e-3, "int8": 0.1}
INPUT_TOLERANCE = 1e-6
Call = Callable[[np.ndarray], np.ndarray]  # float32 (1, H, W, C) -> (1, D)


def open_model(path: Path | str) -> Call:
    """The file as a function of one picture, on one thread.

    raises  ImportError, in words, where the runtime is missing; FileNotFoundError; ValueError for
            another kind of file, or a damaged one
    """
    path = as_path(path)
    if path.suffix not in RUNTIMES:
        raise ValueError(f"{path.name} is none of {', '.join(RUNTIMES)}")
    with reading(path):
        return {".onnx": _onnx, ".tflite": _tflite, ".pte": _pte}[path.suffix](path)


def _onnx(path: Path) -> Call:
    require("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda picture: session.run(None, {name: picture})[0]


def _tflite(path: Path) -> Call:
    require("ai_edge_litert")
    with quiet():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]

    def call(picture: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, picture)
        interpreter.invoke()
        return interpreter.get_tensor(target)  # a copy

    return call


def _pte(path: Path) -> Call:
    require("executorch")
    with quiet():
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        # The only way to one thread; unsafe while another call is running.
        portable_lib._unsafe_reset_threadpool(1)
        method = Runtime.get().load_program(path).load_method("forward")
    return lambda picture: method.execute([torch.from_numpy(picture)])[0].numpy().copy()


def run(path: Path | str, pictures: np.ndarray) -> np.ndarray:
    """Embed with the file itself: (N, H, W, C), as `PhoneModel.pictures` makes them, -> (N, D)."""
    call = open_model(path)
    return np.concatenate([call(np.ascontiguousarray(picture[None])) for picture in pictures])


def parity(model: Network, path: Path | str, images: np.ndarray) -> float:
    """Largest difference of any number between the file in its runtime and the network in PyTorch.

    model   the network that the file was made from
    images  uint8, as an `ImageSet` stores them
    raises  ValueError where the file was made from other weights
    """
    phone, made_from = PhoneModel(model), read_contract(path)["fingerprint"]
    if made_from != phone.fingerprint:
        made = f"{Path(path).name} was made from a network with fingerprint {made_from}"
        raise ValueError(f"{made}, this one has {phone.fingerprint}")
    pictures = phone.pictures(images)
    return float(np.abs(run(path, pictures) - _in_pytorch(phone, pictures)).max())


def _in_pytorch(phone: PhoneModel, pictures: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return phone(torch.from_numpy(pictures)).numpy()


class Row(NamedTuple):
    """One line of the report. Times are milliseconds an image: median and quartiles."""

    name: str
    precision: str
    bytes: int
    parity: float
    median: float
    low: float
    high: float


def latency(
    calls: dict[str, Call],
    picture: np.ndarray,
    rounds: int = 30,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, np.ndarray]:
    """Milliseconds of every call, (rounds,) each, after three calls that do not count.

    The calls take turns, so that a moment in which the machine is busy affects all alike.

    clock  seconds; `time.process_time` leaves out what other processes take
    """
    times = {name: np.empty(rounds) for name in calls}
    for call in calls.values():
        for _ in range(3):
            call(picture)
    for turn in range(rounds):
        for name, call in calls.items():
            began = clock()
            call(picture)
            times[name][turn] = 1e3 * (clock() - began)
    return times


def report(
    model: Network,
    paths: list[Path],
    images: np.ndarray,
    rounds: int = 30,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Row]:
    """Size, parity and time of each file, with PyTorch as the first row, all on one thread."""
    phone, paths = PhoneModel(model), [as_path(path) for path in paths]
    calls: dict[str, Call] = {"": lambda x: _in_pytorch(phone, x)}
    calls |= {str(path): open_model(path) for path in paths}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = latency(calls, phone.pictures(images[:1]), rounds, clock)
    finally:
        torch.set_num_threads(threads)
    quartiles = {name: np.percentile(each, [50, 25, 75]).tolist() for name, each in times.items()}
    size = sum(4 * value.numel() for value in phone.parameters())
    rows = [Row("PyTorch", "float32", size, 0.0, *quartiles[""])]
    for path in paths:
        name, precision = RUNTIMES[path.suffix], read_contract(path)["precision"]
        size, difference = path.stat().st_size, parity(model, path, images)
        rows.append(Row(name, precision, size, difference, *quartiles[str(path)]))
    return rows


def write_golden(model: Network, folder: Path | str, images: np.ndarray) -> Path:
    """Write the golden files of `model` for some uint8 images; returns the folder."""
    folder, phone = as_path(folder), PhoneModel(model)
    folder.mkdir(parents=True, exist_ok=True)
    # 1) The images at the phone's size, as bytes: back from input numbers to grey levels.
    black, white = (float(phone.scale(torch.tensor(value))) for value in (0.0, 255.0))
    levels = (phone.pictures(images) - black) * 255 / (white - black)
    pixels = np.rint(levels).clip(0, 255).astype(np.uint8)  # (N, H, W, C)
    pixels = pixels if phone.channels == 3 else pixels[..., 0]
    # 2) Input and answer.
    inputs = phone.pictures(pixels)
    outputs = _in_pytorch(phone, inputs)
    for i in range(len(pixels)):
        Image.fromarray(pixels[i]).save(folder / f"picture_{i}.png")
        write_atomically(folder / f"input_{i}.f32", inputs[i].astype("<f4").tobytes())
        write_atomically(folder / f"output_{i}.f32", outputs[i].astype("<f4").tobytes())
    # 3) Last, because it says that the rest is complete.
    larger = (128 / phone.embedding_size) ** 0.5
    content = {
        "fingerprint": phone.fingerprint,
        "count": len(inputs),
        "input_shape": [1, *inputs.shape[1:]],
        "output_shape": [1, phone.embedding_size],
        "input_tolerance": INPUT_TOLERANCE,
        "output_tolerance": {name: larger * value for name, value in TOLERANCE.items()},
    }
    write_atomically(folder / "golden.json", (json.dumps(content, indent=2) + "\n").encode())
    return folder


def check_golden(folder: Path | str, path: Path | str) -> float:
    """Run a model file on the golden inputs; returns the largest difference of any number.

    raises  ValueError where that exceeds the tolerance of the file's precision, or the file is of
            another network
    """
    folder, path = as_path(folder), as_path(path)
    facts = read_contract(path)
    with reading(folder / "golden.json"):
        golden = json.loads((folder / "golden.json").read_text())
        allowed, fingerprint = golden["output_tolerance"][facts["precision"]], golden["fingerprint"]
        given, expected = (
            [
                np.fromfile(folder / f"{kind}_{i}.f32", "<f4").reshape(golden[f"{kind}_shape"])
                for i in range(golden["count"])
            ]
            for kind in ("input", "output")
        )
    if fingerprint != facts["fingerprint"]:
        raise ValueError(f"{path.name} is of another network than {folder.name}/golden.json")
    call = open_model(path)
    answers = np.stack([call(one) for one in given])
    largest = float(np.abs(answers - np.stack(expected)).max())  # NaN where any number is
    if not largest <= allowed:
        raise ValueError(
            f"{path.name} differs from the golden vectors by {largest:.2g}; "
            f"{allowed:.0e} is allowed for {facts['precision']}"
        )
    return largest
