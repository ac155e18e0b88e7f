"""From images as an `ImageSet` stores them to embeddings."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data import ImageSet


def to_input(images: np.ndarray, model: nn.Module) -> Tensor:
    """What the network takes, from images as an `ImageSet` stores them: colours and size made to fit, then scaled.

    images  uint8 (N, H, W) grey or (N, H, W, 3) RGB
    returns float32 (N, C, *model.input_size); grey is repeated for a colour network, colour becomes luma for a grey one
    raises  ValueError for another type or shape
    """
    pixels = torch.as_tensor(images)
    if pixels.dtype != torch.uint8:
        nan = pixels.is_floating_point() and bool(pixels.isnan().any())
        raise ValueError(
            f"images must be uint8, 0 to 255; these are {pixels.dtype}{' and hold NaN' if nan else ''}"
        )
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] != 3):
        raise ValueError(
            f"images must be (N, H, W) or (N, H, W, 3), not {tuple(pixels.shape)}; for a single one write images[None]"
        )
    if pixels.numel() == 0:
        raise ValueError("no images: the array is empty")
    x = (
        pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    ).float()  # -> (N, 1 or 3, H, W)
    if x.shape[1] == 3 and model.channels == 1:
        x = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    if tuple(x.shape[2:]) != tuple(model.input_size):
        x = F.interpolate(
            x, size=tuple(model.input_size), mode="bilinear", antialias=True, align_corners=False
        )
    return model.scale(x).expand(-1, model.channels, -1, -1)


@torch.no_grad()
def embed(model: nn.Module, images: "ImageSet | np.ndarray", batch_size: int = 256) -> Tensor:
    """Embed images in batches, on the device where the model is; training mode and gradients are left as they were.

    images  an `ImageSet`, or uint8 (N, H, W) or (N, H, W, 3)
    returns float32 (N, D) on the CPU
    raises  ValueError for images that `to_input` refuses, and where the network answers with NaN
    """
    images = images.images if isinstance(images, ImageSet) else images
    if len(images) == 0:
        raise ValueError("no images: the array is empty")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    try:
        vectors = [
            model(to_input(images[i : i + batch_size], model).to(device)).float().cpu()
            for i in range(0, len(images), batch_size)
        ]
    finally:
        model.train(was_training)
    vectors = torch.cat(vectors)
    if bad := int((~vectors.isfinite().all(1)).sum()):
        raise ValueError(
            f"the model answers {bad} of {len(vectors)} images with NaN: its weights are broken, as after a training that diverged"
        )
    return vectors
