"""Train a network on an `ImageSet`: one loop for a lesson, a shell, and many processes.

    history = fit(model, train, loss=loss, steps=600, p=16, k=4, lr=0.1)                       # in a lesson
    python -m lib.training --data synthetic-faces identities=200 --steps 2000 --out model.pt    # from a shell
    torchrun --nproc-per-node 2 -m lib.training ...the same arguments...                       # gloo on CPUs, NCCL on GPUs
    python -m lib.training --help

Every random draw of step n comes from (seed, n), and the learning rate is a function of n: a run that was killed goes on from
its checkpoint as if nothing had happened. Several processes share a batch by identities, and each averages over its share:
a softmax loss is then exactly the one of the whole batch, while pairs and triplets are sought inside a share.
"""

import itertools
import math
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lib import course
from lib.data import ImageSet
from lib.data.pairs import PKBatches, count_pairs, sample_pairs
from lib.models import embed, to_input
from lib.training.checkpoint import History, _Checkpoint
from lib.training.processes import agree, processes, seed_of, stop_on_signal
from lib.training.progress import Progress
from lib.training.schedule import learning_rate, parameter_groups


class _Step(nn.Module):
    """Images and labels in, loss out: one module, so that all processes average every gradient, also the loss's own."""

    def __init__(self, model: nn.Module, loss: Callable, bf16: bool) -> None:
        super().__init__()
        self.model, self.loss, self.bf16 = model, loss, bf16

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            vectors = self.model(x)
        vectors = vectors.float()
        return (
            self.loss(vectors, labels) if vectors.isfinite().all() else vectors.sum() * math.nan
        )  # `fit` says what to do


def fit(
    model: nn.Module,
    train: ImageSet,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    steps: int,
    p: int = 16,
    k: int = 4,
    lr: float = 0.1,
    optimizer: str = "sgd",
    schedule: str = "cosine",
    warm_up: int = 0,
    weight_decay: tuple[float, float] = (4e-5, 4e-4),
    clip: float | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    trivial: float | None = None,
    validation: ImageSet | None = None,
    validate_every: int = 0,
    checkpoint: Path | str | None = None,
    checkpoint_every: int = 100,
    resume: bool = True,
    seed: int = 0,
    device: torch.device | None = None,
    bf16: bool = False,
    channels_last: bool = True,
    progress: bool = True,
) -> History:
    """Train `model` in place and leave it in evaluation mode.

    loss        (embeddings (B, D), labels (B,) in 0..C-1) -> scalar; a module's own parameters are trained too
    steps, p, k batches of p identities x k images
    optimizer   "sgd" (momentum 0.9, as the paper) or "adamw"; `weight_decay` as in `parameter_groups`; `clip` bounds the gradient's length
    augment     images as the network takes them -> the same (see lib.training.augment)
    trivial     what a model that ignores its input scores (`losses.baseline_loss`); stands beside the loss
    validation  other identities: their EER every `validate_every` steps
    checkpoint  a file, written every `checkpoint_every` steps and at the end; with `resume` a run goes on from it
    returns     History; Ctrl-C or SIGTERM finish the step, save, and return what there is
    bf16        bfloat16 in the network, float32 in the loss; channels_last keeps a pixel's channels side by side, faster on CPUs
    raises      FloatingPointError, saying where, if loss or gradient stop being finite; ValueError if the checkpoint is another run's
    """
    rank, world = processes()
    if p % world:
        raise ValueError(
            f"p={p} identities cannot be shared by {world} processes; choose a multiple of {world}"
        )
    device = torch.device(
        device
        or (
            f"cuda:{rank % torch.cuda.device_count()}"
            if world > 1 and torch.cuda.is_available()
            else course.device()
        )
    )
    # Identities may be any numbers, classes are 0..C-1; whoever forges a person's hand is somebody else.
    classes = np.unique(np.stack([train.identity, train.genuine]), axis=1, return_inverse=True)[
        1
    ].reshape(-1)
    labels = torch.from_numpy(classes).to(device)
    an_epoch = math.ceil(len(train) / (p * k))
    settings = dict(
        steps=steps,
        p=p,
        k=k,
        lr=lr,
        optimizer=optimizer,
        schedule=schedule,
        warm_up=warm_up,
        weight_decay=list(weight_decay),
        clip=clip,
        seed=seed,
        bf16=bf16,
        processes=world,
        loss=_named(loss),
        augment=_named(augment),
        model=f"{type(model).__name__} {getattr(model, 'options', '')}",
        images=_fingerprint(train),
    )

    layout = torch.channels_last if channels_last else torch.contiguous_format
    model.to(device, memory_format=layout).train()
    step_module = _Step(model, loss, bf16).to(device)
    run = nn.parallel.DistributedDataParallel(step_module) if world > 1 else step_module
    groups = parameter_groups(model, loss, weight_decay)
    parameters = list(itertools.chain(*(group["params"] for group in groups)))
    if optimizer not in ("sgd", "adamw"):
        raise ValueError(f"no optimizer {optimizer!r}; there are 'sgd' and 'adamw'")
    optim = (
        torch.optim.SGD(groups, lr, momentum=0.9)
        if optimizer == "sgd"
        else torch.optim.AdamW(groups, lr)
    )
    keeper = _Checkpoint(checkpoint, settings, step_module, optim, writes=rank == 0)
    history = keeper.resume() if resume and keeper.exists else History(steps)
    history.trivial = trivial

    sampler = PKBatches(classes, p, k, an_epoch, seed=seed)
    batches = _batches_from(sampler, len(history.loss), an_epoch)
    bar = Progress(steps, len(history.loss), trivial, show=progress and rank == 0)
    cuda = [device] if device.type == "cuda" else []
    with stop_on_signal() as stop, torch.random.fork_rng(cuda), bar:
        for step in range(len(history.loss), steps):
            began = time.perf_counter()
            torch.manual_seed(seed_of(seed, step, rank))
            rate = learning_rate(step, steps, lr, schedule, warm_up)
            for group in optim.param_groups:
                group["lr"] = rate
            mine = (
                np.asarray(next(batches)).reshape(p, k)[rank::world].reshape(-1)
            )  # (P, K) -> (P/world * K,)
            x = to_input(train.images[mine], model).to(device).contiguous(memory_format=layout)
            value = run(augment(x) if augment else x, labels[torch.from_numpy(mine).to(device)])
            mean, stopping = agree(value.detach(), stop(), world)
            if not math.isfinite(mean):
                raise _diverged(f"the loss became {mean}", step, steps, rate, bf16, keeper)
            optim.zero_grad(set_to_none=True)
            value.backward()
            norm = nn.utils.clip_grad_norm_(parameters, clip or math.inf)
            if not norm.isfinite():
                raise _diverged(
                    f"the loss is {mean:.4g}, but the length of its gradient became {float(norm)}",
                    step,
                    steps,
                    rate,
                    bf16,
                    keeper,
                )
            optim.step()
            history.loss.append(mean)
            history.lr.append(rate)
            history.seconds += time.perf_counter() - began
            if (
                validation is not None
                and validate_every
                and (step + 1) % validate_every == 0
                and rank == 0
            ):
                history.validation.append((step + 1, validation_eer(model, validation)))
            eer = history.validation[-1][1] if history.validation else None
            bar.tell(
                float(np.mean(history.loss[-20:])), eer, p * k * len(history.loss) / history.seconds
            )
            if stopping or (step + 1) % checkpoint_every == 0:
                keeper.keep(history)
            if stopping:
                break
    keeper.keep(history)
    model.to(memory_format=torch.contiguous_format).eval()
    if rank == 0:
        _last_words(history, checkpoint)
    return history


