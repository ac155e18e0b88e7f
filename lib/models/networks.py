"""The two networks of the course, and what is asked of any network: embed images, count its cost, fold it, keep it in a file.

    model = MobileFaceNet(embedding_size=128, input_size=(112, 112))     # Chen et al. 2018, arXiv:1804.07573, Table 1
    vectors = embed(model, images)                                       # uint8 (N, H, W, 3) -> (N, 128), unit length

A network here has `input_size` (height, width), `channels`, `embedding_size` and `options`, what it was built with. Its part
after the global layer is called `last`, for the higher weight decay that the paper puts there.
"""

import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.course import ROOT
from lib.data import ImageSet
from lib.weights import read_file, write_atomically

# The middle of Table 1: expansion t, output channels c, blocks n, stride of the first block s.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class _Prelu(torch.autograd.Function):
    """PReLU with a backward pass of plain vector operations: on a CPU three times as fast as torch's."""

    @staticmethod
    def forward(ctx, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.prelu(x, slope)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        negative = torch.ops.aten.threshold_backward(
            grad, -x, 0
        )  # the gradient where x < 0, else 0
        return torch.addcmul(grad, negative, (slope - 1)[:, None, None]), (negative * x).sum(
            (2, 3)
        ).sum(0)


class PReLU(nn.PReLU):
    """x where it is positive, else a slope times x: one slope a channel, 0.25 at first."""

    def forward(self, x: Tensor) -> Tensor:
        return (
            _Prelu.apply(x, self.weight)
            if self.training and x.device.type == "cpu"
            else super().forward(x)
        )


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch norm and, unless it is a linear layer, an activation: registered in the order they run."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        act: str = "prelu",
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(c_out)
        if act != "linear":
            self.act = PReLU(c_out) if act == "prelu" else nn.ReLU()


class Bottleneck(nn.Module):
    """Widen by 1x1, filter each channel by 3x3, narrow by a linear 1x1; add the input where the shapes agree."""

    def __init__(self, c_in: int, c_out: int, wide: int, stride: int, act: str = "prelu") -> None:
        super().__init__()
        self.expand = ConvBlock(c_in, wide, 1, act=act)
        self.depthwise = ConvBlock(wide, wide, 3, stride, 1, groups=wide, act=act)
        self.project = ConvBlock(wide, c_out, 1, act="linear")
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))  # (B, C, H, W) -> (B, C', H/s, W/s)
        return x + y if self.shortcut else y


