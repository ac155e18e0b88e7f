"""The course's networks for small drawings, faces and signatures.

    model = MobileFaceNet(embedding_size=128, input_size=(112, 112))  # arXiv:1804.07573, Table 1
    vectors = embed(model, images)  # uint8 (N, H, W, 3) -> (N, 128), unit length

The part after the global layer is called `last`: the paper gives it a higher weight decay.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models.layers import Bottleneck, ConvBlock, Network, checked, round_channels

# The middle of Table 1: expansion t, output channels c, blocks n, stride of the first block s.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class EmbeddingNet(Network):
    """Three convolutions with batch norm, ReLU and pooling, then one linear layer: lesson 1.

    Its embeddings have any length: a loss may use Euclidean distances or normalise them itself.
    """

    def __init__(self, embedding_size: int = 2) -> None:
        super().__init__(embedding_size, (28, 28))
        self.options = {"embedding_size": embedding_size}
        layers: list[nn.Module] = []
        for c_in, c_out in ((1, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(c_in, c_out, kernel_size=3, padding=1), nn.BatchNorm2d(c_out)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        # (B, 1, 28, 28) -> (B, 64, 3, 3) -> (B, 576) -> (B, D)
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 3 * 3, embedding_size))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28), ink 1 on paper 0 -> (B, D)"""
        return self.features(x)


class MobileFaceNet(Network):
    """1,003,136 trainable parameters, 220.97 M multiply-adds at 112x112, as in the paper's Table 1.

    embedding_size  length of the vector; in variants M and S, which have no layer to set it, it is
                    the width of the global layer (512 and 128 at width 1)
    input_size      (height, width); the global depthwise kernel covers the map that is left of it,
                    7x7 for 112x112, 4x4 for 56x56
    width           factor on every channel count but the embedding's, rounded to a multiple of 8
    variant         "", or the paper's "M" (no last 1x1), "S" (nor the 1x1 before the global layer),
                    "relu" (no PReLU)
    expansion       factor on t in every bottleneck
    source          Chen, Liu, Gao, Han 2018 (MobileFaceNets), arXiv:1804.07573
    """

    channels = 3

    def __init__(
        self,
        embedding_size: int = 128,
        input_size: tuple[int, int] = (112, 112),
        width: float = 1.0,
        variant: str = "",
        expansion: float = 1.0,
    ) -> None:
        if variant not in ("", "M", "S", "relu"):
            raise ValueError(f"no variant {variant!r}; there are '', 'M', 'S' and 'relu'")
        super().__init__(
            embedding_size, input_size, width=width, variant=variant, expansion=expansion
        )
        act = "relu" if variant == "relu" else "prelu"
        c = round_channels(64, width)
        self.conv = ConvBlock(3, c, 3, stride=2, padding=1, act=act)  # 112x112 -> 56x56
        self.depthwise = ConvBlock(c, c, 3, padding=1, groups=c, act=act)
        self.stages = nn.ModuleList()  # 56x56 -> 28 -> 14 -> 14 -> 7 -> 7
        for t, channels, n, s in BOTTLENECKS:
            c_out, blocks = round_channels(channels, width), []
            for stride in [s] + [1] * (n - 1):
                blocks.append(Bottleneck(c, c_out, round(c * t * expansion), stride, act))
                c = c_out
            self.stages.append(nn.Sequential(*blocks))
        wide = c if variant == "S" else round_channels(512, width)
        self.widen = nn.Identity() if variant == "S" else ConvBlock(c, wide, 1, act=act)
        # Four strides of 2 with padding 1 leave a sixteenth of each side, rounded up.
        height, breadth = (-(-side // 16) for side in self.input_size)
        self.gdconv = ConvBlock(wide, wide, (height, breadth), groups=wide, act="linear")
        no_last = variant in ("M", "S")
        self.last = nn.Identity() if no_last else ConvBlock(wide, embedding_size, 1, act="linear")
        self.embedding_size = self.options["embedding_size"] = wide if no_last else embedding_size

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1], RGB -> (B, D) unit vectors"""
        x = self.depthwise(self.conv(checked(x, self)))  # (B, 64, 56, 56)
        for stage in self.stages:
            x = stage(x)
        x = self.last(self.gdconv(self.widen(x)))  # (B, 128, 7, 7) -> (B, D, 1, 1)
        return F.normalize(x.flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        return (pixels - 127.5) / 128


class SignatureNet(Network):
    """A small network for ink on paper, of any size.

    Global mean and global maximum of each channel are concatenated: a mean over a mostly white page
    hardly changes with one stroke, the maximum shows whether a stroke is there at all.
    """

    def __init__(
        self, embedding_size: int = 128, input_size: tuple[int, int] = (64, 144), width: float = 1.0
    ) -> None:
        super().__init__(embedding_size, input_size, width=width)
        a, b, c = (round_channels(channels, width) for channels in (32, 64, 128))
        self.conv = nn.Sequential(  # (B, 1, 64, 144) -> (B, 128, 8, 18)
            ConvBlock(1, a, 5, stride=2, padding=2),
            ConvBlock(a, b, 3, stride=2, padding=1),
            Bottleneck(b, b, 2 * b, 1),
            ConvBlock(b, c, 3, stride=2, padding=1),
            Bottleneck(c, c, 2 * c, 1),
            Bottleneck(c, c, 2 * c, 1),
        )
        self.last = ConvBlock(2 * c, embedding_size, 1, act="linear")

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W), ink 1 on paper 0 -> (B, D) unit vectors"""
        x = self.conv(checked(x, self, any_size=True))
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (B, C, h, w) -> (B, 2C)
        return F.normalize(self.last(x[:, :, None, None]).flatten(1).float(), dim=1)
