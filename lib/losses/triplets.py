"""Triplet losses: of given distances, and of the triplets that are chosen in a batch."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.losses.batch import (
    as_labels,
    attached_zero,
    check_batch,
    check_distances,
    check_margin,
    check_shapes,
    distances,
    mean_or_zero,
    no_autocast,
    positives_and_negatives,
)


def triplet_loss(d_ap: Tensor, d_an: Tensor, margin: float | None = 0.2) -> Tensor:
    """Mean of max(0, d_ap - d_an + margin) over triplets.

    d_ap     any shape, distances anchor - positive
    d_an     the shape of d_ap, distances anchor - negative
    margin   None for the soft margin, ln(1 + exp(d_ap - d_an))
    returns  scalar
    source   Schroff, Kalenichenko, Philbin 2015 (FaceNet), equation 3, there of squared distances;
             soft margin: Hermans, Beyer, Leibe 2017, section 2
    """
    d_ap, d_an = check_distances(d_ap, "d_ap"), check_distances(d_an, "d_an")
    check_shapes(d_ap, d_an, "d_ap", "d_an")
    return mean_or_zero(hinge(d_ap - d_an, margin))


def batch_hard_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2
) -> Tensor:
    """Triplet loss of each anchor with its furthest positive and its nearest negative.

    1) Find both without gradients, by squared distances from one matrix product. 2) Work out the
    distances that were found, these alone with gradients. In float32 step 1 rounds: of two
    negatives whose squared distances differ by less than 1e-6 of the batch's spread, either may be
    taken.

    embeddings  (B, D)
    labels      (B,)
    margin      None for the soft margin
    returns     scalar, mean over the anchors that have a positive and a negative
    source      Hermans, Beyer, Leibe 2017, equation 5
    """
    embeddings, labels = check_batch(embeddings, labels)
    same = labels[:, None] == labels[None]  # (B, B), also an image with itself
    count = same.sum(1)
    anchors = ((count > 1) & (count < len(labels))).nonzero()[:, 0]  # (A,)
    if not len(anchors):
        return attached_zero(embeddings)
    with torch.no_grad(), no_autocast(embeddings):
        # |x_j|^2 - 2 x_i x_j is the squared distance up to |x_i|^2, which is equal in a row. Around
        # their mean the vectors are short, and less is lost to rounding.
        x = embeddings - embeddings.mean(0)
        squared = torch.addmm(x.square().sum(1).expand(len(x), -1), x, x.T, alpha=-2)  # (B, B)
        furthest_positive = squared.masked_fill(~same, -math.inf).argmax(1)[anchors]
        nearest_negative = squared.masked_fill_(same, math.inf).argmin(1)[anchors]
    d_ap = torch.linalg.vector_norm(embeddings[anchors] - embeddings[furthest_positive], dim=1)
    d_an = torch.linalg.vector_norm(embeddings[anchors] - embeddings[nearest_negative], dim=1)
    return hinge(d_ap - d_an, margin).mean()


def batch_all_triplet_loss(
    embeddings: Tensor, labels: Tensor, margin: float | None = 0.2, active_only: bool = False
) -> Tensor:
    """Triplet loss over every triplet of a batch.

    embeddings   (B, D)
    labels       (B,)
    margin       None for the soft margin, for which all B^2 (K - 1) terms are worked out
    active_only  mean over the triplets with a loss above zero; in the mean over all of them, the
                 many zeros make the gradient small
    returns      scalar
    source       Hermans, Beyer, Leibe 2017, equation 6; active_only: average over non-zero terms
    """
    embeddings, labels = check_batch(embeddings, labels)
    if margin is None:
        d = distances(embeddings)
        gap = (d[:, :, None] - d[:, None, :])[triplet_mask(labels)]  # (B, B, B) -> (T,)
        return mean_or_zero(hinge(gap, None)) + attached_zero(embeddings)
    check_margin(margin)
    rows = _SortedNegatives(embeddings, labels)
    reach = rows.d_ap + margin  # negatives nearer than this cost something
    count = rows.nearer_than(reach)
    total = (rows.sum_of_gaps(reach, count) * rows.is_positive).sum()
    terms = (count if active_only else rows.negatives[:, None]) * rows.is_positive
    return (total / terms.sum().clamp_min(1)).to(embeddings.dtype) + attached_zero(embeddings)


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
    embeddings, labels = check_batch(embeddings, labels)
    check_margin(margin)
    rows = _SortedNegatives(embeddings, labels)
    reach = rows.d_ap + margin
    hard = rows.nearer_than(rows.d_ap, or_equal=True)
    count = torch.maximum(rows.nearer_than(reach), hard)
    gaps = rows.sum_of_gaps(reach, count) - rows.sum_of_gaps(reach, hard)
    terms = ((count - hard) * rows.is_positive).sum()
    total = (gaps * rows.is_positive).sum()
    return (total / terms.clamp_min(1)).to(embeddings.dtype) + attached_zero(embeddings)


class _SortedNegatives:
    """Each anchor's negatives sorted once, so that sums over triplets need B^2 numbers, not B^3.

    For one anchor and one positive, the triplets that cost something are those whose negative is
    nearer than d_ap + margin: the first n of the sorted negatives. Together they cost
    n (d_ap + margin) - (d_an of the first n), and the sum in it is a cumulative sum.

    d_ap         (B, K), K the largest number of positives; filled up where an anchor has fewer
    is_positive  bool (B, K), False where filled up
    negatives    (B,), how many negatives an anchor has
    """

    def __init__(self, embeddings: Tensor, labels: Tensor) -> None:
        d = distances(embeddings)  # (B, B)
        positive, negative = positives_and_negatives(labels)
        most = int(positive.sum(1).max()) if len(labels) else 0
        is_positive, index = positive.to(torch.uint8).topk(most, dim=1)  # (B, K)
        self.is_positive, self.d_ap = is_positive.bool(), d.gather(1, index)
        self.negatives = negative.sum(1)
        self.d_an = d.masked_fill(~negative, math.inf).sort(1).values  # (B, B), +inf at the end
        finite = self.d_an.masked_fill(self.d_an.isinf(), 0.0)
        # Differences of long sums want more digits; Apple's MPS has no float64.
        self.wide = torch.float32 if d.device.type == "mps" else torch.float64
        self.sums = F.pad(finite.to(self.wide).cumsum(1), (1, 0))  # (B, B + 1), of the first n

    def nearer_than(self, reach: Tensor, or_equal: bool = False) -> Tensor:
        """How many negatives lie nearer than each entry of `reach`, (B, K) -> int (B, K)"""
        return torch.searchsorted(self.d_an.detach(), reach.detach(), right=or_equal)

    def sum_of_gaps(self, reach: Tensor, count: Tensor) -> Tensor:
        """Sum of reach - d_an over the nearest `count` negatives, (B, K)"""
        return count * reach.to(self.wide) - self.sums.gather(1, count)


def triplet_mask(labels: Tensor) -> Tensor:
    """Which (anchor, positive, negative) are triplets, (B,) -> bool (B, B, B)"""
    labels = as_labels(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must be (B,), not {tuple(labels.shape)}")
    positive, negative = positives_and_negatives(labels)
    return positive[:, :, None] & negative[:, None, :]


def triplet_kinds(d_ap: Tensor, d_an: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Masks (easy, semi-hard, hard); every triplet is exactly one of them.

    easy       d_an >= d_ap + margin: no loss, no gradient
    semi-hard  d_ap < d_an < d_ap + margin: right order, but closer than the margin
    hard       d_an <= d_ap: the negative is at least as near as the positive
    shapes     equal, or such as (B, B, 1) and (B, 1, B) for a whole batch
    """
    d_ap, d_an = check_distances(d_ap, "d_ap"), check_distances(d_an, "d_an")
    if d_ap.ndim != d_an.ndim:
        shapes = f"d_ap {tuple(d_ap.shape)} and d_an {tuple(d_an.shape)}"
        raise ValueError(f"{shapes} must have the same number of axes")
    check_margin(margin)
    hard = d_an <= d_ap
    easy = ~hard & (d_ap - d_an + margin <= 0)  # as the loss computes it, so rounding is the same
    return easy, ~hard & ~easy, hard


def hinge(gap: Tensor, margin: float | None) -> Tensor:
    """max(0, gap + margin), or ln(1 + e^gap) where margin is None; gap = d_ap - d_an"""
    if margin is None:
        return F.softplus(gap)
    check_margin(margin)
    return (gap + margin).clamp_min(0)