class MobileFaceNet(nn.Module):
    """Table 1 of arXiv:1804.07573 to the parameter: 1,003,136 trainable, 220.97 M multiply-adds at 112x112.

    embedding_size  length of the vector; the variants M and S have no layer that could choose it (512 and 128 at width 1)
    input_size      (height, width); the global depthwise kernel is what five halvings leave: 7x7 for 112x112, 4x4 for 56x56
    width           multiplies every channel count but the embedding's, rounded to a multiple of 8
    variant         "", or the paper's "M" (no last 1x1), "S" (nor the 1x1 before the global layer), "relu" (no PReLU)
    expansion       multiplies t in every bottleneck
    """

    channels = 3

    def __init__(
        self,
        embedding_size: int = 128,
        input_size: tuple[int, int] = (112, 112),
        width: float = 1.0,
        variant: str = "",
        expansion: float = 1.0,
    ) -> None:
        super().__init__()
        if variant not in ("", "M", "S", "relu"):
            raise ValueError(f"no variant {variant!r}; there are '', 'M', 'S' and 'relu'")
        self.input_size = tuple(int(side) for side in input_size)
        self.options = dict(
            embedding_size=embedding_size,
            input_size=self.input_size,
            width=width,
            variant=variant,
            expansion=expansion,
        )
        act = "relu" if variant == "relu" else "prelu"

        def scaled(channels: int) -> int:
            return max(8, 8 * round(channels * width / 8))

        c = scaled(64)
        self.conv = ConvBlock(
            3, c, 3, stride=2, padding=1, act=act
        )  # (B, 3, 112, 112) -> (B, 64, 56, 56)
        self.depthwise = ConvBlock(c, c, 3, padding=1, groups=c, act=act)
        self.stages = nn.ModuleList()  # 56x56 -> 28 -> 14 -> 14 -> 7 -> 7
        for t, c_out, n, s in BOTTLENECKS:
            c_out, blocks = scaled(c_out), []
            for i in range(n):
                blocks.append(
                    Bottleneck(c, c_out, round(c * t * expansion), s if i == 0 else 1, act)
                )
                c = c_out
            self.stages.append(nn.Sequential(*blocks))
        wide = c if variant == "S" else scaled(512)
        self.widen = nn.Identity() if variant == "S" else ConvBlock(c, wide, 1, act=act)
        kernel = self.input_size
        for _ in range(4):  # what four strides of 2 with padding 1 leave of each side
            kernel = tuple((side + 1) // 2 for side in kernel)
        self.gdconv = ConvBlock(
            wide, wide, kernel, groups=wide, act="linear"
        )  # (B, 512, 7, 7) -> (B, 512, 1, 1)
        no_last = variant in ("M", "S")
        self.last = nn.Identity() if no_last else ConvBlock(wide, embedding_size, 1, act="linear")
        self.embedding_size = self.options["embedding_size"] = wide if no_last else embedding_size

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1], RGB -> (B, D) unit vectors"""
        x = self.depthwise(self.conv(_checked(x, self)))
        for stage in self.stages:
            x = stage(x)
        x = self.last(self.gdconv(self.widen(x)))  # (B, D, 1, 1)
        return F.normalize(x.flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        """uint8 values as the network wants them: (x - 127.5) / 128"""
        return (pixels - 127.5) / 128


class SignatureNet(nn.Module):
    """A small network for ink on paper, of any size; its global layer keeps what a single stroke says.

    Averaging over the page drowns one sharp hook in white paper, so each channel hands over its mean (how much of it there
    is) and its maximum (whether it is there at all).
    """

    channels = 1

    def __init__(
        self, embedding_size: int = 128, input_size: tuple[int, int] = (64, 144), width: float = 1.0
    ) -> None:
        super().__init__()
        self.embedding_size, self.input_size = (
            embedding_size,
            tuple(int(side) for side in input_size),
        )
        self.options = dict(embedding_size=embedding_size, input_size=self.input_size, width=width)
        a, b, c = (max(8, 8 * round(channels * width / 8)) for channels in (32, 64, 128))
        self.conv = nn.Sequential(  # (B, 1, 64, 144) -> (B, 128, 8, 18)
            ConvBlock(1, a, 5, stride=2, padding=2),
            ConvBlock(a, b, 3, stride=2, padding=1),
            Bottleneck(b, b, 2 * b, 1),
            ConvBlock(b, c, 3, stride=2, padding=1),
            Bottleneck(c, c, 2 * c, 1),
            Bottleneck(c, c, 2 * c, 1),
        )
        self.last = ConvBlock(2 * c, embedding_size, 1, act="linear")

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) ink in [0, 1], paper 0 -> (B, D) unit vectors"""
        x = self.conv(_checked(x, self, any_size=True))
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (B, C, h, w) -> (B, 2C)
        return F.normalize(self.last(x[:, :, None, None]).flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        """uint8 values as the network wants them: ink 1, paper 0"""
        return (255 - pixels) / 255


def _checked(x: Tensor, model: nn.Module, any_size: bool = False) -> Tensor:
    if (
        x.ndim != 4
        or x.shape[1] != model.channels
        or not (any_size or tuple(x.shape[2:]) == model.input_size)
    ):
        raise ValueError(
            f"{type(model).__name__} takes (B, {model.channels}, {', '.join(map(str, model.input_size))}), not {tuple(x.shape)}"
        )
    return x


def to_input(images: np.ndarray, model: nn.Module) -> Tensor:
    """What the network takes, from images as an `ImageSet` stores them: colours and size made to fit, then scaled.

    images  uint8 (N, H, W) grey or (N, H, W, 3) RGB
    returns float32 (N, C, *model.input_size); grey is repeated for a colour network, colour becomes luma for a grey one
    raises  ValueError for another type or shape
    """
    pixels = torch.as_tensor(images)
    if pixels.dtype != torch.uint8:
        nan = pixels.is_floating_point() and bool(pixels.isnan().any())
        raise ValueError(
            f"images must be uint8, 0 to 255; these are {pixels.dtype}{' and hold NaN' if nan else ''}"
        )
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] != 3):
        raise ValueError(
            f"images must be (N, H, W) or (N, H, W, 3), not {tuple(pixels.shape)}; for a single one write images[None]"
        )
    if pixels.numel() == 0:
        raise ValueError("no images: the array is empty")
    x = (
        pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    ).float()  # -> (N, 1 or 3, H, W)
    if x.shape[1] == 3 and model.channels == 1:
        x = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    if tuple(x.shape[2:]) != tuple(model.input_size):
        x = F.interpolate(
            x, size=tuple(model.input_size), mode="bilinear", antialias=True, align_corners=False
        )
    return model.scale(x).expand(-1, model.channels, -1, -1)


