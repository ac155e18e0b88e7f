"""Rewrite a network so that it computes the same, but loses less in int8 or runs faster.

equalised(model, images)   for int8: channels in front of a depthwise layer get one range
without_prelu(model)       for ONNX Runtime, whose PReLU takes longer than all convolutions together

Source of the first: Nagel, van Baalen, Blankevoort, Welling, Data-Free Quantization Through Weight
Equalization and Bias Correction, ICCV 2019, section 4.1.
"""

import copy
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import Bottleneck, ConvBlock, Network, to_input

LARGEST_FACTOR = 256.0  # a channel that is zero in calibration may be active later


@torch.no_grad()
def equalised(model: Network, images: np.ndarray) -> nn.Module:
    """A copy of a folded network with one range for all channels in front of a depthwise layer.

    In int8 the channels of a layer share 256 levels, and the channel with the largest values sets
    them. A channel in front of a depthwise layer may be multiplied by a factor, and its own weights
    there divided by it. ReLU, PReLU and no activation all pass a positive factor on.

    images  uint8, for calibration: they show how large the values of each channel get
    """
    model = copy.deepcopy(model).eval()
    pairs = list(_into_depthwise(model))
    ranges: list[list[Tensor]] = [[] for _ in pairs]  # each (C,), of a batch
    hooks = []
    for (first, _), found in zip(pairs, ranges):
        for layer in (first.conv, first):  # before the activation and after it: int8 rounds both
            hooks.append(layer.register_forward_hook(partial(_note_range, found)))
    for start in range(0, len(images), 32):
        model(to_input(images[start : start + 32], model))
    for hook in hooks:
        hook.remove()
    for (first, second), found in zip(pairs, ranges):
        largest = torch.stack(found).amax(0)  # (C,)
        factor = (largest.max() / largest.clamp_min(1e-12)).clamp(max=LARGEST_FACTOR)
        first.conv.weight *= factor[:, None, None, None]
        first.conv.bias *= factor
        second.conv.weight /= factor[:, None, None, None]
    return model


def _into_depthwise(model: nn.Module) -> Iterator[tuple[ConvBlock, ConvBlock]]:
    """(layer, the depthwise layer that alone reads it), wherever there are two."""
    for block in model.modules():
        if isinstance(block, Bottleneck):
            yield block.expand, block.depthwise
    for names in (("conv", "depthwise"), ("widen", "gdconv")):
        first, second = (getattr(model, name, None) for name in names)
        if isinstance(first, ConvBlock) and isinstance(second, ConvBlock):
            yield first, second


def _note_range(found: list[Tensor], layer: nn.Module, inputs: tuple, output: Tensor) -> None:
    """Forward hook: the largest absolute value of each channel, (B, C, H, W) -> (C,)."""
    found.append(output.abs().amax((0, 2, 3)))


class TwoScales(nn.Module):
    """PReLU as a x + (1 - a) max(x, 0) in depthwise 1x1 convolutions, fast in every runtime."""

    def __init__(self, prelu: nn.PReLU) -> None:
        super().__init__()
        self.all, self.positive = _each_channel_by(prelu.weight), _each_channel_by(1 - prelu.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.all(x) + self.positive(F.relu(x))


class TwoParts(nn.Module):
    """PReLU as max(x, 0) + a min(x, 0): in int8 each part is rounded on a scale of its own."""

    def __init__(self, prelu: nn.PReLU) -> None:
        super().__init__()
        self.negative = _each_channel_by(prelu.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) + self.negative(x.clamp(max=0.0))


def _each_channel_by(factor: Tensor) -> nn.Conv2d:
    scale = nn.Conv2d(len(factor), len(factor), 1, groups=len(factor), bias=False)
    scale.weight.data = factor.detach()[:, None, None, None].clone()
    return scale


def without_prelu(model: nn.Module, written_as: type[nn.Module] = TwoScales) -> nn.Module:
    """A copy of a network that computes the same without PReLU."""
    model = copy.deepcopy(model)
    for block in list(model.modules()):
        for name, layer in block.named_children():
            if isinstance(layer, nn.PReLU):
                setattr(block, name, written_as(layer))
    return model
