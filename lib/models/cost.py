"""What a network costs: parameters, multiply-adds, and time on this machine."""

import time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.models.layers import ConvBlock, Network


class Cost(NamedTuple):
    """What one convolution costs for one image."""

    name: str
    kind: str  # "1x1", "3x3" or "depthwise"
    output: tuple[int, int, int]  # channels, height, width
    parameters: int  # trainable, with its batch norm and slopes
    multiply_adds: int

    @property
    def stage(self) -> str:
        """Its row in the paper's table: "stages.2" for "stages.2.0.expand"."""
        return ".".join(self.name.split(".")[:2]) if "." in self.name else self.name


@torch.no_grad()
def layer_costs(model: Network) -> list[Cost]:
    """One row for each convolution, in the order in which they run."""
    costs, was_training = [], model.training

    def measure(name: str, block: ConvBlock):
        def hook(conv: nn.Conv2d, _, out: Tensor) -> None:
            kind = "depthwise" if conv.groups > 1 else "{}x{}".format(*conv.kernel_size)
            _, channels, height, width = out.shape
            # One multiply-add for each output value and each weight, (C_in / groups) x kernel.
            work = channels * height * width * conv.weight[0].numel()
            costs.append(Cost(name, kind, (channels, height, width), count_parameters(block), work))

        return hook

    hooks = [b.conv.register_forward_hook(measure(name, b)) for name, b in _blocks(model)]
    try:
        model.eval()(_zeros(model, 1))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return costs


def count_parameters(model: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_multiply_adds(model: Network) -> int:
    """Multiply-adds of all convolutions for one image; printed FLOPs are often twice as many."""
    return sum(cost.multiply_adds for cost in layer_costs(model))


@torch.no_grad()
def images_per_second(model: Network, batch: int = 8, repeats: int = 10) -> float:
    """Images of `model.input_size` a second, in evaluation mode.

    The fastest of `repeats` runs counts: whatever else a machine does only adds time.
    """
    x, runs = _zeros(model, batch), []
    model.eval()
    for _ in range(repeats + 1):  # one more: the first only warms up
        began = time.perf_counter()
        model(x)
        if x.device.type == "cuda":
            torch.cuda.synchronize()
        runs.append(time.perf_counter() - began)
    return batch / min(runs)


@torch.no_grad()
def seconds_by_layer(model: Network, batch: int = 4, repeats: int = 10) -> dict[str, float]:
    """Seconds of each convolution with its batch norm and activation, in its fastest run.

    returns  seconds by the names of `layer_costs`
    """
    began: dict[str, float] = {}
    best: dict[str, float] = {}

    def time_block(name: str, block: ConvBlock) -> list:
        def start(*_) -> None:
            began[name] = time.perf_counter()

        def stop(*_) -> None:
            took = time.perf_counter() - began[name]
            best[name] = min(best.get(name, took), took)

        return [block.register_forward_pre_hook(start), block.register_forward_hook(stop)]

    hooks = [hook for name, block in _blocks(model) for hook in time_block(name, block)]
    x = _zeros(model, batch)
    try:
        for _ in range(repeats + 1):
            model.eval()(x)
    finally:
        for hook in hooks:
            hook.remove()
    return best


def _blocks(model: nn.Module) -> list[tuple[str, ConvBlock]]:
    return [(name, m) for name, m in model.named_modules() if isinstance(m, ConvBlock)]


def _zeros(model: Network, batch: int) -> Tensor:
    height, width = model.input_size
    return next(model.parameters()).new_zeros(batch, model.channels, height, width)
