"""The same function, written so that int8 and the runtimes get along with it: channels equally loud, and PReLU from parts that are fast.

    equalised(model, images)    before int8: one scale for a layer's activations then suits all its channels
    without_prelu(model)        for ONNX Runtime, whose PReLU takes longer than all convolutions together

Source of the first: Nagel, van Baalen, Blankevoort, Welling, Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV
2019, section 4.1.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import Bottleneck, ConvBlock, to_input

LOUDER = 256.0  # at most: a channel that is silent in calibration may speak later


@torch.no_grad()
def equalised(model: nn.Module, images: np.ndarray) -> nn.Module:
    """A copy of a folded network that computes the same, in which all channels in front of a depthwise layer reach equally far.

    In int8 the channels of a layer share 256 levels, and the loudest sets them. A depthwise layer sees each channel alone, with weights
    that have a scale for each channel: so a channel may be made louder in front of it and its weights smaller, at no cost. ReLU, PReLU
    and no activation at all let a factor above zero pass.

    images  uint8, for calibration: how far each channel reaches is read off them
    """
    model = copy.deepcopy(model).eval()
    pairs, reach, hooks = list(_into_depthwise(model)), {}, []
    for k, (first, _) in enumerate(pairs):
        for layer in (first.conv, first):  # before the activation and behind it: int8 rounds both
            hooks.append(
                layer.register_forward_hook(
                    lambda _, __, out, k=k: reach.update(
                        {k: torch.maximum(_reach(out), reach.get(k, _reach(out)))}
                    )
                )
            )
    for start in range(0, len(images), 32):
        model(to_input(images[start : start + 32], model))
    for hook in hooks:
        hook.remove()
    for k, (first, second) in enumerate(pairs):
        factor = (reach[k].max() / reach[k].clamp_min(1e-12)).clamp(
            max=LOUDER
        )  # (C,), 1 for the loudest
        first.conv.weight *= factor[:, None, None, None]
        first.conv.bias *= factor
        second.conv.weight /= factor[:, None, None, None]
    return model


def _into_depthwise(model: nn.Module) -> Iterator[tuple[ConvBlock, ConvBlock]]:
    """(layer, the depthwise layer that alone reads it), wherever there are two."""
    for block in model.modules():
        if isinstance(block, Bottleneck):
            yield block.expand, block.depthwise
    for first, second in (("conv", "depthwise"), ("widen", "gdconv")):
        pair = getattr(model, first, None), getattr(model, second, None)
        if all(isinstance(block, ConvBlock) for block in pair):
            yield pair


def _reach(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (C,), the largest absolute value of each channel"""
    return x.abs().amax((0, 2, 3))


class TwoScales(nn.Module):
    """PReLU as a x + (1 - a) max(x, 0), each factor a depthwise 1x1 convolution, for which every runtime has fast code."""

    def __init__(self, prelu: nn.PReLU) -> None:
        super().__init__()
        self.all, self.positive = _each_channel_by(prelu.weight), _each_channel_by(1 - prelu.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.all(x) + self.positive(F.relu(x))


class TwoParts(nn.Module):
    """PReLU as max(x, 0) + a min(x, 0): the two parts never meet, so that in int8 each is rounded on a scale of its own."""

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
