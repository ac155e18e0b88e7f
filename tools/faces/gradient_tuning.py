"""Train the course's model on, all its layers, with photographs of half of LFW's people.

    tune(views, identity, half)      the network, the trial of its layer, and what was tried

The people and the splits are those of `tools.faces.fine_tuning`. Each half chooses its recipe among
its own people: three recipes are tried for a short time on four fifths of them and judged on the
last fifth, the best of them for a long time too. With the best of these four the course's model is
then trained on all people of the half. Synthetic people of its own training are in every batch, so
that what it learned from them is not lost.

Every training goes on from its checkpoint in the cache, every pass over the images from what it
left there.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from lib import course, data, losses, models
from lib.data import ImageSet
from lib.data.synthetic.faces import TRAINING_SEED
from lib.export.contract import fingerprint
from lib.training import augment, clip_gradient, fit, learning_rate, parameter_groups
from tools import precision
from tools.cache import results_folder
from tools.faces.face_alignment import compute_in_parts
from tools.faces.fine_tuning import eer_among, held_out

LEARNED_FROM = ("aligned", "fixed")  # mirror images come from `augment.faces`
P, K, SCALE, MARGIN = 32, 2, 30.0, 0.25
SYNTHETIC = 300  # people of the model's own training
SHORT, LONG = 120, 1500  # steps of a trial: of every recipe, and of the best of them


class Recipe(NamedTuple):
    """A loss, whom it sees, and its highest learning rate."""

    description: str
    loss: str
    everybody: bool  # also people with a single photograph, whose two crops are their only pair
    lr: float


RECIPES = (
    Recipe("batch-hard triplets, people with two photographs or more", "triplet", False, 0.01),
    Recipe("CosFace, people with two photographs or more", "cosface", False, 0.05),
    Recipe("CosFace, everybody", "cosface", True, 0.05),
)


class Attempt(NamedTuple):
    """A training, and its error on people that it held out."""

    recipe: Recipe
    steps: int
    model: torch.nn.Module
    name: str  # of its checkpoint
    eer: float
    pairs: int


class Tuned(NamedTuple):
    """What came out for one half."""

    model: torch.nn.Module  # learned from all people of the half
    name: str  # of its checkpoint, which no other choice shares
    # view -> (N, D), by the network that chose: it learned nothing from the people of `held_out`
    trial: dict[str, np.ndarray]
    rows: list[dict]  # one an attempt: recipe, EER on the people held out
    seconds: float  # that all of the half's steps took, by the clock


def shrink(crops: np.ndarray, size: int = 56) -> np.ndarray:
    """uint8 (N, H, W, 3) -> uint8 (N, size, size, 3), as `models.to_input` shrinks them."""
    parts = []
    for part in np.array_split(crops, max(1, len(crops) // 500)):
        x = torch.from_numpy(part).permute(0, 3, 1, 2).float()
        x = torch.nn.functional.interpolate(
            x, (size, size), mode="bilinear", antialias=True, align_corners=False
        )
        parts.append(x.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def training_set(
    views: Mapping[str, np.ndarray], identity: np.ndarray, synthetic: ImageSet, everybody: bool
) -> ImageSet:
    """Photographs and synthetic faces as one set; no identity stands for a person of both kinds.

    views      several uint8 (N, H, W, 3) of the same photographs
    identity   (N,)
    everybody  False leaves out people with a single photograph
    """
    people, count = np.unique(identity, return_counts=True)
    kept = np.isin(identity, people if everybody else people[count > 1])
    images = np.concatenate([*(view[kept] for view in views.values()), synthetic.images])
    others = synthetic.identity - synthetic.identity.min() + identity.max() + 1
    person = np.r_[np.tile(identity[kept], len(views)), others]
    return ImageSet(images, person, np.ones(len(images), bool), [""] * len(images))


def class_means(vectors: torch.Tensor, label: np.ndarray) -> torch.Tensor:
    """(N, D) unit vectors, (N,) in 0..C-1 -> (C, D) unit vectors: each class's mean direction."""
    sums = torch.zeros(int(label.max()) + 1, vectors.shape[1])
    sums = sums.index_add_(0, torch.as_tensor(label), vectors)
    return torch.nn.functional.normalize(sums, dim=1)


