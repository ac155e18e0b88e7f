"""Plausible wrong answers to the exercise of the lesson on attacks and privacy.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def _shares(scores, media, threshold):
    """(share taken for live of each attack medium, share of living faces taken for an attack)"""
    passed, media = scores >= threshold, np.array(media)
    attacks = [passed[media == kind].mean() for kind in sorted(set(media) - {"live"})]
    return attacks, 1 - passed[media == "live"].mean()


def attack_error_rates__the_mean_over_media(scores, media, threshold):
    """expected (0.5, 0.5) | of the *worst* medium"""
    attacks, bpcer = _shares(scores, media, threshold)
    return np.mean(attacks), bpcer


def attack_error_rates__all_attacks_together(scores, media, threshold):
    """of the *worst* medium"""
    attack = np.array(media) != "live"
    return (scores[attack] >= threshold).mean(), _shares(scores, media, threshold)[1]


def attack_error_rates__the_best_medium(scores, media, threshold):
    """of the *worst* medium"""
    attacks, bpcer = _shares(scores, media, threshold)
    return min(attacks), bpcer


def attack_error_rates__in_the_other_order(scores, media, threshold):
    """Return APCER first"""
    attacks, bpcer = _shares(scores, media, threshold)
    return bpcer, max(attacks)


def attack_error_rates__attacks_that_are_stopped(scores, media, threshold):
    """Return APCER first"""
    attacks, bpcer = _shares(scores, media, threshold)
    return 1 - max(attacks), bpcer


def attack_error_rates__living_faces_that_pass(scores, media, threshold):
    """Return APCER first"""
    attacks, bpcer = _shares(scores, media, threshold)
    return max(attacks), 1 - bpcer


def attack_error_rates__equal_is_an_attack(scores, media, threshold):
    """A score equal to the threshold counts as live"""
    media = np.array(media)
    attacks = [(scores[media == kind] > threshold).mean() for kind in set(media) - {"live"}]
    return max(attacks), (scores[media == "live"] <= threshold).mean()


def attack_error_rates__a_share_of_all_pictures(scores, media, threshold):
    """A share of the living faces, not of all pictures"""
    attacks, bpcer = _shares(scores, media, threshold)
    return max(attacks), bpcer * media.count("live") / len(media)
