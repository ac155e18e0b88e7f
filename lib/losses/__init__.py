"""Losses of metric learning: pairs, triplets, batches of them, and softmax with a margin.

Distances and pairs, triplets, many negatives: `metric`. Softmax heads with an angular margin: `margins`.
"""

from lib.losses.margins import ArcFace, CosFace, NormalizedSoftmax, SoftmaxLoss, SphereFace, unit
from lib.losses.metric import (
    batch_all_triplet_loss,
    batch_contrastive_loss,
    batch_hard_triplet_loss,
    contrastive_loss,
    distances,
    n_pair_loss,
    nt_xent_loss,
    semi_hard_triplet_loss,
    triplet_kinds,
    triplet_loss,
    triplet_mask,
    trivial_value,
)

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
    "unit",
]
