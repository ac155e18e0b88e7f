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
import hashlib
import inspect
import json
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO
from unittest import mock

import numpy as np
import torch

from lib import course
from lib.course import as_path
from lib.data.files import write_atomically
from lib.export import rewrite
from lib.export.contract import PhoneModel, contract, fingerprint
from lib.export.files import KEY, quiet, require, write
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
    import onnx

    path = _named(path, ".onnx")
    phone, pictures = prepare(model, ".onnx", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(_onnx, phone, precision == "int8", by="onnxscript")
    if precision == "int8":
        content = cached(_onnx_int8, content, pictures, by="onnxruntime")
    proto = onnx.load_from_string(content)
    onnx.helper.set_model_props(proto, {KEY: json.dumps(facts)})
    return _write(path, proto.SerializeToString(), facts, phone, pictures)


def _onnx(phone: PhoneModel, for_int8: bool) -> bytes:
    # ONNX Runtime's own PReLU takes longer than all convolutions together.
    network = rewrite.without_prelu(phone, rewrite.TwoParts if for_int8 else rewrite.TwoScales)
    names = dict(input_names=["image"], output_names=["embedding"])
    program = torch.onnx.export(network, (phone.example(),), dynamo=True, verbose=False, **names)
    assert program is not None  # it is with dynamo=True
    proto = program.model_proto
    graph = proto.graph
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]  # stack traces, with this machine's paths
    return _without_names(proto)


def _without_names(proto) -> bytes:
    """The file without unused constants, long inner names and shapes that follow from others."""
    graph = proto.graph
    used = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in used]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(kept)
    outside = {"", *(port.name for port in (*graph.input, *graph.output))}
    names = {name for node in graph.node for name in (*node.input, *node.output)} - outside
    short = {name: f"{number:x}" for number, name in enumerate(sorted(names))}
    for constant in graph.initializer:
        constant.name = short.get(constant.name, constant.name)
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.input[:] = [short.get(name, name) for name in node.input]
        node.output[:] = [short.get(name, name) for name in node.output]
    return proto.SerializeToString()


def _onnx_int8(content: bytes, pictures: np.ndarray) -> bytes:
    import onnx
    from onnxruntime import quantization as q

    inputs = iter([{"image": picture[None]} for picture in pictures])

    class Reader(q.CalibrationDataReader):
        def get_next(self) -> dict | None:
            return next(inputs, None)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "int8.onnx")
        # Unsigned activations and signed weights are what ONNX Runtime multiplies fastest: signed
        # ones took five times as long. Processors without VNNI add two products in 16 bits, which
        # overflow unless the weights keep to 7 bits: with them a file answers alike everywhere.
        # Biases are quantised when the file is loaded.
        q.quantize_static(
            onnx.load_from_string(content),
            file,
            Reader(),
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["Conv", "Relu", "Clip", "Add"],
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            extra_options={"QuantizeBias": False},
        )
        return _without_names(onnx.load(file))


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
    from lib.export import tflite  # imports LiteRT, which is optional

    path = _named(path, ".tflite")
    phone, pictures = prepare(model, ".tflite", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(tflite.convert, phone, by="litert-torch")
    if precision == "float16":
        content = cached(tflite.to_float16, content, by="ai-edge-quantizer")
    if precision == "int8":
        content = cached(tflite.to_int8, content, pictures, by="ai-edge-quantizer")
    return _write(path, tflite.with_contract(content, facts), facts, phone, pictures)


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
    path = _named(path, ".pte")
    phone, pictures = prepare(model, ".pte", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = cached(_executorch, phone, pictures, json.dumps(facts), by="executorch")
    return _write(path, content, facts, phone, pictures)


def _executorch(phone: PhoneModel, pictures: np.ndarray | None, facts: str) -> bytes:
    from executorch.backends.xnnpack.operators import node_visitor
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower

    example = (phone.example(),)
    program = torch.export.export(phone, example)
    if pictures is not None:
        from executorch.backends.xnnpack.quantizer import xnnpack_quantizer as xnnpack
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        config = xnnpack.get_symmetric_quantization_config(is_per_channel=True)
        quantizer = xnnpack.XNNPACKQuantizer().set_global(config)
        observed = prepare_pt2e(program.module(), quantizer)
        for picture in pictures:
            observed(torch.from_numpy(picture[None]))
        program = torch.export.export(convert_pt2e(observed), example)
    # ExecuTorch names every constant, twice, by 64 digits of its hash: a fiftieth of an int8 file.
    # Twelve digits tell a few hundred constants apart as well.
    short = SimpleNamespace(sha256=partial(hashlib.blake2b, digest_size=6))
    with mock.patch.object(node_visitor, "hashlib", short, create=True):
        lowered = to_edge_transform_and_lower(
            program, partitioner=[XnnpackPartitioner()], constant_methods={KEY: facts}
        )
    # With the default alignment of 128 bytes a hundredth of an int8 file is padding.
    return bytes(lowered.to_executorch(ExecutorchBackendConfig(segment_alignment=16)).buffer)


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


def cached(convert: Callable[..., bytes], *inputs, by: str) -> bytes:
    """The result of `convert(*inputs)`, which may take a minute, kept in the course's cache.

    The key is made of the source of the function's file, the version of the package that converts
    (`by`), and all inputs; a `PhoneModel` counts with its weights, its answers, and what may be
    done to it. A file that is damaged, by its checksum, is made anew; one that cannot be kept is
    not needed.
    """
    source = inspect.getsource(sys.modules[convert.__module__])
    key = hashlib.sha256(f"{source} {by} {version(by)} {torch.__version__}".encode())
    for value in inputs:
        if isinstance(value, PhoneModel):
            source = inspect.getsource(PhoneModel) + inspect.getsource(rewrite)
            key.update(value.probe[1].tobytes())  # two networks may differ in `forward` alone
            value = source + fingerprint(value.model)
        key.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    file = course.cache_dir() / "export" / f"{key.hexdigest()[:32]}.bin"
    with contextlib.suppress(OSError):
        content = file.read_bytes()
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            return content[32:]
    with quiet(), torch.no_grad():
        content = convert(*inputs)
    with contextlib.suppress(OSError):
        write_atomically(file, hashlib.sha256(content).digest() + content)
    return content
