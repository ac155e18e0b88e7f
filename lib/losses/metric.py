"""Losses of metric learning: pairs, triplets, batches of them, and softmax with a margin.

Distances are Euclidean. Everything is computed in float32 or wider, whatever comes in. A batch without a single term
(no positive pair, no negative) gives a zero that is attached to the graph: `backward()` works and moves nothing.
All functions raise ValueError, in words, for shapes that do not fit, for NaN, and for a margin that makes no sense.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.losses import ArcFace, CosFace, NormalizedSoftmax, SoftmaxLoss, SphereFace, unit

__all__ = [
    "ArcFace",
    "CosFace",
    "NormalizedSoftmax",
    "SoftmaxLoss",
    "SphereFace",
    "batch_all_triplet_loss",
    "batch_contrastive_loss",
    "batch_hard_triplet_loss",
    "contrastive_loss",
    "distances",
    "n_pair_loss",
    "nt_xent_loss",
    "semi_hard_triplet_loss",
    "triplet_kinds",
    "triplet_loss",
    "triplet_mask",
    "trivial_value",
]


def contrastive_loss(d: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Mean of 1/2 [same d^2 + (1 - same) max(0, margin - d)^2] over pairs.

    d       any shape, distances, not negative
    same    the shape of d, bool or 0/1; 1 where both images show one identity (Hadsell's own Y is the opposite)
    returns scalar
    source  Hadsell, Chopra, LeCun 2006, equation 4
    """
    d, same = _distances_given(d, "d"), torch.as_tensor(same, device=d.device)
    _equal_shapes(d, same, "d", "same")
    if same.dtype != torch.bool and not bool(((same == 0) | (same == 1)).all()):
        raise ValueError(
            "same must be bool, or 0 and 1 only; are these identities? compare them first: labels[i] == labels[j]"
        )
    _margin_given(margin)
    pull = d.square()
    push = (margin - d).clamp_min(0).square()
    return _mean(0.5 * torch.where(same.bool(), pull, push))


def triplet_loss(d_ap: Tensor, d_an: Tensor, margin: float | None = 0.2) -> Tensor:
    """Mean of max(0, d_ap - d_an + margin) over triplets; with `margin=None` the soft margin ln(1 + exp(d_ap - d_an)).

    d_ap    any shape, distances anchor - positive
    d_an    the shape of d_ap, distances anchor - negative
    returns scalar
    source  Schroff, Kalenichenko, Philbin 2015 (FaceNet), equation 3, there with squared distances;
            soft margin: Hermans, Beyer, Leibe 2017, section 2
    """
    d_ap, d_an = _distances_given(d_ap, "d_ap"), _distances_given(d_an, "d_an")
    _equal_shapes(d_ap, d_an, "d_ap", "d_an")
    return _mean(_hinge(d_ap - d_an, margin))


def batch_contrastive_loss(embeddings: Tensor, labels: Tensor, margin: float = 1.0) -> Tensor:
    """`contrastive_loss` over every pair of a batch, each pair once.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    """
    embeddings, labels = _batch_given(embeddings, labels)
    i, j = torch.triu_indices(
        len(labels), len(labels), offset=1, device=embeddings.device
    )  # B (B - 1) / 2 pairs
    return contrastive_loss(
        distances(embeddings)[i, j], labels[i] == labels[j], margin
    ) + _attached_zero(embeddings)


def batch_hard_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2
) -> Tensor:
    """Triplet loss of each anchor with its furthest positive and its nearest negative, mean over anchors that have both.

    embeddings  (B, D)
    labels      (B,)
    margin      None for the soft margin
    returns     scalar
    source      Hermans, Beyer, Leibe 2017, equation 5
    """
    embeddings, labels = _batch_given(embeddings, labels)
    same = labels[:, None] == labels[None]  # (B, B)
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)
    anchors = positive.any(1) & (~same).any(1)  # (B,)
    if not anchors.any():
        return _attached_zero(embeddings)
    d = distances(embeddings)[anchors]  # (A, B)
    furthest_positive = d.masked_fill(~positive[anchors], -math.inf).amax(1)
    nearest_negative = d.masked_fill(same[anchors], math.inf).amin(1)
    return _hinge(furthest_positive - nearest_negative, margin).mean()


def batch_all_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2, active_only: bool = False
) -> Tensor:
    """Triplet loss over every triplet of a batch: B^3 numbers are compared, so keep B at some hundreds.

    embeddings   (B, D)
    labels       (B,)
    margin       None for the soft margin
    active_only  mean over the triplets that cost something, so that silent ones do not thin the gradient
    returns      scalar
    source       Hermans, Beyer, Leibe 2017, equation 6; active_only is its average over non-zero terms
    """
    embeddings, labels = _batch_given(embeddings, labels)
    d = distances(embeddings)
    gap = (d[:, :, None] - d[:, None, :])[triplet_mask(labels)]  # (B, B, B) -> (T,), d_ap - d_an
    terms = _hinge(gap, margin)
    return _mean(terms[terms > 0] if active_only else terms) + _attached_zero(embeddings)


