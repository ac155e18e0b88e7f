"""How long a network takes here: the best of several runs, since everything else on a machine only ever adds time."""

import time

import torch
from torch import nn

from lib.models import ConvBlock


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
