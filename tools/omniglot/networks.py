"""The two networks that are trained on Omniglot, and what a comparison of pixels is."""

from functools import partial

import numpy as np
import torch

from lib import losses, models, training
from lib.data import ImageSet
from lib.training import augment
from tools import precision
from tools.cache import results_folder

SIZE = 48  # pixels
SCALE = 24.0  # of CosFace


def quarter_turns(images: ImageSet) -> ImageSet:
    """Each character as it is and turned by 90, 180, 270 degrees: four different characters."""
    turned = np.concatenate([np.rot90(images.images, turns, axes=(1, 2)) for turns in range(4)])
    offset = np.repeat(np.arange(4) * (int(images.identity.max()) + 1), len(images))
    names = tuple(f"{name} turned {90 * turns}" for turns in range(4) for name in images.names)
    return ImageSet(turned, np.tile(images.identity, 4) + offset, np.tile(images.genuine, 4), names)


def train(
    name: str,
    model: torch.nn.Module,
    loss: torch.nn.Module,
    images: ImageSet,
    steps: int,
    *,
    batch: tuple[int, int],
    lr: float,
    baseline: float,
    bend: bool = True,
    seed: int = 0,
) -> training.History:
    """Train, or go on from the checkpoint of that name; other arguments as for `training.fit`.

    bend  True: drawings are bent anew in every batch
    """
    groups = training.parameter_groups(model, loss, weight_decay=(0.05, 0.0))
    with precision.fast():
        return training.fit(
            model,
            images,
            loss=loss,
            steps=steps,
            batch=batch,
            optimizer=torch.optim.AdamW(groups, lr=lr),
            schedule=partial(training.learning_rate, schedule="one-cycle"),
            augment=augment.Redrawn() if bend else None,
            baseline=baseline,
            checkpoint=results_folder() / f"omniglot_{name}.pt",
            seed=seed,
        )


def train_glyph_net(
    images: ImageSet,
    steps: int,
    name: str,
    margin: float = 0.25,
    turned: bool = True,
    bend: bool = True,
) -> tuple[models.GlyphNet, training.History]:
    """The course's network: CosFace over all characters, with `turned` also their quarter turns."""
    images = quarter_turns(images) if turned else images
    classes = len(images.identities)
    torch.manual_seed(0)
    model = models.GlyphNet(input_size=(SIZE, SIZE))
    head = losses.CosFace(256, classes, scale=SCALE, margin=margin)
    baseline = losses.baseline_loss("cosface", margin=margin, scale=SCALE, classes=classes)
    history = train(
        name,
        model,
        losses.SoftmaxLoss(head),
        images,
        steps,
        batch=(128, 1),
        lr=3e-3,
        baseline=baseline,
        bend=bend,
    )
    return model, history


def train_koch_net(
    images: ImageSet,
    steps: int,
    name: str,
    n_way: bool = False,
    signs: bool = False,
    seed: int = 0,
) -> tuple[models.KochNet, models.L1Head, training.History]:
    """Koch's twins at half the resolution: same data, same optimiser, their own loss.

    `models.initialise` gives them an initialisation from which they learn.

    n_way  False: same or different, each pair by itself; True: which of the batch's 32 characters
    signs  True: the head's weights start at random, as in the paper (normal, deviation 0.2)
    seed   of the weights and of the batches
    """
    torch.manual_seed(seed)
    model = models.KochNet(input_size=(SIZE, SIZE), kernels=(5, 4, 3, 2))
    head = models.NWayL1Head() if n_way else models.L1Head()
    models.initialise(model, head)
    if signs:
        torch.nn.init.normal_(head.alpha, std=0.2)
    baseline = float(np.log(32 if n_way else 2))
    turned, batch = quarter_turns(images), (32, 2)
    history = train(
        name, model, head, turned, steps, batch=batch, lr=1e-3, baseline=baseline, seed=seed
    )
    return model, head, history


def koch_multiply_adds(koch: models.KochNet) -> int:
    """Koch's convolutions have no batch norm, so `count_multiply_adds` does not count them."""
    side, total = koch.input_size[0], 0
    for layer in koch.conv:
        if isinstance(layer, torch.nn.Conv2d):
            side = side - layer.kernel_size[0] + 1
            total += side * side * layer.weight.numel()
        elif isinstance(layer, torch.nn.MaxPool2d):
            side //= 2
    return total + koch.linear.weight.numel()


def pixels(images: np.ndarray) -> torch.Tensor:
    """(N, H, W) -> (N, H * W) unit vectors of ink."""
    return torch.nn.functional.normalize((255 - torch.as_tensor(images).float()).flatten(1), dim=1)
