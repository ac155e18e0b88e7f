"""Claims of lesson 4: collapse and the ways out of it, losses compared, inverted labels.

All train the network of the lesson on 150 characters in batches of 20 x 4 and measure it on the 50
unseen ones. Margins: 0.3 for triplets, 1 for pairs. Embeddings have two dimensions where a scatter
is shown, 32 where losses are compared.

spread    standard deviation of the unseen embeddings: the root of the summed variances
hard, all mean of d_ap - d_an over the triplets that batch-hard and batch-all take, divided by the
          mean distance of different pairs. Above 0, making all embeddings smaller lowers the loss
"""

import copy
import functools
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from lib import losses
from lib.data import ImageSet
from lib.data.pairs import PKBatches, all_pairs, sample_pairs
from lib.evaluation import equal_error_rate, paired_interval
from lib.models import EmbeddingNet
from tools.claims import claim, glyphs

MARGIN = 0.3


def contrastive(e: Tensor, labels: Tensor) -> Tensor:
    return losses.batch_contrastive_loss(e, labels, 1.0)


def batch_all(e: Tensor, labels: Tensor) -> Tensor:
    return losses.batch_all_triplet_loss(e, labels, MARGIN)


def semi_hard(e: Tensor, labels: Tensor) -> Tensor:
    return losses.semi_hard_triplet_loss(e, labels, MARGIN)


def batch_hard(e: Tensor, labels: Tensor) -> Tensor:
    return losses.batch_hard_triplet_loss(e, labels, MARGIN)


def soft_batch_hard(e: Tensor, labels: Tensor) -> Tensor:
    return losses.batch_hard_triplet_loss(e, labels, None)


