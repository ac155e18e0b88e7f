"""One check an exercise. Call it with your function; it answers in one line.

checks.semi_hard(semi_hard)
semi_hard: passed on 200 random inputs and 6 edge cases
"""
# ruff: noqa: F401  (this file hands on what its lessons' files define)

from lib.checks.lesson_00 import decide, error_rates
from lib.checks.lesson_01 import find_duplicates, gives_away, split_people
from lib.checks.lesson_02 import counts, pk_batch, valid_triplets
from lib.checks.lesson_03 import contrastive, semi_hard, soft_triplet_gradient
from lib.checks.lesson_04 import arc_margin, cosface_logits, smallest_scale
from lib.checks.lesson_05 import apart, beside_the_spread, price_in_bits
from lib.checks.lesson_06 import answers, drawn_anew, precision_at
from lib.checks.lesson_07 import bottleneck_cost, fold, output_side
from lib.checks.lesson_08 import decay_of, paper_rate, useless_arcface
from lib.checks.lesson_09 import choose_and_measure, identify, to_cosine
from lib.checks.lesson_12 import far_per_comparison, from_two_eyes, open_set
from lib.checks.lesson_10 import pca_shadow, purity, sigma_of
from lib.checks.lesson_11 import phone_input, to_int8, to_levels
