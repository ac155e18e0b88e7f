"""Train the course's model on, with gradients through the whole network, on photographs of half of LFW's people; judged on the other half.

    tuned(looks, identity, half) -> Tuned: the network, its layer's trial, and what was tried

The people and the splits are those of `tools.faces.fine_tuning`. What there is to choose, each half chooses among its own people: three recipes
are tried for a short time on four fifths of them and judged on the last fifth, the best of them for a long time too; as the best of all
was, the course model is then trained on all people of the half. Made-up people of its own training learn along, so that what it knows is
not lost.

Every training goes on from its checkpoint in the cache, every pass over the images from what it left there.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from lib import course, data, losses, models
from lib.data import ImageSet
from lib.data.synthetic.faces import TRAINING_SEED
from lib.training import augment, fit
from tools.faces.face_alignment import kept
from tools.faces.fine_tuning import error_among, held_out

LEARNED_FROM = ("aligned", "fixed")  # mirror images come from `augment.faces`
P, K, SCALE, MARGIN = 32, 2, 30.0, 0.25
MADE_UP = 300
SHORT, LONG = (
    120,
    1500,
)  # steps of a trial: of every recipe; of the best of them once more, the time there was


class Recipe(NamedTuple):
    """A loss, whom it sees, and its highest learning rate."""

    what: str
    loss: str
    everybody: bool  # also people with a single photograph, whose two crops are then the only pair
    lr: float


RECIPES = (
    Recipe("batch-hard triplets, people with two photographs or more", "triplet", False, 0.01),
    Recipe("CosFace, people with two photographs or more", "cosface", False, 0.05),
    Recipe("CosFace, everybody", "cosface", True, 0.05),
)


class Attempt(NamedTuple):
    """A training, and what it is worth on people that it kept out."""

    recipe: Recipe
    steps: int
    model: torch.nn.Module
    name: str  # of its checkpoint
    eer: float
    pairs: int


class Tuned(NamedTuple):
    """What came out for one half."""

    model: torch.nn.Module  # has learned from all people of the half
    name: str  # of its checkpoint, which no other choice shares
    trial: dict[
        str, np.ndarray
    ]  # look -> (N, D), by a network of the same recipe that learned nothing from the people of `held_out`
    rows: list[dict]  # one an attempt: recipe, EER on the people kept out
    seconds: float  # that all of the half's steps took, by the clock


def small(crops: np.ndarray, size: int = 56) -> np.ndarray:
    """uint8 (N, H, W, 3) -> uint8 (N, size, size, 3), as `models.to_input` makes them, to a grey level."""
    parts = []
    for part in np.array_split(crops, max(1, len(crops) // 500)):
        x = torch.from_numpy(part).permute(0, 3, 1, 2).float()
        x = torch.nn.functional.interpolate(
            x, (size, size), mode="bilinear", antialias=True, align_corners=False
        )
        parts.append(x.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def lesson(
    looks: Mapping[str, np.ndarray], identity: np.ndarray, made_up: ImageSet, everybody: bool
) -> ImageSet:
    """The images to learn from, real and made up; no number stands for a person of both kinds.

    looks      several uint8 (N, H, W, 3) of the same photographs
    identity   (N,)
    everybody  False leaves out people with a single photograph
    """
    people, count = np.unique(identity, return_counts=True)
    some = np.isin(identity, people if everybody else people[count > 1])
    real = np.tile(identity[some], len(looks))
    images = np.concatenate([*(look[some] for look in looks.values()), made_up.images])
    who = np.r_[real, made_up.identity - made_up.identity.min() + identity.max() + 1]
    return ImageSet(images, who, np.ones(len(images), bool), [""] * len(images))


def class_means(vectors: torch.Tensor, label: np.ndarray) -> torch.Tensor:
    """(N, D) unit vectors, (N,) in 0..C-1, each there -> (C, D): the direction in which each class lies, at length 1."""
    sums = torch.zeros(int(label.max()) + 1, vectors.shape[1]).index_add_(
        0, torch.as_tensor(label), vectors
    )
    return torch.nn.functional.normalize(sums, dim=1)


def trained(
    recipe: Recipe, train: ImageSet, steps: int, name: str
) -> tuple[torch.nn.Module, float]:
    """The course's model after `steps` more, and the seconds they took; goes on from its checkpoint.

    raises  KeyboardInterrupt where it was told to stop: what is not trained to its end is not measured
    """
    model, file = models.course_model(), course.cache_dir() / "results" / "faces" / f"{name}.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    if recipe.loss == "triplet":
        loss, trivial = losses.batch_hard_triplet_loss, losses.baseline_loss("triplet", margin=0.2)
    else:
        people, label = np.unique(train.identity, return_inverse=True)
        head = losses.CosFace(model.embedding_size, len(people), scale=SCALE, margin=MARGIN)
        if not file.exists():  # whose directions went on from here
            head.weight.data = class_means(
                models.embed(model, train), label
            )  # not at random: that would first undo what the network knows
        loss, trivial = (
            losses.SoftmaxLoss(head),
            losses.baseline_loss("cosface", margin=MARGIN, scale=SCALE, classes=len(people)),
        )
    history = fit(
        model,
        train,
        loss=loss,
        steps=steps,
        p=P,
        k=K,
        lr=recipe.lr,
        schedule="one-cycle",
        clip=5.0,
        augment=augment.faces,
        trivial=trivial,
        bf16=True,
        checkpoint=file,
    )
    if not history.finished:
        raise KeyboardInterrupt(
            f"{file} was stopped after {len(history.loss)} of {steps} steps; the same command goes on from there"
        )
    return model, history.seconds


def embedded(
    model: torch.nn.Module, name: str, looks: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """look -> (N, D); kept in the cache under the network's name."""
    return {
        look: kept(
            f"{name}-{look}",
            images,
            lambda some, images=images: models.embed(model, images[some]).numpy(),
        )
        for look, images in looks.items()
    }


