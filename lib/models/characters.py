"""One-shot learning: two networks for drawn characters, what they are trained on, and the questions asked of them.

    KochNet + L1Head    twins joined by a weighted L1 distance and a sigmoid (Koch, Zemel, Salakhutdinov 2015)
    GlyphNet            unit vectors, for any loss of `lib.losses`

Both train through `training.fit`. An episode shows one image of each of N characters and asks which of them a new drawing is.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data import ImageSet
from lib.models import ConvBlock, to_input


class GlyphNet(nn.Module):
    """Convolutions and batch norm down to a small map, then one linear layer that keeps where a stroke was.

    At 48x48 and width 1: 54 M multiply-adds, 1.1 M parameters.
    """

    channels = 1

    def __init__(
        self, embedding_size: int = 256, input_size: tuple[int, int] = (48, 48), width: float = 1.0
    ) -> None:
        super().__init__()
        self.embedding_size, self.input_size = (
            embedding_size,
            tuple(int(side) for side in input_size),
        )
        self.options = dict(embedding_size=embedding_size, input_size=self.input_size, width=width)
        w = max(8, 8 * round(4 * width))
        self.conv = nn.Sequential(  # (B, 1, 48, 48) -> (B, 256, 3, 3)
            ConvBlock(1, w, 5, 2, 2, act="relu"),
            ConvBlock(w, 2 * w, 3, 1, 1, act="relu"),
            nn.MaxPool2d(2),
            ConvBlock(2 * w, 4 * w, 3, 1, 1, act="relu"),
            ConvBlock(4 * w, 4 * w, 3, 1, 1, act="relu"),
            nn.MaxPool2d(2),
            ConvBlock(4 * w, 8 * w, 3, 1, 1, act="relu"),
            nn.MaxPool2d(2),
        )
        left = tuple((side + 1) // 2 // 8 for side in self.input_size)
        self.embedding = ConvBlock(8 * w, embedding_size, left, act="linear")

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W), ink 1 on paper 0 -> (B, D) unit vectors"""
        return F.normalize(self.embedding(self.conv(x)).flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        return (255 - pixels) / 255


class KochNet(nn.Module):
    """One twin of Koch's network: four convolutions without padding, then 4096 sigmoids. At 105x105 it is the paper's, figure 4.

    kernels  their sides; smaller images need smaller ones, such as (5, 4, 3, 2) at 48x48 and (4, 3, 2, 1) at 28x28
    """

    channels = 1

    def __init__(
        self,
        features: int = 4096,
        input_size: tuple[int, int] = (105, 105),
        kernels: tuple[int, ...] = (10, 7, 4, 4),
        width: float = 1.0,
    ) -> None:
        super().__init__()
        self.embedding_size, self.input_size = features, tuple(int(side) for side in input_size)
        self.options = dict(
            features=features, input_size=self.input_size, kernels=tuple(kernels), width=width
        )
        layers, c_in, side = [], 1, np.array(self.input_size)
        for number, (channels, kernel) in enumerate(zip((64, 128, 128, 256), kernels, strict=True)):
            c_out = max(8, 8 * round(channels * width / 8))
            layers += [nn.Conv2d(c_in, c_out, kernel), nn.ReLU()] + [nn.MaxPool2d(2)] * (number < 3)
            c_in, side = c_out, (side - kernel + 1) // (2 if number < 3 else 1)
        self.conv = nn.Sequential(*layers)  # (B, 1, 105, 105) -> (B, 256, 6, 6)
        self.linear = nn.Linear(c_in * int(side.prod()), features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W), ink 1 on paper 0 -> (B, features), each in (0, 1)"""
        return torch.sigmoid(self.linear(self.conv(x).flatten(1)).float())

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        return (255 - pixels) / 255


class L1Head(nn.Module):
    """Koch's joint: logit of "same" = bias + sum of alpha_j |a_j - b_j|, one learned weight a feature (section 3.1).

    As a loss, `(features (B, D), labels (B,)) -> scalar`: cross-entropy over all pairs of the batch, same and different
    counting one half each. A model that ignores its input scores ln 2.
    """

    def __init__(self, features: int = 4096) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((features,), -4.0 / math.sqrt(features)))
        self.bias = nn.Parameter(torch.zeros(()))

    def scores(self, a: Tensor, b: Tensor) -> Tensor:
        """(M, D), (N, D) -> (M, N) logits: every row of `a` with every row of `b`."""
        return self.bias + torch.stack([(row - b).abs() @ self.alpha for row in a])

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        i, j = torch.triu_indices(
            len(labels), len(labels), offset=1, device=labels.device
        )  # each pair once: half the work of all scores
        logits = self.bias + torch.cat(
            [(features[n] - features[n + 1 :]).abs() @ self.alpha for n in range(len(labels) - 1)]
        )
        same = (labels[i] == labels[j]).float()
        cost = F.binary_cross_entropy_with_logits(logits, same, reduction="none")
        return (cost[same == 1].mean() + cost[same == 0].mean()) / 2


def spread_out(twins: KochNet, head: L1Head) -> None:
    """A start for Koch's twins, in place: a joint that can say both answers, and He's rule (He et al. 2015) in the twins.

    The joint starts at 2 - 25 times the mean difference of the features. Its own start, bias 0, can never score two drawings above
    one half, not even a drawing and itself; most of what this start buys is the bias. The weights: with PyTorch's, and with the paper's
    (normal, 0.01 in the convolutions, 0.2 in the linear layer, biases around 0.5), a feature of `KochNet` hardly varies from drawing
    to drawing; with these more than twenty times as much as with PyTorch's.
    """
    for layer in twins.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    nn.init.constant_(head.alpha, -25 / len(head.alpha))
    nn.init.constant_(head.bias, 2.0)


def quarter_turns(images: ImageSet) -> ImageSet:
    """Each character four times, as it is and turned by 90, 180, 270 degrees: four different characters, not one."""
    turned = np.concatenate([np.rot90(images.images, turns, axes=(1, 2)) for turns in range(4)])
    offset = np.repeat(np.arange(4) * (int(images.identity.max()) + 1), len(images))
    names = tuple(f"{name} turned {90 * turns}" for turns in range(4) for name in images.names)
    return ImageSet(turned, np.tile(images.identity, 4) + offset, np.tile(images.genuine, 4), names)


class Redrawn:
    """Another hand's drawing of the same character: turned, slanted, stretched, shifted, and bent like rubber.

    Called with a batch (B, 1, H, W), ink 1 on paper 0, it draws from torch's global generator, which `fit` seeds each step.
    strength  multiplies every range; 0 changes nothing
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def __repr__(self) -> str:
        return f"Redrawn({self.strength})"

    def __call__(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        turn, slant, wide, tall, to_x, to_y = (
            2 * torch.rand(6, b, device=x.device) - 1
        ) * self.strength
        turn, slant = math.radians(15) * turn, 0.25 * slant
        wide, tall = torch.exp(0.2 * wide), torch.exp(0.2 * tall)
        cos, sin = turn.cos(), turn.sin()
        rows = [
            torch.stack([cos * wide, (slant * cos - sin) * tall, 0.12 * to_x], 1),
            torch.stack([sin * wide, (slant * sin + cos) * tall, 0.12 * to_y], 1),
        ]
        grid = F.affine_grid(
            torch.stack(rows, 1), [b, 1, h, w], align_corners=False
        )  # (B, 2, 3) -> (B, H, W, 2)
        knots = (
            0.06 * self.strength * torch.randn(b, 2, 5, 5, device=x.device)
        )  # a 5x5 net of random pulls, smooth in between
        bend = F.interpolate(knots, size=(h, w), mode="bicubic", align_corners=True).permute(
            0, 2, 3, 1
        )
        return F.grid_sample(x, grid + bend, align_corners=False)


class Episodes(NamedTuple):
    """Questions "which of these is it?": `ways` identities shown `shots` times each, and one probe. Indices into a set of images."""

    shown: np.ndarray  # (E, ways, shots), in each episode the right identity at a place of its own
    probe: np.ndarray  # (E,)
    answer: np.ndarray  # (E,), which of the ways is right

    def narrowed(self, ways: int, shots: int) -> "Episodes":
        """The same questions made easier or harder: fewer ways, the right one kept and put first, and fewer shots."""
        rows = np.arange(len(self.answer))[:, None]
        wrong = np.arange(self.shown.shape[1] - 1) + (
            np.arange(self.shown.shape[1] - 1) >= self.answer[:, None]
        )  # (E, ways - 1)
        kept = np.concatenate([self.answer[:, None], wrong], 1)[:, :ways]
        return Episodes(self.shown[rows, kept, :shots], self.probe, np.zeros_like(self.answer))


def draw_episodes(
    identity, ways: int, shots: int, count: int, seed: int = 0, group=None
) -> Episodes:
    """`count` episodes; the probe is never among the images shown.

    identity  (N,)
    group     (N,), such as the alphabet: all ways of an episode come from one group, which is harder. Groups are drawn evenly
    raises    ValueError where no group has `ways` identities of shots + 1 images
    """
    identity = np.asarray(identity)
    group = np.zeros_like(identity) if group is None else np.asarray(group)
    images = {one: np.flatnonzero(identity == one) for one in np.unique(identity)}
    pools = [
        [one for one in np.unique(identity[group == g]) if len(images[one]) > shots]
        for g in np.unique(group)
    ]
    pools = [np.array(pool) for pool in pools if len(pool) >= ways]
    if ways < 2 or shots < 1 or not pools:
        raise ValueError(
            f"{ways}-way {shots}-shot needs {ways} identities with {shots + 1} images each in one group"
        )
    rng, shown, probes, answers = np.random.default_rng(seed), [], [], []
    for _ in range(count):
        chosen = rng.choice(pools[rng.integers(len(pools))], ways, replace=False)
        drawn = [rng.choice(images[one], shots + 1, replace=False) for one in chosen]
        answers.append(rng.integers(ways))
        shown.append([some[:shots] for some in drawn])
        probes.append(drawn[answers[-1]][shots])
    return Episodes(np.array(shown), np.array(probes), np.array(answers))


def episode_scores(similarity, episodes: Episodes) -> np.ndarray:
    """(N, N) similarity of all images -> (E, ways): the mean over an identity's shots of their similarity with the probe."""
    return np.asarray(similarity)[episodes.probe[:, None, None], episodes.shown].mean(
        2
    )  # (E, ways, shots) -> (E, ways)


def prototype_scores(embeddings, episodes: Episodes) -> np.ndarray:
    """(N, D) -> (E, ways): the probe's unit vector times each prototype, the mean of an identity's unit vectors.

    Equal to `episode_scores` of cosines: a mean of dot products is the dot product with the mean (compare Snell et al. 2017).
    """
    unit = _unit(np.asarray(embeddings, dtype=np.float64))
    scores = [
        np.einsum("wd,d->w", unit[shown].mean(1), unit[probe])
        for shown, probe in zip(episodes.shown, episodes.probe)
    ]  # one by one: little memory
    return np.stack(scores)


def right(scores, answer) -> np.ndarray:
    """(E, ways), (E,) -> float (E,): 1 where the best score is the answer's. A tie earns its chance of a right guess."""
    scores, answer = np.asarray(scores), np.asarray(answer)
    best = scores >= scores.max(1, keepdims=True)
    return best[np.arange(len(answer)), answer] / best.sum(1)


def interval_over(values, groups, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean of `values` (N,), resampling whole groups (N,): runs, or characters."""
    values, (names, code) = (
        np.asarray(values, dtype=np.float64),
        np.unique(np.asarray(groups), return_inverse=True),
    )
    total, size = np.bincount(code, values), np.bincount(code)
    drawn = np.random.default_rng(seed).integers(len(names), size=(resamples, len(names)))
    low, high = np.percentile(total[drawn].sum(1) / size[drawn].sum(1), [2.5, 97.5])
    return float(low), float(high)


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """95 % interval of a share, as if all trials were independent (Wilson 1927): honest near 0 and 1, where p +- 2 s is not."""
    z, p = 1.959964, successes / trials
    middle, spread = (
        p + z * z / (2 * trials),
        z * math.sqrt(p * (1 - p) / trials + (z / (2 * trials)) ** 2),
    )
    return (middle - spread) / (1 + z * z / trials), (middle + spread) / (1 + z * z / trials)


def retrieve(embeddings, identity, k: int, block: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Each image as the query, all others as the shelf: (N, k) indices of the most alike, best first, and whether each is right.

    Precision at k is the mean of `right[:, :k]`. No identity with fewer than k + 1 images can reach 1.
    """
    unit, identity = _unit(np.asarray(embeddings, dtype=np.float32)), np.asarray(identity)
    found = []
    for start in range(0, len(unit), block):
        scores = unit[start : start + block] @ unit.T  # (B, N)
        rows = np.arange(len(scores))
        scores[rows, start + rows] = -np.inf  # a query does not find itself
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        found.append(
            np.take_along_axis(
                best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable"), 1
            )
        )
    found = np.concatenate(found)
    return found, identity[found] == identity[:, None]


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


@torch.no_grad()
def looks(
    model: nn.Module,
    images: np.ndarray,
    turns: int = 1,
    redrawn: int = 0,
    strength: float = 0.5,
    seed: int = 0,
) -> Tensor:
    """One image seen in several ways: (1 + redrawn, N, turns * D) unit vectors, the first of each image as it is.

    turns    4: embedded at each quarter turn and the four vectors joined, for a network trained on `quarter_turns`
    redrawn  so many further looks, each image bent anew by `Redrawn(strength)`
    """
    was_training, bend = model.training, Redrawn(strength)
    model.eval()
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        rows = []
        for look in range(1 + redrawn):
            parts = []
            for start in range(0, len(images), 256):
                x = to_input(images[start : start + 256], model)
                x = bend(x) if look else x
                parts.append(
                    torch.cat([model(torch.rot90(x, turn, (2, 3))) for turn in range(turns)], 1)
                )  # (B, turns * D)
            rows.append(F.normalize(torch.cat(parts), dim=1))
    model.train(was_training)
    return torch.stack(rows)


def best_look(probe: Tensor, shown: Tensor) -> Tensor:
    """(L, P, D), (L, S, D) looks -> (P, S): the cosine of the two looks that agree best, so that both drawings are bent to meet."""
    return torch.einsum("lpd,msd->lmps", probe, shown).amax((0, 1))
