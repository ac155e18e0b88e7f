"""A network as a phone sees it: one picture in, one unit vector out, and the contract that says so.

The input is that of the well-known Android face apps: 1x112x112x3 floats, RGB, (x - 127.5) / 128.
A network for 56x56 takes the same input: its file begins with an exact 2x2 mean.
"""

import hashlib
import json
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib import models
from lib.evaluation import check_margin, check_threshold, check_threshold_table

PHONE_SIDE = 112
METRIC = "cosine similarity: the sum of the products{}; accept when it is at least the threshold"


class PhoneModel(nn.Module):
    """`model` as the phone calls it: channels last, the phone's picture size, batch norm folded.

    A face network whose side divides 112 gets pictures of 112x112 and averages blocks of them; any
    other network gets pictures of its own size.

    raises  ValueError for weights that are not float32, or hold NaN
    """

    def __init__(self, model: models.Network) -> None:
        super().__init__()
        _check_weights(model)
        self.model = models.fold_batch_norm(model).cpu().eval()
        self.channels, self.embedding_size = model.channels, model.embedding_size
        height, width = model.input_size
        takes_faces = model.channels == 3 and height == width and PHONE_SIDE % height == 0
        self.block = PHONE_SIDE // height if takes_faces else 1
        self.input_size = (height * self.block, width * self.block)
        self.fingerprint = fingerprint(model)
        self.scale = model.scale
        self.template = getattr(model, "template", models.Network.template)

    def forward(self, x: Tensor) -> Tensor:
        """(1, 112, 112, 3) -> (1, D), unit length"""
        x = x.permute(0, 3, 1, 2)  # (1, H, W, C) -> (1, C, H, W)
        return self.model(F.avg_pool2d(x, self.block) if self.block > 1 else x)

    def example(self) -> Tensor:
        """An input of zeros, for converters that trace the network."""
        return torch.zeros(1, *self.input_size, self.channels)

    @cached_property
    def probe(self) -> tuple[np.ndarray, np.ndarray]:
        """Two pictures of noise as the file takes them, and the network's answers, (2, D).

        What a network computes is in them: its weights, its `forward`, and what that refers to. One
        thread, so that they are the same to the bit the next time.
        """
        shape = (2, *self.input_size, *((3,) if self.channels == 3 else ()))
        pictures = self.pictures(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.no_grad():
                answers = self(torch.from_numpy(pictures)).numpy()
        finally:
            torch.set_num_threads(threads)
        if answers.shape != (2, self.embedding_size) or not np.isfinite(answers).all():
            needed = f"{self.embedding_size} finite numbers a picture"
            found = f"{answers.shape} with {int((~np.isfinite(answers)).sum())} NaN"
            raise ValueError(f"the network must answer {needed}; to two it answers {found}")
        return pictures, answers

    def pictures(self, images: np.ndarray) -> np.ndarray:
        """The input of the phone's file, from images as an `ImageSet` stores them.

        images   uint8 (N, H, W) or (N, H, W, 3)
        returns  float32 (N, height, width, channels). A whole multiple is enlarged by repeating
                 pixels, so that the mean at the file's beginning gives back exactly the image
        """
        x, (height, width) = models.as_channels(images, self.channels), self.input_size
        times = height // x.shape[2]
        if times and (times * x.shape[2], times * x.shape[3]) == (height, width):
            x = x.repeat_interleave(times, 2).repeat_interleave(times, 3)
        else:
            x = F.interpolate(
                x, self.input_size, mode="bilinear", antialias=True, align_corners=False
            )
        x = self.scale(x).expand(-1, self.channels, -1, -1)
        return x.permute(0, 2, 3, 1).contiguous().numpy()  # (N, C, H, W) -> (N, H, W, C)


def _check_weights(model: models.Network) -> None:
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if value.is_floating_point() and value.dtype != torch.float32:
            kind = f"{name} is {str(value.dtype).removeprefix('torch.')}"
            raise ValueError(f"{kind}; the phone's network is float32: call model.float() first")
        if not bool(value.isfinite().all()):
            raise ValueError(f"{name} holds NaN or infinite numbers, as after a diverged training")


def fingerprint(model: models.Network) -> str:
    """Sixteen hex digits that bind a file, a threshold and a gallery to one network's weights."""
    digest = hashlib.sha256(f"{type(model).__name__} {tuple(model.input_size)}".encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def check_decision(facts: dict, where: str = "") -> None:
    """ValueError for a threshold, a margin or a table of thresholds that nobody can decide with."""
    if "threshold" in facts:
        check_threshold(facts["threshold"], f"{where}threshold")
    if "margin" in facts:
        check_margin(facts["margin"], f"{where}margin")
    if "gallery_thresholds" in facts:
        check_threshold_table(facts["gallery_thresholds"], f"{where}gallery_thresholds")


def contract(phone: PhoneModel, precision: str, **facts) -> dict:
    """What an app must know to call the file and to read its answer.

    facts    what only the caller knows: name, version, threshold, threshold_far, data...;
             gallery_thresholds: {"one_in", "templates", "threshold"}, one for each size of gallery
    returns  for a face network also "template": x and y of five points in the input's picture
    raises   ValueError for a threshold that is no cosine, for a table or a margin with which no app
             can decide, and for what JSON cannot hold
    """
    check_decision(facts)
    if "threshold" in facts:
        facts["threshold"] = float(facts["threshold"])
    try:
        facts = json.loads(json.dumps(facts, allow_nan=False, default=lambda number: number.item()))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"a contract holds plain facts, no NaN and no objects: {error}") from None
    unit_norm = bool((abs(np.linalg.norm(phone.probe[1], axis=1) - 1) < 1e-3).all())
    low, high = (float(phone.scale(torch.tensor(value))) for value in (0.0, 255.0))
    divide = 255 / (high - low)
    height, width = phone.input_size
    points = {"template": np.round(phone.template, 4).tolist()} if phone.channels == 3 else {}
    return {
        "name": "model",
        "version": "1",
        **facts,
        "precision": precision,
        "fingerprint": phone.fingerprint,
        "input": {
            "shape": [1, height, width, phone.channels],
            "type": "float32",
            "layout": "NHWC",
            "colour": "RGB" if phone.channels == 3 else "grey",
            "subtract": round(-low * divide, 6),
            "divide": round(divide, 6),
        },
        "output": {"shape": [1, phone.embedding_size], "type": "float32", "unit_norm": unit_norm},
        **points,
        "metric": METRIC.format("" if unit_norm else ", divided by both lengths"),
    }


class ShortFaceNet(models.Network):
    """A MobileFaceNet with one bottleneck, quick to convert, for the quick budget and tests."""

    channels = 3
    scale = staticmethod(models.MobileFaceNet.scale)

    def __init__(self, images: np.ndarray | None = None) -> None:
        """Random weights, always the same.

        images  uint8 faces, from which batch norm takes its statistics
        """
        super().__init__(embedding_size=32, input_size=(56, 56))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv = models.ConvBlock(3, 16, 3, stride=4, padding=1)  # -> (B, 16, 14, 14)
            self.bottleneck = models.Bottleneck(16, 16, 32, stride=2)  # -> (B, 16, 7, 7)
            self.gdconv = models.ConvBlock(16, 16, 7, groups=16, act="linear")  # -> (B, 16, 1, 1)
            self.last = models.ConvBlock(16, 32, 1, act="linear")
        if images is not None:
            with torch.no_grad():
                for _ in range(40):
                    self(models.to_input(images, self))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.last(self.gdconv(self.bottleneck(self.conv(x)))).flatten(1), dim=1)