def train(recipe: Recipe, images: ImageSet, steps: int, name: str) -> tuple[torch.nn.Module, float]:
    """The course's model after `steps` more, from its checkpoint on, and the seconds they took.

    raises  KeyboardInterrupt where it was stopped: a network that is not trained to the end is not
            measured
    """
    model, file = models.course_model(), results_folder() / "faces" / f"{name}.pt"
    if recipe.loss == "triplet":
        loss, baseline = losses.batch_hard_triplet_loss, losses.baseline_loss("triplet", margin=0.2)
    else:
        people, label = np.unique(images.identity, return_inverse=True)
        head = losses.CosFace(model.embedding_size, len(people), scale=SCALE, margin=MARGIN)
        if not file.exists():
            # Random directions would first undo what the network has learned.
            head.weight.data = class_means(models.embed(model, images), label)
        loss = losses.SoftmaxLoss(head)
        baseline = losses.baseline_loss("cosface", margin=MARGIN, scale=SCALE, classes=len(people))
    groups = parameter_groups(model, loss)
    optimizer = torch.optim.SGD(groups, lr=recipe.lr, momentum=0.9)
    clip_gradient(optimizer, 5.0)
    with precision.fast():
        history = fit(
            model,
            images,
            loss=loss,
            steps=steps,
            batch=(P, K),
            optimizer=optimizer,
            schedule=partial(learning_rate, schedule="one-cycle"),
            augment=augment.faces,
            baseline=baseline,
            checkpoint=file,
        )
    if not history.finished:
        raise KeyboardInterrupt(
            f"{file} was stopped after {len(history.loss)} of {steps} steps; the same command goes"
            " on from there"
        )
    return model, history.seconds


def embed_views(
    model: torch.nn.Module, name: str, views: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """view -> (N, D); kept in the cache under the network's name."""
    found = {}
    for view, images in views.items():

        def embed(positions: np.ndarray, images=images) -> np.ndarray:
            return models.embed(model, images[positions]).numpy()

        found[view] = compute_in_parts(f"{name}-{view}", images, embed)
    return found


class _Half:
    """Trainings on the people of one half."""

    def __init__(self, views: Mapping[str, np.ndarray], identity: np.ndarray, half: str) -> None:
        self.views, self.identity, self.half = views, identity, half
        self.held_out = held_out(identity)
        people = course.by_budget(quick=40, full=SYNTHETIC)
        self.synthetic = data.load(
            "synthetic-faces", identities=people, images=8, size=56, seed=TRAINING_SEED
        )
        self.seconds = 0.0

    def train(
        self, recipe: Recipe, steps: int, learn: np.ndarray, stage: str
    ) -> tuple[torch.nn.Module, str]:
        """The network and its checkpoint's name, from the photographs where `learn` is True."""
        start = fingerprint(models.course_model())[:8]
        name = f"{stage}-{self.half.replace(' ', '-')}-{RECIPES.index(recipe)}-{steps}-{start}"
        views = {view: self.views[view][learn] for view in LEARNED_FROM}
        images = training_set(views, self.identity[learn], self.synthetic, recipe.everybody)
        model, seconds = train(recipe, images, steps, name)
        self.seconds += seconds
        return model, name

    def attempt(self, recipe: Recipe, steps: int) -> Attempt:
        """Train without the people held out, and judge on them, on the mean of all views."""
        held = self.held_out
        model, name = self.train(recipe, steps, ~held, "trial")
        images = {view: images[held] for view, images in self.views.items()}
        views = embed_views(model, name, images)
        eer, pairs = eer_among(sum(views.values()) / len(views), self.identity[held])
        what = f"{recipe.description}, {steps} steps"
        print(f"{self.half}: {what}, EER on people held out {eer:.2%}", flush=True)
        return Attempt(recipe, steps, model, name, eer, pairs)


def tune(views: Mapping[str, np.ndarray], identity: np.ndarray, half: str) -> Tuned:
    """Choose among these people alone, then train on all of them.

    views     LEARNED_FROM and others, each uint8 (N, H, W, 3) of the same photographs
    identity  (N,) of one half's people
    """
    short, long = course.by_budget(quick=(2, 4), full=(SHORT, LONG))
    people = _Half(views, identity, half)

    # 1) Try every recipe for a short time, the best of them for a long time.
    attempts = [people.attempt(recipe, short) for recipe in RECIPES]
    best = min(attempts, key=lambda attempt: attempt.eer)
    attempts.append(people.attempt(best.recipe, long))
    chosen = min(attempts, key=lambda attempt: attempt.eer)
    rows = [
        {
            "half": half,
            "recipe": f"gradients, {attempt.steps:,} steps: {attempt.recipe.description}",
            "eer": attempt.eer,
            "pairs": attempt.pairs,
        }
        for attempt in attempts
    ]
    rows[attempts.index(chosen)]["chosen"] = "chosen"

    # 2) Train with the best of these on everybody.
    everybody = np.ones(len(identity), bool)
    model, name = people.train(chosen.recipe, chosen.steps, everybody, "tuned")
    trial = embed_views(chosen.model, chosen.name, views)
    return Tuned(model, name, trial, rows, people.seconds)
