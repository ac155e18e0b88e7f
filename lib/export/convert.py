"""One network, three files: ONNX, LiteRT (.tflite) and ExecuTorch (.pte), in float32 and in fewer bits.

    to_onnx(model, "face.onnx"); to_tflite(model, "face.tflite", "float16"); to_executorch(model, "face.pte", "int8", calibration=images)

int8 here: weights as bytes, one scale an output channel, and activations as bytes between `calibration`'s smallest and largest
value, in the convolutions, where nearly all arithmetic is. The unit norm at the end stays in float, so that it stays one.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lib.export.files import KEY, need, quiet, with_tflite_metadata, write
from lib.export.phone import PhoneModel, contract

PRECISIONS = {"onnx": ("float32", "int8"), "tflite": ("float32", "float16", "int8"), "pte": ("float32", "int8")}


def to_onnx(model: nn.Module, path: Path | str, precision: str = "float32", calibration: np.ndarray | None = None, **facts) -> Path:
    """Write `model` as ONNX; int8 by ONNX Runtime's static quantisation, as quantise-dequantise pairs around the convolutions.

    calibration  uint8 images (a hundred of the training images), for int8 only
    facts        what the file shall say of itself besides: name, version, threshold, threshold_far, data...
    raises       ValueError for a precision the format does not have, or int8 without calibration; ImportError in words
    """
    phone, pictures = _prepare(model, "onnx", precision, calibration)
    facts = contract(phone, precision, **facts)
    need("onnxscript", "onnxscript")
    need("onnxruntime", "onnxruntime")
    import onnx

    with quiet():
        program = torch.onnx.export(phone, (_example(phone),), dynamo=True, verbose=False, input_names=["image"], output_names=["embedding"])
        proto = program.model_proto
        for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
            del part.metadata_props[:]  # stack traces and paths of this machine, half of a small file
        proto = proto if precision == "float32" else _onnx_int8(proto, pictures)
    onnx.helper.set_model_props(proto, {KEY: json.dumps(facts)})
    return write(path, proto.SerializeToString(), facts)


def _onnx_int8(proto, pictures: np.ndarray):
    import onnx
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):
        left = iter(pictures)

        def get_next(self):
            return {"image": picture[None]} if (picture := next(self.left, None)) is not None else None

    with tempfile.TemporaryDirectory() as folder:
        # Unsigned activations, signed weights: the pair that x86 and ARM multiply fastest.
        q.quantize_static(proto, f"{folder}/int8.onnx", Reader(), quant_format=q.QuantFormat.QDQ, per_channel=True,
                          op_types_to_quantize=["Conv"], activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
        return onnx.load(f"{folder}/int8.onnx")


def _prepare(model: nn.Module, form: str, precision: str, calibration: np.ndarray | None) -> tuple[PhoneModel, np.ndarray | None]:
    if precision not in PRECISIONS[form]:
        raise ValueError(f"no {precision!r} for .{form}; there are {', '.join(PRECISIONS[form])}")
    if precision == "int8" and (calibration is None or len(calibration) == 0):
        raise ValueError("int8 needs calibration=, some hundred training images: they tell it how large each activation gets")
    phone = PhoneModel(model)
    return phone, phone.pictures(calibration) if precision == "int8" else None


def _example(phone: PhoneModel) -> torch.Tensor:
    return torch.zeros(1, *phone.input_size, phone.channels)
