"""Losses of pairs, of triplets, and of batches of embeddings with labels.

Distances are Euclidean. Everything is computed in float32 or wider, whatever comes in. A batch
without a single term (no positive pair, no negative) gives a zero that is attached to the graph:
`backward()` works and moves nothing. All functions raise ValueError for shapes that do not fit, for
NaN, and for a margin outside its range.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.losses.margins import unit


def contrastive_loss(d: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Mean of 1/2 [same d^2 + (1 - same) max(0, margin - d)^2] over pairs.

    d        any shape, distances, not negative
    same     the shape of d, bool or 0/1: 1 where both images show one identity (Hadsell's own Y is
             the opposite)
    returns  scalar
    source   Hadsell, Chopra, LeCun 2006, equation 4
    """
    d, same = _check_distances(d, "d"), torch.as_tensor(same, device=d.device)
    _check_shapes(d, same, "d", "same")
    if same.dtype != torch.bool and not bool(((same == 0) | (same == 1)).all()):
        raise ValueError(
            "same must be bool, or 0 and 1 only; are these identities? "
            "compare them first: labels[i] == labels[j]"
        )
    _check_margin(margin)
    pull = d.square()
    push = (margin - d).clamp_min(0).square()
    return _mean(0.5 * torch.where(same.bool(), pull, push))


def triplet_loss(d_ap: Tensor, d_an: Tensor, margin: float | None = 0.2) -> Tensor:
    """Mean of max(0, d_ap - d_an + margin) over triplets.

    d_ap     any shape, distances anchor - positive
    d_an     the shape of d_ap, distances anchor - negative
    margin   None for the soft margin, ln(1 + exp(d_ap - d_an))
    returns  scalar
    source   Schroff, Kalenichenko, Philbin 2015 (FaceNet), equation 3, there of squared distances;
             soft margin: Hermans, Beyer, Leibe 2017, section 2
    """
    d_ap, d_an = _check_distances(d_ap, "d_ap"), _check_distances(d_an, "d_an")
    _check_shapes(d_ap, d_an, "d_ap", "d_an")
    return _mean(_hinge(d_ap - d_an, margin))


def batch_contrastive_loss(embeddings: Tensor, labels: Tensor, margin: float = 1.0) -> Tensor:
    """`contrastive_loss` over every pair of a batch, each pair once.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    """
    embeddings, labels = _check_batch(embeddings, labels)
    # B (B - 1) / 2 pairs
    i, j = torch.triu_indices(len(labels), len(labels), offset=1, device=embeddings.device)
    loss = contrastive_loss(distances(embeddings)[i, j], labels[i] == labels[j], margin)
    return loss + _attached_zero(embeddings)


def batch_hard_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2
) -> Tensor:
    """Triplet loss of each anchor with its furthest positive and its nearest negative.

    embeddings  (B, D)
    labels      (B,)
    margin      None for the soft margin
    returns     scalar, mean over the anchors that have a positive and a negative
    source      Hermans, Beyer, Leibe 2017, equation 5
    """
    embeddings, labels = _check_batch(embeddings, labels)
    positive, negative = _positives_and_negatives(labels)  # (B, B)
    anchors = positive.any(1) & negative.any(1)  # (B,)
    if not anchors.any():
        return _attached_zero(embeddings)
    d = distances(embeddings)[anchors]  # (A, B)
    furthest_positive = d.masked_fill(~positive[anchors], -math.inf).amax(1)
    nearest_negative = d.masked_fill(~negative[anchors], math.inf).amin(1)
    return _hinge(furthest_positive - nearest_negative, margin).mean()


def batch_all_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2, active_only: bool = False
) -> Tensor:
    """Triplet loss over every triplet of a batch: B^3 numbers, so keep B at some hundreds.

    embeddings   (B, D)
    labels       (B,)
    margin       None for the soft margin
    active_only  mean over the triplets with a loss above zero; in the mean over all of them, the
                 many zeros make the gradient small
    returns      scalar
    source       Hermans, Beyer, Leibe 2017, equation 6; active_only: average over non-zero terms
    """
    embeddings, labels = _check_batch(embeddings, labels)
    d = distances(embeddings)
    gap = (d[:, :, None] - d[:, None, :])[triplet_mask(labels)]  # (B, B, B) -> (T,), d_ap - d_an
    terms = _hinge(gap, margin)
    return _mean(terms[terms > 0] if active_only else terms) + _attached_zero(embeddings)


