"""Published weights in the files of ncnn, the phone runtime with which the paper was measured.

    load_ncnn("mobilefacenet.param", "mobilefacenet.bin")  # -> MobileFaceNet
    load_ncnn(*fetch_face_weights())  # the same, downloaded from where they are published

ncnn keeps a network as a text graph and a file of raw floats.
"""

from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lib.course import as_path
from lib.data.download import fetch
from lib.models.layers import ConvBlock, Network
from lib.models.networks import MobileFaceNet

# InsightFace's 128-d MobileFaceNet as ncnn keeps it, from an Android app's repository pinned to a
# commit. The checksums are those of the files that docs/results.md was measured with.
FACE_WEIGHTS_AT = (
    "https://raw.githubusercontent.com/siren-ocean/FaceRecognize/"
    "e3b5abc39b513a8a8966635528733990787aee44/app/src/main/assets/"
)
FACE_WEIGHTS = {
    "param": "bb1c1e5f8a6ea8f6ac0f738528a0418911b6208ddb2f8b27667d33b0f37bec1b",
    "bin": "9638dcfee63785b87a5ab0b0ed9f9dffe93e4b3718e5ea1b537dd5243a661b87",
}
FACE_WEIGHTS_TERMS = (
    "InsightFace's MobileFaceNet (github.com/deepinsight/insightface): its makers allow "
    "non-commercial research only, and it was trained on photographs of people who were not asked. "
    "The course does not redistribute it."
)
CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise", "InnerProduct")


def fetch_face_weights() -> tuple[Path, Path]:
    """Show the terms of the published face network and download it on the first call.

    With COURSE_MIRROR both files come from there, as weights/mobilefacenet_insightface_ncnn.param
    and .bin.

    returns  (graph, raw floats)
    raises   DataError where they cannot be had, or do not have these checksums
    """

    def one(end: str) -> Path:
        name, checksum = f"mobilefacenet_insightface_ncnn.{end}", f"sha256:{FACE_WEIGHTS[end]}"
        return fetch(f"weights/{name}", f"{FACE_WEIGHTS_AT}mobilefacenet.{end}", checksum)

    print(FACE_WEIGHTS_TERMS)
    return one("param"), one("bin")


class _Layer(NamedTuple):
    kind: str
    name: str
    options: dict[int, float]
    arrays: list[np.ndarray]


def _read_layers(param: Path | str, raw: Path | str) -> deque[_Layer]:
    """The layers that have weights, in the order of the graph.

    raises  ValueError for another format, packed (half, int8) weights, and a .bin that is shorter
            or longer than the graph says
    """
    param, raw = as_path(param), as_path(raw)
    lines = param.read_text(errors="replace").split("\n")
    if lines[0].strip() != "7767517":
        raise ValueError(f"{param} is no ncnn text graph: it does not begin with 7767517")
    size = raw.stat().st_size
    floats, at, layers = np.fromfile(raw, "<f4"), 0, deque[_Layer]()
    for line in filter(str.strip, lines[2:]):
        kind, name, options, counts = _read_line(line, param)
        arrays = []
        for count in counts:
            if at + count > len(floats):
                needed = f"at least {4 * (at + count):,} needed"
                raise ValueError(f"{raw} ends inside {name}: {size:,} bytes, {needed}")
            arrays.append(floats[at : at + count])
            at += count
        if kind in CONVOLUTIONS and arrays.pop(0).view("<u4")[0] != 0:
            packed = f"the weights of {name} are packed (half precision or int8)"
            raise ValueError(f"{raw}: {packed}; only float32 is read")
        if not all(np.isfinite(values).all() for values in arrays):
            raise ValueError(f"{raw}: the weights of {name} hold NaN or infinite numbers")
        if arrays:
            layers.append(_Layer(kind, f"{name} in {param}", options, arrays))
    if 4 * at != size:
        sizes = f"{raw} holds {size:,} bytes, but the graph only {4 * at:,}"
        raise ValueError(f"{sizes}: these two files do not belong together")
    return layers


