"""What every network here has, its convolution blocks, and how batch norm is folded away."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data.synthetic.face_render import TEMPLATE


class Network(nn.Module):
    """What a network has besides `forward`, for `embed`, training, export and files.

    embedding_size  length of the vector
    input_size      (height, width)
    options         the arguments that build it again
    channels        1 or 3, a class attribute
    scale           uint8 values as floats -> the network's input; by default ink 1 on paper 0
    template        (5, 2), where a face network wants eyes, tip of the nose and corners of the
                    mouth in a picture of 112x112; by default InsightFace's points
    memory_format   layout of images in `fit`; the default is faster on CPUs
    facts           what `save` wrote beside the weights, in a network that `load` returns
    """

    channels: int = 1
    template: np.ndarray = TEMPLATE
    memory_format: torch.memory_format = torch.channels_last
    facts: dict[str, Any]

    def __init__(self, embedding_size: int, input_size: tuple[int, int], **options) -> None:
        super().__init__()
        height, width = input_size
        self.embedding_size, self.input_size = embedding_size, (int(height), int(width))
        self.options = dict(embedding_size=embedding_size, input_size=self.input_size, **options)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        return (255 - pixels) / 255


def checked(x: Tensor, model: Network, any_size: bool = False) -> Tensor:
    """`x`, or a ValueError in words where it is not what the model takes."""
    fits = any_size or tuple(x.shape[2:]) == model.input_size
    if x.ndim != 4 or x.shape[1] != model.channels or not fits:
        height, width = model.input_size
        takes = f"{type(model).__name__} takes (B, {model.channels}, {height}, {width})"
        raise ValueError(f"{takes}, not {tuple(x.shape)}")
    return x


def round_channels(channels: int, width: float) -> int:
    """`channels * width`, rounded to a multiple of 8 and at least 8."""
    return max(8, 8 * round(channels * width / 8))


class _Prelu(torch.autograd.Function):
    """PReLU with a backward pass of plain vector operations: three times as fast on a CPU."""

    @staticmethod
    def forward(ctx, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.prelu(x, slope)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        negative = torch.ops.aten.threshold_backward(grad, -x, 0)  # grad where x < 0, else 0
        grad_x = torch.addcmul(grad, negative, (slope - 1)[:, None, None])
        return grad_x, (negative * x).sum((2, 3)).sum(0)


class PReLU(nn.PReLU):
    """x where it is positive, else slope * x: one learned slope a channel, 0.25 at first."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.device.type == "cpu":
            return _Prelu.apply(x, self.weight)
        return super().forward(x)


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch norm and an activation, registered in the order they run.

    kernel  its side, or (height, width)
    act     "prelu", "relu", or "linear" for none
    """

    def __init__(
        self, c_in: int, c_out: int, kernel, stride=1, padding=0, groups=1, act: str = "prelu"
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(c_out)
        if act != "linear":
            self.act = PReLU(c_out) if act == "prelu" else nn.ReLU()


class Bottleneck(nn.Module):
    """Widen by 1x1, filter each channel by 3x3, narrow by a linear 1x1.

    The input is added to the output where both have one shape.
    """

    def __init__(self, c_in: int, c_out: int, wide: int, stride: int, act: str = "prelu") -> None:
        super().__init__()
        self.expand = ConvBlock(c_in, wide, 1, act=act)
        self.depthwise = ConvBlock(wide, wide, 3, stride, 1, groups=wide, act=act)
        self.project = ConvBlock(wide, c_out, 1, act="linear")
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))  # (B, C, H, W) -> (B, C', H/s, W/s)
        return x + y if self.shortcut else y


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """A copy for inference: each batch norm becomes part of the convolution before it.

    In evaluation mode batch norm is y = gamma (x - mean) / sqrt(var + eps) + beta, a scale and a
    shift for each channel. The scale multiplies the kernel, the shift becomes the bias.
    """
    model = copy.deepcopy(model).eval()
    for block in model.modules():
        if not isinstance(block, ConvBlock) or not isinstance(block.norm, nn.BatchNorm2d):
            continue
        conv, norm = block.conv, block.norm
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()  # (C,)
        bias = norm.bias.double() - norm.running_mean.double() * scale
        weight = conv.weight.double() * scale[:, None, None, None]
        conv.weight.data = weight.to(conv.weight.dtype)
        conv.bias = nn.Parameter(bias.to(conv.weight.dtype))
        block.norm = nn.Identity()
    return model
