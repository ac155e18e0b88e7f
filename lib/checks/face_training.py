"""Checks of the lesson on face training: learning rate, weight decay, the baseline of ArcFace."""

import math

import torch
from torch.nn import functional as F

from lib.checks.judge import edge, judge
from lib.models import MobileFaceNet
from lib.training import learning_rate, parameter_groups


def paper_learning_rate(attempt) -> bool | None:
    """`(step, steps, peak, warm_up) -> float`: the learning rate of one step, the first is 0."""

    def expected(step, steps, peak, warm_up):
        return learning_rate(step, steps, peak, "paper", warm_up)

    def draw(rng):
        steps = 60 * rng.integers(1, 200)
        return rng.integers(steps), steps, round(rng.uniform(0.01, 1), 3), rng.integers(0, 30)

    edges = [
        edge("The first step is not 0: peak / (warm_up + 1).", 0, 600, 0.2, 20),
        edge("The last step of the warm-up is one part below the peak.", 19, 600, 0.2, 20),
        edge("After the warm-up the rate is the peak.", 20, 600, 0.2, 20),
        edge("Without a warm-up the first step has the peak.", 0, 600, 0.2, 0),
        edge("This is the last step before the first drop.", 35_999, 60_000, 0.1, 0),
        edge("The rate drops at step 36,000 of 60,000, not after it.", 36_000, 60_000, 0.1, 0),
        edge("After two drops: a hundredth of the peak.", 52_000, 60_000, 0.1, 0),
        edge("After three drops: a thousandth of the peak.", 59_999, 60_000, 0.1, 0),
        edge("Drops are at 36/60, 52/60, 58/60 of all steps, warm-up included.", 365, 600, 0.2, 20),
    ]
    hint = "First the warm-up, then a division by ten for each drop that is past."
    return judge("paper_learning_rate", attempt, expected, edges, draw, hint, tolerance=1e-9)


def weight_decay(attempt) -> bool | None:
    """`(name, shape) -> float`: the weight decay of one parameter of a MobileFaceNet."""
    networks = MobileFaceNet(), MobileFaceNet(embedding_size=64, input_size=(56, 56), width=0.5)
    named = [item for net in networks for item in net.named_parameters()]
    parameters = [(name, tuple(values.shape)) for name, values in named]
    groups = parameter_groups(networks[0], loss=None)
    decay = {id(values): group["weight_decay"] for group in groups for values in group["params"]}

    def expected(name, shape):
        return decay[id(networks[0].get_parameter(name))]

    def draw(rng):
        return parameters[rng.integers(len(parameters))]

    edges = [
        edge("Kernels after GDConv get ten times more.", "last.conv.weight", (128, 512, 1, 1)),
        edge("Kernels up to GDConv get 4e-5.", "conv.conv.weight", (64, 3, 3, 3)),
        edge("GDConv itself is not after GDConv.", "gdconv.conv.weight", (512, 1, 7, 7)),
        edge("This wide layer is before GDConv.", "widen.conv.weight", (512, 128, 1, 1)),
        edge("The scale of a batch norm gets none.", "last.norm.weight", (128,)),
        edge("The shift of a batch norm gets none.", "last.norm.bias", (128,)),
        edge("A slope gets none: decay turns PReLU into ReLU.", "conv.act.weight", (64,)),
    ]
    hint = "A kernel's decay depends on its place before or after GDConv; the rest gets none."
    return judge("weight_decay", attempt, expected, edges, draw, hint, count=200, tolerance=1e-9)


def arcface_baseline(attempt) -> bool | None:
    """`(scale, margin, classes) -> float`: ArcFace's loss where every angle is 0."""

    def expected(scale, margin, classes):
        logits = torch.full((1, classes), scale, dtype=torch.float64)
        logits[0, 0] = scale * math.cos(margin)
        return F.cross_entropy(logits, torch.tensor([0])).item()

    def draw(rng):
        scale, margin = round(rng.uniform(0.5, 64.5), 2), round(rng.uniform(0.5, 1), 2)
        return scale, margin, rng.integers(2, 1000)

    edges = [
        edge("Every cosine is 1; the true logit is s cos m, the others are s.", 64.0, 0.5, 100),
        edge("Without a margin all classes are alike: ln 10.", 8.0, 0.0, 10),
        edge("Two classes without a margin: ln 2.", 30.0, 0.0, 2),
        edge("Keep the true class's own term in the sum.", 1.0, 1.0, 2),
    ]
    hint = "The margin is in radians."
    return judge("arcface_baseline", attempt, expected, edges, draw, hint, tolerance=1e-6)
