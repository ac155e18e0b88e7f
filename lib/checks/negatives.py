"""Checks of the lesson on many negatives: NT-Xent of two views, SimSiam's loss, NT-Xent's gradient.

Expected gradients come from a formula or from autograd.
"""

import numpy as np
import torch
from torch.nn import functional as F

from lib.checks.judge import double_tensor, edge, judge
from lib.losses import nt_xent_loss


def nt_xent(attempt) -> bool | None:
    """`(first, second (B, D) each, temperature) -> scalar`: NT-Xent of two views of B images."""

    def expected(first, second, temperature):
        image = torch.arange(len(first)).repeat(2)
        return nt_xent_loss(torch.cat([first, second]), image, temperature).item()

    def draw(rng):
        b, size = rng.integers(1, 5), rng.integers(2, 5)
        first, second = rng.normal(size=(2, b, size))
        return first, second, round(rng.uniform(0.2, 1), 2)

    two, turned = [[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]
    one, pole = [[1.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]]
    edges = [
        edge("One image has no negatives: its positive has all of the softmax.", one, one, 1.0),
        edge("Leave each view itself out of its denominator, and only itself.", pole, pole, 1.0),
        edge("The positive of view a is the other view of the same image.", two, turned, 1.0),
        edge("Divide the cosines by the temperature.", two, two, 0.5),
        edge("Scale the embeddings to length 1 first.", [[3.0, 0.0], [0.0, 2.0]], two, 1.0),
        edge("All 2B views are anchors, those of `second` too.", two, [[1.0, 0.0], [1.0, 0.0]], 1),
    ]
    hint = "Each of the 2B views: its positive against the other 2B - 2 views, one mean."
    return judge("nt_xent", attempt, expected, edges, draw, hint, as_input=double_tensor)


def simsiam(attempt) -> bool | None:
    """`(p1, z1, p2, z2 (B, D) each) -> scalar`, and which of the four its gradient reaches."""

    def in_words(loss, sizes):
        reached = [name for name, size in sizes.items() if size > 1e-9] or ["none of the four"]
        return f"loss {round(loss, 4) + 0.0:.4f}, a gradient reaches {' and '.join(reached)}"

    def run(p1, z1, p2, z2):
        given = {"p1": p1, "z1": z1, "p2": p2, "z2": z2}
        given = {name: x.clone().requires_grad_() for name, x in given.items()}
        loss = attempt(*given.values())
        if loss is None:
            return None
        if loss.requires_grad:
            loss.backward()
        reached = {name: 0 if x.grad is None else x.grad.norm() for name, x in given.items()}
        return in_words(loss.item(), reached)

    def expected(p1, z1, p2, z2):
        loss, sizes = 0.0, {}
        for name, predicted, target in (("p1", p1, z2), ("p2", p2, z1)):
            cosines = F.cosine_similarity(predicted, target)
            loss -= cosines.mean().item() / 2
            # Where two directions are equal or opposite, the slope of their cosine is 0.
            sizes[name] = 1 - cosines.abs().min()
        return in_words(loss, sizes)

    def draw(rng):
        return rng.normal(size=(4, rng.integers(1, 4), rng.integers(2, 4)))

    right, up, left = [[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]]
    edges = [
        edge("Equal directions score -1, whatever their lengths.", [[2.0, 0]], right, right, right),
        edge("The prediction of one view meets the target of the other.", right, up, up, right),
        edge("Half for each way round: p1 with z2, p2 with z1.", right, left, right, right),
        edge("One mean over the batch.", *[right * 2] * 3, right + left),
        edge(
            "The targets are constants: detach z1 and z2, and let the gradient reach p1 and p2.",
            *(right, right, right, up),
        ),
    ]
    hint = "-(cosine(p1, z2.detach()) + cosine(p2, z1.detach())) / 2, averaged over the batch."
    return judge("simsiam", run, expected, edges, draw, hint, as_input=double_tensor)


def nt_xent_gradient(attempt) -> bool | None:
    """`(positive, negatives (N,), temperature) -> (N + 1,)`: slopes by each cosine."""

    def expected(positive, negatives, temperature):
        cosines = torch.tensor([positive, *negatives.tolist()], dtype=torch.float64)
        cosines.requires_grad_()
        F.cross_entropy(cosines / temperature, torch.tensor(0)).backward()
        return cosines.grad

    def draw(rng):
        positive, *negatives = rng.uniform(-1, 1, rng.integers(2, 6)).round(2)
        return positive, np.array(negatives), round(rng.uniform(0.1, 1), 2)

    edges = [
        edge("The positive is pulled: its slope is its share less 1.", 0.5, [0.5], 1.0),
        edge("A negative is pushed by its share of the softmax, above 0.", 0.9, [-0.5, 0.4], 1.0),
        edge("The cosine is divided by the temperature, so its slope is too.", 0.5, [0.5], 0.5),
        edge("The shares come from cosines divided by the temperature.", 0.8, [0.7, 0.2], 0.2),
    ]
    hint = "Shares: softmax of cosines / temperature. Slopes: (share - 1 or share) / temperature."
    options = {"tolerance": 1e-4, "as_input": double_tensor}
    return judge("nt_xent_gradient", attempt, expected, edges, draw, hint, **options)
