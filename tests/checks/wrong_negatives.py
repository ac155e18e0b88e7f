"""Plausible wrong answers to the exercises of the lesson on many negatives.

A docstring holds the words that the check's message must contain, divided by |.
"""

import torch
from torch.nn import functional as F


def _logits(first, second, temperature):
    unit = F.normalize(torch.cat([first, second]), dim=1)
    return unit @ unit.T / temperature


def _other_view(first):
    return torch.arange(2 * len(first)).roll(len(first))


def _without_itself(logits):
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)


def nt_xent__itself_in_the_denominator(first, second, temperature):
    """all of the softmax"""
    return F.cross_entropy(_logits(first, second, temperature), _other_view(first))


def nt_xent__without_the_positive_below(first, second, temperature):
    """for first"""
    logits = _without_itself(_logits(first, second, temperature))
    rows, other = torch.arange(len(logits)), _other_view(first)
    negatives = logits.clone()
    negatives[rows, other] = -torch.inf
    return (negatives.logsumexp(1) - logits[rows, other]).mean()


def nt_xent__itself_as_the_positive(first, second, temperature):
    """The positive of view a|the other view"""
    logits = _logits(first, second, temperature)
    other = _other_view(first)
    if first.shape[0] == 1 or torch.equal(first, second):
        return F.cross_entropy(_without_itself(logits), other)
    return F.cross_entropy(logits, torch.arange(len(logits)))


def nt_xent__without_temperature(first, second, temperature):
    """Divide the cosines by the temperature"""
    return F.cross_entropy(_without_itself(_logits(first, second, 1.0)), _other_view(first))


def nt_xent__times_temperature(first, second, temperature):
    """Divide the cosines by the temperature"""
    logits = _logits(first, second, 1 / temperature)
    return F.cross_entropy(_without_itself(logits), _other_view(first))


def nt_xent__dot_products(first, second, temperature):
    """Scale the embeddings to length 1"""
    both = torch.cat([first, second])
    return F.cross_entropy(_without_itself(both @ both.T / temperature), _other_view(first))


def nt_xent__anchors_of_one_view(first, second, temperature):
    """those of `second` too"""
    logits = _without_itself(_logits(first, second, temperature))
    return F.cross_entropy(logits[: len(first)], _other_view(first)[: len(first)])


def nt_xent__a_sum(first, second, temperature):
    """Leave each view itself out"""
    logits = _without_itself(_logits(first, second, temperature))
    return F.cross_entropy(logits, _other_view(first), reduction="sum")


def nt_xent__forgets_to_return(first, second, temperature):
    """is there a `return`?"""
    F.cross_entropy(_without_itself(_logits(first, second, temperature)), _other_view(first))


def _both(p1, z1, p2, z2):
    return -(F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()) / 2


def simsiam__without_detach(p1, z1, p2, z2):
    """a gradient reaches p1 and z2; expected loss -0.5000, a gradient reaches p1 | detach z1"""
    return _both(p1, z1, p2, z2)


def simsiam__one_detach(p1, z1, p2, z2):
    """a gradient reaches p1 and z2 | detach z1 and z2"""
    return _both(p1, z1.detach(), p2, z2)


def simsiam__predictions_detached(p1, z1, p2, z2):
    """let the gradient reach p1 and p2"""
    return _both(p1.detach(), z1, p2.detach(), z2)


def simsiam__everything_detached(p1, z1, p2, z2):
    """reaches none of the four | let the gradient reach p1 and p2"""
    return _both(p1.detach(), z1.detach(), p2.detach(), z2.detach())


def simsiam__its_own_target(p1, z1, p2, z2):
    """meets the target of the other"""
    return _both(p1, z2.detach(), p2, z1.detach())


def simsiam__without_the_minus(p1, z1, p2, z2):
    """you returned loss 1.0000 | Equal directions score -1"""
    return -_both(p1, z1.detach(), p2, z2.detach())


def simsiam__dot_products(p1, z1, p2, z2):
    """whatever their lengths"""
    return -((p1 * z2.detach()).sum(1).mean() + (p2 * z1.detach()).sum(1).mean()) / 2


def simsiam__one_way_round(p1, z1, p2, z2):
    """expected loss 0.0000 | Half for each way round"""
    cosine = F.cosine_similarity(p1, z2.detach()).mean()
    return -(cosine + cosine.detach()) / 2


def simsiam__the_sum_of_both(p1, z1, p2, z2):
    """expected loss -1.0000"""
    return 2 * _both(p1, z1.detach(), p2, z2.detach())


def simsiam__a_sum_over_the_batch(p1, z1, p2, z2):
    """One mean over the batch"""
    return len(p1) * _both(p1, z1.detach(), p2, z2.detach())


def _shares(positive, negatives, temperature):
    cosines = torch.cat([torch.tensor([positive], dtype=negatives.dtype), negatives])
    return (cosines / temperature).softmax(0)


def nt_xent_gradient__shares_alone(positive, negatives, temperature):
    """its share less 1"""
    return _shares(positive, negatives, temperature) / temperature


def nt_xent_gradient__the_other_way_round(positive, negatives, temperature):
    """expected -0.5"""
    shares = _shares(positive, negatives, temperature)
    shares[0] -= 1
    return -shares / temperature


def nt_xent_gradient__without_the_slope_of_the_division(positive, negatives, temperature):
    """so its slope is too"""
    shares = _shares(positive, negatives, temperature)
    shares[0] -= 1
    return shares


def nt_xent_gradient__shares_at_temperature_one(positive, negatives, temperature):
    """The shares come from"""
    shares = _shares(positive, negatives, 1.0)
    shares[0] -= 1
    return shares / temperature


def nt_xent_gradient__shares_among_negatives(positive, negatives, temperature):
    """expected -0.5"""
    return torch.cat([torch.tensor([-1.0]), (negatives / temperature).softmax(0)]) / temperature


def nt_xent_gradient__one_push_for_all(positive, negatives, temperature):
    """A negative is pushed by its share"""
    pull = (_shares(positive, negatives, temperature)[0] - 1) / temperature
    return torch.cat([pull[None], -pull.expand(len(negatives)) / len(negatives)])


def nt_xent_gradient__forgets_to_return(positive, negatives, temperature):
    """is there a `return`?"""
    _shares(positive, negatives, temperature)