@torch.no_grad()
def embed(model: nn.Module, images: "ImageSet | np.ndarray", batch_size: int = 256) -> Tensor:
    """Embed images in batches, on the device where the model is; training mode and gradients are left as they were.

    images  an `ImageSet`, or uint8 (N, H, W) or (N, H, W, 3)
    returns float32 (N, D) on the CPU
    raises  ValueError for images that `to_input` refuses, and where the network answers with NaN
    """
    images = images.images if isinstance(images, ImageSet) else images
    if len(images) == 0:
        raise ValueError("no images: the array is empty")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    try:
        vectors = [
            model(to_input(images[i : i + batch_size], model).to(device)).float().cpu()
            for i in range(0, len(images), batch_size)
        ]
    finally:
        model.train(was_training)
    vectors = torch.cat(vectors)
    if bad := int((~vectors.isfinite().all(1)).sum()):
        raise ValueError(
            f"the model answers {bad} of {len(vectors)} images with NaN: its weights are broken, as after a training that diverged"
        )
    return vectors


class Cost(NamedTuple):
    """What one convolution costs for one image."""

    name: str
    kind: str  # "1x1", "3x3" or "depthwise"
    output: tuple[int, int, int]  # channels, height, width
    parameters: int  # trainable, with its batch norm and slopes
    multiply_adds: int

    @property
    def stage(self) -> str:
        """The row of the paper's table that it belongs to: "stages.2" for "stages.2.0.expand"."""
        return ".".join(self.name.split(".")[:2]) if "." in self.name else self.name


@torch.no_grad()
def layer_costs(model: nn.Module) -> list[Cost]:
    """One row a convolution, in the order in which they run: each output value costs one multiply-add a weight it sees."""
    costs, hooks, was_training = [], [], model.training

    def measure(name: str, block: ConvBlock):
        def hook(conv: nn.Conv2d, _, out: Tensor) -> None:
            seen = conv.weight[0].numel()  # (C_in / groups) x kernel
            kind = "depthwise" if conv.groups > 1 else "{}x{}".format(*conv.kernel_size)
            costs.append(
                Cost(
                    name, kind, tuple(out.shape[1:]), count_parameters(block), out[0].numel() * seen
                )
            )

        return hook

    for name, block in model.named_modules():
        if isinstance(block, ConvBlock):
            hooks.append(block.conv.register_forward_hook(measure(name, block)))
    try:
        weight = next(model.parameters())
        model.eval()(weight.new_zeros(1, model.channels, *model.input_size))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return costs


def count_parameters(model: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_multiply_adds(model: nn.Module) -> int:
    """Multiply-adds of all convolutions for one image of `model.input_size`. (Where FLOPs are printed, they are often twice this.)"""
    return sum(cost.multiply_adds for cost in layer_costs(model))


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """A copy for inference in which each batch norm has become part of the convolution before it, which gains a bias.

    In evaluation mode batch norm is y = gamma (x - mean) / sqrt(var + eps) + beta: a scale and a shift a channel, and so is
    multiplying the kernel by that scale and adding that shift.
    """
    model = copy.deepcopy(model).eval()
    for block in model.modules():
        if isinstance(block, ConvBlock) and isinstance(block.norm, nn.BatchNorm2d):
            conv, norm = block.conv, block.norm
            scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()  # (C,)
            bias = norm.bias.double() - norm.running_mean.double() * scale
            conv.weight.data = (conv.weight.double() * scale[:, None, None, None]).to(
                conv.weight.dtype
            )
            conv.bias = nn.Parameter(bias.to(conv.weight.dtype))
            block.norm = nn.Identity()
    return model


FORMAT = "siamese-course model 1"
ARCHITECTURES = {"MobileFaceNet": MobileFaceNet, "SignatureNet": SignatureNet}
COURSE_MODEL = ROOT / "data" / "course_model.pt"


def save(model: nn.Module, path: Path | str, /, **facts) -> None:
    """Keep weights, architecture, options and `facts` (what it was trained on, its threshold...) in one file, written atomically."""
    state = {key: value.cpu() for key, value in model.state_dict().items()}
    write_atomically(
        dict(
            format=FORMAT,
            architecture=type(model).__name__,
            options=model.options,
            facts=facts,
            state=state,
        ),
        path,
    )


def load(path: Path | str, architecture: str | None = None) -> nn.Module:
    """The network that `save` kept, in evaluation mode, with what was told about it as `model.facts`.

    raises  ValueError for a damaged file, and for another architecture than the one asked for
    """
    content = read_file(path, FORMAT)
    name = content["architecture"]
    if name not in ARCHITECTURES or (architecture and name != architecture):
        raise ValueError(
            f"{path} holds a {name}, not a {architecture or ' or '.join(ARCHITECTURES)}"
        )
    model = ARCHITECTURES[name](**content["options"])
    model.load_state_dict(content["state"])
    model.facts = content["facts"]
    return model.eval()


def course_model() -> nn.Module:
    """The checkpoint that ships with the course: a half-width MobileFaceNet for 56x56 images, trained on embedded faces."""
    return load(COURSE_MODEL, "MobileFaceNet")
