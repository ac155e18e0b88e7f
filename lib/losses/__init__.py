"""Losses of metric learning. All take arrays of embeddings, distances and labels, and no network.

contrastive_loss, triplet_loss      of given distances; lesson 4
batch_contrastive_loss,
batch_hard_..., batch_all_...,
semi_hard_triplet_loss              of a batch (embeddings, labels); lesson 4
distances, triplet_mask,
triplet_kinds                       what these batches hold; lessons 3 and 4
n_pair_loss, nt_xent_loss,
supcon_loss                         a positive against many negatives; lesson 5
n_way_loss                          of given logits: which of N is it; lesson 8
SoftmaxLoss(head)                   cross-entropy of one of the heads NormalizedSoftmax,
                                    SphereFace, CosFace, ArcFace; lesson 6
baseline_loss                       what distances or logits without regard to the labels score
                                    at best: the dashed line of training plots; from lesson 4 on
"""

from lib.losses.batch import distances
from lib.losses.margins import ArcFace, CosFace, NormalizedSoftmax, SoftmaxLoss, SphereFace, unit
from lib.losses.metric import (
    baseline_loss,
    batch_contrastive_loss,
    contrastive_loss,
    n_pair_loss,
    n_way_loss,
    nt_xent_loss,
    supcon_loss,
)
from lib.losses.triplets import (
    batch_all_triplet_loss,
    batch_hard_triplet_loss,
    semi_hard_triplet_loss,
    triplet_kinds,
    triplet_loss,
    triplet_mask,
)