def random_triplets(e: Tensor, labels: Tensor) -> Tensor:
    """A third as many triplets as drawings, so that each drawing is used once on average."""
    d = losses.distances(e)
    gaps = (d[:, :, None] - d[:, None])[losses.triplet_mask(labels)]
    chosen = gaps[torch.randint(len(gaps), (len(e) // 3,))]
    return (chosen + MARGIN).clamp(min=0).mean()


def inverted(e: Tensor, labels: Tensor) -> Tensor:
    """The contrastive loss with `same` where the labels differ."""
    i, j = torch.triu_indices(len(labels), len(labels), offset=1)
    return losses.contrastive_loss(losses.distances(e)[i, j], labels[i] != labels[j], 1.0)


def gaps(model: nn.Module) -> tuple[float, float]:
    """(hard, all): see above; over 20 batches of training characters."""
    train, _ = glyphs.characters()
    e, found = glyphs.embedded(model, train), []
    for batch in PKBatches(train.identity, 20, 4, batches=20):
        d, labels = losses.distances(e[batch]), torch.from_numpy(train.identity[batch])
        same = labels[:, None] == labels[None]
        hardest = d.masked_fill(~same, 0).amax(1) - d.masked_fill(same, torch.inf).amin(1)
        every = (d[:, :, None] - d[:, None])[losses.triplet_mask(labels)]
        unit = d[~same].mean().clamp_min(1e-30)
        found.append([float(hardest.mean() / unit), float(every.mean() / unit)])
    hard, every = np.mean(found, axis=0).tolist()
    return hard, every


def state(model: nn.Module, history: list[float], name: str = "") -> dict[str, float]:
    """Loss over the last ten steps, spread and EER, with `name` behind each key."""
    e = glyphs.embedded(model)
    figures = {"loss": float(np.mean(history[-10:])), "spread": e.std(0).norm().item()}
    figures["eer"] = glyphs.error_rate(e)
    return {f"{key}{name}": value for key, value in figures.items()}


@functools.cache
def collapsed(seed: int) -> tuple[nn.Module, list[float], list[float]]:
    """(model, loss of each step, EER after every 50 steps but the last)."""
    torch.manual_seed(seed)
    model, history, rates = EmbeddingNet(2), [], []

    def watched(e: Tensor, labels: Tensor) -> Tensor:
        if history and len(history) % 50 == 0:
            rates.append(glyphs.error_rate(glyphs.embedded(model)))
            model.train()
        loss = batch_hard(e, labels)
        history.append(loss.item())
        return loss

    glyphs.train(watched, seed, 2, steps=400, lr=1e-2, model=model)
    return model, history, rates


@claim(
    "batch-hard, rate 0.01",
    says="In two dimensions batch-hard at a rate of 0.01 sorts at first, then puts all embeddings "
    "close to one spot.",
)
def collapse(seed: int) -> dict[str, float]:
    model, history, rates = collapsed(seed)
    hard, every = gaps(model)
    figures = {**state(model, history), "hard": hard, "all": every, "eer_lowest": min(rates)}
    return figures | {f"eer_{50 * n}": rate for n, rate in enumerate(rates, 1)}


@claim(
    "out of the collapse",
    says="Batch-all leads a collapsed network out again, batch-hard at a smaller rate does not.",
)
def out_of_the_collapse(seed: int) -> dict[str, float]:
    figures = {}
    for name, loss in (("_hard", batch_hard), ("_all", batch_all)):
        model = copy.deepcopy(collapsed(seed)[0])
        figures |= state(*glyphs.train(loss, seed + 100, 2, steps=200, model=model), name)
    return figures


@claim(
    "soft margin",
    says="With the soft margin batch-hard at a rate of 0.01 goes close to one spot as well.",
)
def soft_margin(seed: int) -> dict[str, float]:
    return state(*glyphs.train(soft_batch_hard, seed, 2, steps=400, lr=1e-2))


@claim(
    "fewer characters",
    says="With 40 training characters batch-hard in two dimensions learns at a rate of 0.001 and "
    "collapses at 0.03.",
)
def fewer_characters(seed: int) -> dict[str, float]:
    train, test = glyphs.characters()
    forty: ImageSet = train[np.isin(train.identity, train.identities[:40])]
    figures = {}
    with mock.patch.object(glyphs, "characters", lambda: (forty, test)):
        for name, lr in (("_small", 1e-3), ("_large", 3e-2)):
            figures |= state(*glyphs.train(batch_hard, seed, 2, steps=300, lr=lr), name)
    return figures


@claim(
    "more dimensions",
    says="In 32 dimensions batch-hard learns at a rate of 0.01.",
)
def more_dimensions(seed: int) -> dict[str, float]:
    return state(*glyphs.train(batch_hard, seed, 32, steps=200, lr=1e-2))


def difference(one: Tensor, other: Tensor) -> tuple[float, float, float]:
    """EER of `one` less that of `other`, (N, D), and its paired 95 % interval (low, high).

    All three take every same pair and as many different ones, drawn once.
    """
    identity = glyphs.characters()[1].identity
    i, j, same = sample_pairs(identity, 2 * int(all_pairs(identity)[2].sum()))
    scores = [-(e[i] - e[j]).norm(dim=1) for e in (one, other)]
    people = identity[i], identity[j]
    low, high = paired_interval(equal_error_rate, *scores, same, people, resamples=400)
    eers = [equal_error_rate(score, same)[0] for score in scores]
    return eers[0] - eers[1], low, high


@claim(
    "losses compared",
    says="After 200 steps in 32 dimensions four losses over the whole batch have an EER below 8 %, "
    "random triplets above it.",
)
def losses_compared(seed: int) -> dict[str, float]:
    figures, embeddings = {}, {}
    for loss in (batch_all, contrastive, semi_hard, batch_hard, random_triplets):
        model, _ = glyphs.train(loss, seed, steps=200)
        e = embeddings[loss.__name__] = glyphs.embedded(model)
        figures[loss.__name__] = glyphs.error_rate(e)
        if loss is not batch_all:
            name = f"{loss.__name__}_from_batch_all"
            value, low, high = difference(e, embeddings["batch_all"])
            figures |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return figures


@claim(
    "inverted labels",
    says="With inverted labels the contrastive loss stays above its baseline, the EER above 30 %.",
)
def inverted_labels(seed: int) -> dict[str, float]:
    return state(*glyphs.train(inverted, seed, steps=200))


@claim(
    "batch-hard, rate 0.001",
    says="In two dimensions batch-hard at a rate of 0.001 has a lower EER after 1,500 steps than "
    "after 150.",
)
def batch_hard_at_the_usual_rate(seed: int) -> dict[str, float]:
    torch.manual_seed(seed)
    model, history, figures = EmbeddingNet(2), [], {}

    def note() -> None:
        name = f"_{len(history)}"
        figures.update(state(model, history, name) | {f"hard{name}": gaps(model)[0]})
        model.train()

    def watched(e: Tensor, labels: Tensor) -> Tensor:
        if len(history) in (150, 600):
            note()
        loss = batch_hard(e, labels)
        history.append(loss.item())
        return loss

    glyphs.train(watched, seed, 2, steps=1500, model=model)
    note()
    return figures
