"""One check for each exercise: call it with your function, and it answers in one line.

    checks.batch_hard_loss(batch_hard_loss)
    batch_hard_loss: passed on 100 random inputs and 7 edge cases

welcome         `decide`, `error_rates`: 00_welcome
siamese         `joint`, `training_step`, `verify`: 01_a_siamese_network
datasets        `split_people`, `find_duplicates`, `best_balanced_accuracy`: 02_datasets
pairs           `counts`, `valid_triplets`, `pk_batch`: 03_pairs_and_triplets
losses          `contrastive_step`, `batch_hard_loss`, `soft_triplet_gradient`:
                04_contrastive_and_triplet_loss
negatives       `nt_xent`, `simsiam`, `nt_xent_gradient`: 05_many_negatives_or_none
margins         `arc_margin`, `cosface`: 06_angular_margin_loss
signatures      `verify_signature`, `split_without_shared_forgers`: 07_signature_verification
one_shot        `nearest_character`, `precision_at`, `bootstrap_shares`: 08_one_shot_learning
mobilefacenet   `output_side`, `bottleneck_cost`, `global_depthwise`: 09_mobilefacenet
face_training   `paper_learning_rate`, `weight_decay`, `arcface_baseline`: 10_face_training
verification    `to_cosine`, `choose_and_measure`: 11_verification
identification  `identify`, `rates_of_gallery`: 12_identification
maps            `pca_map`, `umap_sigma`, `purity`: 13_embedding_maps
mobile_export   `phone_input`, `to_levels`, `to_int8`: 14_mobile_export
on_the_phone    `from_two_eyes`, `open_set`, `far_per_comparison`: 15_on_the_phone
attacks         `attack_error_rates`: 16_attacks_and_privacy
judge           the frame that all checks share
"""

from lib.checks.attacks import attack_error_rates
from lib.checks.datasets import best_balanced_accuracy, find_duplicates, split_people
from lib.checks.face_training import arcface_baseline, paper_learning_rate, weight_decay
from lib.checks.identification import identify, rates_of_gallery
from lib.checks.losses import batch_hard_loss, contrastive_step, soft_triplet_gradient
from lib.checks.maps import pca_map, purity, umap_sigma
from lib.checks.margins import arc_margin, cosface
from lib.checks.mobile_export import phone_input, to_int8, to_levels
from lib.checks.mobilefacenet import bottleneck_cost, global_depthwise, output_side
from lib.checks.negatives import nt_xent, nt_xent_gradient, simsiam
from lib.checks.on_the_phone import far_per_comparison, from_two_eyes, open_set
from lib.checks.one_shot import bootstrap_shares, nearest_character, precision_at
from lib.checks.pairs import counts, pk_batch, valid_triplets
from lib.checks.siamese import joint, training_step, verify
from lib.checks.signatures import split_without_shared_forgers, verify_signature
from lib.checks.verification import choose_and_measure, to_cosine
from lib.checks.welcome import decide, error_rates
