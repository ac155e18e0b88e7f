"""Plausible wrong answers to the exercises of the lesson on contrastive and triplet loss.

A docstring holds the words that the check's message must contain, divided by |.
"""

import torch


def _step(e, labels, lr, terms, mean=torch.mean, norm=torch.linalg.vector_norm):
    """A step of gradient descent on `mean(terms(d, same))` over the pairs of a batch."""
    e = e.clone().requires_grad_()
    i, j = torch.triu_indices(len(e), len(e), offset=1)
    loss = mean(0.5 * terms(norm(e[i] - e[j], dim=1), labels[i] == labels[j]))
    (gradient,) = torch.autograd.grad(loss, e)
    return (e - lr * gradient).detach()


def _terms(d, same, margin):
    return torch.where(same, d**2, (margin - d).clamp_min(0) ** 2)


def contrastive_step__uphill(e, labels, margin, lr):
    """A same pair moves together"""
    return _step(e, labels, -lr, lambda d, same: _terms(d, same, margin))


def contrastive_step__labels_inverted(e, labels, margin, lr):
    """A same pair moves together"""
    return _step(e, labels, lr, lambda d, same: _terms(d, ~same, margin))


def contrastive_step__without_the_half(e, labels, margin, lr):
    """each point by lr d"""
    return _step(e, labels, lr, lambda d, same: 2 * _terms(d, same, margin))


def contrastive_step__distances_not_squared(e, labels, margin, lr):
    """A different pair moves apart"""
    return _step(
        e,
        labels,
        lr,
        lambda d, same: torch.where(same, d**2, 2 * (margin**2 - d**2).clamp_min(0).sqrt()),
    )


def contrastive_step__no_hinge(e, labels, margin, lr):
    """Beyond the margin a different pair stays"""
    return _step(e, labels, lr, lambda d, same: torch.where(same, d**2, (margin - d) ** 2))


def contrastive_step__difference_of_squares(e, labels, margin, lr):
    """lr (margin - d)"""
    return _step(
        e, labels, lr, lambda d, same: torch.where(same, d**2, (margin**2 - d**2).clamp_min(0))
    )


def contrastive_step__margin_one_and_a_half(e, labels, margin, lr):
    """The margin is an argument"""
    return _step(e, labels, lr, lambda d, same: _terms(d, same, 1.5 if margin < 2 else margin))


def contrastive_step__sum(e, labels, margin, lr):
    """one mean over all pairs"""
    return _step(e, labels, lr, lambda d, same: _terms(d, same, margin), torch.sum)


def contrastive_step__mean_over_the_table(e, labels, margin, lr):
    """each point by lr d"""
    size = len(e) ** 2
    return _step(e, labels, lr, lambda d, same: _terms(d, same, margin), lambda t: t.sum() / size)


def contrastive_step__square_root(e, labels, margin, lr):
    """you returned nan | vector_norm has gradient 0"""

    def norm(x, dim):
        return x.pow(2).sum(dim).sqrt()

    return _step(e, labels, lr, lambda d, same: _terms(d, same, margin), norm=norm)


def _hardest(e, labels):
    """Farthest positive, nearest negative, and whether there are both, each (B,)."""
    d = torch.linalg.vector_norm(e[:, None] - e[None], dim=2)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(e), dtype=torch.bool)
    farthest = d.masked_fill(~positive, -torch.inf).amax(1)
    nearest = d.masked_fill(same, torch.inf).amin(1)
    return farthest, nearest, positive.any(1) & (~same).any(1)


def batch_hard_loss__nearest_positive(e, labels, margin):
    """Of the positives the farthest counts"""
    d = torch.linalg.vector_norm(e[:, None] - e[None], dim=2)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(e), dtype=torch.bool)
    _, nearest, anchors = _hardest(e, labels)
    terms = d.masked_fill(~positive, torch.inf).amin(1) - nearest + margin
    return terms[anchors].clamp_min(0).mean() if anchors.any() else 0.0


def batch_hard_loss__farthest_negative(e, labels, margin):
    """Of the negatives the nearest counts"""
    d = torch.linalg.vector_norm(e[:, None] - e[None], dim=2)
    same = labels[:, None] == labels[None]
    farthest, _, anchors = _hardest(e, labels)
    terms = farthest - d.masked_fill(same, -torch.inf).amax(1) + margin
    return terms[anchors].clamp_min(0).mean() if anchors.any() else 0.0


def batch_hard_loss__mean_of_those_that_cost(e, labels, margin):
    """counts as 0 in the mean"""
    farthest, nearest, anchors = _hardest(e, labels)
    terms = (farthest - nearest + margin)[anchors].clamp_min(0)
    return terms[terms > 0].mean() if (terms > 0).any() else 0.0