def semi_hard_triplet_loss(embeddings: Tensor, labels: Tensor, margin: float = 0.2) -> Tensor:
    """Triplet loss over every semi-hard triplet of a batch (see `triplet_kinds`).

    Each term lies between 0 and the margin whatever the network does, and a collapsed batch, which
    has no semi-hard triplet, gives 0. So this loss alone never tells learning from collapse: watch
    the EER or `triplet_kinds` beside it.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    source      Schroff, Kalenichenko, Philbin 2015 (FaceNet), equation 4
    """
    embeddings, labels = _check_batch(embeddings, labels)
    d = distances(embeddings)
    d_ap, d_an = d[:, :, None], d[:, None, :]
    _, semi_hard, _ = triplet_kinds(d_ap, d_an, margin)  # (B, B, B)
    gap = (d_ap - d_an)[semi_hard & triplet_mask(labels)]  # (B, B, B) -> (T,)
    return _mean(_hinge(gap, margin)) + _attached_zero(embeddings)


def n_pair_loss(embeddings: Tensor, labels: Tensor) -> Tensor:
    """One positive against the positives of all other identities.

    Mean of ln(1 + sum_j exp(a_i p_j - a_i p_i)), j over the other identities. The first two images
    of each label are its anchor a and its positive p; labels with one image are left out. Dot
    products are taken as they are: for unit vectors, where they span only [-1, 1], `nt_xent_loss`
    with its temperature is the better choice.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    source      Sohn 2016 (multi-class N-pair), without its penalty on the embeddings' length
    """
    embeddings, labels = _check_batch(embeddings, labels)
    images = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
    pairs = [found[:2] for found in images if len(found) > 1]
    if not pairs:
        return _attached_zero(embeddings)
    anchor, positive = torch.stack(pairs, dim=1)  # 2 x (P,)
    with _no_autocast(embeddings):
        logits = embeddings[anchor] @ embeddings[positive].T  # (P, P), own positive on the diagonal
    return F.cross_entropy(logits, torch.arange(len(anchor), device=logits.device))


def nt_xent_loss(embeddings: Tensor, labels: Tensor, temperature: float = 0.5) -> Tensor:
    """Normalised, temperature-scaled cross-entropy: each positive pair against all negatives.

    With two views of an image, and one label for each image, this is SimCLR's loss. The other
    positives of an anchor stay out of the sum.

    embeddings   (B, D), normalised here
    labels       (B,)
    temperature  > 0; cosines are divided by it
    returns      scalar, mean over ordered positive pairs
    source       Chen et al. 2020 (SimCLR), equation 1; Sohn 2016
    """
    embeddings, labels = _check_batch(embeddings, labels)
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    with _no_autocast(embeddings):
        logits = unit(embeddings) @ unit(embeddings).T / temperature  # (B, B)
    positive, negative = _positives_and_negatives(labels)
    # The lowest number, not -inf: an anchor without negatives would give NaN gradients.
    lowest = torch.finfo(logits.dtype).min
    negatives = logits.masked_fill(~negative, lowest).logsumexp(1, keepdim=True)  # (B, 1)
    terms = (torch.logaddexp(logits, negatives.expand_as(logits)) - logits)[positive]
    return _mean(terms) + _attached_zero(embeddings)


def distances(embeddings: Tensor) -> Tensor:
    """Euclidean distances within a batch, (B, D) -> (B, B).

    Where two embeddings coincide, the distance is exactly zero and its gradient finite.
    """
    with _no_autocast(embeddings):
        # The faster way through a matrix product loses half the digits of small distances.
        return torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")


def triplet_mask(labels: Tensor) -> Tensor:
    """Which (anchor, positive, negative) are triplets, (B,) -> bool (B, B, B)"""
    positive, negative = _positives_and_negatives(labels)
    return positive[:, :, None] & negative[:, None, :]


