"""How good is a verifier, an identifier, a one-shot classifier: rates, thresholds and intervals from scores.

Scores are similarities: larger is more alike. `same` is True where both images show one identity.
"""

from lib.evaluation.calibration import Calibration, cllr, fit_calibration, min_cllr
from lib.evaluation.episodes import (
    Episodes,
    draw_episodes,
    episode_scores,
    prototype_scores,
    retrieve,
    right,
)
from lib.evaluation.identification import Identification, identification, one_shot_accuracy
from lib.evaluation.intervals import (
    bootstrap_interval,
    interval_over,
    paired_interval,
    wilson_interval,
)
from lib.evaluation.rates import (
    Roc,
    auc,
    convert_threshold,
    equal_error_rate,
    far_frr,
    lfw_accuracy,
    roc,
    tar_at_far,
)
from lib.evaluation.references import Draw, Scored, draw_references, score_draws
from lib.evaluation.scores import as_pairs, pair_scores

__all__ = [
    "Calibration",
    "Draw",
    "Episodes",
    "Identification",
    "Roc",
    "Scored",
    "as_pairs",
    "auc",
    "bootstrap_interval",
    "cllr",
    "convert_threshold",
    "draw_episodes",
    "draw_references",
    "episode_scores",
    "equal_error_rate",
    "far_frr",
    "fit_calibration",
    "identification",
    "interval_over",
    "lfw_accuracy",
    "min_cllr",
    "one_shot_accuracy",
    "pair_scores",
    "paired_interval",
    "prototype_scores",
    "retrieve",
    "right",
    "roc",
    "score_draws",
    "tar_at_far",
    "wilson_interval",
]
