"""How good is a verifier, an identifier, a one-shot classifier? Rates and intervals from scores.

Scores are similarities: larger is more alike. `same` is True where both images show one identity.

equal_error_rate, roc, auc, far_frr   two kinds of error and their curve   01_a_siamese_network
pair_scores, convert_threshold        cosine, L2 and squared L2            03_pairs_and_triplets
check_threshold                       a threshold is a finite cosine       15_on_the_phone
bootstrap_interval, paired_interval   intervals over identities            01, 11_verification
draw_references, score_draws, Scored  several references a person          07_signature_verification
cllr, min_cllr, fit_calibration       likelihood ratios                    07_signature_verification
draw_episodes, episode_scores, prototype_scores, is_correct, retrieve      08_one_shot_learning
interval_over, wilson_interval        intervals of a share                 08_one_shot_learning
tar_at_far, lfw_accuracy              rates that the field reports         11_verification
identification                        galleries and strangers              12_identification
"""

from lib.evaluation.calibration import cllr, fit_calibration, min_cllr
from lib.evaluation.episodes import (
    Episodes,
    draw_episodes,
    episode_scores,
    is_correct,
    prototype_scores,
    retrieve,
)
from lib.evaluation.identification import identification
from lib.evaluation.intervals import (
    bootstrap_interval,
    interval_over,
    paired_interval,
    wilson_interval,
)
from lib.evaluation.rates import (
    auc,
    convert_threshold,
    equal_error_rate,
    far_frr,
    lfw_accuracy,
    roc,
    tar_at_far,
)
from lib.evaluation.references import Draw, Scored, draw_references, label_scores, score_draws
from lib.evaluation.scores import (
    check_margin,
    check_threshold,
    check_threshold_table,
    pair_scores,
)
