"""One image seen in several ways."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.models import to_input
from lib.training.augment import Redrawn


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
