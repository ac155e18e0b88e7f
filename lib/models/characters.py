"""One-shot learning: two networks for drawn characters, what they are trained on, and the questions asked of them.

    KochNet + L1Head    twins joined by a weighted L1 distance and a sigmoid (Koch, Zemel, Salakhutdinov 2015)
    GlyphNet            unit vectors, for any loss of `lib.losses`

Both train through `training.fit`. An episode shows one image of each of N characters and asks which of them a new drawing is.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models.layers import ConvBlock


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
