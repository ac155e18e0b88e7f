"""One network, three files: ONNX, LiteRT (.tflite) and ExecuTorch (.pte), in float32 and in fewer bits.

    to_onnx(model, "face.onnx"); to_tflite(model, "face.tflite", "float16"); to_executorch(model, "face.pte", "int8", calibration=images)

int8 here: weights as bytes, one scale an output channel, and activations as bytes between `calibration`'s smallest and largest
value (ExecuTorch: between two values that lose least), in the convolutions, where nearly all arithmetic is, from weights whose channels
were made equally loud first (`lib.export.rewrite`). The unit norm at the end stays in float, so that it stays one.
A conversion takes a minute, so its result is kept in the course's cache under a fingerprint of all that goes into it.
"""

import contextlib
import hashlib
import inspect
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import nn

from lib import course
from lib.export import rewrite
from lib.export.contract import PhoneModel, contract, fingerprint
from lib.export.files import (
    KEY,
    need,
    quiet,
    with_onnx_metadata,
    with_tflite_metadata,
    write,
    write_atomically,
)
from lib.export.rewrite import TwoParts, TwoScales, equalised, without_prelu

PRECISIONS = {
    ".onnx": ("float32", "int8"),
    ".tflite": ("float32", "float16", "int8"),
    ".pte": ("float32", "int8"),
}