def tuned(looks: Mapping[str, np.ndarray], identity: np.ndarray, half: str) -> Tuned:
    """Choose among these people alone, then train on all of them.

    looks     LEARNED_FROM and others, each uint8 (N, H, W, 3) of the same photographs; a network is judged on the mean of all
    identity  (N,) of one half's people
    """
    people, short, long = course.by_budget(quick=(40, 2, 4), full=(MADE_UP, SHORT, LONG))
    made_up = data.load("synthetic-faces", identities=people, images=8, size=56, seed=TRAINING_SEED)
    held, seconds = held_out(identity), []

    def train(
        recipe: Recipe, steps: int, some: np.ndarray, stage: str
    ) -> tuple[torch.nn.Module, str]:
        name = f"{stage}-{half.replace(' ', '-')}-{RECIPES.index(recipe)}-{steps}"
        images = lesson(
            {look: looks[look][some] for look in LEARNED_FROM},
            identity[some],
            made_up,
            recipe.everybody,
        )
        model, took = trained(recipe, images, steps, name)
        seconds.append(took)
        return model, name

    def attempt(recipe: Recipe, steps: int) -> Attempt:
        model, name = train(recipe, steps, ~held, "trial")
        seen = embedded(model, name, {look: images[held] for look, images in looks.items()})
        one = Attempt(
            recipe, steps, model, name, *error_among(sum(seen.values()) / len(seen), identity[held])
        )
        print(
            f"{half}: {one.recipe.what}, {steps} steps, EER on people kept out {one.eer:.2%}",
            flush=True,
        )
        return one

    def best() -> Attempt:
        return min(attempts, key=lambda one: one.eer)

    attempts = [attempt(recipe, short) for recipe in RECIPES]
    attempts.append(attempt(best().recipe, long))
    chosen = best()
    model, name = train(chosen.recipe, chosen.steps, np.ones(len(identity), bool), "tuned")
    rows = [
        {
            "half": half,
            "recipe": f"gradients, {one.steps:,} steps: {one.recipe.what}",
            "eer": one.eer,
            "pairs": one.pairs,
        }
        for one in attempts
    ]
    rows[attempts.index(chosen)]["chosen"] = "chosen"
    return Tuned(model, name, embedded(chosen.model, chosen.name, looks), rows, sum(seconds))
