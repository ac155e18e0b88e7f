"""Plausible wrong answers to the exercises of the lesson on signature verification.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def _unit(vectors):
    vectors = np.asarray(vectors, dtype=float)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _among(references):
    inner, k = _unit(references) @ _unit(references).T, len(references)
    return (inner.sum() - k) / (k * (k - 1)) if k > 1 else 0.0


def _to(questioned, references):
    return (_unit(references) @ _unit(questioned)).mean()


def verify_signature__each_reference_meets_itself(questioned, references, threshold):
    """Is a reference compared with itself?"""
    among = (_unit(references) @ _unit(references).T).mean() if len(references) > 1 else 0.0
    score = _to(questioned, references) - among
    return score, bool(score >= threshold)


def verify_signature__nothing_is_subtracted(questioned, references, threshold):
    """Two equal references have cosine 1"""
    score = _to(questioned, references)
    return score, bool(score >= threshold)


def verify_signature__not_normalised(questioned, references, threshold):
    """Normalise"""
    references, k = np.asarray(references), len(references)
    among = references @ references.T
    among = (among.sum() - np.trace(among)) / (k * (k - 1)) if k > 1 else 0.0
    score = (references @ np.asarray(questioned)).mean() - among
    return score, bool(score >= threshold)


def verify_signature__nearest_reference_decides(questioned, references, threshold):
    """Is a reference compared with itself? These two have cosine 0"""
    score = (_unit(references) @ _unit(questioned)).max() - _among(references)
    return score, bool(score >= threshold)


def verify_signature__divided_by_zero_for_one_reference(questioned, references, threshold):
    """One reference has no pairs"""
    inner, k = _unit(references) @ _unit(references).T, len(references)
    with np.errstate(invalid="ignore"):
        score = _to(questioned, references) - (inner.sum() - k) / np.float64(k * (k - 1))
    return score, bool(score >= threshold)


def verify_signature__the_threshold_itself_is_rejected(questioned, references, threshold):
    """A score at the threshold is accepted"""
    score = _to(questioned, references) - _among(references)
    return score, bool(score > threshold)


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