def _diverged(
    what: str, step: int, steps: int, rate: float, bf16: bool, keeper: _Checkpoint
) -> FloatingPointError:
    advice = "a tenth of lr, a longer warm_up, clip=1.0" + ", bf16=False" * bf16
    back = f" The last checkpoint is of step {keeper.step}." if keeper.step else ""
    return FloatingPointError(
        f"{what} at step {step} of {steps}, learning rate {rate:.2g}. Try {advice}; look for broken images.{back}"
    )


def _last_words(history: History, checkpoint: Path | str | None) -> None:
    if not history.finished:
        how = (
            f"saved in {checkpoint}; the same call goes on from there"
            if checkpoint
            else "no checkpoint was asked for; the model keeps what it has learned"
        )
        print(f"stopped after {len(history.loss)} of {history.steps} steps: {how}")
    elif history.learned is False:
        warnings.warn(
            f"the loss never went below {history.trivial:.4g}, which a model scores that ignores its input: by this number it has learned "
            "nothing. Try another learning rate, more steps, a smaller margin; check that labels and images are still in step",
            stacklevel=3,
        )


def _batches_from(sampler, step: int, an_epoch: int):
    """The sampler's batches from the one of this step on: epoch after epoch, without drawing what lies before."""
    for epoch in itertools.count(step // an_epoch):
        sampler.set_epoch(epoch)
        yield from itertools.islice(
            sampler, step % an_epoch if epoch == step // an_epoch else 0, None
        )


def validation_eer(model: nn.Module, images: ImageSet, most: int = 20_000) -> float:
    """EER over up to `most` pairs of these images, half of them same."""
    from lib.evaluation import equal_error_rate, pair_scores

    count = 2 * min(most // 2, *count_pairs(images.identity, images.genuine))
    i, j, same = sample_pairs(images.identity, count, genuine=images.genuine)
    return float(equal_error_rate(pair_scores(embed(model, images), i, j), same)[0])


def _named(thing: object) -> str:
    if thing is None or isinstance(thing, nn.Module):
        return " ".join(repr(thing).split())
    if hasattr(thing, "func"):  # a functools.partial
        return f"{_named(thing.func)} {thing.args} {thing.keywords}"
    return getattr(thing, "__name__", type(thing).__name__)


def _fingerprint(images: ImageSet) -> str:
    return f"{len(images)} images {zlib.crc32(np.ascontiguousarray(images.images)) ^ zlib.crc32(images.identity):08x}"
