"""Two networks for drawn characters, and Koch's head that compares two of them.

KochNet + L1Head      twins, a weighted L1 distance, a sigmoid (Koch, Zemel, Salakhutdinov 2015)
KochNet + NWayL1Head  the same twins, trained to pick the right one of N
GlyphNet              unit vectors, for any loss of `lib.losses`
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.losses import n_way_loss
from lib.models.layers import ConvBlock, Network, round_channels


class GlyphNet(Network):
    """Convolutions down to a small map, then one linear layer that keeps where a stroke was.

    At 48x48 and width 1: 54 M multiply-adds, 1.1 M parameters.
    """

    def __init__(
        self, embedding_size: int = 256, input_size: tuple[int, int] = (48, 48), width: float = 1.0
    ) -> None:
        super().__init__(embedding_size, input_size, width=width)
        w = round_channels(32, width)
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
        height, breadth = ((side + 1) // 2 // 8 for side in self.input_size)
        self.embedding = ConvBlock(8 * w, embedding_size, (height, breadth), act="linear")

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W), ink 1 on paper 0 -> (B, D) unit vectors"""
        return F.normalize(self.embedding(self.conv(x)).flatten(1).float(), dim=1)


class KochNet(Network):
    """One of Koch's twins: four convolutions without padding, then a layer of sigmoids.

    kernels  sides of the four kernels; smaller images need smaller kernels, such as (5, 4, 3, 2) at
             48x48 and (4, 3, 2, 1) at 28x28
    source   Koch, Zemel, Salakhutdinov 2015, figure 4, with the defaults
    """

    def __init__(
        self, features=4096, input_size=(105, 105), kernels=(10, 7, 4, 4), width: float = 1.0
    ) -> None:
        super().__init__(features, input_size)
        options = dict(features=features, input_size=self.input_size)
        self.options = dict(**options, kernels=tuple(kernels), width=width)
        layers: list[nn.Module] = []
        c_in, (height, breadth) = 1, self.input_size
        for channels, kernel in zip((64, 128, 128, 256), kernels, strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2))
                height, breadth = height // 2, breadth // 2
            c_out = round_channels(channels, width)
            layers += [nn.Conv2d(c_in, c_out, kernel), nn.ReLU()]
            c_in, height, breadth = c_out, height - kernel + 1, breadth - kernel + 1
        self.conv = nn.Sequential(*layers)  # (B, 1, 105, 105) -> (B, 256, 6, 6)
        self.linear = nn.Linear(c_in * height * breadth, features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W), ink 1 on paper 0 -> (B, features), each in (0, 1)"""
        return torch.sigmoid(self.linear(self.conv(x).flatten(1)).float())


class L1Head(nn.Module):
    """Logit of "same": bias + sum of alpha_j |a_j - b_j|, with one learned weight for each feature.

    As a loss, `(features (B, D), labels (B,)) -> scalar`, it is the cross-entropy over all pairs of
    a batch; same and different pairs count one half each, so the baseline is ln 2.

    source  Koch, Zemel, Salakhutdinov 2015, section 3.1
    """

    def __init__(self, features: int = 4096) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((features,), -4.0 / math.sqrt(features)))
        self.bias = nn.Parameter(torch.zeros(()))

    def scores(self, a: Tensor, b: Tensor) -> Tensor:
        """(M, D), (N, D) -> (M, N) logits of every row of `a` with every row of `b`"""
        return self.bias + torch.stack([(row - b).abs() @ self.alpha for row in a])

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        # Each pair once, in the order of `triu_indices`: half the work of `scores`.
        rows = range(len(labels) - 1)
        weighed = [(features[n] - features[n + 1 :]).abs() @ self.alpha for n in rows]
        logits = self.bias + torch.cat(weighed)  # (B (B - 1) / 2,)
        i, j = torch.triu_indices(len(labels), len(labels), offset=1, device=labels.device)
        same = (labels[i] == labels[j]).float()
        cost = F.binary_cross_entropy_with_logits(logits, same, reduction="none")
        return (cost[same == 1].mean() + cost[same == 0].mean()) / 2


class NWayL1Head(L1Head):
    """The same logits, trained on the question that a one-shot test asks: which of N is it?

    As a loss, `(features (B, D), labels (B,)) -> scalar`, it is `losses.n_way_loss` of the first
    against the second drawing of each character; the baseline is ln N. The bias plays no part.

    raises  ValueError unless a batch holds every label twice
    """

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        if (labels.unique(return_counts=True)[1] != 2).any():
            raise ValueError("an N-way batch holds every label twice, as batch=(N, 2) draws it")
        order = labels.argsort(stable=True)  # the two drawings of a character side by side
        first, second = features[order][::2], features[order][1::2]  # (N, D) each
        return n_way_loss(self.scores(first, second))


def initialise(twins: KochNet, head: L1Head) -> None:
    """Initial weights from which Koch's twins learn, written in place.

    The head starts at logit 2 - 25 * (mean difference of the features). With its own start, bias 0,
    no pair can score above one half, not even a drawing and itself; most of the gain is the bias.
    The twins get He's initialisation: with PyTorch's own, and with the paper's, a feature hardly
    varies from drawing to drawing.

    source  He, Zhang, Ren, Sun 2015 (Delving Deep into Rectifiers)
    """
    for layer in twins.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.constant_(head.alpha, -25 / len(head.alpha))
    nn.init.constant_(head.bias, 2.0)
