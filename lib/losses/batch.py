"""What the losses share: a batch is checked where it enters, and its distances are worked out."""

import math

import torch
from torch import Tensor

from lib.data.arrays import check_labels


def distances(embeddings: Tensor) -> Tensor:
    """Euclidean distances within a batch, (B, D) -> (B, B).

    Where two embeddings coincide, the distance is exactly zero and its gradient finite.
    """
    with no_autocast(embeddings):
        # The faster way through a matrix product loses half the digits of small distances.
        return torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")


def positives_and_negatives(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) -> bool (B, B) twice: another image of the row's identity, an image of another one."""
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool, device=same.device)
    return same & ~itself, ~same


def mean_or_zero(terms: Tensor) -> Tensor:
    return terms.mean() if terms.numel() else terms.sum()


def attached_zero(embeddings: Tensor) -> Tensor:
    """0 that `backward()` can start from, also where no term of a batch depends on embeddings."""
    return embeddings[:0].sum()


def no_autocast(x: Tensor):
    return torch.autocast(x.device.type, enabled=False)


def as_tensor(x, what: str) -> Tensor:
    """A tensor of real numbers; ValueError for text, None and rows of different lengths."""
    try:
        numbers = torch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError):
        numbers = None
    if numbers is None or numbers.is_complex():
        raise ValueError(f"{what} must be a tensor of real numbers, not {type(x).__name__}")
    return numbers


def check_finite(x: Tensor, what: str) -> Tensor:
    """float16, bfloat16 and integers become float32; float64 stays. NaN and infinities raise."""
    x = as_tensor(x, what)
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    if not bool(x.isfinite().all()):
        raise ValueError(
            f"{what} holds {int((~x.isfinite()).sum())} NaN or infinite of {x.numel()} values: "
            "the network has diverged before this loss"
        )
    return x


def check_distances(d: Tensor, what: str) -> Tensor:
    d = check_finite(d, what)
    if d.numel() and float(d.detach().min()) < -0.01:  # below zero by more than rounding
        raise ValueError(
            f"{what} goes down to {float(d.detach().min()):.3f}, but a distance is never negative; "
            "is it a similarity?"
        )
    return d


def check_batch(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    embeddings, labels = check_finite(embeddings, "embeddings"), as_labels(labels)
    if embeddings.ndim != 2 or labels.ndim != 1 or len(embeddings) != len(labels):
        raise ValueError(
            f"embeddings must be (B, D) and labels (B,), not {tuple(embeddings.shape)} "
            f"and {tuple(labels.shape)}"
        )
    return embeddings, labels.to(embeddings.device)


def as_labels(labels) -> Tensor:
    """Labels as a tensor of whole numbers; ValueError for text, NaN or 0.4."""
    if isinstance(labels, Tensor) and (labels.dtype == torch.int64 or labels.ndim != 1):
        return labels  # as batches have them: no value has to be looked at
    return torch.from_numpy(check_labels(labels, "labels"))


def check_shapes(a: Tensor, b: Tensor, name_a: str, name_b: str) -> None:
    if a.shape != b.shape:  # (B,) against (B, 1) would silently become B x B terms
        shapes = f"{name_a} {tuple(a.shape)} and {name_b} {tuple(b.shape)}"
        raise ValueError(f"{shapes} must have one shape")


def check_margin(margin: float) -> None:
    try:
        fits = 0 <= margin < math.inf
    except TypeError:  # None, or text
        fits = False
    if not fits:
        raise ValueError(f"margin must be a number from 0 up, not {margin}")
