"""Plausible wrong answers to the exercises of the lesson on signature verification.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def _among(references):
    inner = references @ references.T
    return (inner.sum() - np.trace(inner)) / (len(references) * (len(references) - 1))


def score_against_references__each_reference_meets_itself(questioned, references):
    """Is each compared with itself?"""
    return (questioned @ references.T).mean(1) - (references @ references.T).mean()


def score_against_references__nothing_is_subtracted(questioned, references):
    """you returned 1 at [0]; expected 0"""
    return (questioned @ references.T).mean(1)


def score_against_references__the_spread_is_added(questioned, references):
    """you returned 2 at [0]; expected 0"""
    return (questioned @ references.T).mean(1) + _among(references)


def score_against_references__the_nearest_reference_decides(questioned, references):
    """expected 0.5"""
    return (questioned @ references.T).max(1) - _among(references)


def score_against_references__mean_over_the_questioned(questioned, references):
    """shape (2,); expected shape (1,)"""
    return (questioned @ references.T).mean(0) - _among(references)


def score_against_references__pairs_counted_half(questioned, references):
    """you returned 0.5 at [0]; expected 0"""
    inner = references @ references.T
    k = len(references)
    return (questioned @ references.T).mean(1) - np.triu(inner, 1).sum() / (k * (k - 1))


def cllr_in_bits__natural_logarithm(llr, same):
    """you returned 0.6931; expected 1"""
    return (np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / 2


def cllr_in_bits__not_halved(llr, same):
    """you returned 2; expected 1"""
    return (np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / np.log(2)


def cllr_in_bits__sign_reversed(llr, same):
    """3 to 1 for the correct side"""
    return (np.logaddexp(0, llr[same]).mean() + np.logaddexp(0, -llr[~same]).mean()) / (
        2 * np.log(2)
    )


def cllr_in_bits__one_mean_over_all(llr, same):
    """Each kind has weight one half"""
    return np.logaddexp(0, np.where(same, -llr, llr)).mean() / np.log(2)


def cllr_in_bits__only_the_same_ones(llr, same):
    """Each kind has weight one half"""
    return np.logaddexp(0, -llr[same]).mean() / np.log(2)


def cllr_in_bits__base_ten(llr, same):
    """you returned 0.301; expected 1"""
    return (np.log10(1 + np.exp(-llr[same])).mean() + np.log10(1 + np.exp(llr[~same])).mean()) / 2


def split_without_shared_forgers__by_writer_alone(writer, forger, test):
    """Forger 5 also forges in the test set"""
    there = np.isin(writer, test)
    return ~there, there


def split_without_shared_forgers__minus_one_counts_as_a_forger(writer, forger, test):
    """Without forgeries, split by writer"""
    there = np.isin(writer, test)
    return ~there & ~np.isin(forger, forger[there]), there


def split_without_shared_forgers__taken_from_the_test(writer, forger, test):
    """Forger 5 also forges in the test set"""
    there = np.isin(writer, test)
    return ~there, there & ~((forger >= 0) & np.isin(forger, forger[~there]))


def split_without_shared_forgers__the_whole_writer_is_left_out(writer, forger, test):
    """Forger 5 also forges in the test set"""
    there = np.isin(writer, test)
    met = ~there & (forger >= 0) & np.isin(forger, forger[there])
    return ~there & ~np.isin(writer, writer[met]), there


def split_without_shared_forgers__forgers_are_taken_for_writers(writer, forger, test):
    """Forger 5 also forges in the test set"""
    there = np.isin(writer, test)
    return ~there & ~np.isin(forger, test), there


def split_without_shared_forgers__all_forgeries_are_left_out(writer, forger, test):
    """keep forger 6's"""
    there = np.isin(writer, test)
    return ~there & (forger < 0), there


def split_without_shared_forgers__train_and_test_exchanged(writer, forger, test):
    """Without forgeries, split by writer"""
    there = np.isin(writer, test)
    return there, ~there & ~((forger >= 0) & np.isin(forger, forger[there]))
