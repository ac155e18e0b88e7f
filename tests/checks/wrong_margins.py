"""Plausible wrong answers to the exercises of the lesson on angular margins.

A docstring holds the words that the check's message must contain, divided by |.
"""

import math

import torch
from torch.nn.functional import normalize, one_hot


def _guarded(cosine, margin, turned):
    return torch.where(cosine > -math.cos(margin), turned, cosine - margin * math.sin(margin))


def _sine(cosine):
    return (1 - cosine**2).clamp_min(0).sqrt()


def arc_margin__degrees(cosine, margin):
    """for cosine = [0.5], margin = 0.7 | with m in radians"""
    m = math.radians(margin)
    return _guarded(cosine, m, cosine * math.cos(m) - _sine(cosine) * math.sin(m))


def arc_margin__angle_reduced(cosine, margin):
    """you returned 0.9403 | cos(t) cos(m) - sin(t) sin(m)"""
    return _guarded(cosine, margin, cosine * math.cos(margin) + _sine(cosine) * math.sin(margin))


def arc_margin__margin_subtracted_from_the_cosine(cosine, margin):
    """cos(t + m) = cos(t) cos(m)"""
    return cosine - margin


def arc_margin__angle_multiplied(cosine, margin):
    """Without a margin nothing changes"""
    return (margin * cosine.clamp(-1, 1).acos()).cos()


def arc_margin__no_guard(cosine, margin):
    """cos(theta + m) grows again | theta = pi - m"""
    return cosine * math.cos(margin) - _sine(cosine) * math.sin(margin)


def arc_margin__guard_without_the_sine(cosine, margin):
    """use cos(theta) - m sin(m) there"""
    return torch.where(
        cosine > -math.cos(margin),
        cosine * math.cos(margin) - _sine(cosine) * math.sin(margin),
        cosine - margin,
    )


def arc_margin__guard_from_a_right_angle(cosine, margin):
    """The guard begins at theta = pi - m"""
    turned = cosine * math.cos(margin) - _sine(cosine) * math.sin(margin)
    return torch.where(cosine > 0, turned, cosine - margin * math.sin(margin))


def arc_margin__root_of_a_negative_number(cosine, margin):
    """you returned nan | Rounding gives cosines just above 1"""
    return _guarded(
        cosine, margin, cosine * math.cos(margin) - (1 - cosine**2).sqrt() * math.sin(margin)
    )


def _cosines(e, weight):
    return normalize(e, dim=1) @ normalize(weight, dim=1).T


def cosface__margin_added(e, weight, labels, scale, margin):
    """you returned 8 at [0, 0]; expected 4 | Subtract the margin at the true class"""
    return scale * (_cosines(e, weight) + margin * one_hot(labels, len(weight)))


def cosface__margin_everywhere(e, weight, labels, scale, margin):
    """and at no other"""
    return scale * (_cosines(e, weight) - margin)


def cosface__scale_first(e, weight, labels, scale, margin):
    """you returned 5.8 | then multiply by the scale"""
    return scale * _cosines(e, weight) - margin * one_hot(labels, len(weight))


def cosface__whole_columns(e, weight, labels, scale, margin):
    """index rows and labels together"""
    logits = _cosines(e, weight)
    logits[:, labels] -= margin
    return scale * logits


def cosface__embeddings_as_they_are(e, weight, labels, scale, margin):
    """you returned 30 at [0, 0]; expected 6 | normalise the embeddings"""
    return scale * (e @ normalize(weight, dim=1).T - margin * one_hot(labels, len(weight)))


def cosface__weights_as_they_are(e, weight, labels, scale, margin):
    """normalise the class weights"""
    return scale * (normalize(e, dim=1) @ weight.T - margin * one_hot(labels, len(weight)))


def cosface__normalised_over_the_batch(e, weight, labels, scale, margin):
    """every logit is a scaled cosine"""
    cosines = normalize(e, dim=0) @ normalize(weight, dim=1).T
    return scale * (cosines - margin * one_hot(labels, len(weight)))


def cosface__without_the_scale(e, weight, labels, scale, margin):
    """every logit is a scaled cosine"""
    return _cosines(e, weight) - margin * one_hot(labels, len(weight))
