"""Checks of lesson 1: a forward pass, one training step, a decision on two drawings.

The networks in these checks are small: linear layers of two or three numbers, and a batch norm that
does nothing in evaluation mode.
"""

import numpy as np
import torch
from torch import nn

from lib.checks.judge import double_tensor, edge, judge, pixels
from lib.losses import contrastive_loss


def joint(attempt) -> bool | None:
    """`(features, head, first, second) -> logits (B,)` from |a - b| and a * b of the embeddings."""

    def run(weights, head, bias, first, second):
        return attempt(_linear(weights), _linear(head, bias), first, second)

    def expected(weights, head, bias, first, second):
        a, b = first @ weights.T, second @ weights.T  # (B, D)
        return torch.hstack([abs(a - b), a * b]) @ head[0] + bias

    def draw(rng):
        pixels, size, batch = rng.integers(1, 4, 3)
        first, second = rng.normal(size=(2, batch, pixels))
        return rng.normal(size=(size, pixels)), rng.normal(size=(1, 2 * size)), [0.5], first, second

    one, two, nothing = [[1.0]], [[1.0], [2.0]], [[0.0, 0.0]]
    first_half, second_half = [[1.0, 0.0]], [[0.0, 1.0]]
    edges = [
        edge("One logit a pair: shape (B,), and no sigmoid.", one, nothing, [2.0], two, two),
        edge("The first half of the head weighs |a - b|.", one, first_half, [0.0], one, [[3.0]]),
        edge(
            "The answer must not change when a and b change places: |a - b|.",
            *(one, first_half, [0.0], [[3.0]], one),
        ),
        edge("The second half of the head weighs a * b.", one, second_half, [0.0], one, [[3.0]]),
        edge("Compare the embeddings, not the images.", [[2.0]], second_half, [0.0], one, one),
    ]
    hint = "Embed both images, join |a - b| and a * b along dimension 1, then the head."
    return judge("joint", run, expected, edges, draw, hint, as_input=double_tensor)


def training_step(attempt) -> bool | None:
    """`(model, optimizer, loss_function, first, second, same) -> loss`, called `steps` times."""
    lr = 0.5

    def run(steps, weight, first, second, same):
        model = _Distance(weight)
        optimizer = torch.optim.SGD(model.parameters(), lr)
        given = model, optimizer, contrastive_loss, first, second, same > 0
        losses = [attempt(*given) for _ in range(steps)]
        if any(loss is None for loss in losses):
            return None
        return [*map(float, losses), *model.weight.detach().flatten().tolist()]

    def expected(steps, weight, first, second, same):
        model, losses = _Distance(weight), []
        for _ in range(steps):
            loss = contrastive_loss(model(first, second), same > 0)
            (slope,) = torch.autograd.grad(loss, model.weight)
            losses.append(loss.item())
            model.weight.data -= lr * slope
        return [*losses, *model.weight.flatten().tolist()]

    def draw(rng):
        batch = rng.integers(1, 5)
        weight, (first, second) = rng.normal(size=(2, 2)), rng.normal(size=(2, batch, 2))
        return rng.integers(1, 4), weight, first, second, rng.integers(0, 2, batch).astype(float)

    one, zero = [[1.0]], [[0.0]]
    edges = [
        edge("Give the loss `same` as it is.", 1, one, one, one, [1.0]),
        edge(
            "Backward, then step: the weights change. Return the loss as it was before.",
            *(1, one, one, zero, [1.0]),
        ),
        edge("Gradients add up from step to step: zero_grad in each.", 3, one, one, zero, [1.0]),
        edge("A different pair is pushed apart.", 2, [[0.25]], one, zero, [0.0]),
    ]
    hint = "Distances, loss, zero_grad, backward, step; return the loss as a number."
    options = {"count": 30, "as_input": double_tensor}
    return judge("training_step", run, expected, edges, draw, hint, **options)


def verify(attempt) -> bool | None:
    """`(model, first, second, threshold) -> bool` for two drawings, uint8 (H, W)."""

    def run(first, second, threshold):
        model = _Ink()  # in training mode, as after a training
        answer = attempt(model, first, second, threshold)
        return bool(answer) if isinstance(answer, torch.Tensor | np.bool_) else answer

    def expected(first, second, threshold):
        a, b = (np.mean((1 - x / 255) ** 2) for x in (first, second))
        return abs(a - b) <= threshold

    def draw(rng):
        first, second = rng.integers(0, 256, (2, *rng.integers(1, 4, 2)))
        return first, second, round(rng.uniform(0.05, 0.6), 3)

    black, white = [[0]], [[255]]
    edges = [
        edge("Float input (1, 1, H, W) of each; a small distance means same.", black, black, 0.5),
        edge("A distance at the threshold counts as same: <=.", white, white, 0.0),
        edge("A large distance means different.", black, white, 0.5),
        edge(
            "Call model.eval(): in training mode batch norm compares within the batch.",
            *(white, [[254]], 1.5),
        ),
        edge("Ink is 1 and paper 0: (255 - x) / 255.", black, [[26]], 0.15),
        edge("Divide by 255: the network was trained on 0 to 1.", [[200]], [[210]], 0.1),
    ]
    hint = "Float input (1, 1, H, W) of each, evaluation mode, distance <= threshold."
    return judge("verify", run, expected, edges, draw, hint, as_input=pixels)


def _linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, dtype=weight.dtype)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return layer


class _Distance(nn.Module):
    """Twins of one matrix: (B, P), (B, P) -> distances (B,)"""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return torch.linalg.vector_norm((first - second) @ self.weight.T, dim=1)


class _Ink(nn.Module):
    """Twins whose embedding is the mean of the squared ink: (B, 1, H, W) each -> distances (B,)"""

    def __init__(self) -> None:
        super().__init__()
        # Mean 0, variance 1: in evaluation mode it changes nothing.
        self.norm = nn.BatchNorm1d(1, eps=1e-12, affine=False)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        both = torch.cat([first, second])
        if both.ndim != 4 or not both.is_floating_point():
            raise ValueError(f"the network takes float (B, 1, H, W), not {tuple(both.shape)}")
        a, b = self.norm(both.square().mean((2, 3))).chunk(2)
        return torch.linalg.vector_norm(a - b, dim=1)
