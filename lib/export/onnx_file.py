"""A network as .onnx: converted, with short names, and made smaller by static quantisation.

The packages are optional, so this file is imported only where an .onnx is made.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import quantization as q

from lib.export import rewrite
from lib.export.contract import PhoneModel
from lib.export.files import KEY


def convert(phone: PhoneModel, for_int8: bool) -> bytes:
    """The ONNX file in float32; for_int8: with activations that ONNX Runtime quantises."""
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


def to_int8(content: bytes, pictures: np.ndarray) -> bytes:
    """The file with convolutions in int8; `pictures` (N, H, W, C) show how large values get."""
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


def with_contract(content: bytes, facts: dict) -> bytes:
    """The file with the contract among its metadata."""
    proto = onnx.load_from_string(content)
    onnx.helper.set_model_props(proto, {KEY: json.dumps(facts)})
    return proto.SerializeToString()
