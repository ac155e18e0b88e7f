"""The two networks of the course, and what is asked of any network: embed images, count its cost, fold it, keep it in a file.

    model = MobileFaceNet(embedding_size=128, input_size=(112, 112))     # Chen et al. 2018, arXiv:1804.07573, Table 1
    vectors = embed(model, images)                                       # uint8 (N, H, W, 3) -> (N, 128), unit length

A network here has `input_size` (height, width), `channels`, `embedding_size` and `options`, what it was built with. Its part
after the global layer is called `last`, for the higher weight decay that the paper puts there.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models.layers import Bottleneck, ConvBlock

# The middle of Table 1: expansion t, output channels c, blocks n, stride of the first block s.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class MobileFaceNet(nn.Module):
    """Table 1 of arXiv:1804.07573 to the parameter: 1,003,136 trainable, 220.97 M multiply-adds at 112x112.

    embedding_size  length of the vector; the variants M and S have no layer that could choose it (512 and 128 at width 1)
    input_size      (height, width); the global depthwise kernel is what five halvings leave: 7x7 for 112x112, 4x4 for 56x56
    width           multiplies every channel count but the embedding's, rounded to a multiple of 8
    variant         "", or the paper's "M" (no last 1x1), "S" (nor the 1x1 before the global layer), "relu" (no PReLU)
    expansion       multiplies t in every bottleneck
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
        super().__init__()
        if variant not in ("", "M", "S", "relu"):
            raise ValueError(f"no variant {variant!r}; there are '', 'M', 'S' and 'relu'")
        self.input_size = tuple(int(side) for side in input_size)
        self.options = dict(
            embedding_size=embedding_size,
            input_size=self.input_size,
            width=width,
            variant=variant,
            expansion=expansion,
        )
        act = "relu" if variant == "relu" else "prelu"

        def scaled(channels: int) -> int:
            return max(8, 8 * round(channels * width / 8))

        c = scaled(64)
        self.conv = ConvBlock(
            3, c, 3, stride=2, padding=1, act=act
        )  # (B, 3, 112, 112) -> (B, 64, 56, 56)
        self.depthwise = ConvBlock(c, c, 3, padding=1, groups=c, act=act)
        self.stages = nn.ModuleList()  # 56x56 -> 28 -> 14 -> 14 -> 7 -> 7
        for t, c_out, n, s in BOTTLENECKS:
            c_out, blocks = scaled(c_out), []
            for i in range(n):
                blocks.append(
                    Bottleneck(c, c_out, round(c * t * expansion), s if i == 0 else 1, act)
                )
                c = c_out
            self.stages.append(nn.Sequential(*blocks))
        wide = c if variant == "S" else scaled(512)
        self.widen = nn.Identity() if variant == "S" else ConvBlock(c, wide, 1, act=act)
        kernel = self.input_size
        for _ in range(4):  # what four strides of 2 with padding 1 leave of each side
            kernel = tuple((side + 1) // 2 for side in kernel)
        self.gdconv = ConvBlock(
            wide, wide, kernel, groups=wide, act="linear"
        )  # (B, 512, 7, 7) -> (B, 512, 1, 1)
        no_last = variant in ("M", "S")
        self.last = nn.Identity() if no_last else ConvBlock(wide, embedding_size, 1, act="linear")
        self.embedding_size = self.options["embedding_size"] = wide if no_last else embedding_size

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1], RGB -> (B, D) unit vectors"""
        x = self.depthwise(self.conv(_checked(x, self)))
        for stage in self.stages:
            x = stage(x)
        x = self.last(self.gdconv(self.widen(x)))  # (B, D, 1, 1)
        return F.normalize(x.flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        """uint8 values as the network wants them: (x - 127.5) / 128"""
        return (pixels - 127.5) / 128


class SignatureNet(nn.Module):
    """A small network for ink on paper, of any size; its global layer keeps what a single stroke says.

    Averaging over the page drowns one sharp hook in white paper, so each channel hands over its mean (how much of it there
    is) and its maximum (whether it is there at all).
    """

    channels = 1

    def __init__(
        self, embedding_size: int = 128, input_size: tuple[int, int] = (64, 144), width: float = 1.0
    ) -> None:
        super().__init__()
        self.embedding_size, self.input_size = (
            embedding_size,
            tuple(int(side) for side in input_size),
        )
        self.options = dict(embedding_size=embedding_size, input_size=self.input_size, width=width)
        a, b, c = (max(8, 8 * round(channels * width / 8)) for channels in (32, 64, 128))
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
        """(B, 1, H, W) ink in [0, 1], paper 0 -> (B, D) unit vectors"""
        x = self.conv(_checked(x, self, any_size=True))
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)  # (B, C, h, w) -> (B, 2C)
        return F.normalize(self.last(x[:, :, None, None]).flatten(1).float(), dim=1)

    @staticmethod
    def scale(pixels: Tensor) -> Tensor:
        """uint8 values as the network wants them: ink 1, paper 0"""
        return (255 - pixels) / 255


def _checked(x: Tensor, model: nn.Module, any_size: bool = False) -> Tensor:
    if (
        x.ndim != 4
        or x.shape[1] != model.channels
        or not (any_size or tuple(x.shape[2:]) == model.input_size)
    ):
        raise ValueError(
            f"{type(model).__name__} takes (B, {model.channels}, {', '.join(map(str, model.input_size))}), not {tuple(x.shape)}"
        )
    return x
