"""Losses of pairs, and of one positive against many negatives; what a loss is at best by chance.

Distances are Euclidean. Everything is computed in float32 or wider, whatever comes in. A batch
without a single term (no positive pair, no negative) gives a zero that is attached to the graph:
`backward()` works and moves nothing. All functions raise ValueError for shapes that do not fit, for
NaN, and for a margin outside its range.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.losses.batch import (
    as_tensor,
    attached_zero,
    check_batch,
    check_distances,
    check_finite,
    check_margin,
    check_shapes,
    distances,
    mean_or_zero,
    no_autocast,
    positives_and_negatives,
)
from lib.losses.margins import unit


def contrastive_loss(d: Tensor, same: Tensor, margin: float = 1.0) -> Tensor:
    """Mean of 1/2 [same d^2 + (1 - same) max(0, margin - d)^2] over pairs.

    d        any shape, distances, not negative
    same     the shape of d, bool or 0/1: 1 where both images show one identity (Hadsell's own Y is
             the opposite)
    returns  scalar
    source   Hadsell, Chopra, LeCun 2006, equation 4
    """
    d, same = check_distances(d, "d"), as_tensor(same, "same").to(d.device)
    check_shapes(d, same, "d", "same")
    if same.dtype != torch.bool and not bool(((same == 0) | (same == 1)).all()):
        raise ValueError(
            "same must be bool, or 0 and 1 only; are these identities? "
            "compare them first: labels[i] == labels[j]"
        )
    check_margin(margin)
    pull = d.square()
    push = (margin - d).clamp_min(0).square()
    return mean_or_zero(0.5 * torch.where(same.bool(), pull, push))


def batch_contrastive_loss(embeddings: Tensor, labels: Tensor, margin: float = 1.0) -> Tensor:
    """`contrastive_loss` over every pair of a batch, each pair once.

    embeddings  (B, D)
    labels      (B,)
    returns     scalar
    """
    embeddings, labels = check_batch(embeddings, labels)
    # B (B - 1) / 2 pairs
    i, j = torch.triu_indices(len(labels), len(labels), offset=1, device=embeddings.device)
    loss = contrastive_loss(distances(embeddings)[i, j], labels[i] == labels[j], margin)
    return loss + attached_zero(embeddings)


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
    embeddings, labels = check_batch(embeddings, labels)
    images = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
    pairs = [found[:2] for found in images if len(found) > 1]
    if not pairs:
        return attached_zero(embeddings)
    anchor, positive = torch.stack(pairs, dim=1)  # 2 x (P,)
    with no_autocast(embeddings):
        logits = embeddings[anchor] @ embeddings[positive].T  # (P, P), own positive on the diagonal
    return F.cross_entropy(logits, torch.arange(len(anchor), device=logits.device))


def n_way_loss(logits: Tensor) -> Tensor:
    """Which of N is it? Cross-entropy of N-way questions, asked both ways round.

    Two views of each of N identities, every first view scored against every second one: each row
    asks which second view shows the identity of this first view, each column asks the reverse. A
    number added to all logits, such as the bias of a head, changes nothing.

    logits   (N, N), larger is more alike; the N same pairs stand on the diagonal
    returns  scalar, the mean over the 2 N questions; ln N where all logits are equal
    source   Sohn 2016 (N-pair loss); van den Oord et al. 2018 (InfoNCE), arXiv:1807.03748
    """
    logits = check_finite(logits, "logits")
    if logits.ndim != 2 or logits.shape[0] != logits.shape[1] or not len(logits):
        raise ValueError(f"logits must be (N, N), N >= 1, not {tuple(logits.shape)}")
    answers = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, answers) + F.cross_entropy(logits.T, answers)) / 2


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
    embeddings, labels = check_batch(embeddings, labels)
    logits = cosines(embeddings) / check_temperature(temperature)  # (B, B)
    positive, negative = positives_and_negatives(labels)
    # The lowest number, not -inf: an anchor without negatives would give NaN gradients.
    lowest = torch.finfo(logits.dtype).min
    negatives = logits.masked_fill(~negative, lowest).logsumexp(1, keepdim=True)  # (B, 1)
    terms = (torch.logaddexp(logits, negatives.expand_as(logits)) - logits)[positive]
    return mean_or_zero(terms) + attached_zero(embeddings)


def cosines(embeddings: Tensor) -> Tensor:
    """Cosines within a batch, (B, D) -> (B, B)"""
    with no_autocast(embeddings):
        return unit(embeddings) @ unit(embeddings).T


def check_temperature(temperature: float) -> float:
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    return temperature


def supcon_loss(embeddings: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Supervised contrastive loss: each positive against all other images of the batch.

    For each anchor the mean over its positives, outside the logarithm ("L_out"). Unlike in
    `nt_xent_loss`, the other positives of an anchor stand in the denominator, too.

    embeddings   (B, D), normalised here
    labels       (B,)
    temperature  > 0; cosines are divided by it
    returns      scalar, mean over anchors that have a positive
    source       Khosla et al. 2020, equation 2
    """
    embeddings, labels = check_batch(embeddings, labels)
    logits = cosines(embeddings) / check_temperature(temperature)  # (B, B)
    positive, negative = positives_and_negatives(labels)
    # The lowest number, not -inf: a batch of one image would give NaN gradients.
    lowest = torch.finfo(logits.dtype).min
    others = logits.masked_fill(~(positive | negative), lowest)
    log_share = logits - others.logsumexp(1, keepdim=True)  # (B, B)
    count = positive.sum(1)  # (B,)
    terms = -(log_share * positive).sum(1)[count > 0] / count[count > 0]
    return mean_or_zero(terms) + attached_zero(embeddings)


_OPTIONS = {
    "contrastive": ["margin"],
    "triplet": ["margin"],
    "softmax": ["classes"],
    "sphereface": ["classes"],
    "n_pair": ["classes"],
    "n_way": ["classes"],
    "nt_xent": ["classes"],
    "supcon": ["classes"],
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
    n_pair, n_way,
    nt_xent              classes: ln C, C counting the positive and its negatives
    supcon               classes: ln C, C counting the other images of the batch
    raises               ValueError for a missing option, and for another name: semi-hard triplets
                         have no baseline, their mean is below the margin whatever the network does
    """
    if name not in _OPTIONS:
        raise ValueError(f"no baseline for {name!r}; there is one for {', '.join(_OPTIONS)}")
    if missing := [option for option in _OPTIONS[name] if option not in options]:
        raise ValueError(f"the baseline of {name!r} needs {', '.join(missing)}")
    margin = options.get("margin")
    if margin is not None:
        check_margin(margin)
    if "classes" in _OPTIONS[name] and not options["classes"] >= 2:
        raise ValueError(f"the baseline of {name!r} needs 2 classes or more")
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
