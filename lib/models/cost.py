"""How long a network takes here: the best of several runs, since everything else on a machine only ever adds time."""

import time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.models.layers import ConvBlock


@torch.no_grad()
def images_per_second(model: nn.Module, batch: int = 8, repeats: int = 10) -> float:
    """Images of `model.input_size` a second, in evaluation mode, in the fastest of `repeats` runs."""
    x = torch.zeros(
        batch, model.channels, *model.input_size, device=next(model.parameters()).device
    )
    model.eval()
    return batch / min(
        _seconds(model, x) for _ in range(repeats + 1)
    )  # one more: the first only warms up


@torch.no_grad()
def seconds_by_layer(model: nn.Module, batch: int = 4, repeats: int = 10) -> dict[str, float]:
    """Fastest time of each convolution with its batch norm and activation, by the names of `layer_costs`."""
    began: dict[str, float] = {}
    best: dict[str, float] = {}
    hooks = []
    for name, block in model.named_modules():
        if isinstance(block, ConvBlock):
            hooks.append(
                block.register_forward_pre_hook(
                    lambda *_, name=name: began.update({name: time.perf_counter()})
                )
            )
            hooks.append(
                block.register_forward_hook(
                    lambda *_, name=name: best.update(
                        {name: min(best.get(name, float("inf")), time.perf_counter() - began[name])}
                    )
                )
            )
    x = torch.zeros(batch, model.channels, *model.input_size)
    try:
        for _ in range(repeats + 1):
            model.eval()(x)
    finally:
        for hook in hooks:
            hook.remove()
    return best


def _seconds(model: nn.Module, x: torch.Tensor) -> float:
    began = time.perf_counter()
    model(x)
    if x.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


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
