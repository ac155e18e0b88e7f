"""From images as an `ImageSet` stores them to embeddings."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.data import ImageSet
from lib.models.layers import Network

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue (ITU-R BT.601)


def as_channels(images: np.ndarray | Tensor, channels: int) -> Tensor:
    """Images as float channels; colour becomes luma where a network takes one channel.

    images    uint8 (N, H, W) grey or (N, H, W, 3) RGB
    channels  1 or 3, what the network takes
    returns   float32 (N, C, H, W), 0 to 255. C is 1 or 3: grey images keep one channel, to be
              resized once; `expand(-1, channels, -1, -1)` repeats it afterwards
    raises    ValueError for another type or shape, and for no images
    """
    if isinstance(images, np.ndarray) and not images.flags.writeable:
        images = images.copy()  # mapped from a file; torch warns of what it could write to
    pixels = torch.as_tensor(images)
    if pixels.dtype != torch.uint8:
        found = f"{pixels.dtype}{' and hold NaN' if bool(pixels.isnan().any()) else ''}"
        raise ValueError(f"images must be uint8, 0 to 255; these are {found}")
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] != 3):
        shape = f"(N, H, W) or (N, H, W, 3), not {tuple(pixels.shape)}"
        raise ValueError(f"images must be {shape}; for a single one write images[None]")
    if pixels.ndim == 3 and pixels.shape[2] in (1, 3, 4):  # else H grey images, 3 pixels wide
        shape = f"one colour picture {tuple(pixels.shape)}"
        raise ValueError(f"images must be (N, H, W, 3); for {shape} write images[None]")
    if pixels.numel() == 0:
        raise ValueError("no images: the array is empty")
    if pixels.ndim == 3:
        return pixels[:, None].float()  # (N, H, W) -> (N, 1, H, W)
    x = pixels.permute(0, 3, 1, 2).float()  # (N, H, W, 3) -> (N, 3, H, W)
    if channels == 1:
        x = (x * x.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    return x


def to_input(images: np.ndarray | Tensor, model: Network) -> Tensor:
    """The network's input: colours and size made to fit, values scaled by `model.scale`.

    images   uint8 (N, H, W) grey or (N, H, W, 3) RGB
    returns  float32 (N, C, *model.input_size); grey is repeated for a colour network
    raises   ValueError for another type or shape
    """
    x, size = as_channels(images, model.channels), tuple(model.input_size)
    if tuple(x.shape[2:]) != size:
        x = F.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
    return model.scale(x).expand(-1, model.channels, -1, -1)


@torch.no_grad()
def embed(model: Network, images: ImageSet | np.ndarray, batch_size: int = 256) -> Tensor:
    """Embed images in batches on the model's device; its mode, training or not, stays as it was.

    images   an `ImageSet`, or uint8 (N, H, W) or (N, H, W, 3)
    returns  float32 (N, D) on the CPU
    raises   ValueError for images that `to_input` refuses, and where the network answers with NaN
    """
    pixels = images.images if isinstance(images, ImageSet) else images
    if len(pixels) == 0:
        raise ValueError("no images: the array is empty")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    try:
        parts = []
        for start in range(0, len(pixels), batch_size):
            x = to_input(pixels[start : start + batch_size], model).to(device)
            parts.append(model(x).float().cpu())
    finally:
        model.train(was_training)
    vectors = torch.cat(parts)  # (N, D)
    if broken := int((~vectors.isfinite().all(1)).sum()):
        answers = f"the model answers {broken} of {len(vectors)} images with NaN"
        raise ValueError(f"{answers}: its weights are broken, as after a training that diverged")
    return vectors
