"""Train a network on an `ImageSet`: one loop for a lesson, a shell, and many processes.

    history = fit(model, train, loss=loss, steps=600, batch=(16, 4))  # in a lesson
    python -m lib.training --data synthetic-faces --steps 2000 --out model.pt  # from a shell
    torchrun --nproc-per-node 2 -m lib.training ...the same arguments...  # gloo or NCCL

Every random draw of step n comes from (seed, n), so that a killed run goes on from its checkpoint
as if nothing had happened. Several processes share a batch by identities. The mean of a softmax
loss over the shares is its mean over the batch. For every other loss each process gets the
embeddings of all, so that pairs and triplets are sought in the whole batch.

Under `torch.autocast(device, torch.bfloat16)` the network runs in bfloat16, the loss in float32.
"""

import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from lib.data import ImageSet
from lib.data.arrays import check_whole_number, whole_numbers
from lib.data.pairs import PKBatches, count_pairs, sample_pairs
from lib.evaluation import equal_error_rate, pair_scores
from lib.losses import SoftmaxLoss
from lib.models import Network, embed, to_input
from lib.training.checkpoint import Checkpoint, History, code_of, describe
from lib.training.processes import (
    agree,
    gather,
    join_processes,
    own_state,
    process_device,
    seed_of,
)
from lib.training.progress import Progress
from lib.training.schedule import learning_rate, parameter_groups, set_learning_rate


def fit(
    model: Network,
    train: ImageSet,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    steps: int,
    batch: tuple[int, int] = (16, 4),
    optimizer: Optimizer | None = None,
    schedule: Callable[[int, int, float], float] = learning_rate,  # (step, steps, highest rate)
    augment: Callable[[Tensor], Tensor] | None = None,
    baseline: float | None = None,
    validation: tuple[ImageSet, int] | None = None,
    checkpoint: Checkpoint | Path | str | None = None,
    seed: int = 0,
) -> History:
    """Train `model` in place; Ctrl-C or SIGTERM finish the step, save, and return the history.

    loss        (embeddings (B, D), labels (B,) in 0..C-1) -> scalar
    batch       (P, K): P identities, K images of each
    optimizer   by default SGD on `parameter_groups(model, loss)`, lr 0.1, momentum 0.9
    augment     input of the network (B, C, H, W) -> the same, changed (`lib.training.augment`)
    baseline    `baseline_loss` of this loss, to compare with
    validation  (images of other identities, steps between measurements): their EER
    checkpoint  file from which the same call goes on; `Checkpoint(file, every)` sets the interval
    raises      FloatingPointError: loss or gradient not finite; ValueError: checkpoint of other
                run, images whose EER cannot be measured, batches in which nothing is compared
    """
    _check_counts(steps, batch, validation)
    optimizer = optimizer or SGD(parameter_groups(model, loss), lr=0.1, momentum=0.9)
    network, forward = _place(model, loss, optimizer)
    settings = _settings(network, train, steps, batch, optimizer, seed)
    parts = dict(loss=loss, schedule=schedule, augment=augment)
    file = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
    history = file.resume(settings, parts, network, optimizer, History(steps, baseline))
    batches = draw_batches(train, batch, seed, range(len(history.loss), steps))
    with own_state(network.device) as stop, Progress(history, batch) as bar:
        for step, images, labels in batches:
            began = time.perf_counter()
            x = network.input(images)
            value = forward(augment(x) if augment else x, labels)
            optimizer.zero_grad()
            value.backward()
            rate = set_learning_rate(optimizer, schedule, step, steps)
            mean, stopping = agree(value.detach(), stop())
            _check_loss(mean, batch, optimizer, history, file)
            optimizer.step()
            history.add(mean, rate, time.perf_counter() - began)
            _validate(model, validation, history)
            bar.show(history)
            file.write_when_due(history)
            if stopping:
                break
    return _finish(model, history, file)


def _check_counts(steps: int, batch: tuple, validation: tuple[ImageSet, int] | None) -> None:
    whole_numbers(steps=(steps, 1), P=(batch[0], 1), K=(batch[1], 1))
    if validation:
        check_whole_number("validation: steps between measurements", validation[1], least=1)
        if why := unmeasurable(validation[0]):
            raise ValueError(f"validation: {why}")


class _Step(nn.Module):
    """Images and labels in, loss out: one module, so that processes average every gradient."""

    def __init__(self, model: Network, loss: Callable, device: torch.device) -> None:
        super().__init__()
        self.model, self.loss, self.device = model, loss, device
        self.layout = getattr(model, "memory_format", torch.channels_last)
        self.bf16 = torch.is_autocast_enabled(device.type)
        self.to(device)
        model.to(memory_format=self.layout).train()

    def input(self, images: np.ndarray) -> Tensor:
        x = to_input(images, self.model).to(self.device)
        return x.contiguous(memory_format=self.layout)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        # No cache: inside the caller's autocast it would keep the weights of the first step.
        with torch.autocast(x.device.type, torch.bfloat16, self.bf16, cache_enabled=False):
            vectors = self.model(x)
        vectors, labels = vectors.float(), labels.to(x.device)
        if not isinstance(self.loss, SoftmaxLoss):
            vectors, labels = gather(vectors, labels)
        if not vectors.isfinite().all():
            return vectors.sum() * math.nan  # `_check_loss` raises for all processes
        return self.loss(vectors, labels)


