"""Plausible wrong answers to the exercises of the lesson on identification.

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


def _gallery(known, owner, best, threshold):
    found = (known.max(1) >= threshold) & (known.argmax(1) == owner)
    return (best >= threshold).mean(), found.mean()


def rates_of_gallery__whoever_is_named_counts(known, owner, strangers, one_in):
    """under another person's name"""
    best = np.sort(strangers.max(1))[::-1]
    threshold = best[len(best) // one_in - 1]
    return (best >= threshold).mean(), (known.max(1) >= threshold).mean()


def rates_of_gallery__rank_1(known, owner, strangers, one_in):
    """One enrolled probe misses it"""
    best = np.sort(strangers.max(1))[::-1]
    threshold = best[len(best) // one_in - 1]
    return (best >= threshold).mean(), (known.argmax(1) == owner).mean()


def rates_of_gallery__every_score_of_a_stranger(known, owner, strangers, one_in):
    """you returned"""
    every = np.sort(strangers.ravel())[::-1]
    threshold = every[len(every) // one_in - 1]
    return _gallery(known, owner, strangers.max(1), threshold)


def rates_of_gallery__equal_is_refused(known, owner, strangers, one_in):
    """the threshold is 0.5"""
    best = np.sort(strangers.max(1))[::-1]
    threshold = best[len(best) // one_in - 1]
    found = (known.max(1) > threshold) & (known.argmax(1) == owner)
    return (best > threshold).mean(), found.mean()


def rates_of_gallery__one_stranger_too_many(known, owner, strangers, one_in):
    """the threshold is 0.5"""
    best = np.append(np.sort(strangers.max(1))[::-1], -1)
    return _gallery(known, owner, best[:-1], best[len(strangers) // one_in])


def rates_of_gallery__rounded_up(known, owner, strangers, one_in):
    """round down"""
    best = np.sort(strangers.max(1))[::-1]
    return _gallery(known, owner, best, best[-(-len(best) // one_in) - 1])


def rates_of_gallery__the_other_order(known, owner, strangers, one_in):
    """expected"""
    best = np.sort(strangers.max(1))[::-1]
    return _gallery(known, owner, best, best[len(best) // one_in - 1])[::-1]
