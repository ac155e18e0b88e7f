"""Scores from distances between described signatures, and their vote."""

import numpy as np

from lib.data.arrays import as_array
from lib.evaluation.references import Draw, Scored, label_scores

SPREAD = 0.7  # errs least on skilled forgeries of the ten training writers, from 0.4 to 1


def score_distances(distance, draws: list[Draw], owner=None, spread: float = SPREAD) -> Scored:
    """How near each questioned image is to the references, beside how near they are to each other.

    distance  (N, N), symmetric; only entries between references and between them and what is
              questioned are read
    owner     as for `label_scores`
    spread    share of the references' own spread that is taken into account, 0 to 1; a single
              reference has none
    returns   minus log(distance to the references) + spread * log(distance among them), the mean of
              two such figures: of mean distances, and of distances to the nearest reference. At
              spread 1 a score of 0 is as alike as the references are among themselves; below 1 the
              spread counts for less, because few references estimate it badly
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"spread is a share in [0, 1], not {spread}")
    distance = as_array(distance).astype(np.float64)
    scores = []
    for draw in draws:
        k = len(draw.references)
        among = distance[np.ix_(draw.references, draw.references)]
        among = among[~np.eye(k, dtype=bool)].reshape(k, k - 1)  # without each one's own
        own = (np.log(among.mean()) + np.log(among.min(1).mean())) / 2 if k > 1 else 0.0
        to = distance[np.ix_(draw.questioned, draw.references)]  # (q, k)
        scores.append(spread * own - (np.log(to.mean(1)) + np.log(to.min(1))) / 2)
    return label_scores(draws, scores, owner)


def unit_of(scored: Scored) -> float:
    """The spread of genuine images' scores: the unit for adding one kind of score to another.

    It is measured on training writers.
    """
    return float(scored.score[scored.same].std())


def vote(several: list[Scored], units: list[float]) -> Scored:
    """One score from several kinds of it, on the same draws: their mean, each in its own unit.

    raises  ValueError without a score, or with more or fewer units than kinds of scores
    """
    if len(several) != len(units) or not several:
        raise ValueError(
            f"{len(several)} kinds of scores and {len(units)} units: there must be one unit a kind,"
            " and one kind or more"
        )
    scores = [scored.score / unit for scored, unit in zip(several, units)]
    return several[0]._replace(score=np.mean(scores, axis=0))