def _read_line(line: str, param: Path | str) -> tuple[str, str, dict[int, float], list[int]]:
    """Kind, name and options of one layer, and the counts of `_counts`."""
    try:
        kind, name, inputs, outputs, *rest = line.split()
        items = (item.split("=") for item in rest[int(inputs) + int(outputs) :])
        options = {int(key): float(value) for key, value in items}
        counts = _counts(kind, options)
        if min(counts, default=0) < 0:
            raise ValueError
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"{param} holds a line that is no ncnn layer: {line[:60]!r}") from None
    return kind, name, options, counts


def _counts(kind: str, options: dict[int, float]) -> list[int]:
    """How many values each array of a layer holds; a convolution begins with a word for packing."""
    width = int(options.get(0, 0))
    if kind == "BatchNorm":
        return [width] * 4  # slope, mean, variance, shift
    if kind == "PReLU":
        return [width]
    if kind not in CONVOLUTIONS:
        return []  # inputs, scalings, additions, copies
    bias, weights = (1, 2) if kind == "InnerProduct" else (5, 6)  # numbers of these options
    return [1, int(options[weights])] + [width] * int(options.get(bias, 0))


@torch.no_grad()
def load_ncnn(param: Path | str, raw: Path | str, model: Network | None = None) -> Network:
    """Fill a network with published ncnn weights by position: first layer to first layer.

    param, raw  the text graph (.param) and the raw float32 (.bin)
    model       the network to fill; by default `MobileFaceNet()`, 128-d for 112x112
    returns     the model in evaluation mode; a convolution's bias, or a batch norm that was folded
                into it, goes into our batch norm
    raises      ValueError where layers or their sizes differ from the model's
    """
    model = MobileFaceNet() if model is None else model
    layers = _read_layers(param, raw)

    def take(kinds: tuple[str, ...], ours: nn.Module) -> _Layer:
        kind, name = layers[0][:2] if layers else ("the end", f"of {param}")
        if kind not in kinds:
            raise ValueError(f"{kind} {name} stands where the model has {type(ours).__name__}")
        return layers.popleft()

    for block in model.modules():
        if not isinstance(block, ConvBlock):
            continue
        conv = take(CONVOLUTIONS, block.conv)
        _copy(block.conv.weight, conv.arrays[0], conv.name)
        width = block.conv.out_channels
        bias = conv.arrays[1] if len(conv.arrays) > 1 else np.zeros(width, "f4")
        if layers and layers[0].kind == "BatchNorm":
            norm = layers.popleft()
        else:  # folded into the convolution: what is left of it is the bias
            identity = [np.full(width, value, "f4") for value in (1, 0, 1, 0)]
            norm = _Layer("BatchNorm", conv.name, {}, identity)
        _copy_norm(block.norm, norm, bias)
        if isinstance(act := getattr(block, "act", None), nn.PReLU):
            slope = take(("PReLU",), act)
            _copy(act.weight, slope.arrays[0], slope.name)
    if layers:
        raise ValueError(f"{len(layers)} layers more than in the model, from {layers[0].name} on")
    return model.eval()


def _copy_norm(ours: nn.Module, norm: _Layer, bias: np.ndarray) -> None:
    """Batch norm of a convolution that had a bias: the same as without it, its mean lower by it."""
    assert isinstance(ours, nn.BatchNorm2d)
    assert ours.running_mean is not None and ours.running_var is not None
    slope, mean, variance, shift = norm.arrays
    _copy(ours.weight, slope, norm.name)
    _copy(ours.bias, shift, norm.name)
    _copy(ours.running_mean, mean - bias, norm.name)
    _copy(ours.running_var, variance, norm.name)
    ours.running_var += norm.options.get(1, 0.0) - ours.eps  # only variance + eps counts
    if not bool((ours.running_var + ours.eps > 0).all()):
        raise ValueError(f"{norm.name} has a variance that is not above 0")


def _copy(ours: Tensor, values: np.ndarray, name: str) -> None:
    if ours.numel() != values.size:
        theirs = f"{name} has {values.size} values"
        raise ValueError(f"{theirs}, the model's layer at this place {ours.numel()}")
    ours.copy_(torch.from_numpy(values.copy()).view_as(ours))
