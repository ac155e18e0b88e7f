"""Weights in files: written so that a crash leaves a whole file, read so that nothing but weights is trusted, and read from others.

    load_ncnn("mobilefacenet.param", "mobilefacenet.bin") -> MobileFaceNet
    load_ncnn(*fetch_face_weights())                         # the same, fetched from where they are published

ncnn, the phone runtime with which the paper was measured, keeps a network as a text graph and a file of raw floats.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lib.data.download import fetch
from lib.models.networks import MobileFaceNet

# InsightFace's 128-d MobileFaceNet as ncnn keeps it. InsightFace itself gives out an MXNet file at an address that may change; the converted
# one lies in an Android app's repository, here pinned to a commit. The checksums are those of the files that docs/results.md was measured with.
FACE_WEIGHTS_AT = "https://raw.githubusercontent.com/siren-ocean/FaceRecognize/e3b5abc39b513a8a8966635528733990787aee44/app/src/main/assets/"
FACE_WEIGHTS = {
    "param": "bb1c1e5f8a6ea8f6ac0f738528a0418911b6208ddb2f8b27667d33b0f37bec1b",
    "bin": "9638dcfee63785b87a5ab0b0ed9f9dffe93e4b3718e5ea1b537dd5243a661b87",
}
FACE_WEIGHTS_TERMS = (
    "InsightFace's MobileFaceNet (github.com/deepinsight/insightface): its makers allow non-commercial research only, and it was trained on "
    "photographs of people who were not asked. The course does not redistribute it."
)


def fetch_face_weights() -> tuple[Path, Path]:
    """(graph, raw floats) of the published face network, downloaded on the first call, after its terms have been shown.

    With COURSE_MIRROR both come from there, as weights/mobilefacenet_insightface_ncnn.param and .bin.
    raises  DataError in words where they cannot be had, or are not the files with these checksums
    """
    print(FACE_WEIGHTS_TERMS)
    return tuple(
        fetch(
            f"weights/mobilefacenet_insightface_ncnn.{end}",
            f"{FACE_WEIGHTS_AT}mobilefacenet.{end}",
            f"sha256:{sha256}",
        )
        for end, sha256 in FACE_WEIGHTS.items()
    )


def _ncnn_layers(
    param: Path | str, raw: Path | str
) -> list[tuple[str, str, dict[int, float], list[np.ndarray]]]:
    """Read an ncnn model: (type, name, options, weights) of each layer that has weights, in the order of the graph.

    raises  ValueError for another format, packed (half, int8) weights, and a .bin that is shorter or longer than the graph says
    """
    lines = Path(param).read_text().split("\n")
    if lines[0].strip() != "7767517":
        raise ValueError(f"{param} is no ncnn text graph: it does not begin with 7767517")
    data, at, layers = Path(raw).read_bytes(), 0, []

    def take(count: int, what: str) -> np.ndarray:
        nonlocal at
        if at + 4 * count > len(data):
            raise ValueError(
                f"{raw} ends inside {what}: {len(data):,} bytes, at least {at + 4 * count:,} needed"
            )
        at += 4 * count
        return np.frombuffer(data, "<f4", count, at - 4 * count)

    for line in lines[2:]:
        if not line.strip():
            continue
        kind, name, inputs, outputs, *rest = line.split()
        options = {
            int(k): float(v)
            for k, v in (item.split("=") for item in rest[int(inputs) + int(outputs) :])
        }
        width = int(options.get(0, 0))
        if kind in ("Convolution", "ConvolutionDepthWise", "InnerProduct"):
            weights, bias = (
                (2, 1) if kind == "InnerProduct" else (6, 5)
            )  # which option holds the count, and whether a bias follows
            if take(1, name).view("<u4")[0] != 0:
                raise ValueError(
                    f"{raw}: the weights of {name} are packed (half precision or int8); only float32 is read"
                )
            arrays = [take(int(options[weights]), name)] + (
                [take(width, name)] if options.get(bias) else []
            )
        elif kind == "BatchNorm":
            arrays = [take(width, name) for _ in range(4)]  # slope, mean, variance, shift
        elif kind == "PReLU":
            arrays = [take(width, name)]
        else:
            continue  # input, scaling, addition, copies: no weights
        layers.append((kind, name, options, arrays))
    if at != len(data):
        raise ValueError(
            f"{raw} holds {len(data):,} bytes, but the graph only {at:,}: these two files do not belong together"
        )
    return layers


@torch.no_grad()
def load_ncnn(param: Path | str, raw: Path | str, model: nn.Module | None = None) -> nn.Module:
    """Fill a network with published ncnn weights, by position: first convolution to first convolution, and so on.

    param, raw  the text graph (.param) and the raw float32 (.bin)
    model       the network to fill; by default `MobileFaceNet()`, 128-d for 112x112
    returns     the model in evaluation mode; a convolution's bias, or a batch norm that was folded away, goes into ours
    raises      ValueError where the layers or their sizes do not follow each other as in the model
    """
    if model is None:
        model = MobileFaceNet()
    ours = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.PReLU))]
    theirs, i = _ncnn_layers(param, raw), 0

    def put(target: Tensor, values: np.ndarray, name: str) -> None:
        if target.numel() != values.size:
            raise ValueError(
                f"{name} in {param} has {values.size} values, the model's layer at this place {target.numel()}"
            )
        target.copy_(torch.from_numpy(values.copy()).view_as(target))

    for layer in ours:
        kind, name, options, arrays = (
            theirs[i] if i < len(theirs) else ("nothing", "end of file", {}, [])
        )
        if isinstance(layer, nn.BatchNorm2d):
            if kind == "BatchNorm":
                slope, mean, var, shift = arrays
                eps, i = options.get(1, 0.0), i + 1
            else:  # folded away: what is left of it is the convolution's bias
                slope, mean, var, shift = (
                    np.full(layer.num_features, v, "f4") for v in (1, 0, 1, 0)
                )
                eps = 0.0
            for target, values in (
                (layer.weight, slope),
                (layer.bias, shift),
                (layer.running_mean, mean - bias),
                (layer.running_var, var),
            ):
                put(target, values, name)
            layer.running_var += eps - layer.eps  # var + eps is what counts, and theirs is another
            continue
        fits = (
            kind == "PReLU"
            if isinstance(layer, nn.PReLU)
            else kind in ("Convolution", "ConvolutionDepthWise", "InnerProduct")
        )
        if not fits:
            raise ValueError(
                f"{param} has {kind} ({name}) where the model has {type(layer).__name__}"
            )
        put(layer.weight, arrays[0], name)
        if isinstance(layer, nn.Conv2d):
            bias = arrays[1] if len(arrays) > 1 else np.zeros(layer.out_channels, "f4")
        i += 1
    if i != len(theirs):
        raise ValueError(
            f"{param} has {len(theirs) - i} more layers than the model, the first {theirs[i][1]}"
        )
    return model.eval()
