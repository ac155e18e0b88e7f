"""Softmax heads: one direction a class, logits that are scaled cosines, a margin at the true class.

    theta: angle between an embedding and the direction of its class
    NormalizedSoftmax   cos(theta)
    SphereFace          cos(m theta), continued downward     a margin that multiplies the angle
    CosFace             cos(theta) - m                       a margin on the cosine
    ArcFace             cos(theta + m)                       a margin on the angle, in radians

`SoftmaxLoss(head)` makes any of them a loss `(embeddings, labels) -> scalar`. It is computed in
float32 or wider, whatever comes in.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib.losses.batch import as_labels, as_tensor


def unit(x: Tensor) -> Tensor:
    """(N, D) -> (N, D), rows of length 1. A row of zeros stays zero, and its gradient finite."""
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return x / torch.where(length > 1e-12, length, 1.0)


class NormalizedSoftmax(nn.Module):
    """Logits `scale * cos(theta)`, and what the heads with a margin share.

    weight   (C, D), one direction a class; only its direction counts
    scale    > 0; without it logits in [-1, 1] could never give a probability near 1
    source   Wang et al. 2017 (NormFace)
    """

    def __init__(self, embedding_size: int, classes: int, scale: float = 30.0):
        super().__init__()
        if embedding_size < 1 or classes < 2 or not 0 < scale < math.inf:
            raise ValueError(
                "a head needs embedding_size >= 1, classes >= 2 and scale > 0, "
                f"not {embedding_size}, {classes}, {scale}"
            )
        self.scale = scale
        self.weight = nn.Parameter(unit(torch.randn(classes, embedding_size)))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """(N, D) embeddings, normalised here, and (N,) labels in 0..C-1 -> logits (N, C)"""
        embeddings = as_tensor(embeddings, "embeddings")
        with torch.autocast(embeddings.device.type, enabled=False):
            cosines = self.cosines(embeddings)
            true = self._true_class(labels, cosines)  # (N, 1)
            with_margin = self.with_margin(cosines.gather(1, true))
            return self.scale * cosines.scatter(1, true, with_margin)

    def extra_repr(self) -> str:
        options = {name: getattr(self, name, None) for name in ("scale", "margin")}
        return ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)

    def with_margin(self, cosine: Tensor) -> Tensor:
        """What replaces cos(theta) at the true class, elementwise."""
        return cosine

    def cosines(self, embeddings: Tensor) -> Tensor:
        """(N, D) -> (N, C) without margin, to rank classes by after the training"""
        classes, size = self.weight.shape
        if embeddings.ndim != 2 or embeddings.shape[1] != size:
            raise ValueError(f"embeddings must be (N, {size}), not {tuple(embeddings.shape)}")
        wide = torch.promote_types(embeddings.dtype, self.weight.dtype)
        wide = torch.promote_types(wide, torch.float32)
        embeddings, weight = embeddings.to(wide), self.weight.to(wide)
        if not bool(embeddings.isfinite().all()):
            raise ValueError(
                "embeddings hold NaN or infinite values: the network has diverged before this loss"
            )
        return unit(embeddings) @ unit(weight).T

    def _true_class(self, labels: Tensor, cosines: Tensor) -> Tensor:
        count, classes = cosines.shape
        if isinstance(labels, Tensor) and labels.is_floating_point():
            found = f"{labels.dtype} {tuple(labels.shape)}"
            raise ValueError(f"labels must be {count} integers, not {found}")
        labels = as_labels(labels).to(cosines.device)
        if labels.shape != (count,):
            raise ValueError(f"labels must be {count} integers, not {tuple(labels.shape)}")
        if count and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise ValueError(
                f"labels must lie in 0..{classes - 1}, but go from {int(labels.min())} to "
                f"{int(labels.max())}; number the classes anew"
            )
        return labels.long()[:, None]


class SphereFace(NormalizedSoftmax):
    """cos(m theta), continued so that it never rises: (-1)^k cos(m theta) - 2k for m theta / pi in
    [k, k + 1].

    margin   a whole number, 1 or more; the paper trains with 4, increased gradually
    scale    None: the length of each embedding, as in the paper
    source   Liu et al. 2017 (SphereFace), equation 7
    """

    def __init__(
        self, embedding_size: int, classes: int, scale: float | None = 30.0, margin: int = 4
    ):
        super().__init__(embedding_size, classes, 1.0 if scale is None else scale)
        if not 1 <= margin < math.inf or margin != int(margin):
            raise ValueError(
                "SphereFace's margin multiplies the angle and is a whole number from 1 up, "
                f"not {margin}"
            )
        self.margin, self.scale_by_length = int(margin), scale is None

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        logits = super().forward(embeddings, labels)
        if self.scale_by_length:
            wide = embeddings.to(logits.dtype)
            logits = logits * torch.linalg.vector_norm(wide, dim=1, keepdim=True)
        return logits

    def with_margin(self, cosine: Tensor) -> Tensor:
        angle = torch.acos(cosine.detach().clamp(-1, 1))
        k = torch.floor(self.margin * angle / math.pi).clamp_max(self.margin - 1)
        # cos(n theta) as a polynomial of cos(theta) (Chebyshev): smooth at cos = +-1 too.
        before, multiple = torch.ones_like(cosine), cosine  # cos(0), cos(theta)
        for _ in range(self.margin - 1):
            before, multiple = multiple, 2 * cosine * multiple - before
        return (1 - 2 * (k % 2)) * multiple - 2 * k


class CosFace(NormalizedSoftmax):
    """cos(theta) - m

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
    """cos(theta + m); beyond theta = pi - m, where it would rise again, cos(theta) - m sin(m).

    margin   radians, 0 <= m < pi/2
    source   Deng et al. 2019 (ArcFace), equation 3; the continuation is in the authors' code
    """

    def __init__(self, embedding_size: int, classes: int, scale: float = 64.0, margin: float = 0.5):
        super().__init__(embedding_size, classes, scale)
        if not 0 <= margin < math.pi / 2:
            raise ValueError(
                f"ArcFace's margin is an angle in radians, in [0, pi/2), not {margin}; degrees? "
                f"use math.radians({margin})"
            )
        self.margin = margin

    def with_margin(self, cosine: Tensor) -> Tensor:
        cos_m, sin_m = math.cos(self.margin), math.sin(self.margin)
        # The slope of a square root at 0 is infinite: stay above a floor.
        floor = 1e-12 if cosine.dtype == torch.float64 else 1e-7
        sine = (1 - cosine.square()).clamp_min(floor).sqrt()
        rotated = cosine * cos_m - sine * sin_m  # cos(theta + m)
        return torch.where(cosine > -cos_m, rotated, cosine - self.margin * sin_m)


class SoftmaxLoss(nn.Module):
    """Cross-entropy of a head's logits: `(embeddings (N, D), labels (N,)) -> scalar`.

    The head's directions are parameters of this loss, and are trained with the network.
    """

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        embeddings = as_tensor(embeddings, "embeddings")
        labels = as_labels(labels).to(embeddings.device)
        return F.cross_entropy(self.head(embeddings, labels), labels.long())
