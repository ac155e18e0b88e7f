"""One check an exercise. Call it with your function; it answers in one line.

checks.semi_hard(semi_hard)
semi_hard: passed on 200 random inputs and 6 edge cases
"""
# ruff: noqa: F401  (this file hands on what its lessons' files define)

from lib.checks.datasets import find_duplicates, gives_away, split_people
from lib.checks.face_training import decay_of, paper_rate, useless_arcface
from lib.checks.losses import contrastive, semi_hard, soft_triplet_gradient
from lib.checks.maps import pca_shadow, purity, sigma_of
from lib.checks.margins import arc_margin, cosface_logits, smallest_scale
from lib.checks.mobile_export import phone_input, to_int8, to_levels
from lib.checks.mobilefacenet import bottleneck_cost, fold, output_side
from lib.checks.on_the_phone import far_per_comparison, from_two_eyes, open_set
from lib.checks.one_shot import answers, drawn_anew, precision_at
from lib.checks.pairs import counts, pk_batch, valid_triplets
from lib.checks.signatures import apart, beside_the_spread, price_in_bits
from lib.checks.verification import choose_and_measure, identify, to_cosine
from lib.checks.welcome import decide, error_rates
