"""A network as .tflite: converted, made smaller, and with the contract inside.

The packages are optional, so this file is imported only where a .tflite is made.
"""

import json

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from lib.export.contract import PhoneModel
from lib.export.files import KEY

CLASS = f"{PhoneModel.__module__}.{PhoneModel.__qualname__}"  # the converter's names begin with it


def convert(phone: PhoneModel) -> bytes:
    """The .tflite file in float32."""
    import litert_torch

    litert_torch.config.show_progress = False  # it writes to the notebook past every redirection
    return litert_torch.convert(phone, (phone.example(),)).model_content()


def to_float16(content: bytes) -> bytes:
    """The file with the convolutions' weights in float16, which it turns back when it runs."""
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    options = qtyping.OpQuantizationConfig(
        weight_tensor_config=weights,
        compute_precision=qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    recipe, operations = recipe_manager.RecipeManager(), qtyping.TFLOperationName
    for name in (operations.CONV_2D, operations.DEPTHWISE_CONV_2D):
        recipe.add_quantization_config(
            regex=".*", operation_name=name, algorithm_key="float_casting", op_config=options
        )
    small = quantizer.Quantizer(bytearray(content), recipe.get_quantization_recipe())
    return bytes(small.quantize().quantized_model)


def to_int8(content: bytes, pictures: np.ndarray) -> bytes:
    """The file with convolutions in int8; `pictures` (N, H, W, C) show how large values get."""
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    recipe, operations = recipe_manager.RecipeManager(), qtyping.TFLOperationName
    for name in (operations.CONV_2D, operations.DEPTHWISE_CONV_2D):
        recipe.add_static_config(
            regex=".*", operation_name=name, activation_num_bits=8, weight_num_bits=8
        )
    small = quantizer.Quantizer(bytearray(content), recipe.get_quantization_recipe())
    ((signature, ports),) = Interpreter(model_content=content).get_signature_list().items()
    ranges: dict[str, dict[str, np.ndarray]] = {}
    # One picture at a time: over several the calibrator averages their extremes, and clips half.
    for picture in pictures:
        inputs = {signature: [{ports["inputs"][0]: picture[None]}]}
        for name, seen in small.calibrate(inputs, num_threads=1).items():
            known = ranges.setdefault(name, dict(seen))
            known["min"] = np.minimum(known["min"], seen["min"])
            known["max"] = np.maximum(known["max"], seen["max"])
    return bytes(small.quantize(ranges).quantized_model)


class Writer(flatbuffers.Builder):
    """Writes weights at multiples of 16 bytes, as the format demands, and equal zero points once.

    The second saves eight bytes a channel, because weights have their zero point at zero.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.written: dict[bytes, int] = {}  # a list of 64-bit numbers -> where it stands

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        if x.dtype == np.uint8:
            self.Prep(16, x.size)
        elif x.dtype == np.int64:
            if x.tobytes() not in self.written:
                self.written[x.tobytes()] = super().CreateNumpyVector(x)
            return self.written[x.tobytes()]
        return super().CreateNumpyVector(x)


def with_contract(content: bytes, facts: dict) -> bytes:
    """The same .tflite with the contract as an entry of its metadata.

    Constants that the quantiser keeps behind the flatbuffer move into it, where older apps'
    runtimes look for them too.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = short_name(tensor.name.decode())
    for buffer in model.buffers:
        if buffer.size:
            behind = content[buffer.offset : buffer.offset + buffer.size]
            buffer.data = np.frombuffer(behind, np.uint8)
        elif buffer.data is not None and not len(buffer.data):
            buffer.data = None
        buffer.offset = buffer.size = 0
    entry = schema.MetadataT(name=KEY, buffer=len(model.buffers))
    model.metadata = [*(model.metadata or []), entry]
    text = json.dumps(facts).encode()
    model.buffers.append(schema.BufferT(data=np.frombuffer(text, np.uint8)))
    writer = Writer(2 * len(content) + 4096)
    writer.Finish(model.Pack(writer), b"TFL3")
    return bytes(writer.Output())


def short_name(name: str) -> str:
    """A tensor's name without the names of classes, which are a tenth of an int8 file."""
    parts = name.removeprefix(CLASS).strip("/").split("/")
    return "/".join(part.split("_", 1)[-1] if "." in part else part for part in parts)
