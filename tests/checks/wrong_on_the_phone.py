"""Plausible wrong answers to the exercises of the lesson on the phone.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np

LEFT, RIGHT = 38.2946 + 51.6963j, 73.5318 + 51.5014j


def from_two_eyes__the_other_way_round(left, right):
    """not scaled or turned"""
    left, right = complex(*left), complex(*right)
    a = (RIGHT - LEFT) / (right - left)
    return a, LEFT - a * left


def from_two_eyes__scale_without_turn(left, right):
    """A quarter turn multiplies by i"""
    left, right = complex(*left), complex(*right)
    a = abs(right - left) / abs(RIGHT - LEFT)
    return a, left - a * LEFT


def from_two_eyes__the_shift_forgets_the_scale(left, right):
    """a = 2"""
    left, right = complex(*left), complex(*right)
    a = (right - left) / (RIGHT - LEFT)
    return a, left - LEFT


def from_two_eyes__eyes_exchanged(left, right):
    """no turn, scale or shift"""
    left, right = complex(*left), complex(*right)
    a = (left - right) / (RIGHT - LEFT)
    return a, right - a * LEFT


def from_two_eyes__only_the_shift(left, right):
    """a = 2"""
    left, right = complex(*left), complex(*right)
    return 1, (left + right) / 2 - (LEFT + RIGHT) / 2


def from_two_eyes__b_from_the_wrong_eye(left, right):
    """no turn, scale or shift"""
    left, right = complex(*left), complex(*right)
    a = (right - left) / (RIGHT - LEFT)
    return a, left - a * RIGHT


def from_two_eyes__b_first(left, right):
    """no turn, scale or shift"""
    left, right = complex(*left), complex(*right)
    a = (right - left) / (RIGHT - LEFT)
    return left - a * LEFT, a


def open_set__never_unknown(names, scores, threshold, margin):
    """Nobody reaches the threshold"""
    return names[int(scores.argmax())]


def open_set__no_margin(names, scores, threshold, margin):
    """The best two are closer than the margin"""
    return names[int(scores.argmax())] if scores.max() >= threshold else "unknown"


def open_set__unsure_before_unknown(names, scores, threshold, margin):
    """Compare with the threshold before the margin"""
    ranked = np.sort(scores)
    if len(ranked) > 1 and ranked[-1] - ranked[-2] < margin:
        return "unsure"
    return names[int(scores.argmax())] if scores.max() >= threshold else "unknown"


def open_set__equal_is_refused(names, scores, threshold, margin):
    """A score on the threshold is accepted"""
    ranked = np.sort(scores)
    if scores.max() <= threshold:
        return "unknown"
    return (
        "unsure"
        if len(ranked) > 1 and ranked[-1] - ranked[-2] < margin
        else names[int(scores.argmax())]
    )


def open_set__a_lead_of_the_margin_is_not_enough(names, scores, threshold, margin):
    """a lead of exactly the margin is enough"""
    ranked = np.sort(scores)
    if scores.max() < threshold:
        return "unknown"
    return (
        "unsure"
        if len(ranked) > 1 and ranked[-1] - ranked[-2] <= margin
        else names[int(scores.argmax())]
    )


def open_set__a_second_is_taken_for_granted(names, scores, threshold, margin):
    """names = [Ada] | your code raised IndexError"""
    ranked = np.sort(scores)
    if scores.max() < threshold:
        return "unknown"
    return "unsure" if ranked[-1] - ranked[-2] < margin else names[int(scores.argmax())]


def open_set__the_neighbour_in_the_list_is_the_second(names, scores, threshold, margin):
    """The second best may be anywhere"""
    first = int(scores.argmax())
    if scores[first] < threshold:
        return "unknown"
    if len(scores) > 1 and scores[first] - scores[first - 1 if first else 1] < margin:
        return "unsure"
    return names[first]


def open_set__the_margin_is_above_the_threshold(names, scores, threshold, margin):
    """The best two are closer than the margin"""
    best = scores.max()
    if best < threshold:
        return "unknown"
    return names[int(scores.argmax())] if best - threshold >= margin else "unsure"


def far_per_comparison__divided(people, templates, one_in):
    """do not divide by 2"""
    return 1 / one_in / (people * templates)


def far_per_comparison__templates_forgotten(people, templates, one_in):
    """A second template is a second comparison"""
    return 1 - (1 - 1 / one_in) ** (1 / people)


def far_per_comparison__people_forgotten(people, templates, one_in):
    """its square root"""
    return 1 - (1 - 1 / one_in) ** (1 / templates)


def far_per_comparison__the_power_instead_of_the_root(people, templates, one_in):
    """its square root"""
    return 1 - (1 - 1 / one_in) ** (people * templates)


def far_per_comparison__root_of_the_wrong_side(people, templates, one_in):
    """its square root"""
    return (1 / one_in) ** (1 / (people * templates))


def far_per_comparison__people_plus_templates(people, templates, one_in):
    """its FAR is 1 / one_in"""
    return 1 - (1 - 1 / one_in) ** (1 / (people + templates))


def far_per_comparison__the_share_that_stays_out(people, templates, one_in):
    """its FAR is 1 / one_in"""
    return (1 - 1 / one_in) ** (1 / (people * templates))
