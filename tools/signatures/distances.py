"""Scores from distances between described signatures, and their vote."""

import numpy as np

from lib.data.arrays import as_array
from lib.evaluation.references import Draw, Scored

SPREAD = 0.7  # chosen on the ten training writers of SigComp2011: from 0.4 to 1, 0.7 errs least on skilled forgeries


def score_distances(distance, draws: list[Draw], owner=None, spread: float = SPREAD) -> Scored:
    """How near each questioned image is to the references, beside how near they are to each other.

    distance  (N, N), symmetric; only entries between references and between them and what is questioned are read
    spread    share of the references' own spread that is taken into account, 0 to 1; a single reference has none
    returns   minus log(distance to the references) + spread * log(distance among them), the mean of two such figures: of mean distances, and
              of distances to the nearest reference. At spread 1 a score of 0 is as alike as they are among themselves; below 1 the spread
              counts for less, because so few references tell it badly
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"spread is a share in [0, 1], not {spread}")
    distance = as_array(distance).astype(np.float64)
    rows = []
    for draw in draws:
        k = len(draw.references)
        among = distance[np.ix_(draw.references, draw.references)][~np.eye(k, dtype=bool)].reshape(
            k, k - 1
        )
        own = (np.log(among.mean()) + np.log(among.min(1).mean())) / 2 if k > 1 else 0.0
        for kind, questioned in (
            ("genuine", draw.genuine),
            ("skilled", draw.skilled),
            ("random", draw.random),
        ):
            to = distance[np.ix_(questioned, draw.references)]  # (q, k)
            scores = spread * own - (np.log(to.mean(1)) + np.log(to.min(1))) / 2
            whose = (
                as_array(owner)[questioned]
                if owner is not None
                else np.full(len(questioned), draw.identity)
            )
            rows.append(
                (
                    scores,
                    np.full(len(scores), kind == "genuine"),
                    np.full(len(scores), kind == "skilled"),
                    np.full(len(scores), draw.identity),
                    whose,
                )
            )
    return Scored(*(np.concatenate(part) for part in zip(*rows)))


def unit_of(scored: Scored) -> float:
    """How much the scores of genuine images vary: the unit for adding one kind of score to another. Measure it on training writers."""
    return float(scored.score[scored.same].std())


def vote(several: list[Scored], units: list[float]) -> Scored:
    """One score from several kinds of it, on the same draws: their mean, each in its own unit. No weight is learned."""
    if len(several) != len(units) or not several:
        raise ValueError(
            f"{len(several)} kinds of scores and {len(units)} units: there must be one unit a kind, and one kind or more"
        )
    return several[0]._replace(
        score=np.mean([scored.score / unit for scored, unit in zip(several, units)], axis=0)
    )