def semi_hard_triplet_loss(embeddings: Tensor, labels: Tensor, margin: float = 0.2) -> Tensor:
    """Triplet loss over every semi-hard triplet of a batch: the negative is further than the positive, by less than the margin.

    Each term lies between 0 and the margin whatever the network does, and a collapsed batch, which has no semi-hard
    triplet, gives 0. So this number alone never tells learning from collapse: watch the EER or `triplet_kinds` beside it.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    source      Schroff, Kalenichenko, Philbin 2015 (FaceNet), equation 4
    """
    embeddings, labels = _batch_given(embeddings, labels)
    d = distances(embeddings)
    d_ap, d_an = d[:, :, None], d[:, None, :]
    _, semi_hard, _ = triplet_kinds(d_ap, d_an, margin)  # (B, B, B)
    return _mean(_hinge((d_ap - d_an)[semi_hard & triplet_mask(labels)], margin)) + _attached_zero(
        embeddings
    )


def n_pair_loss(embeddings: Tensor, labels: Tensor) -> Tensor:
    """One positive against the positives of all other identities: mean of ln(1 + sum_j exp(a_i p_j - a_i p_i)), j over the others.

    The first two images of each label are its anchor and its positive; labels with one image are left out. Dot products are
    taken as they are: on unit vectors they span only [-1, 1], and `nt_xent_loss` with its temperature is the better choice.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    source      Sohn 2016 (multi-class N-pair), without its penalty on the embeddings' length
    """
    embeddings, labels = _batch_given(embeddings, labels)
    pairs = [
        images[:2]
        for label in labels.unique()
        if len(images := (labels == label).nonzero()[:, 0]) > 1
    ]
    if not pairs:
        return _attached_zero(embeddings)
    anchor, positive = torch.stack(pairs, dim=1)  # 2 x (P,)
    with _no_autocast(embeddings):
        logits = embeddings[anchor] @ embeddings[positive].T  # (P, P), own positive on the diagonal
    return F.cross_entropy(logits, torch.arange(len(anchor), device=logits.device))


def nt_xent_loss(embeddings: Tensor, labels: Tensor, temperature: float = 0.5) -> Tensor:
    """Normalised, temperature-scaled cross-entropy: each positive pair against all negatives of its anchor.

    With two views an image and one label a view pair this is SimCLR's loss. Other positives of an anchor stay out of the sum.

    embeddings   (B, D), normalised here
    labels       (B,)
    temperature  > 0; cosines are divided by it
    returns      scalar, mean over ordered positive pairs
    source       Chen et al. 2020 (SimCLR), equation 1; Sohn 2016
    """
    embeddings, labels = _batch_given(embeddings, labels)
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    with _no_autocast(embeddings):
        logits = unit(embeddings) @ unit(embeddings).T / temperature  # (B, B)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)
    lowest = torch.finfo(
        logits.dtype
    ).min  # not -inf: an anchor without negatives would give NaN gradients
    negatives = logits.masked_fill(same, lowest).logsumexp(1, keepdim=True)  # (B, 1)
    terms = (torch.logaddexp(logits, negatives.expand_as(logits)) - logits)[positive]
    return _mean(terms) + _attached_zero(embeddings)


def distances(embeddings: Tensor) -> Tensor:
    """Euclidean distances within a batch, (B, D) -> (B, B); exact zeros and finite gradients where two embeddings coincide."""
    with _no_autocast(embeddings):
        # The faster way through a matrix product loses half the digits of small distances.
        return torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")


def triplet_mask(labels: Tensor) -> Tensor:
    """Which (anchor, positive, negative) are triplets: (B,) -> bool (B, B, B). An anchor is never its own positive."""
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)
    return positive[:, :, None] & ~same[:, None, :]