def batch_hard_loss__no_hinge(e, labels, margin):
    """costs nothing counts as 0"""
    farthest, nearest, anchors = _hardest(e, labels)
    return (farthest - nearest + margin)[anchors].mean() if anchors.any() else 0.0


def batch_hard_loss__sum(e, labels, margin):
    """you returned 0.5; expected 0.125"""
    farthest, nearest, anchors = _hardest(e, labels)
    return (farthest - nearest + margin)[anchors].clamp_min(0).sum()


def batch_hard_loss__squared(e, labels, margin):
    """you returned"""
    farthest, nearest, anchors = _hardest(e, labels)
    terms = (farthest**2 - nearest**2 + margin)[anchors].clamp_min(0)
    return terms.mean() if anchors.any() else 0.0


def batch_hard_loss__every_anchor_counts(e, labels, margin):
    """An anchor without a positive is left out"""
    farthest, nearest, _ = _hardest(e, labels)
    return (farthest - nearest + margin).clamp_min(0).mean()


def batch_hard_loss__mean_of_nothing(e, labels, margin):
    """you returned nan | Without negatives no anchor is left"""
    farthest, nearest, anchors = _hardest(e, labels)
    return (farthest - nearest + margin)[anchors].clamp_min(0).mean()


def batch_hard_loss__own_positive(e, labels, margin):
    """you returned | Without positives"""
    d = torch.linalg.vector_norm(e[:, None] - e[None], dim=2)
    same = labels[:, None] == labels[None]
    anchors = (same.sum(1) > (1 if len(e) > 2 else 0)) & (~same).any(1)
    terms = d.masked_fill(~same, 0).amax(1) - d.masked_fill(same, torch.inf).amin(1) + margin
    return terms[anchors].clamp_min(0).mean() if anchors.any() else 0.0


def _soft(a, p, n, how_much, towards=lambda to, d: to / d.clamp_min(1e-12)):
    to_p, to_n = a - p, a - n
    d_ap, d_an = to_p.norm(dim=1, keepdim=True), to_n.norm(dim=1, keepdim=True)
    return how_much(d_ap - d_an) * towards(to_p, d_ap), how_much(d_ap - d_an) * towards(to_n, d_an)


def soft_triplet_gradient__all_or_nothing(a, p, n):
    """sigma(0) = 1/2"""
    pull, push = _soft(a, p, n, lambda x: (x > -0.3).double() / len(x))
    return torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__downhill(a, p, n):
    """The gradient points uphill"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid() / len(x))
    return -torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__reversed(a, p, n):
    """sigma(x) with x = d_ap - d_an"""
    pull, push = _soft(a, p, n, lambda x: (-x).sigmoid() / len(x))
    return torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__no_mean(a, p, n):
    """divide by N"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid())
    return torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__no_unit_vectors(a, p, n):
    """unit vectors"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid() / len(x), lambda to, d: to)
    return torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__negative_before_positive(a, p, n):
    """the order is a, p, n"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid() / len(x))
    return torch.stack([pull - push, push, -pull])


def soft_triplet_gradient__the_anchor_is_only_pulled(a, p, n):
    """(a - p)/d_ap - (a - n)/d_an"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid() / len(x))
    return torch.stack([pull, -pull, push])


def soft_triplet_gradient__nan_where_points_coincide(a, p, n):
    """you returned nan | gradient 0, not 0/0"""
    pull, push = _soft(a, p, n, lambda x: x.sigmoid() / len(x), lambda to, d: to / d)
    return torch.stack([pull - push, -pull, push])


def soft_triplet_gradient__squared_distances(a, p, n):
    """you returned -2 | expected -1 | (a - p)/d_ap"""
    to_p, to_n = a - p, a - n
    how_much = (
        to_p.square().sum(1, keepdim=True) - to_n.square().sum(1, keepdim=True)
    ).sigmoid() / len(a)
    return 2 * how_much * torch.stack([to_p - to_n, -to_p, to_n])


def soft_triplet_gradient__length_along_the_batch(a, p, n):
    """unit vectors"""
    to_p, to_n = a - p, a - n
    d_ap, d_an = (
        to_p.norm(dim=0, keepdim=True),
        to_n.norm(dim=0, keepdim=True),
    )  # one a coordinate instead of one a triplet
    how_much = (d_ap - d_an).sigmoid() / len(a)
    pull, push = how_much * to_p / d_ap.clamp_min(1e-12), how_much * to_n / d_an.clamp_min(1e-12)
    return torch.stack([pull - push, -pull, push])
