"""Plausible wrong answers to the exercises of the lesson on contrastive and triplet loss.

A docstring holds the words that the check's message must contain, divided by |.
"""

import torch


def contrastive__labels_inverted(d, same, margin):
    """you returned 1.125; expected 0 | A different pair beyond the margin costs nothing"""
    return 0.5 * torch.where(same, (margin - d).clamp_min(0) ** 2, d**2).mean()


def contrastive__no_hinge(d, same, margin):
    """max(0, margin - d), then square"""
    return 0.5 * torch.where(same, d**2, (margin - d) ** 2).mean()


def contrastive__without_the_half(d, same, margin):
    """you returned 4; expected 2 | half of its squared distance"""
    return torch.where(same, d**2, (margin - d).clamp_min(0) ** 2).mean()


def contrastive__distance_not_squared(d, same, margin):
    """you returned 1; expected 2 | squared distance"""
    return 0.5 * torch.where(same, d, (margin - d).clamp_min(0)).mean()


def contrastive__hinge_not_squared(d, same, margin):
    """half of (margin - d) squared"""
    return 0.5 * torch.where(same, d**2, (margin - d).clamp_min(0)).mean()


def contrastive__difference_of_squares(d, same, margin):
    """(margin - d) squared"""
    return 0.5 * torch.where(same, d**2, (margin**2 - d**2).clamp_min(0)).mean()


def contrastive__sum(d, same, margin):
    """one mean over all pairs"""
    return 0.5 * torch.where(same, d**2, (margin - d).clamp_min(0) ** 2).sum()


def contrastive__mean_of_each_kind(d, same, margin):
    """one mean over all pairs, of both kinds"""
    kinds = [
        values.mean()
        for values in (d[same] ** 2, (margin - d[~same]).clamp_min(0) ** 2)
        if len(values)
    ]
    return 0.5 * sum(kinds) / len(kinds)


def contrastive__margin_one(d, same, margin):
    """The margin is an argument"""
    return 0.5 * torch.where(same, d**2, (1 - d).clamp_min(0) ** 2).mean()


def contrastive__one_value_a_pair(d, same, margin):
    """you returned shape (1,); expected shape ()"""
    return 0.5 * torch.where(same, d**2, (margin - d).clamp_min(0) ** 2)


def contrastive__broadcast(d, same, margin):
    """(N,) with (N, 1) becomes N x N"""
    y = same[:, None].float()
    return 0.5 * (y * d**2 + (1 - y) * (margin - d).clamp_min(0) ** 2).mean()


def semi_hard__equal_counts_as_further(d_ap, d_an, margin):
    """d_an = [[0.5]], margin = 0.25 you returned True | as far as the positive is not further"""
    d_ap = d_ap[:, None]
    return (d_an >= d_ap) & (d_an < d_ap + margin)


def semi_hard__up_to_the_margin(d_ap, d_an, margin):
    """d_an = [[0.75]], margin = 0.25 you returned True | use <, not <="""
    d_ap = d_ap[:, None]
    return (d_an > d_ap) & (d_an <= d_ap + margin)


def semi_hard__all_that_cost(d_ap, d_an, margin):
    """nearer than the positive is hard"""
    return d_ap[:, None] - d_an + margin > 0


def semi_hard__all_that_are_further(d_ap, d_an, margin):
    """At the margin a triplet costs nothing"""
    return d_an > d_ap[:, None]


def semi_hard__the_wrong_side(d_ap, d_an, margin):
    """A negative nearer than the positive is hard | you returned True"""
    d_ap = d_ap[:, None]
    return (d_an < d_ap) & (d_an >= d_ap - margin)


def semi_hard__wrong_axis(d_ap, d_an, margin):
    """d_ap[:, None]"""
    return (d_an > d_ap) & (d_an < d_ap + margin)


def semi_hard__numbers(d_ap, d_an, margin):
    """expected True and False"""
    d_ap = d_ap[:, None]
    return ((d_an > d_ap) & (d_an < d_ap + margin)).float()


def semi_hard__squared(d_ap, d_an, margin):
    """Compare distances, not their squares"""
    d_ap = d_ap[:, None]
    return (d_an > d_ap) & (d_an**2 < d_ap**2 + margin)


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
