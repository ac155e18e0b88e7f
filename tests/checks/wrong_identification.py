"""Plausible wrong answers to the exercise of the lesson on identification.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def identify__never_none(scores, names, threshold):
    """Nobody reaches the threshold: None"""
    return [names[g] for g in scores.argmax(1)]


def identify__the_first_that_passes(scores, names, threshold):
    """Take the best of the three"""
    return [next((name for name, s in zip(names, row) if s >= threshold), None) for row in scores]


def identify__equal_is_refused(scores, names, threshold):
    """A score equal to the threshold is accepted"""
    return [names[row.argmax()] if row.max() > threshold else None for row in scores]


def identify__the_smallest_score_wins(scores, names, threshold):
    """its largest score names it"""
    return [names[row.argmin()] if row.max() >= threshold else None for row in scores]


def identify__the_mean_of_a_persons_templates(scores, names, threshold):
    """the best one counts"""
    answers = []
    for row in scores:
        means = {
            name: np.mean([s for s, other in zip(row, names) if other == name]) for name in names
        }
        best = max(means, key=means.get)
        answers.append(best if means[best] >= threshold else None)
    return answers


def identify__indices_instead_of_names(scores, names, threshold):
    """you returned [1, 0, 0]; expected [Bo, Ada, Ada]"""
    return [int(row.argmax()) if row.max() >= threshold else None for row in scores]


def identify__the_best_of_each_template(scores, names, threshold):
    """Each row is a probe"""
    return [names[g] if s >= threshold else None for g, s in zip(scores.argmax(0), scores.max(0))]


def identify__a_word_for_nobody(scores, names, threshold):
    """you returned [unknown]; expected [None]"""
    return [names[row.argmax()] if row.max() >= threshold else "unknown" for row in scores]
