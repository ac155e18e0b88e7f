"""Plausible wrong answers to the exercises of the welcome lesson.

A docstring holds the words that the check's message must contain, divided by |.
"""


def decide__below(scores, threshold):
    """for scores = [0.75], threshold = 0.5 you returned False | A larger score means more alike"""
    return scores <= threshold


def decide__strictly_above(scores, threshold):
    """scores = [0.5], threshold = 0.5 you returned False | A score equal to the threshold"""
    return scores > threshold


def decide__by_size(scores, threshold):
    """not very alike"""
    return scores.abs() >= threshold


def decide__zeros_and_ones(scores, threshold):
    """expected True and False"""
    return (scores >= threshold).float()


def decide__one_answer_for_all(scores, threshold):
    """you returned shape (); expected shape (1,)"""
    return (scores >= threshold).all()


def decide__always_at_zero(scores, threshold):
    """for scores = [0.25], threshold = 0.5 you returned True"""
    return scores >= 0


def error_rates__exchanged(scores, same, threshold):
    """you returned (0, 0.25); expected (0.25, 0) | The order is FAR, FRR"""
    accepted = scores >= threshold
    return (~accepted[same]).float().mean(), accepted[~same].float().mean()


def error_rates__share_of_all_pairs(scores, same, threshold):
    """you returned (0.5, 0.5); expected (1, 1)"""
    accepted = scores >= threshold
    return (accepted & ~same).float().mean(), (~accepted & same).float().mean()


def error_rates__counts(scores, same, threshold):
    """FAR is a share"""
    accepted = scores >= threshold
    return (accepted & ~same).sum(), (~accepted & same).sum()


def error_rates__accepted_instead_of_rejected(scores, same, threshold):
    """you returned (1, 0); expected (1, 1) | The impostor is accepted and the owner is not"""
    accepted = scores >= threshold
    return accepted[~same].float().mean(), accepted[same].float().mean()


def error_rates__strictly_above(scores, same, threshold):
    """A score equal to the threshold is accepted"""
    accepted = scores > threshold
    return accepted[~same].float().mean(), (~accepted[same]).float().mean()


def error_rates__as_if_distances(scores, same, threshold):
    """you returned (0, 0); expected (1, 1)"""
    accepted = scores <= threshold
    return accepted[~same].float().mean(), (~accepted[same]).float().mean()


def error_rates__share_of_the_accepted(scores, same, threshold):
    """FAR is a share of the different pairs"""
    accepted = scores >= threshold
    return (accepted & ~same).sum() / accepted.sum().clamp_min(1), (~accepted & same).sum() / (
        ~accepted
    ).sum().clamp_min(1)
