"""Plausible wrong answers to the exercises of lesson 5. A docstring holds the words that the message must contain."""

import numpy as np

# -- beside_the_spread -------------------------------------------------------------------------------------------------


def _among(references):
    inner = references @ references.T
    return (inner.sum() - np.trace(inner)) / (len(references) * (len(references) - 1))


def beside_the_spread__each_reference_meets_itself(questioned, references):
    """each reference compared with itself"""
    return (questioned @ references.T).mean(1) - (references @ references.T).mean()


def beside_the_spread__nothing_is_subtracted(questioned, references):
    """you returned 1 at [0]; expected 0"""
    return (questioned @ references.T).mean(1)


def beside_the_spread__the_spread_is_added(questioned, references):
    """you returned 2 at [0]; expected 0"""
    return (questioned @ references.T).mean(1) + _among(references)


def beside_the_spread__the_nearest_reference_decides(questioned, references):
    """expected 0.5"""
    return (questioned @ references.T).max(1) - _among(references)


def beside_the_spread__mean_over_the_questioned(questioned, references):
    """shape (2,); expected (1,)"""
    return (questioned @ references.T).mean(0) - _among(references)


def beside_the_spread__pairs_counted_half(questioned, references):
    """you returned 0.5 at [0]; expected 0"""
    inner = references @ references.T
    k = len(references)
    return (questioned @ references.T).mean(1) - np.triu(inner, 1).sum() / (k * (k - 1))


# -- price_in_bits -----------------------------------------------------------------------------------------------------


def price_in_bits__natural_logarithm(llr, same):
    """you returned 0.6931; expected 1"""
    return (np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / 2


def price_in_bits__not_halved(llr, same):
    """you returned 2; expected 1"""
    return (np.logaddexp(0, -llr[same]).mean() + np.logaddexp(0, llr[~same]).mean()) / np.log(2)


def price_in_bits__the_sign_is_turned(llr, same):
    """odds of 3 to 1 for the right side"""
    return (np.logaddexp(0, llr[same]).mean() + np.logaddexp(0, -llr[~same]).mean()) / (
        2 * np.log(2)
    )


def price_in_bits__one_mean_over_all(llr, same):
    """each kind weighs one half"""
    return np.logaddexp(0, np.where(same, -llr, llr)).mean() / np.log(2)


def price_in_bits__only_the_same_ones(llr, same):
    """each kind weighs one half"""
    return np.logaddexp(0, -llr[same]).mean() / np.log(2)


def price_in_bits__base_ten(llr, same):
    """you returned 0.301; expected 1"""
    return (np.log10(1 + np.exp(-llr[same])).mean() + np.log10(1 + np.exp(llr[~same])).mean()) / 2


# -- apart -------------------------------------------------------------------------------------------------------------


def apart__by_writer_alone(writer, forger, test):
    """forger 5 works in the test too"""
    there = np.isin(writer, test)
    return ~there, there


def apart__nobody_is_a_forger_too(writer, forger, test):
    """no forgeries here"""
    there = np.isin(writer, test)
    return ~there & ~np.isin(forger, forger[there]), there


def apart__taken_from_the_test(writer, forger, test):
    """forger 5 works in the test too"""
    there = np.isin(writer, test)
    return ~there, there & ~((forger >= 0) & np.isin(forger, forger[~there]))


def apart__the_whole_writer_is_left_out(writer, forger, test):
    """forger 5 works in the test too"""
    there = np.isin(writer, test)
    met = ~there & (forger >= 0) & np.isin(forger, forger[there])
    return ~there & ~np.isin(writer, writer[met]), there


def apart__forgers_are_taken_for_writers(writer, forger, test):
    """forger 5 works in the test too"""
    there = np.isin(writer, test)
    return ~there & ~np.isin(forger, test), there


def apart__all_forgeries_are_left_out(writer, forger, test):
    """forger 6's stays in"""
    there = np.isin(writer, test)
    return ~there & (forger < 0), there


def apart__the_two_masks_are_turned_round(writer, forger, test):
    """no forgeries here"""
    there = np.isin(writer, test)
    return there, ~there & ~((forger >= 0) & np.isin(forger, forger[there]))
