"""One image seen in several ways, and how two such images are compared."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import L1Head, embed, to_input
from lib.training.augment import Redrawn


@torch.no_grad()
def embed_views(
    model: nn.Module,
    images: np.ndarray,
    turns: int = 1,
    redrawn: int = 0,
    strength: float = 0.5,
    seed: int = 0,
) -> Tensor:
    """Several embeddings of each image: (1 + redrawn, N, turns * D) unit vectors.

    turns    4: embedded at each quarter turn and the four vectors concatenated, for a network
             trained on `quarter_turns`
    redrawn  so many further views, each image bent anew by `Redrawn(strength)`; the first view of
             each is the image as it is
    """
    was_training, bend = model.training, Redrawn(strength)
    model.eval()
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        views = []
        for view in range(1 + redrawn):
            parts = []
            for start in range(0, len(images), 256):
                x = to_input(images[start : start + 256], model)
                x = bend(x) if view else x
                turned = [model(torch.rot90(x, turn, (2, 3))) for turn in range(turns)]
                parts.append(torch.cat(turned, 1))  # (B, turns * D)
            views.append(F.normalize(torch.cat(parts), dim=1))
    model.train(was_training)
    return torch.stack(views)


def best_agreement(probe: Tensor, shown: Tensor) -> Tensor:
    """(L, P, D), (L, S, D) views -> (P, S): the cosine of the two views that agree best."""
    return torch.einsum("lpd,msd->lmps", probe, shown).amax((0, 1))


def turned_features(twins: nn.Module, images: np.ndarray, turns: int) -> Tensor:
    """(N, H, W) -> (turns, N, D): features of each drawing at so many quarter turns."""
    views = [np.rot90(images, turn, axes=(1, 2)).copy() for turn in range(turns)]
    return torch.stack([embed(twins, view) for view in views])


@torch.no_grad()
def twins_scores(head: L1Head, first: Tensor, second: Tensor) -> Tensor:
    """(turns, A, D), (turns, B, D) -> (A, B) logits, summed over the turns"""
    return torch.stack([head.scores(a, b) for a, b in zip(first, second)]).sum(0)
