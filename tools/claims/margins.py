"""Claims of the lesson on angular margins: what a margin is worth, on known characters and others.

Every head is trained with the same network on the first 15 hands of the 150 training characters.
All are measured on drawings of the last five hands: of these 150 characters, and of the 50 unseen
ones. Scales (of 4, 8, 16, 30 and 64) and margins were chosen before, on other drawings: the first
12 hands for training and the next three for choosing.
"""

import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data import ImageSet
from lib.data.pairs import PKBatches, all_pairs
from lib.evaluation import equal_error_rate, tar_at_far
from lib.evaluation.intervals import draw_groups
from lib.losses import ArcFace, CosFace, NormalizedSoftmax
from lib.models import EmbeddingNet, to_input
from tools.claims import claim
from tools.claims.glyphs import characters

SIZE, STEPS, HANDS = 32, 400, 15
RESAMPLES = 200
FARS = 0.001, 0.01
RATES = "TAR at 0.1 %", "TAR at 1 %", "EER"


class Softmax(nn.Module):
    """The head of a plain classifier."""

    def __init__(self, embedding_size: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(embedding_size, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return self.linear(embeddings)


HEADS = {
    "plain": Softmax,
    "scale 4": functools.partial(NormalizedSoftmax, scale=4),
    "scale 16": functools.partial(NormalizedSoftmax, scale=16),
    "scale 64": functools.partial(NormalizedSoftmax, scale=64),
    "CosFace": functools.partial(CosFace, scale=16, margin=0.35),
    "ArcFace": functools.partial(ArcFace, scale=16, margin=0.5),
    "ArcFace 64": functools.partial(ArcFace, scale=64, margin=0.5),
}


@functools.cache
def drawings() -> tuple[ImageSet, dict[str, ImageSet]]:
    """(drawings to learn from, drawings by new hands of known characters and of strangers)"""
    train, strangers = characters()
    new = {
        name: images[images.extra["drawer"] >= HANDS]
        for name, images in (("known", train), ("strangers", strangers))
    }
    return train[train.extra["drawer"] < HANDS], new


@functools.cache
def cosines(seed: int, name: str) -> dict[str, np.ndarray]:
    """Cosines of all pairs of new drawings, known and strangers, after a training with one head."""
    learn, new = drawings()
    torch.manual_seed(seed)
    labels = torch.from_numpy(np.unique(learn.identity, return_inverse=True)[1])
    net, head = EmbeddingNet(SIZE), HEADS[name](SIZE, len(learn.identities))
    optimizer = torch.optim.AdamW([*net.parameters(), *head.parameters()], lr=1e-3)
    x = to_input(learn.images, net)
    for batch in PKBatches(learn.identity, 20, 4, batches=STEPS, seed=seed):
        loss = F.cross_entropy(head(net(x[batch]), labels[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    found = {}
    for who, images in new.items():
        with torch.no_grad():
            unit = F.normalize(net(to_input(images.images, net)), dim=1)
        i, j, _ = all_pairs(images.identity)
        found[who] = (unit @ unit.T)[i, j].double().numpy()
    return found


def rates(scores: np.ndarray, same: np.ndarray) -> np.ndarray:
    """TAR at FAR 0.1 %, TAR at FAR 1 %, EER."""
    tars = [tar_at_far(scores, same, far)[0] for far in FARS]
    return np.array([*tars, equal_error_rate(scores, same)[0]])


def redrawn_rates(scores: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """(RESAMPLES, 3): the rates where characters are drawn with replacement.

    A character drawn w times brings its same pairs w times, and its pairs with a character drawn
    v times w v times, as in `lib.evaluation.paired_interval`. Sorting once makes it fast enough
    for 280,000 pairs.
    """
    codes = np.unique(identity, return_inverse=True)[1]
    i, j, same = all_pairs(identity)
    order = np.argsort(-scores)
    first, second, same = codes[i][order], codes[j][order], same[order]
    found = []
    for drawn in draw_groups(codes.max() + 1, RESAMPLES, seed=0):
        times = np.bincount(drawn, minlength=codes.max() + 1).astype(float)
        weight = np.where(same, times[first], times[first] * times[second])
        tar, far = np.cumsum(weight * same), np.cumsum(weight * ~same)
        tar, far = tar / tar[-1], far / far[-1]
        tars = [tar[np.searchsorted(far, limit, side="right") - 1] for limit in FARS]
        found.append([*tars, far[np.argmax(far >= 1 - tar)]])
    return np.array(found)


@functools.cache
def redrawn(seed: int, name: str, who: str) -> np.ndarray:
    return redrawn_rates(cosines(seed, name)[who], drawings()[1][who].identity)


def measured(seed: int, name: str, margin: str = "ArcFace") -> dict[str, float]:
    """Rates of one head, and how far those of a head with a margin are above them.

    margin  the head with a margin; low and high are the ends of the paired 95 % interval
    """
    row = {}
    for who, images in drawings()[1].items():
        same = all_pairs(images.identity)[2]
        found = {"": rates(cosines(seed, name)[who], same)}
        if name != margin:
            gain = rates(cosines(seed, margin)[who], same) - found[""]
            gains = redrawn(seed, margin, who) - redrawn(seed, name, who)
            low, high = np.percentile(gains, [2.5, 97.5], axis=0)
            found |= {" gain": gain, " low": low, " high": high}
        for what, values in found.items():
            for rate, value in zip(RATES, values):
                row[f"{who}, {rate}{what}"] = value
    return row


@claim("ArcFace", says="what ArcFace with a scale of 16 reaches on new drawings")
def arcface(seed: int) -> dict[str, float]:
    return measured(seed, "ArcFace")


@claim("normalised softmax", says="at a scale of 16 a margin raises the TAR at a FAR of 1 %")
def scale_16(seed: int) -> dict[str, float]:
    return measured(seed, "scale 16")


@claim("normalised softmax, scale 4", says="without a margin a scale of 4 has a higher TAR than 16")
def scale_4(seed: int) -> dict[str, float]:
    return measured(seed, "scale 4")


@claim("plain softmax", says="plain softmax has a lower EER than ArcFace")
def plain(seed: int) -> dict[str, float]:
    return measured(seed, "plain")


@claim("normalised softmax, scale 64", says="at a scale of 64 too a margin raises the TAR")
def scale_64(seed: int) -> dict[str, float]:
    return measured(seed, "scale 64", margin="ArcFace 64")


@claim("CosFace", says="CosFace has a TAR within a few points of that of ArcFace")
def cosface(seed: int) -> dict[str, float]:
    return measured(seed, "CosFace")


@claim("ArcFace, scale 64", says="with a margin a scale of 64 does about as well as 16")
def arcface_64(seed: int) -> dict[str, float]:
    return measured(seed, "ArcFace 64")