def triplet_kinds(d_ap: Tensor, d_an: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Masks (easy, semi-hard, hard); every triplet is exactly one of them.

    easy       d_an >= d_ap + margin: costs nothing, teaches nothing
    semi-hard  d_ap < d_an < d_ap + margin: right order, too close
    hard       d_an <= d_ap: the negative is at least as near as the positive
    shapes     equal, or such as (B, B, 1) and (B, 1, B) for a whole batch
    """
    if d_ap.ndim != d_an.ndim:
        raise ValueError(
            f"d_ap {tuple(d_ap.shape)} and d_an {tuple(d_an.shape)} must have the same number of axes"
        )
    _margin_given(margin)
    hard, easy = d_an <= d_ap, (d_ap - d_an + margin <= 0) & (d_an > d_ap)
    return easy, ~easy & ~hard, hard


NEEDED = {
    "contrastive": ["margin"],
    "triplet": ["margin"],
    "softmax": ["classes"],
    "sphereface": ["classes"],
    "n_pair": ["classes"],
    "nt_xent": ["classes"],
    "cosface": ["classes", "scale", "margin"],
    "arcface": ["classes", "scale", "margin"],
}


def trivial_value(name: str, **options) -> float:
    """The best score of a model that ignores its input: one vector, or one distance, for everything. The dashed line in every plot.

    contrastive             margin, same_share (share p of same pairs, default 1/2): p (1 - p) margin^2 / 2, all distances at (1 - p) margin
    triplet                 margin (batch-hard and batch-all too); with margin=None, the soft margin: ln 2
    softmax, sphereface     classes: ln C (SphereFace multiplies the angle, and any multiple of 0 is 0)
    cosface                 classes, scale, margin: ln(1 + (C - 1) e^(s m)), about s m + ln(C - 1)
    arcface                 classes, scale, margin: ln(1 + (C - 1) e^(s (1 - cos m))), about s (1 - cos m) + ln(C - 1)
    n_pair, nt_xent         classes: ln C, C the positive and the negatives it stands against
    raises                  ValueError for another name or a missing option. Semi-hard triplets have no such value: their mean
                            stays below the margin whatever the model does
    """
    if name not in NEEDED:
        raise ValueError(f"no trivial value for {name!r}; there is one for {', '.join(NEEDED)}")
    if missing := [option for option in NEEDED[name] if option not in options]:
        raise ValueError(f"the trivial value of {name!r} needs {', '.join(missing)}")
    margin, same_share = options.get("margin"), options.get("same_share", 0.5)
    if name == "contrastive":
        return same_share * (1 - same_share) * margin**2 / 2
    if name == "triplet":
        return math.log(2) if margin is None else margin
    head_start = {"cosface": lambda: margin, "arcface": lambda: 1 - math.cos(margin)}.get(
        name, lambda: 0.0
    )()
    x = options.get("scale", 1.0) * head_start + math.log(options["classes"] - 1)
    return x + math.log1p(math.exp(-x))  # ln(1 + e^x), which is ln C where there is no head start


def _hinge(gap: Tensor, margin: float | None) -> Tensor:
    """max(0, gap + margin), or softplus(gap) where margin is None; gap = d_ap - d_an."""
    if margin is None:
        return F.softplus(gap)
    _margin_given(margin)
    return (gap + margin).clamp_min(0)


def _mean(terms: Tensor) -> Tensor:
    return terms.mean() if terms.numel() else terms.sum()


def _attached_zero(embeddings: Tensor) -> Tensor:
    """0 that `backward()` can start from, also where no term of a batch depends on the embeddings."""
    return embeddings[:0].sum()


def _no_autocast(x: Tensor):
    return torch.autocast(x.device.type, enabled=False)


def _wide(x: Tensor, what: str) -> Tensor:
    """float16, bfloat16 and integers as float32; float64 stays. NaN and infinities raise."""
    x = torch.as_tensor(x)
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    if not bool(x.isfinite().all()):
        raise ValueError(
            f"{what} holds {int((~x.isfinite()).sum())} NaN or infinite of {x.numel()} values: the network has diverged before this loss"
        )
    return x


def _distances_given(d: Tensor, what: str) -> Tensor:
    d = _wide(d, what)
    if d.numel() and float(d.detach().min()) < -0.01:  # below zero by more than rounding
        raise ValueError(
            f"{what} goes down to {float(d.detach().min()):.3f}, but a distance is never negative; is it a similarity?"
        )
    return d


def _batch_given(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    embeddings, labels = _wide(embeddings, "embeddings"), torch.as_tensor(labels)
    if embeddings.ndim != 2 or labels.ndim != 1 or len(embeddings) != len(labels):
        raise ValueError(
            f"embeddings must be (B, D) and labels (B,), not {tuple(embeddings.shape)} and {tuple(labels.shape)}"
        )
    return embeddings, labels.to(embeddings.device)


def _equal_shapes(a: Tensor, b: Tensor, name_a: str, name_b: str) -> None:
    if a.shape != b.shape:  # (B,) against (B, 1) would silently become B x B terms
        raise ValueError(
            f"{name_a} {tuple(a.shape)} and {name_b} {tuple(b.shape)} must have one shape"
        )


def _margin_given(margin: float) -> None:
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin must be a number from 0 up, not {margin}")
