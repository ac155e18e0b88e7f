"""int8 simulated in PyTorch, layer by layer, with the rounding of the int8 files.

A number is stored as one of 2^bits levels. Weights: levels symmetric around zero, one scale an
output channel. Activations: levels from the smallest to the largest value seen in calibration, one
scale for the whole layer.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import Network, fold_batch_norm, to_input


def round_weights(weight: Tensor, bits: int, per_channel: bool = True) -> Tensor:
    """The nearest of the levels -(2^(bits-1) - 1) ... 2^(bits-1) - 1, times a scale.

    weight       (C_out, ...)
    per_channel  True: one scale an output channel; False: one for all. The largest weight fits
    """
    dims = range(1 if per_channel else 0, weight.ndim)
    largest = weight.abs().amax(tuple(dims), keepdim=True)
    scale = (largest / (2 ** (bits - 1) - 1)).clamp_min(1e-12)
    return (weight / scale).round() * scale


def round_activations(x: Tensor, low: float, high: float, bits: int = 8) -> Tensor:
    """The nearest of 2^bits even levels that cover low..high, hold zero exactly, and clip."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-12) / (2**bits - 1)
    zero = round(-low / scale)
    return ((x / scale).round() + zero).clamp(0, 2**bits - 1).sub(zero) * scale


def with_weight_bits(model: Network, bits: int, per_channel: bool = True) -> nn.Module:
    """A folded copy of `model` with convolution weights of `bits` bits; activations stay float."""
    folded = fold_batch_norm(model)
    for layer in _convolutions(folded).values():
        layer.weight.data = round_weights(layer.weight.data, bits, per_channel)
    return folded


def weight_bytes(model: Network, bits: int) -> int:
    """Bytes of the folded weights at `bits` each; biases, slopes and scales stay 32-bit."""
    folded = fold_batch_norm(model)
    layers = _convolutions(folded).values()
    weights = sum(layer.weight.numel() for layer in layers)
    scales = sum(len(layer.weight) for layer in layers)
    rest = sum(p.numel() for p in folded.parameters()) - weights + scales
    return (weights * bits + 7) // 8 + 4 * rest


class Int8(nn.Module):
    """`model` as a static int8 file computes it: convolutions round input, weights and output.

    calibration  uint8 images; their extremes set the levels of each layer's activations
    """

    def __init__(self, model: Network, calibration: np.ndarray) -> None:
        super().__init__()
        self.model = fold_batch_norm(model).cpu()
        self.layers = _convolutions(self.model)
        self.ranges: dict[str, list[tuple[float, float]]] = {}  # of a layer's input and output
        self.only: str | None = None  # the one layer that rounds; None: all do
        hooks = []
        for name, layer in self.layers.items():
            hooks.append(layer.register_forward_hook(partial(self._note_ranges, name)))
        with torch.no_grad():
            self.model(to_input(calibration, model))
        for hook in hooks:
            hook.remove()
        for name, layer in self.layers.items():
            layer.register_forward_hook(partial(self._round, name))

    def _note_ranges(self, name: str, layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        self.ranges[name] = [(x.min().item(), x.max().item()) for x in (inputs[0], output)]

    def _round(self, name: str, layer: nn.Conv2d, inputs: tuple, output: Tensor) -> Tensor:
        if self.only not in (None, name):
            return output
        of_input, of_output = self.ranges[name]
        x, weight = round_activations(inputs[0], *of_input), round_weights(layer.weight, 8)
        return round_activations(layer._conv_forward(x, weight, layer.bias), *of_output)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


@torch.no_grad()
def layer_damage(model: Network, calibration: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """How far the embeddings turn when one convolution alone computes in int8, for each in order.

    returns  {layer: mean of 1 - cosine between the embeddings with and without rounding}
    """
    rounded = Int8(model, calibration)
    x = to_input(images, model)
    exact = fold_batch_norm(model).cpu()(x).double()
    damage = {}
    for name in rounded.layers:
        rounded.only = name
        damage[name] = float((1 - F.cosine_similarity(rounded(x).double(), exact)).mean())
    return damage


def has_shortcut(model: nn.Module) -> dict[str, bool]:
    """{layer: True where it stands in a block whose input is added to its output}"""
    modules = model.named_modules()
    blocks = tuple(f"{name}." for name, block in modules if getattr(block, "shortcut", False))
    return {layer: layer.startswith(blocks) for layer in _convolutions(model)}


def _convolutions(model: nn.Module) -> dict[str, nn.Conv2d]:
    convolutions = [item for item in model.named_modules() if isinstance(item[1], nn.Conv2d)]
    return {name.removesuffix(".conv"): layer for name, layer in convolutions}