def to_onnx(
    model: nn.Module,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` as ONNX; int8 by ONNX Runtime's static quantisation.

    calibration  uint8 images (a hundred of the training images), for int8 only
    facts        what the file shall say of itself besides: name, version, threshold, threshold_far, data...
    raises       ValueError for a precision the format does not have, or int8 without calibration; ImportError in words
    """
    need("onnxscript", "onnxscript")
    need("onnxruntime", "onnxruntime")
    phone, pictures = _prepare(model, ".onnx", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = _once(_onnx, phone, precision == "int8", by="onnxscript")
    if precision == "int8":
        content = _once(_onnx_int8, content, pictures, by="onnxruntime")
    return write(path, with_onnx_metadata(content, facts), facts)


def _onnx(phone: PhoneModel, for_int8: bool) -> bytes:
    network = without_prelu(
        phone, TwoParts if for_int8 else TwoScales
    )  # its own PReLU takes longer than all convolutions together
    program = torch.onnx.export(
        network,
        (_example(phone),),
        dynamo=True,
        verbose=False,
        input_names=["image"],
        output_names=["embedding"],
    )
    proto = program.model_proto
    for part in (
        *proto.graph.node,
        *proto.graph.value_info,
        *proto.graph.input,
        *proto.graph.output,
    ):
        del part.metadata_props[
            :
        ]  # stack traces and paths of this machine: a third of a small file
    return _short(proto).SerializeToString()


def _short(proto):
    """Without what no runtime reads: unused constants, shapes that follow from the graph, and long names of things inside."""
    used = {name for node in proto.graph.node for name in node.input}
    kept = [constant for constant in proto.graph.initializer if constant.name in used]
    del proto.graph.initializer[:], proto.graph.value_info[:]
    proto.graph.initializer.extend(kept)
    outside = {"", *(port.name for port in (*proto.graph.input, *proto.graph.output))}
    names = {name for node in proto.graph.node for name in (*node.input, *node.output)} - outside
    short = {name: f"{number:x}" for number, name in enumerate(sorted(names))}
    for constant in proto.graph.initializer:
        constant.name = short.get(constant.name, constant.name)
    for node in proto.graph.node:
        node.ClearField("name"), node.ClearField("doc_string")
        node.input[:], node.output[:] = (
            [short.get(name, name) for name in side] for side in (node.input, node.output)
        )
    return proto


def _onnx_int8(content: bytes, pictures: np.ndarray) -> bytes:
    import onnx
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):
        left = iter(pictures)

        def get_next(self):
            return (
                {"image": picture[None]} if (picture := next(self.left, None)) is not None else None
            )

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "int8.onnx")
        # Unsigned activations, signed weights: the pair that ONNX Runtime multiplies fastest (signed both ways took five times as long).
        q.quantize_static(
            onnx.load_from_string(content),
            file,
            Reader(),
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            op_types_to_quantize=["Conv", "Relu", "Clip", "Add"],
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            extra_options={"QuantizeBias": False},
        )  # the runtime does that when it loads: two numbers a channel less in the file
        return _short(onnx.load(file)).SerializeToString()


def to_tflite(
    model: nn.Module,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` for LiteRT (once TensorFlow Lite); float16 halves the weights only, int8 is static. Arguments as `to_onnx`."""
    need("litert_torch", "litert-torch")
    phone, pictures = _prepare(model, ".tflite", precision, calibration)
    facts = contract(phone, precision, **facts)
    content = _once(_tflite, phone, by="litert-torch")
    if precision != "float32":
        content = _once(_tflite_small, content, precision, pictures, by="ai-edge-quantizer")
    return write(path, with_tflite_metadata(content, facts), facts)


def _tflite(phone: PhoneModel) -> bytes:
    import litert_torch

    litert_torch.config.show_progress = False  # it writes to the notebook past every redirection
    return litert_torch.convert(phone, (_example(phone),)).model_content()


def _tflite_small(content: bytes, precision: str, pictures: np.ndarray | None) -> bytes:
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    recipe = recipe_manager.RecipeManager()
    for operation in (qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.DEPTHWISE_CONV_2D):
        if precision == "int8":
            recipe.add_static_config(
                regex=".*", operation_name=operation, activation_num_bits=8, weight_num_bits=8
            )
        else:
            weights = qtyping.TensorQuantizationConfig(
                num_bits=16, dtype=qtyping.TensorDataType.FLOAT
            )
            recipe.add_quantization_config(
                regex=".*",
                operation_name=operation,
                algorithm_key="float_casting",
                op_config=qtyping.OpQuantizationConfig(
                    weight_tensor_config=weights,
                    compute_precision=qtyping.ComputePrecision.FLOAT,
                    explicit_dequantize=True,
                ),
            )
    small = quantizer.Quantizer(bytearray(content), recipe.get_quantization_recipe())
    if precision == "int8":
        from ai_edge_litert.interpreter import Interpreter

        ((signature, ports),) = Interpreter(model_content=content).get_signature_list().items()
        ranges: dict[str, dict[str, np.ndarray]] = {}
        for picture in pictures:  # one at a time: over many pictures the calibrator averages their extremes, and clips every second one
            for name, seen in small.calibrate(
                {signature: [{ports["inputs"][0]: picture[None]}]}, num_threads=1
            ).items():
                known = ranges.setdefault(name, dict(seen))
                known.update(
                    min=np.minimum(known["min"], seen["min"]),
                    max=np.maximum(known["max"], seen["max"]),
                )
        return bytes(small.quantize(ranges).quantized_model)
    return bytes(small.quantize().quantized_model)


def to_executorch(
    model: nn.Module,
    path: Path | str,
    precision: str = "float32",
    calibration: np.ndarray | None = None,
    **facts,
) -> Path:
    """Write `model` for ExecuTorch with its CPU backend XNNPACK; int8 by PyTorch's own export quantisation. Arguments as `to_onnx`.

    A .pte has no table for metadata, so the contract is a method of the program that returns the JSON.
    """
    need("executorch", "executorch")
    phone, pictures = _prepare(model, ".pte", precision, calibration)
    facts = contract(phone, precision, **facts)
    return write(
        path, _once(_executorch, phone, pictures, json.dumps(facts), by="executorch"), facts
    )


def _executorch(phone: PhoneModel, pictures: np.ndarray | None, facts: str) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower

    example = (_example(phone),)
    program = torch.export.export(phone, example)
    if pictures is not None:
        from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
            XNNPACKQuantizer,
            get_symmetric_quantization_config,
        )
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        watched = prepare_pt2e(
            program.module(),
            XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True)),
        )
        for picture in pictures:
            watched(torch.from_numpy(picture[None]))
        program = torch.export.export(convert_pt2e(watched), example)
    lowered = to_edge_transform_and_lower(
        program, partitioner=[XnnpackPartitioner()], constant_methods={KEY: facts}
    )
    return bytes(
        lowered.to_executorch(ExecutorchBackendConfig(segment_alignment=16)).buffer
    )  # 128 by default: a hundredth of an int8 file is padding


def export_all(
    model: nn.Module,
    folder: Path | str,
    calibration: np.ndarray,
    leave_out: Collection[str] = (),
    out: TextIO | None = None,
    **facts,
) -> list[Path]:
    """All seven files, named after `facts["name"]`, with a line for each on `out` (standard output). A missing converter is said and passed over.

    leave_out  names of files not to make, such as "int8.pte"
    """
    paths, out = [], out or sys.stdout
    for suffix, convert in ((".onnx", to_onnx), (".tflite", to_tflite), (".pte", to_executorch)):
        for precision in (
            precision for precision in PRECISIONS[suffix] if precision + suffix not in leave_out
        ):
            path = Path(folder) / f"{facts.get('name', 'model')}-{precision}{suffix}"
            began = time.perf_counter()
            try:
                with _dots(out):
                    convert(model, path, precision, calibration, **facts)
            except ImportError as missing:
                print(f"{suffix} skipped: {missing}", file=out)
                break
            print(
                f" {path.name:<28} {path.stat().st_size / 1e6:5.2f} MB in {time.perf_counter() - began:.1f} s",
                file=out,
            )
            paths.append(path)
    return paths


@contextlib.contextmanager
def _dots(out: TextIO) -> Iterator[None]:
    """A dot every three seconds, from a thread of its own: converters do not say how far they are."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(3):
            print(".", end="", file=out, flush=True)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _prepare(
    model: nn.Module, suffix: str, precision: str, calibration: np.ndarray | None
) -> tuple[PhoneModel, np.ndarray | None]:
    if precision not in PRECISIONS[suffix]:
        raise ValueError(
            f"no {precision!r} for {suffix}; there are {', '.join(PRECISIONS[suffix])}"
        )
    if precision == "int8" and (calibration is None or len(calibration) == 0):
        raise ValueError(
            "int8 needs calibration=, some hundred training images: they tell it how large each activation gets"
        )
    phone = PhoneModel(model).to(
        memory_format=torch.contiguous_format
    )  # ExecuTorch refuses weights that are kept channels last
    if precision != "int8":
        return phone, None
    phone.model = equalised(phone.model, calibration)
    return phone, phone.pictures(calibration)


def _example(phone: PhoneModel) -> torch.Tensor:
    return torch.zeros(1, *phone.input_size, phone.channels)


def _once(convert: Callable[..., bytes], *inputs, by: str) -> bytes:
    """The cached result of `convert(*inputs)`; the key is its source, its converter's version, the weights and all other inputs."""
    key = hashlib.sha256(
        f"{inspect.getsource(convert)} {inspect.getsource(_short)} {by} {version(by)} {torch.__version__}".encode()
    )
    for value in inputs:
        if isinstance(value, PhoneModel):
            value = (
                inspect.getsource(PhoneModel)
                + inspect.getsource(rewrite)
                + fingerprint(value.model)
            )
        key.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    file = course.cache_dir() / "export" / f"{key.hexdigest()[:32]}.bin"
    if not file.exists():
        with quiet(), torch.no_grad():
            content = convert(*inputs)
        write_atomically(file, content)
    return file.read_bytes()
