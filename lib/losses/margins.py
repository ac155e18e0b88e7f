"""Softmax heads on the sphere: one direction a class, logits that are scaled cosines, and a margin on the right class.

    theta = angle between an embedding and its own class;  the margin replaces cos(theta) by something smaller
    NormalizedSoftmax   cos(theta)
    SphereFace          cos(m theta), continued downward     a margin that multiplies the angle
    CosFace             cos(theta) - m                       a margin on the cosine
    ArcFace             cos(theta + m)                       a margin on the angle, in radians

`SoftmaxLoss(head)` makes any of them a loss `(embeddings, labels) -> scalar`. Computed in float32 or wider, whatever comes in.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def unit(x: Tensor) -> Tensor:
    """Rows divided by their length, (N, D) -> (N, D). A zero row stays zero, and its gradient finite."""
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return x / torch.where(length > 1e-12, length, 1.0)


class NormalizedSoftmax(nn.Module):
    """Logits `scale * cos(theta)`, and the three margins' common ground.

    weight   (C, D), one direction a class; only its direction counts
    scale    > 0; without it cosines in [-1, 1] could never give a sure answer
    source   Wang et al. 2017 (NormFace)
    """

    def __init__(self, embedding_size: int, classes: int, scale: float = 30.0):
        super().__init__()
        if embedding_size < 1 or classes < 2 or not 0 < scale < math.inf:
            raise ValueError(
                f"a head needs embedding_size >= 1, classes >= 2 and scale > 0, not {embedding_size}, {classes}, {scale}"
            )
        self.scale = scale
        self.weight = nn.Parameter(F.normalize(torch.randn(classes, embedding_size), dim=1))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """(N, D) embeddings, normalised here, and (N,) labels in 0..C-1 -> logits (N, C)."""
        with torch.autocast(embeddings.device.type, enabled=False):
            cosines = self.cosines(embeddings)
            own = self._own(labels, cosines)
            with_margin = self.with_margin(cosines.gather(1, own))  # (N, 1)
            return self.scale * cosines.scatter(1, own, with_margin)

    def with_margin(self, cosine: Tensor) -> Tensor:
        """What replaces cos(theta) at the right class, elementwise."""
        return cosine

    def cosines(self, embeddings: Tensor) -> Tensor:
        """(N, D) -> (N, C), no margin: what to rank classes by once the training is over."""
        classes, size = self.weight.shape
        if embeddings.ndim != 2 or embeddings.shape[1] != size:
            raise ValueError(f"embeddings must be (N, {size}), not {tuple(embeddings.shape)}")
        wide = torch.promote_types(
            torch.promote_types(embeddings.dtype, self.weight.dtype), torch.float32
        )
        embeddings, weight = embeddings.to(wide), self.weight.to(wide)
        if not bool(embeddings.isfinite().all()):
            raise ValueError(
                "embeddings hold NaN or infinite values: the network has diverged before this loss"
            )
        return unit(embeddings) @ unit(weight).T

    def _own(self, labels: Tensor, cosines: Tensor) -> Tensor:
        labels = torch.as_tensor(labels, device=cosines.device)
        if labels.shape != cosines.shape[:1] or labels.is_floating_point():
            raise ValueError(
                f"labels must be {cosines.shape[0]} integers, not {labels.dtype} {tuple(labels.shape)}"
            )
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < cosines.shape[1]:
            raise ValueError(
                f"labels must lie in 0..{cosines.shape[1] - 1}, but go from {int(labels.min())} to {int(labels.max())}; number the classes anew"
            )
        return labels.long()[:, None]


class SphereFace(NormalizedSoftmax):
    """cos(m theta), continued so that it falls all the way: (-1)^k cos(m theta) - 2k for theta in [k pi / m, (k + 1) pi / m].

    margin   a whole number, 1 or more; the paper trains with 4, easing it in
    scale    None: each embedding's own length, as in the paper
    source   Liu et al. 2017 (SphereFace), equation 7
    """

    def __init__(
        self, embedding_size: int, classes: int, scale: float | None = 30.0, margin: int = 4
    ):
        super().__init__(embedding_size, classes, 1.0 if scale is None else scale)
        if margin != int(margin) or margin < 1:
            raise ValueError(
                f"SphereFace's margin multiplies the angle and is a whole number from 1 up, not {margin}"
            )
        self.margin, self.own_length = int(margin), scale is None

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(embeddings, labels)
        return (
            logits * torch.linalg.vector_norm(embeddings.to(logits.dtype), dim=1, keepdim=True)
            if self.own_length
            else logits
        )

    def with_margin(self, cosine: Tensor) -> Tensor:
        angle = torch.acos(cosine.detach().clamp(-1, 1))
        k = torch.floor(self.margin * angle / math.pi).clamp_max(self.margin - 1)
        before, multiple = (
            torch.ones_like(cosine),
            cosine,
        )  # cos(0), cos(theta), then Chebyshev: a polynomial, smooth at cos = +-1
        for _ in range(self.margin - 1):
            before, multiple = multiple, 2 * cosine * multiple - before
        return (1 - 2 * (k % 2)) * multiple - 2 * k


class CosFace(NormalizedSoftmax):
    """cos(theta) - m.

    margin   0 <= m < 2
    source   Wang et al. 2018 (CosFace), equation 4
    """

    def __init__(
        self, embedding_size: int, classes: int, scale: float = 64.0, margin: float = 0.35
    ):
        super().__init__(embedding_size, classes, scale)
        if not 0 <= margin < 2:
            raise ValueError(
                f"CosFace's margin is taken off a cosine and must lie in [0, 2), not {margin}"
            )
        self.margin = margin

    def with_margin(self, cosine: Tensor) -> Tensor:
        return cosine - self.margin


class ArcFace(NormalizedSoftmax):
    """cos(theta + m); beyond theta = pi - m, where that would rise again, cos(theta) - m sin(m).

    margin   radians, 0 <= m < pi/2
    source   Deng et al. 2019 (ArcFace), equation 3; the continuation is in the authors' code
    """

    def __init__(self, embedding_size: int, classes: int, scale: float = 64.0, margin: float = 0.5):
        super().__init__(embedding_size, classes, scale)
        if not 0 <= margin < math.pi / 2:
            raise ValueError(
                f"ArcFace's margin is an angle in radians, in [0, pi/2), not {margin}; degrees? use math.radians({margin})"
            )
        self.margin = margin

    def with_margin(self, cosine: Tensor) -> Tensor:
        floor = (
            1e-12 if cosine.dtype == torch.float64 else 1e-7
        )  # the slope of a square root at 0 is infinite
        sine = (1 - cosine.square()).clamp_min(floor).sqrt()
        turned = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        return torch.where(
            cosine > -math.cos(self.margin), turned, cosine - self.margin * math.sin(self.margin)
        )


class SoftmaxLoss(nn.Module):
    """Cross-entropy of a head's logits: `(embeddings (N, D), labels (N,)) -> scalar`. The head's directions are its parameters."""

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        labels = torch.as_tensor(labels, device=embeddings.device)
        return F.cross_entropy(self.head(embeddings, labels), labels.long())
