"""Checks of lesson 8: the paper's learning rate with a warm-up, which weights decay how much, and what a useless ArcFace model scores."""

import math

import torch
from torch.nn import functional as F

from lib.checks.judge import Case, generator, judge
from lib.models import MobileFaceNet


def paper_rate(attempt) -> bool | None:
    """(step, steps, peak, warm_up) -> the learning rate of that step."""
    return judge(attempt, _rates(), tolerance=1e-9, name="paper_rate")


def _rates():
    yield _rate(
        0,
        600,
        0.2,
        20,
        "the first step must move already: 1 of warm_up + 1 equal parts of the peak",
    )
    yield _rate(19, 600, 0.2, 20, "the last step of the warm-up is one part short of the peak")
    yield _rate(20, 600, 0.2, 20, "the warm-up is over: the whole peak")
    yield _rate(0, 600, 0.2, 0, "without a warm-up the first step has the whole peak")
    yield _rate(35_999, 60_000, 0.1, 0, "the last step before the first drop")
    yield _rate(36_000, 60_000, 0.1, 0, "the rate drops at step 36,000 of 60,000, not after it")
    yield _rate(52_000, 60_000, 0.1, 0, "two drops: a hundredth of the peak")
    yield _rate(59_999, 60_000, 0.1, 0, "three drops: a thousandth of the peak")
    yield _rate(
        365,
        600,
        0.2,
        20,
        "the drops stand at 36/60, 52/60 and 58/60 of *all* steps; the warm-up does not move them",
    )
    draw = generator(10)
    for _ in range(80):
        steps, warm_up = (
            60 * int(torch.randint(1, 200, (), generator=draw)),
            int(torch.randint(0, 30, (), generator=draw)),
        )
        step, peak = (
            int(torch.randint(steps, (), generator=draw)),
            round(float(torch.rand((), generator=draw)) + 0.01, 3),
        )
        yield _rate(
            step,
            steps,
            peak,
            warm_up,
            "warm-up first, then a division by ten for each drop that is past",
            random=True,
        )


def _rate(step: int, steps: int, peak: float, warm_up: int, why: str, random: bool = False) -> Case:
    """The expected rate from a table of all steps, written down one stretch after the other."""
    minute = steps // 60  # a sixtieth of the run
    table = (
        [peak] * 36 * minute
        + [peak / 10] * 16 * minute
        + [peak / 100] * 6 * minute
        + [peak / 1000] * 2 * minute
    )
    for early in range(min(warm_up, steps)):
        table[early] = peak * (early + 1) / (warm_up + 1)
    return Case(
        {"step": step, "steps": steps, "peak": peak, "warm_up": warm_up}, table[step], why, random
    )


def decay_of(attempt) -> bool | None:
    """(name, shape) of one parameter of a MobileFaceNet -> its weight decay."""
    return judge(attempt, _parameters(), tolerance=1e-9, name="decay_of")


def _parameters():
    yield _decay(
        "last.conv.weight",
        (128, 512, 1, 1),
        4e-4,
        "the layers after GDConv get ten times more, 4e-4",
    )
    yield _decay("conv.conv.weight", (64, 3, 3, 3), 4e-5, "the convolutions up to GDConv get 4e-5")
    yield _decay("gdconv.conv.weight", (512, 1, 7, 7), 4e-5, "GDConv itself is not *after* GDConv")
    yield _decay(
        "widen.conv.weight", (512, 128, 1, 1), 4e-5, "this wide layer stands *before* GDConv"
    )
    yield _decay(
        "last.norm.weight", (128,), 0, "batch norm's scale and shift get none, wherever they stand"
    )
    yield _decay(
        "last.norm.bias", (128,), 0, "batch norm's scale and shift get none, wherever they stand"
    )
    yield _decay(
        "conv.act.weight", (64,), 0, "a slope that decays turns PReLU into ReLU: it gets none"
    )
    for options in ({}, {"width": 0.5, "embedding_size": 64, "input_size": (56, 56)}):
        after = False
        for name, module in MobileFaceNet(**options).named_modules():
            for part, values in module.named_parameters(recurse=False):
                decay = (4e-4 if after else 4e-5) if isinstance(module, torch.nn.Conv2d) else 0
                yield _decay(
                    f"{name}.{part}",
                    tuple(values.shape),
                    decay,
                    "a kernel by its place before or after GDConv, all else none",
                    random=True,
                )
            after = after or name == "gdconv.norm"


def _decay(name: str, shape: tuple[int, ...], decay: float, why: str, random: bool = False) -> Case:
    return Case({"name": name, "shape": shape}, decay, why, random)


def useless_arcface(attempt) -> bool | None:
    """(scale, margin, classes) -> ArcFace's loss where the embedding and all directions are one and the same vector."""
    return judge(attempt, _useless(), tolerance=1e-6, name="useless_arcface")


def _useless():
    yield _collapsed(
        64.0,
        0.5,
        100,
        "every cosine is 1, only the true class pays the margin: its logit is s cos m, the others' is s",
    )
    yield _collapsed(8.0, 0.0, 10, "without a margin all classes are alike, and the loss is ln 10")
    yield _collapsed(30.0, 0.0, 2, "two classes and no margin: a coin, ln 2")
    yield _collapsed(
        1.0,
        1.0,
        2,
        "with a small scale the true class still holds a share of the softmax: keep its own term in the sum",
    )
    draw = generator(11)
    for _ in range(60):
        scale, margin = (
            round(high * float(torch.rand((), generator=draw)) + 0.5, 2) for high in (64, 0.5)
        )
        yield _collapsed(
            scale,
            margin,
            int(torch.randint(2, 1000, (), generator=draw)),
            "the margin is in radians",
            random=True,
        )


def _collapsed(scale: float, margin: float, classes: int, why: str, random: bool = False) -> Case:
    """The expected loss from the softmax itself, over logits in float64."""
    logits = torch.full((1, classes), scale, dtype=torch.float64)
    logits[0, 0] = scale * math.cos(margin)
    return Case(
        {"scale": scale, "margin": margin, "classes": classes},
        F.cross_entropy(logits, torch.zeros(1, dtype=torch.long)).item(),
        why,
        random,
    )
