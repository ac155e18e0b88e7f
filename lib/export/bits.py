"""What fewer bits do to a network, layer by layer, worked out in PyTorch: the same rounding as in the int8 files, in plain sight.

A number is stored as one of 2^bits levels. Weights: levels symmetric around zero, one scale for each output channel.
Activations: levels from the smallest to the largest value seen in calibration, one scale for the whole layer.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import fold_batch_norm, to_input


def round_weights(weight: Tensor, bits: int, per_channel: bool = True) -> Tensor:
    """The nearest of the levels -(2^(bits-1) - 1) ... 2^(bits-1) - 1, times a scale that lets the largest weight fit.

    weight  (C_out, ...); one scale an output channel, or one for all
    """
    largest = (
        weight.abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True)
        if per_channel
        else weight.abs().max()
    )
    scale = (largest / (2 ** (bits - 1) - 1)).clamp_min(1e-12)
    return (weight / scale).round() * scale


def round_activations(x: Tensor, low: float, high: float, bits: int = 8) -> Tensor:
    """The nearest of 2^bits even levels that cover low..high and hold zero exactly; what lies outside is clipped."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-12) / (2**bits - 1)
    zero = round(-low / scale)
    return ((x / scale).round() + zero).clamp(0, 2**bits - 1).sub(zero) * scale


def with_weight_bits(model: nn.Module, bits: int, per_channel: bool = True) -> nn.Module:
    """A folded copy of `model` whose convolutions know only `bits`-bit weights; activations stay as they are."""
    model = fold_batch_norm(model)
    for layer in _layers(model).values():
        layer.weight.data = round_weights(layer.weight.data, bits, per_channel)
    return model


def weight_bytes(model: nn.Module, bits: int) -> int:
    """Bytes that the folded weights need at `bits` each; biases, slopes and one scale a channel stay 32-bit."""
    folded = fold_batch_norm(model)
    layers = _layers(folded).values()
    weights = sum(layer.weight.numel() for layer in layers)
    rest = (
        sum(p.numel() for p in folded.parameters())
        - weights
        + sum(len(layer.weight) for layer in layers)
    )
    return (weights * bits + 7) // 8 + 4 * rest


class Int8(nn.Module):
    """`model` as a static int8 file computes it: each convolution rounds its input, its weights and its output.

    calibration  uint8 images; their extremes set each layer's activation levels
    """

    def __init__(self, model: nn.Module, calibration: np.ndarray) -> None:
        super().__init__()
        self.model = fold_batch_norm(model).cpu()
        self.exact = copy.deepcopy(self.model)
        self.layers, self.ranges = _layers(self.model), {}
        self.input_size, self.channels, self.embedding_size, self.scale = (
            model.input_size,
            model.channels,
            model.embedding_size,
            model.scale,
        )
        hooks = [
            layer.register_forward_hook(self._watch(name)) for name, layer in self.layers.items()
        ]
        with torch.no_grad():
            self.model(to_input(calibration, model))
        for hook in hooks:
            hook.remove()
        self.only: str | None = None  # the one layer that rounds; None: all do
        for name, layer in self.layers.items():
            layer.register_forward_hook(self._rounded(name))

    def _watch(self, name: str):
        def hook(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            self.ranges[name] = tuple((x.min().item(), x.max().item()) for x in (inputs[0], output))

        return hook

    def _rounded(self, name: str):
        def hook(layer: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> Tensor | None:
            if self.only not in (None, name):
                return None
            into, out_of = self.ranges[name]
            x = layer._conv_forward(
                round_activations(inputs[0], *into), round_weights(layer.weight, 8), layer.bias
            )
            return round_activations(x, *out_of)

        return hook

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


@torch.no_grad()
def layer_damage(model: nn.Module, calibration: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """For each convolution, in order: how far the embeddings turn when it alone computes in int8.

    returns {layer: mean of 1 - cosine between the embeddings with and without rounding}
    """
    rounded = Int8(model, calibration)
    x = to_input(images, model)
    exact = rounded.exact(x)
    damage = {}
    for name in rounded.layers:
        rounded.only = name
        damage[name] = float((1 - F.cosine_similarity(rounded(x).double(), exact.double())).mean())
    return damage


def _layers(model: nn.Module) -> dict[str, nn.Conv2d]:
    return {
        name.removesuffix(".conv"): layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d)
    }


def has_way_around(model: nn.Module) -> dict[str, bool]:
    """{layer: True where a shortcut carries the layer's input past it}"""
    blocks = [name for name, block in model.named_modules() if getattr(block, "shortcut", False)]
    return {
        layer: any(layer.startswith(f"{block}.") for block in blocks) for layer in _layers(model)
    }
