"""What the claims of the lessons on losses share: data, network, training loop, error rate."""

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lib.data import ImageSet, load
from lib.data.pairs import PKBatches, all_pairs
from lib.evaluation import equal_error_rate
from lib.models import EmbeddingNet, to_input


@functools.cache
def characters() -> tuple[ImageSet, ImageSet]:
    """(train, test): 150 and 50 made-up characters, each drawn by 20 hands."""
    return load("synthetic-glyphs").split_by_identity(test=50, seed=0)


def train(
    loss: Callable[[Tensor, Tensor], Tensor],
    seed: int,
    embedding_size: int = 32,
    steps: int = 400,
    lr: float = 1e-3,
    p: int = 20,
    k: int = 4,
    model: nn.Module | None = None,
) -> tuple[nn.Module, list[float]]:
    """Train on P x K batches with AdamW: (model in evaluation mode, loss of each step).

    loss   (embeddings (B, D), labels (B,)) -> scalar; a module's own parameters are trained too
    model  the network to go on from; None: a new one
    """
    torch.manual_seed(seed)
    model = EmbeddingNet(embedding_size) if model is None else model
    images, _ = characters()
    parameters = [*model.parameters()]
    if isinstance(loss, nn.Module):
        parameters += list(loss.parameters())
    optimizer, losses = torch.optim.AdamW(parameters, lr), []
    labels = torch.from_numpy(np.unique(images.identity, return_inverse=True)[1])
    model.train()
    for batch in PKBatches(images.identity, p, k, batches=steps, seed=seed):
        value = loss(model(to_input(images.images[batch], model)), labels[batch])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return model.eval(), losses


@torch.no_grad()
def embedded(model: nn.Module, images: ImageSet | None = None) -> Tensor:
    """Embeddings (N, D) of the unseen characters, or of other images."""
    images = characters()[1] if images is None else images
    return model.eval()(to_input(images.images, model))


def error_rate(embeddings: Tensor, cosine: bool = False) -> float:
    """EER over all pairs of the unseen characters, by distance or by cosine."""
    i, j, same = all_pairs(characters()[1].identity)
    if cosine:
        unit = nn.functional.normalize(embeddings, dim=1)
        return equal_error_rate((unit[i] * unit[j]).sum(1), same)[0]
    return equal_error_rate(-(embeddings[i] - embeddings[j]).norm(dim=1), same)[0]
