"""Plausible wrong answers to the exercises of the lesson on angular margins.

A docstring holds the words that the check's message must contain, divided by |.
"""

import math

import torch


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


def cosface_logits__margin_added(cosines, labels, scale, margin):
    """you returned 7 at [0, 0]; expected 3 | Subtract the margin at the true class"""
    logits = cosines.clone()
    logits[torch.arange(len(labels)), labels] += margin
    return scale * logits


def cosface_logits__margin_everywhere(cosines, labels, scale, margin):
    """and at no other"""
    return scale * (cosines - margin)


def cosface_logits__scale_first(cosines, labels, scale, margin):
    """you returned 4.8 | then multiply by the scale"""
    logits = scale * cosines
    logits[torch.arange(len(labels)), labels] -= margin
    return logits


def cosface_logits__on_the_wrong_classes(cosines, labels, scale, margin):
    """at the true class and at no other"""
    own = torch.nn.functional.one_hot(labels, cosines.shape[1])
    return scale * (cosines - margin * (1 - own))


def cosface_logits__whole_columns(cosines, labels, scale, margin):
    """index rows and labels together"""
    logits = cosines.clone()
    logits[:, labels] -= margin
    return scale * logits


def cosface_logits__in_place(cosines, labels, scale, margin):
    """you changed cosines itself; work on a copy"""
    cosines[torch.arange(len(labels)), labels] -= margin
    return scale * cosines


def cosface_logits__without_the_scale(cosines, labels, scale, margin):
    """Every logit is a scaled cosine"""
    return cosines - margin * torch.nn.functional.one_hot(labels, cosines.shape[1])


def smallest_scale__others_at_right_angles(classes, probability):
    """Two classes lie at cosine 1 and -1"""
    return math.log((classes - 1) * probability / (1 - probability))


def smallest_scale__one_rival(classes, probability):
    """for classes = 4, probability = 0.25 | every class has the probability 1/C"""
    return (classes - 1) / classes * math.log(probability / (1 - probability))


def smallest_scale__all_others_opposite(classes, probability):
    """Each of the C - 1 other classes counts"""
    return 0.5 * math.log((classes - 1) * probability / (1 - probability))


def smallest_scale__c_for_c_less_one(classes, probability):
    """for classes = 2, probability = 0.9 | the logits are s and -s"""
    return (classes - 1) / classes * math.log(classes * probability / (1 - probability))


def smallest_scale__odds_upside_down(classes, probability):
    """you returned -1.099; expected 1.099"""
    return (classes - 1) / classes * math.log((classes - 1) * (1 - probability) / probability)


def smallest_scale__gap_upside_down(classes, probability):
    """for classes = 2 | the logits are s and -s"""
    return classes / (classes - 1) * math.log((classes - 1) * probability / (1 - probability))


def smallest_scale__logarithm_to_base_ten(classes, probability):
    """expected 1.099"""
    return (classes - 1) / classes * math.log10((classes - 1) * probability / (1 - probability))