def triplet_kinds(d_ap: Tensor, d_an: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Masks (easy, semi-hard, hard); every triplet is exactly one of them.

    easy       d_an >= d_ap + margin: no loss, no gradient
    semi-hard  d_ap < d_an < d_ap + margin: right order, but closer than the margin
    hard       d_an <= d_ap: the negative is at least as near as the positive
    shapes     equal, or such as (B, B, 1) and (B, 1, B) for a whole batch
    """
    if d_ap.ndim != d_an.ndim:
        shapes = f"d_ap {tuple(d_ap.shape)} and d_an {tuple(d_an.shape)}"
        raise ValueError(f"{shapes} must have the same number of axes")
    _check_margin(margin)
    hard = d_an <= d_ap
    easy = ~hard & (d_ap - d_an + margin <= 0)  # as the loss computes it, so rounding is the same
    return easy, ~hard & ~easy, hard


_OPTIONS = {
    "contrastive": ["margin"],
    "triplet": ["margin"],
    "softmax": ["classes"],
    "sphereface": ["classes"],
    "n_pair": ["classes"],
    "nt_xent": ["classes"],
    "cosface": ["classes", "scale", "margin"],
    "arcface": ["classes", "scale", "margin"],
}


def baseline_loss(name: str, **options) -> float:
    """The lowest loss of distances, or logits, that do not depend on the labels.

    It is the dashed line of training plots. Below it, a network has learned something about the
    labels; above it, it may still have.

    contrastive          margin, same_share: p (1 - p) margin^2 / 2 with p the share of same pairs
                         (default 1/2), when all distances are (1 - p) margin
    triplet              margin, also of batch-hard and batch-all; ln 2 for the soft margin, None
    softmax, sphereface  classes: ln C (a multiple of the angle 0 is 0)
    cosface              classes, scale, margin: ln(1 + (C - 1) e^(s m)), about s m + ln(C - 1)
    arcface              classes, scale, margin: ln(1 + (C - 1) e^(s (1 - cos m)))
    n_pair, nt_xent      classes: ln C, C counting the positive and its negatives
    raises               ValueError for a missing option, and for another name: semi-hard triplets
                         have no baseline, their mean is below the margin whatever the network does
    """
    if name not in _OPTIONS:
        raise ValueError(f"no baseline for {name!r}; there is one for {', '.join(_OPTIONS)}")
    if missing := [option for option in _OPTIONS[name] if option not in options]:
        raise ValueError(f"the baseline of {name!r} needs {', '.join(missing)}")
    margin = options.get("margin")
    if name == "triplet":
        return math.log(2) if margin is None else margin
    if name == "contrastive":
        same_share = options.get("same_share", 0.5)
        return same_share * (1 - same_share) * options["margin"] ** 2 / 2
    # What the margin takes off the true class's logit when all classes are equally far.
    penalty = 0.0
    if name == "cosface":
        penalty = options["scale"] * options["margin"]
    if name == "arcface":
        penalty = options["scale"] * (1 - math.cos(options["margin"]))
    x = penalty + math.log(options["classes"] - 1)
    return x + math.log1p(math.exp(-x))  # ln(1 + e^x)


def _positives_and_negatives(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) -> bool (B, B) twice: another image of the row's identity, an image of another one."""
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool, device=same.device)
    return same & ~itself, ~same


def _hinge(gap: Tensor, margin: float | None) -> Tensor:
    """max(0, gap + margin), or ln(1 + e^gap) where margin is None; gap = d_ap - d_an"""
    if margin is None:
        return F.softplus(gap)
    _check_margin(margin)
    return (gap + margin).clamp_min(0)


def _mean(terms: Tensor) -> Tensor:
    return terms.mean() if terms.numel() else terms.sum()


def _attached_zero(embeddings: Tensor) -> Tensor:
    """0 that `backward()` can start from, also where no term of a batch depends on embeddings."""
    return embeddings[:0].sum()


def _no_autocast(x: Tensor):
    return torch.autocast(x.device.type, enabled=False)


def _check_finite(x: Tensor, what: str) -> Tensor:
    """float16, bfloat16 and integers become float32; float64 stays. NaN and infinities raise."""
    x = torch.as_tensor(x)
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    if not bool(x.isfinite().all()):
        raise ValueError(
            f"{what} holds {int((~x.isfinite()).sum())} NaN or infinite of {x.numel()} values: "
            "the network has diverged before this loss"
        )
    return x


def _check_distances(d: Tensor, what: str) -> Tensor:
    d = _check_finite(d, what)
    if d.numel() and float(d.detach().min()) < -0.01:  # below zero by more than rounding
        raise ValueError(
            f"{what} goes down to {float(d.detach().min()):.3f}, but a distance is never negative; "
            "is it a similarity?"
        )
    return d


def _check_batch(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    embeddings, labels = _check_finite(embeddings, "embeddings"), torch.as_tensor(labels)
    if embeddings.ndim != 2 or labels.ndim != 1 or len(embeddings) != len(labels):
        raise ValueError(
            f"embeddings must be (B, D) and labels (B,), not {tuple(embeddings.shape)} "
            f"and {tuple(labels.shape)}"
        )
    return embeddings, labels.to(embeddings.device)


def _check_shapes(a: Tensor, b: Tensor, name_a: str, name_b: str) -> None:
    if a.shape != b.shape:  # (B,) against (B, 1) would silently become B x B terms
        shapes = f"{name_a} {tuple(a.shape)} and {name_b} {tuple(b.shape)}"
        raise ValueError(f"{shapes} must have one shape")


def _check_margin(margin: float) -> None:
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin must be a number from 0 up, not {margin}")
