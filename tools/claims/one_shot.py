"""What the lesson on one-shot learning says: which question the twins should be taught to answer.

The lesson's own twins, made-up characters, number of steps and questions; only the seed changes.
"""

import functools
from functools import partial

import torch

from lib import data, evaluation, models, training
from lib.models import embed
from lib.training import augment
from tools.claims import claim


@functools.cache
def characters() -> tuple[data.ImageSet, data.ImageSet]:
    """(train, test): 25 made-up alphabets to learn from, 5 others to ask about."""
    glyphs = data.load("synthetic-glyphs", alphabets=30, characters=20, drawers=10)
    asked = glyphs.extra["alphabet"] < 5
    return glyphs[~asked], glyphs[asked]


def right(head: models.L1Head, seed: int, steps: int = 250) -> float:
    """The share of 400 questions, 20-way within an alphabet, that twins with this head answer."""
    train, test = characters()
    torch.manual_seed(seed)
    twins = models.KochNet(features=512, input_size=(28, 28), kernels=(4, 3, 2, 1), width=0.5)
    models.initialise(twins, head)
    groups = training.parameter_groups(twins, head, weight_decay=(0.05, 0.0))
    training.fit(
        twins,
        train,
        loss=head,
        steps=steps,
        batch=(32, 2),
        optimizer=torch.optim.AdamW(groups, lr=5e-4),
        schedule=partial(training.learning_rate, schedule="one-cycle"),
        augment=augment.Redrawn(0.7),
        seed=seed,
    )
    group = test.extra["alphabet"]
    questions = evaluation.draw_episodes(test.identity, ways=20, shots=1, count=400, group=group)
    features = embed(twins, test)
    with torch.no_grad():
        scores = evaluation.episode_scores(head.scores(features, features), questions)
    return float(evaluation.is_correct(scores, questions.answer).mean())


@claim(
    "which of N",
    says="the same twins answer more questions when each batch asks which of 32 characters it is",
    seeds=3,
)
def which_of_n(seed: int) -> dict[str, float]:
    return {
        "pairwise": right(models.L1Head(512), seed),
        "n_way": right(models.NWayL1Head(512), seed),
    }