def _place(model: Network, loss: Callable, optimizer: Optimizer) -> tuple[_Step, nn.Module]:
    """Model and loss on the device of this process, and the same with gradients shared by all."""
    network = _Step(model, loss, process_device())
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    trained = [name for name, p in network.named_parameters() if p.requires_grad]
    if missing := [name for name in trained if id(network.get_parameter(name)) not in held]:
        raise ValueError(
            f"the optimizer lacks {len(missing)} parameters, the first {missing[0]}: build it from "
            "parameter_groups(model, loss), or set requires_grad=False where nothing is to change"
        )
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])  # the schedule changes lr
    several = join_processes()[1] > 1
    return network, nn.parallel.DistributedDataParallel(network) if several else network


def _settings(network: _Step, train, steps, batch, optimizer, seed) -> dict:
    """What must be the same where a run goes on from a checkpoint."""
    model, groups = network.model, optimizer.param_groups
    options = {key: [group.get(key) for group in groups] for key in groups[0]}
    del options["params"], options["lr"]  # which changes each step
    return dict(
        model=" ".join([type(model).__name__, str(getattr(model, "options", "")), *code_of(model)]),
        images=describe(train),
        steps=steps,
        batch=list(batch),
        optimizer=type(optimizer).__name__,
        **options,
        seed=seed,
        bf16=network.bf16,
        processes=join_processes()[1],
    )


def draw_batches(
    train: ImageSet, batch: tuple[int, int], seed: int, steps: range
) -> Iterator[tuple[int, np.ndarray, Tensor]]:
    """Seed torch for each step, and yield (step, images, labels) of this process's share.

    raises  ValueError where P identities cannot be divided among the processes
    """
    (p, k), (rank, world) = batch, join_processes()
    if p % world:
        raise ValueError(
            f"{p} identities cannot be shared by {world} processes; choose a multiple of {world}"
        )
    # Identities may be any numbers, classes are 0..C-1. Forgeries of a hand are another class.
    pairs = np.stack([train.identity, train.genuine])
    classes = np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)  # (N,)
    epoch_length = math.ceil(len(train) / (p * k))
    sampler = PKBatches(classes, p, k, epoch_length, seed=seed)
    for step in steps:
        epoch, done = divmod(step, epoch_length)
        if done == 0 or step == steps.start:
            sampler.set_epoch(epoch)
            indices = itertools.islice(sampler, done, None)
        mine = np.reshape(next(indices), (p, k))[rank::world].reshape(-1)  # (P/world * K,)
        torch.manual_seed(seed_of(seed, step, rank))
        yield step, train.images[mine], torch.from_numpy(classes[mine])


def _check_loss(mean: float, batch, optimizer: Optimizer, history: History, file: Checkpoint):
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if math.isfinite(mean) and norm.isfinite():
        if not history.loss:  # later on a softmax loss may be exactly 0
            _check_compares(mean, batch)
        return
    found = f"the loss became {mean}"
    if math.isfinite(mean):
        found = f"the loss is {mean:.4g}, but the length of its gradient became {float(norm)}"
    rate = optimizer.param_groups[0]["lr"]
    back = f" The last checkpoint is of step {file.step}." if file.step else ""
    raise FloatingPointError(
        f"{found} at step {len(history.loss)} of {history.steps}, learning rate {rate:.2g}. Try a "
        "tenth of the learning rate, a longer warm-up, clip_gradient(optimizer, 1.0), float32 in "
        f"place of bfloat16; look for broken images.{back}"
    )


def _check_compares(mean: float, batch: tuple[int, int]) -> None:
    p, k = batch
    if mean == 0 and 1 in (p, k):
        missing = "positive: each identity brings one image" if k == 1 else "negative: all are one"
        raise ValueError(
            f"a batch of {p} identities x {k} images costs exactly 0, because no image has a "
            f"{missing}. Choose batch=(P, K) with two or more of both"
        )


def _validate(model: Network, validation: tuple[ImageSet, int] | None, history: History) -> None:
    if validation is None or join_processes()[0] > 0:
        return
    images, every = validation
    if len(history.loss) % every == 0:
        history.validation.append((len(history.loss), validation_eer(model, images)))


def unmeasurable(images: ImageSet) -> str:
    """Why an EER cannot be measured on these images; "" where it can."""
    same, different = count_pairs(images.identity, images.genuine)
    if same and different:
        return ""
    missing = "two images of one identity" if different else "images of two identities"
    count = f"{len(images)} images of {len(images.identities)} identities"
    return f"no EER can be measured on {count}: it needs {missing}"


def validation_eer(model: Network, images: ImageSet, most: int = 20_000) -> float:
    """EER over up to `most` pairs of these images, half of them same."""
    count = 2 * min(most // 2, *count_pairs(images.identity, images.genuine))
    i, j, same = sample_pairs(images.identity, count, genuine=images.genuine)
    return float(equal_error_rate(pair_scores(embed(model, images), i, j), same)[0])


def _finish(model: Network, history: History, file: Checkpoint) -> History:
    """Save, leave the model ready to embed, and say how the training ended."""
    file.write(history)
    model.to(memory_format=torch.contiguous_format).eval()
    if join_processes()[0] > 0:
        return history
    if not history.finished:
        saved = f"saved in {file.path}; the same call goes on from there"
        unsaved = "there is no checkpoint; the model keeps its weights"
        done = f"{len(history.loss)} of {history.steps} steps"
        print(f"stopped after {done}: {saved if file.path else unsaved}")
    elif not any(history.loss):
        warnings.warn("every batch cost exactly 0: nothing was learned", stacklevel=3)
    elif history.below_baseline is False:
        warnings.warn(
            f"the loss never went below {history.baseline:.4g}, the lowest that distances or "
            "logits score that do not depend on the labels: it does not show that the model has "
            "learned anything. Try another learning rate, more steps, a smaller margin; check that "
            "images and labels belong together",
            stacklevel=3,
        )
    return history
