"""Claims of lesson 5: two views without labels, SimSiam, and SimSiam without one of its parts.

All train the network of the lesson with 32 dimensions for 100 steps, and compare the unseen
characters by cosine. A difference of two error rates comes with its paired 95 % interval, which
resamples the unseen characters.
"""

import functools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data.pairs import all_pairs, sample_pairs
from lib.evaluation import equal_error_rate, paired_interval
from lib.losses import nt_xent_loss
from lib.models import EmbeddingNet, to_input
from lib.training.augment import Redrawn
from tools.claims import claim
from tools.claims.glyphs import characters, embedded, error_rate, train

STEPS, COUNT, TEMPERATURE = 100, 64, 0.2  # of a training, drawings of a step


@functools.cache
def drawings() -> Tensor:
    return to_input(characters()[0].images, EmbeddingNet())


def two_views() -> tuple[Tensor, Tensor]:
    """COUNT training drawings without regard to their labels, each redrawn twice."""
    images = drawings()
    batch = images[torch.randint(len(images), (COUNT,))]
    redraw = Redrawn()
    return redraw(batch), redraw(batch)


@functools.cache
def pixels() -> Tensor:
    """(N, 784) of the unseen characters, less the mean of the training drawings."""
    test = to_input(characters()[1].images, EmbeddingNet())
    return test.flatten(1) - drawings().flatten(1).mean(0)


def difference(one: Tensor, other: Tensor) -> tuple[float, float, float]:
    """EER of `one` less that of `other` (N, D), and its paired interval (low, high).

    The interval takes every same pair and as many different ones, drawn once.
    """
    identity = characters()[1].identity
    i, j, same = sample_pairs(identity, 2 * int(all_pairs(identity)[2].sum()))
    scores = [F.cosine_similarity(vectors[i], vectors[j]) for vectors in (one, other)]
    people = identity[i], identity[j]
    low, high = paired_interval(equal_error_rate, *scores, same, people, resamples=200)
    return error_rate(one, cosine=True) - error_rate(other, cosine=True), low, high


def simclr(seed: int) -> Tensor:
    """Embeddings of the unseen characters after a training on views, without labels."""
    torch.manual_seed(seed)
    net, labels = EmbeddingNet(32), torch.arange(COUNT).repeat(2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for _ in range(STEPS):
        loss = nt_xent_loss(net(torch.cat(two_views())), labels, TEMPERATURE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return embedded(net)


class SimSiam(nn.Module):
    """As in the lesson: network, projector, predictor; each of two safeguards can be left out."""

    def __init__(self, stop_gradient: bool = True, with_predictor: bool = True) -> None:
        super().__init__()
        self.net, self.stop_gradient = EmbeddingNet(32), stop_gradient
        self.projector = nn.Sequential(nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32))
        narrow = nn.Sequential(nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 32))
        self.predictor = narrow if with_predictor else nn.Identity()

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        z = self.projector(self.net(torch.cat([first, second])))
        p1, p2 = self.predictor(z).chunk(2)
        z1, z2 = (z.detach() if self.stop_gradient else z).chunk(2)
        cosines = F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()
        return -cosines / 2, z


def simsiam(seed: int, **parts: bool) -> tuple[Tensor, dict[str, float]]:
    """Embeddings of the unseen characters, and (loss, std of z / |z|) of the last step."""
    torch.manual_seed(seed)
    model = SimSiam(**parts)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    for _ in range(STEPS):
        loss, z = model(*two_views())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    spread = F.normalize(z, dim=1).std(0).mean()
    return embedded(model.net), {"loss": loss.item(), "spread": spread.item()}


@claim(
    "views without labels",
    says="Two views in place of labels lower the EER of raw pixels by 12 points, labels by 13.",
)
def views_without_labels(seed: int) -> dict[str, float]:
    views = simclr(seed)
    model, _ = train(lambda e, y: nt_xent_loss(e, y, TEMPERATURE), seed, steps=STEPS)
    labels = embedded(model)
    figures = {"pixels": error_rate(pixels(), cosine=True), "views": error_rate(views, cosine=True)}
    figures["labels"] = error_rate(labels, cosine=True)
    for name, pair in (("pixels", (views, pixels())), ("labels", (labels, views))):
        value, low, high = difference(*pair)
        figures |= {f"from_{name}": value, f"from_{name}_low": low, f"from_{name}_high": high}
    return figures


@claim(
    "simsiam",
    says="SimSiam has a lower EER than raw pixels, and a higher one than NT-Xent on views.",
)
def with_all_parts(seed: int) -> dict[str, float]:
    embeddings, figures = simsiam(seed)
    value, low, high = difference(embeddings, pixels())
    eer = error_rate(embeddings, cosine=True)
    return {"eer": eer, "from_pixels": value, "low": low, "high": high, **figures}


@claim(
    "simsiam, no stop-gradient",
    says="Without the stop-gradient the loss nears -1, the spread falls to a quarter.",
)
def without_stop_gradient(seed: int) -> dict[str, float]:
    embeddings, figures = simsiam(seed, stop_gradient=False)
    return {"eer": error_rate(embeddings, cosine=True), **figures}


@claim(
    "simsiam, no predictor",
    says="Without the predictor the loss nears -1, the spread falls to a quarter.",
)
def without_predictor(seed: int) -> dict[str, float]:
    embeddings, figures = simsiam(seed, with_predictor=False)
    return {"eer": error_rate(embeddings, cosine=True), **figures}
