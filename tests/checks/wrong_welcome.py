"""Plausible wrong answers to the exercises of lesson 0; each docstring holds the words that the check must answer."""


def decide__below(scores, threshold):
    """for scores = [0.75], threshold = 0.5 you returned False | larger score is more alike"""
    return scores <= threshold


def decide__strictly_above(scores, threshold):
    """for scores = [0.5], threshold = 0.5 you returned False | reaches the threshold exactly is accepted"""
    return scores > threshold


def decide__by_size(scores, threshold):
    """not a strong yes"""
    return scores.abs() >= threshold


def decide__zeros_and_ones(scores, threshold):
    """True and False were expected"""
    return (scores >= threshold).float()


def decide__one_answer_for_all(scores, threshold):
    """you returned shape (); expected (1,)"""
    return (scores >= threshold).all()


def decide__always_at_zero(scores, threshold):
    """for scores = [0.25], threshold = 0.5 you returned True"""
    return scores >= 0


def error_rates__exchanged(scores, same, threshold):
    """you returned (0, 0.25); expected (0.25, 0) | the order is FAR, FRR"""
    accepted = scores >= threshold
    return (~accepted[same]).float().mean(), accepted[~same].float().mean()


def error_rates__share_of_all_pairs(scores, same, threshold):
    """you returned (0.5, 0.5); expected (1, 1)"""
    accepted = scores >= threshold
    return (accepted & ~same).float().mean(), (~accepted & same).float().mean()


def error_rates__counts(scores, same, threshold):
    """not a count"""
    accepted = scores >= threshold
    return (accepted & ~same).sum(), (~accepted & same).sum()


def error_rates__accepted_instead_of_rejected(scores, same, threshold):
    """you returned (1, 0); expected (1, 1) | the owner does not"""
    accepted = scores >= threshold
    return accepted[~same].float().mean(), accepted[same].float().mean()


def error_rates__strictly_above(scores, same, threshold):
    """a score at the threshold is accepted"""
    accepted = scores > threshold
    return accepted[~same].float().mean(), (~accepted[same]).float().mean()


def error_rates__as_if_distances(scores, same, threshold):
    """you returned (0, 0); expected (1, 1)"""
    accepted = scores <= threshold
    return accepted[~same].float().mean(), (~accepted[same]).float().mean()


def error_rates__share_of_the_accepted(scores, same, threshold):
    """FAR is a share of the pairs of different people"""
    accepted = scores >= threshold
    return (accepted & ~same).sum() / accepted.sum().clamp_min(1), (~accepted & same).sum() / (
        ~accepted
    ).sum().clamp_min(1)
