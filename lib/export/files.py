"""Model files that explain themselves: the contract inside each format and as JSON beside it, written whole or not at all."""

import contextlib
import importlib.util
import io
import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from lib import course

KEY = "contract"  # under this name every format carries its JSON


def need(module: str, package: str) -> None:
    """ImportError in words when a converter or a runtime is not installed."""
    if importlib.util.find_spec(module) is None:
        extra = module in course.MOBILE or module == "ai_edge_litert"
        raise ImportError(
            f"{package} is not installed: `pip install -r requirements{'-mobile' if extra else ''}.txt` brings it"
            f"{' (the extra `mobile`, for Linux and macOS)' if extra else ''}"
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what converters and runtimes print (from Python and from C++) out of the lesson; an error brings its last lines along."""
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
            said = (text.getvalue() + log.read().decode(errors="replace")).strip().splitlines()[-5:]
            if said:
                error.add_note("the converter said: " + "\n".join(said))
            raise


def write_atomically(path: Path, content: bytes) -> None:
    """A crash leaves the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write(path: Path | str, content: bytes, facts: dict) -> Path:
    """Put a model file and its JSON twin in place."""
    write_atomically(Path(path), content)
    write_atomically(twin(path), (json.dumps(facts, indent=2) + "\n").encode())
    return Path(path)


def twin(path: Path | str) -> Path:
    """Where the JSON of a model file stands."""
    return Path(f"{path}.json")


def read_contract(path: Path | str) -> dict:
    """The contract, from the model file alone (the JSON twin is for those who have no reader for the format).

    raises  ValueError for a file that carries none
    """
    path = Path(path)
    text = {".onnx": _from_onnx, ".tflite": _from_tflite, ".pte": _from_pte}[path.suffix](path)
    if text is None:
        raise ValueError(f"{path.name} carries no contract; was it written by lib.export?")
    return json.loads(text)


def _from_onnx(path: Path) -> str | None:
    import onnx

    return next((entry.value for entry in onnx.load(path).metadata_props if entry.key == KEY), None)


def _from_tflite(path: Path) -> str | None:
    need("ai_edge_litert", "litert-torch")
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    for i in range(model.MetadataLength()):
        if model.Metadata(i).Name() == KEY.encode():
            return model.Buffers(model.Metadata(i).Buffer()).DataAsNumpy().tobytes().decode()
    return None


def _from_pte(path: Path) -> str | None:
    need("executorch", "executorch")
    with quiet():
        from executorch.runtime import Runtime

        program = Runtime.get().load_program(path)
        return program.load_method(KEY).execute([])[0] if KEY in program.method_names else None


def with_onnx_metadata(content: bytes, facts: dict) -> bytes:
    """The same .onnx with the contract among its metadata properties."""
    import onnx

    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, {KEY: json.dumps(facts)})
    return model.SerializeToString()


def with_tflite_metadata(content: bytes, facts: dict) -> bytes:
    """The same .tflite with the contract as a named entry of its metadata table.

    Constants that the quantiser keeps behind the flatbuffer move into it, where older apps' runtimes look for them too. Weights
    have their zero point at zero, written out in eight bytes for each channel: equal lists of zero points become one.
    """
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    class Aligned(schema.BufferT):
        def Pack(self, builder) -> int:
            data = b"" if self.data is None else bytes(self.data)
            if data:
                builder.StartVector(
                    1, len(data), 16
                )  # weights at multiples of 16, as the format demands and Python's writer forgets
                builder.head -= len(data)
                builder.Bytes[builder.head : builder.head + len(data)] = data
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if data:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    class Quantisation(schema.QuantizationParametersT):
        known: dict[bytes, int] = {}  # zero points -> where they stand

        def Pack(self, builder) -> int:
            scale, zeros = (
                builder.CreateNumpyVector(np.asarray(self.scale, "<f4")),
                np.asarray(self.zeroPoint, "<i8"),
            )
            if zeros.tobytes() not in self.known:
                self.known[zeros.tobytes()] = builder.CreateNumpyVector(zeros)
            schema.QuantizationParametersStart(builder)
            schema.QuantizationParametersAddScale(builder, scale)
            schema.QuantizationParametersAddZeroPoint(builder, self.known[zeros.tobytes()])
            schema.QuantizationParametersAddQuantizedDimension(builder, self.quantizedDimension)
            return schema.QuantizationParametersEnd(builder)

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        parts = (
            tensor.name.decode()
            .removeprefix("lib.export.contract.PhoneModel")
            .strip("/")
            .split("/")
        )
        plain = (
            tensor.quantization is not None
            and tensor.quantization.scale is not None
            and tensor.quantization.details is None
        )
        if plain and tensor.quantization.min is None and tensor.quantization.max is None:
            tensor.quantization.__class__ = Quantisation
        tensor.name = "/".join(
            part.split("_", 1)[-1] if "." in part else part for part in parts
        )  # without class names: a tenth of an int8 file
    behind = [
        content[buffer.offset : buffer.offset + buffer.size] if buffer.size else None
        for buffer in model.buffers
    ]
    model.buffers = [
        Aligned(buffer.data if data is None else np.frombuffer(data, np.uint8))
        for buffer, data in zip(model.buffers, behind)
    ]
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY, len(model.buffers)
    model.buffers.append(Aligned(json.dumps(facts).encode()))
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(2 * len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
