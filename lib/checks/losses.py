"""Checks of lesson 3: the contrastive loss, the semi-hard mask, and the gradient of the soft margin.

Expected values come from plain loops, and the gradient from finite differences: neither a formula nor autograd.
"""

import math

import numpy as np
import torch

from lib.checks.judge import Case, generator, judge


def contrastive(attempt) -> bool | None:
    """`(d (N,), same (N,) bool, margin) -> scalar`: the mean contrastive loss with Hadsell's one half."""
    return judge(attempt, [*_contrastive_edges(), *_contrastive_at_random()], name="contrastive")


def _contrastive_edges():
    def case(d, same, margin, why):
        return Case(
            {"d": torch.tensor(d), "same": torch.tensor(same), "margin": margin},
            _contrastive(d, same, margin),
            why,
        )

    yield case(
        [1.5],
        [False],
        1.0,
        "two different people beyond the margin cost nothing: max(0, margin - d) before you square it",
    )
    yield case(
        [2.0], [True], 1.0, "a same pair costs half of its squared distance, whatever the margin"
    )
    yield case(
        [0.4],
        [False],
        1.0,
        "a different pair inside the margin costs half of (margin - d) squared: first the difference, then the square",
    )
    yield case([0.5], [False], 0.3, "the margin is an argument, not always 1")
    yield case(
        [0.6, 0.6, 0.6],
        [True, False, False],
        1.0,
        "the loss is the mean over all pairs, of both kinds together",
    )
    yield case(
        [0.2, 1.5],
        [True, False],
        1.0,
        "each distance meets its own label: both are (N,), and (N,) with (N, 1) becomes N x N",
    )
    yield case(
        [0.0, 0.0],
        [True, False],
        1.0,
        "at distance 0 a same pair is free and a different one dearest",
    )


def _contrastive_at_random():
    rng = generator()
    for _ in range(200):
        n = int(torch.randint(1, 9, (), generator=rng))
        d, same = 2 * torch.rand(n, generator=rng), torch.rand(n, generator=rng) < 0.5
        margin = round(0.2 + 1.6 * float(torch.rand((), generator=rng)), 2)
        yield Case(
            {"d": d, "same": same, "margin": margin},
            _contrastive(d.tolist(), same.tolist(), margin),
            "compare it with one pair by hand",
            True,
        )


def _contrastive(d, same, margin) -> float:
    total = 0.0
    for distance, alike in zip(d, same):
        if alike:
            total += distance * distance / 2
        elif distance < margin:
            total += (margin - distance) * (margin - distance) / 2
    return total / len(d)


def semi_hard(attempt) -> bool | None:
    """`(d_ap (B,), d_an (B, N), margin) -> bool (B, N)`: further than the positive, by less than the margin."""
    return judge(attempt, [*_semi_hard_edges(), *_semi_hard_at_random()], name="semi_hard")


def _semi_hard_edges():
    def case(d_ap, d_an, margin, why):
        return Case(
            {"d_ap": torch.tensor(d_ap), "d_an": torch.tensor(d_an), "margin": margin},
            _semi_hard(d_ap, d_an, margin),
            why,
        )

    yield case(
        [0.5],
        [[0.25]],
        0.25,
        "a negative nearer than the positive is hard, although it costs the most",
    )
    yield case([0.5], [[0.5]], 0.25, "equal is not further")
    yield case(
        [0.5],
        [[0.75]],
        0.25,
        "at the margin the triplet costs nothing: by less than the margin, not up to it",
    )
    yield case(
        [0.5], [[0.625]], 0.25, "further than the positive, by less than the margin, is semi-hard"
    )
    yield case([0.5], [[1.0]], 0.25, "beyond the margin a negative is easy")
    yield case([1.0], [[1.2]], 0.25, "plain distances, not squared ones")
    yield case(
        [0.125, 1.0],
        [[0.25, 1.125], [0.25, 1.125]],
        0.25,
        "row b of d_an belongs to positive b: give d_ap a second axis, d_ap[:, None]",
    )


def _semi_hard_at_random():
    rng = generator()
    for _ in range(200):
        b, n = (int(size) for size in torch.randint(1, 6, (2,), generator=rng))
        d_ap, d_an = torch.rand(b, generator=rng), 1.5 * torch.rand(b, n, generator=rng)
        margin = round(0.05 + 0.5 * float(torch.rand((), generator=rng)), 2)
        yield Case(
            {"d_ap": d_ap, "d_an": d_an, "margin": margin},
            _semi_hard(d_ap.tolist(), d_an.tolist(), margin),
            "d_ap < d_an < d_ap + margin, row by row",
            True,
        )


def _semi_hard(d_ap, d_an, margin) -> np.ndarray:
    return np.array(
        [
            [negative > positive and negative - positive < margin for negative in row]
            for positive, row in zip(d_ap, d_an)
        ]
    )


def soft_triplet_gradient(attempt) -> bool | None:
    """`(a, p, n (N, D) each) -> (3, N, D)`: the gradient of mean ln(1 + exp(d_ap - d_an)) with respect to a, p and n."""
    return judge(
        attempt, [*_soft_edges(), *_soft_at_random()], tolerance=1e-4, name="soft_triplet_gradient"
    )


def _soft_edges():
    def case(a, p, n, why):
        a, p, n = (torch.tensor(points, dtype=torch.float64) for points in (a, p, n))
        return Case({"a": a, "p": p, "n": n}, _soft_gradient(a, p, n), why)

    yield case(
        [[0.0]],
        [[1.0]],
        [[-1.0]],
        "a gradient points uphill: the anchor's is (a - p)/d_ap - (a - n)/d_an, times sigma(0) = 1/2",
    )
    yield case(
        [[0.0, 0.0]],
        [[3.0, 4.0]],
        [[0.0, 5.0]],
        "the directions are unit vectors, (a - p)/d_ap and (a - n)/d_an; the order is a, p, n",
    )
    yield case(
        [[0.0]],
        [[1.0]],
        [[3.0]],
        "the slope of ln(1 + e^x) is sigma(x) with x = d_ap - d_an: small where the order is right already",
    )
    yield case(
        [[0.0], [0.0]],
        [[1.0], [1.0]],
        [[-1.0], [-1.0]],
        "the loss is a mean over N triplets: divide by N",
    )
    yield case(
        [[1.0, 2.0]],
        [[1.0, 2.0]],
        [[2.0, 2.0]],
        "where two points coincide, their distance has gradient 0, not 0/0",
    )


def _soft_at_random():
    rng = generator()
    for _ in range(60):
        count, size = (int(number) for number in torch.randint(1, 5, (2,), generator=rng))
        a, p, n = torch.randn(3, count, size, generator=rng, dtype=torch.float64)
        yield Case(
            {"a": a, "p": p, "n": n},
            _soft_gradient(a, p, n),
            "compare it with autograd's, one triplet at a time",
            True,
        )


def _soft_gradient(a, p, n, step: float = 1e-6) -> np.ndarray:
    """Central differences: at two coinciding points they give 0, as a distance grows equally both ways."""
    points = np.stack([a.numpy(), p.numpy(), n.numpy()])  # (3, N, D)
    gradient = np.empty_like(points)
    for place in np.ndindex(points.shape):
        sides = []
        for way in (step, -step):
            moved = points.copy()
            moved[place] += way
            sides.append(_soft_loss(*moved))
        gradient[place] = (sides[0] - sides[1]) / (2 * step)
    return gradient


def _soft_loss(a, p, n) -> float:
    return sum(
        math.log1p(math.exp(math.dist(a[i], p[i]) - math.dist(a[i], n[i]))) for i in range(len(a))
    ) / len(a)
