"""The command line of `lib.training`: from arguments to data, a network, a loss, and `fit`."""

import argparse
import ast
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from lib import course, data, losses, models, training
from lib.data.download import DataError
from lib.models.files import read_file
from lib.training import augment
from lib.training.checkpoint import FORMAT
from lib.training.loop import unmeasurable
from lib.training.processes import join_processes, process_device

HEADS: dict[str, Callable[..., nn.Module]] = {
    "softmax": losses.NormalizedSoftmax,
    "sphereface": losses.SphereFace,
    "cosface": losses.CosFace,
    "arcface": losses.ArcFace,
}
BATCH_LOSSES = {
    "contrastive": losses.batch_contrastive_loss,
    "triplet": losses.batch_hard_triplet_loss,
    "batch-all": losses.batch_all_triplet_loss,
    "semi-hard": losses.semi_hard_triplet_loss,
}
MARGINS = dict(contrastive=1.0, triplet=0.2, sphereface=2, cosface=0.35, arcface=0.4)
MARGINS |= {"batch-all": 0.2, "semi-hard": 0.2}
SCALE = 32.0


def build_loss(
    name: str, embedding_size: int, classes: int, p: int, k: int, margin: float | None, scale: float
) -> tuple[Callable, float | None]:
    """(loss, its baseline or None); p identities, k images of each in a batch."""
    margin = MARGINS.get(name, 0.0) if margin is None else margin
    if name in HEADS:
        options = {} if name == "softmax" else {"margin": margin}
        head = HEADS[name](embedding_size, classes, scale, **options)
        baseline = losses.baseline_loss(name, margin=margin, scale=scale, classes=classes)
        return losses.SoftmaxLoss(head), baseline
    loss = partial(BATCH_LOSSES[name], margin=margin)
    if name == "semi-hard":
        return loss, None
    kind = "contrastive" if name == "contrastive" else "triplet"
    same_share = (k - 1) / (p * k - 1)  # of the pairs of one batch
    return loss, losses.baseline_loss(kind, margin=margin, same_share=same_share)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lib.training",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Train an embedding network. torchrun starts the same on many processes.",
    )
    add = parser.add_argument
    words = ("SOURCE", "KEY=VALUE")
    sources = f"source ({', '.join(data.SOURCES)}) and its options"
    add("--data", nargs="+", default=["synthetic-faces"], metavar=words, help=sources)
    add("--test", type=float, default=0.1, help="share of identities held out to measure the EER")
    add("--model", choices=list(models.ARCHITECTURES), default="MobileFaceNet")
    add("--width", type=float, default=0.5, help="factor on the channels")
    add("--input-size", type=int, nargs=2, metavar=("H", "W"), help="default: size of the images")
    add("--embedding-size", type=int, default=128)
    add(
        "--start-from",
        type=course.as_path,
        help="begin with the weights of this model file (fine-tuning)",
    )
    add("--out", type=course.as_path, required=True, help="where the trained model goes")

    add("--loss", choices=[*BATCH_LOSSES, *HEADS], default="arcface")
    add("--margin", type=float, help=f"default: {MARGINS}; radians for arcface")
    add("--scale", type=float, default=SCALE, help="of the softmax losses")
    add("--steps", type=int, default=1000)
    add("-p", type=int, default=32, help="identities in a batch")
    add("-k", type=int, default=4, help="images of each identity")
    add("--lr", type=float, default=0.1)
    add("--optimizer", choices=["sgd", "adamw"], default="sgd")
    add("--schedule", choices=["paper", "cosine", "one-cycle", "constant"], default="cosine")
    add("--warm-up", type=int, default=50, help="steps")
    add("--weight-decay", type=float, nargs=2, default=(4e-5, 4e-4), metavar=("NETWORK", "LAST"))
    add("--clip", type=float, help="longest gradient")
    add("--augment", choices=["none", "faces", "varied_faces", "signatures"], default="none")
    add("--validate-every", type=int, default=0, help="steps; 0 only at the end")
    add(
        "--checkpoint",
        type=course.as_path,
        help="default: beside --out, and removed after the training",
    )
    add("--checkpoint-every", type=int, default=100, help="steps")
    add("--no-resume", action="store_true", help="start anew even if the checkpoint is there")
    add("--seed", type=int, default=0)
    add("--threads", type=int, help="of each process")
    add("--bf16", action="store_true", help="bfloat16 in the network")
    add("--no-channels-last", action="store_true", help="images as planes; slower on CPUs")
    return parser


def _options(words: list[str]) -> dict:
    """["identities=20", "path=x"] -> {"identities": 20, "path": "x"}"""
    options = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise SystemExit(f"--data: {word!r} is not KEY=VALUE")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key] = value
    return options


def _load(words: list[str], rank: int, world: int) -> data.ImageSet:
    """The first process makes or downloads the images; the others then find them in the cache."""
    if rank:
        dist.barrier()
    images = data.load(words[0], **_options(words[1:]))
    if world > 1 and not rank:
        dist.barrier()
    return images


def _start_anew(checkpoint: Path, rank: int, world: int) -> None:
    """Delete the checkpoint; no other file that --checkpoint names by mistake."""
    if rank == 0 and checkpoint.exists():
        try:
            read_file(checkpoint, FORMAT)
        except ValueError as error:
            raise ValueError(
                f"--no-resume deletes checkpoints alone: {error}. Delete it yourself, or give "
                "another name"
            ) from None
        checkpoint.unlink()
    if world > 1:
        dist.barrier()  # nobody goes on from it


def _fit(
    given: argparse.Namespace,
    model: models.Network,
    train: data.ImageSet,
    test: data.ImageSet,
    checkpoint: Path,
) -> training.History:
    classes = len(set(zip(train.identity.tolist(), train.genuine.tolist())))
    sizes = (model.embedding_size, classes, given.p, given.k)
    loss, baseline = build_loss(given.loss, *sizes, given.margin, given.scale)
    groups = training.parameter_groups(model, loss, tuple(given.weight_decay))
    optimizer: torch.optim.Optimizer = torch.optim.AdamW(groups, given.lr)
    if given.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, given.lr, momentum=0.9)
    if given.clip:
        training.clip_gradient(optimizer, given.clip)
    schedule = partial(training.learning_rate, schedule=given.schedule, warm_up=given.warm_up)
    with torch.autocast(process_device().type, torch.bfloat16, enabled=given.bf16):
        return training.fit(
            model,
            train,
            loss=loss,
            steps=given.steps,
            batch=(given.p, given.k),
            optimizer=optimizer,
            schedule=schedule,
            augment=None if given.augment == "none" else getattr(augment, given.augment),
            baseline=baseline,
            validation=(test, given.validate_every) if given.validate_every else None,
            checkpoint=training.Checkpoint(checkpoint, given.checkpoint_every),
            seed=given.seed,
        )


def _save(
    given: argparse.Namespace,
    model: models.Network,
    test: data.ImageSet,
    history: training.History,
    checkpoint: Path,
) -> None:
    """Write the trained model, measure it on the identities held out, and write that beside it."""
    loss = history.smooth()[-1]
    plain = (int, float, type(None), list)
    facts = {k: v if isinstance(v, plain) else str(v) for k, v in vars(given).items()}
    facts |= dict(held_out=test.identities.tolist(), loss_at_end=loss, baseline=history.baseline)
    try:
        models.save(model, given.out, **facts, eer=None)
    except OSError as error:
        kept = f"the training is kept in {checkpoint}, and the same call goes on from there"
        raise OSError(f"{given.out} was not written ({error}); {kept}") from None
    print(f"loss {loss:.4g} (baseline {history.baseline}), {history.seconds:.0f} s")
    if not unmeasurable(test):
        eer = training.validation_eer(model, test)
        print(f"EER on {len(test.identities)} identities not trained on: {eer:.2%}")
        models.save(model, given.out, **facts, eer=eer)
    print(f"written: {given.out}")


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    rank, world = join_processes()
    if given.threads:
        torch.set_num_threads(given.threads)
    course.seed_everything(given.seed)
    checkpoint = given.checkpoint or given.out.with_name(f"{given.out.name}.checkpoint")
    if checkpoint.resolve() == given.out.resolve():
        raise ValueError(f"--checkpoint and --out are both {given.out}; give two files")
    for file in (given.out, checkpoint):
        models.check_writable(file)
    start = models.load(given.start_from, given.model) if given.start_from else None
    train, test = _load(given.data, rank, world).split_by_identity(given.test, seed=given.seed)
    if given.no_resume:
        _start_anew(checkpoint, rank, world)
    if start is not None:
        model = start
    else:
        size = tuple(given.input_size or train.images.shape[1:3])
        model = models.ARCHITECTURES[given.model](given.embedding_size, size, given.width)
    if given.no_channels_last:
        model.memory_format = torch.contiguous_format
    if rank == 0:
        print(
            f"{len(train)} images of {len(train.identities)} identities; {len(test.identities)} "
            f"others held out; {world} process(es), {torch.get_num_threads()} thread(s) each; "
            f"{models.count_parameters(model):,} parameters",
            flush=True,
        )
        if why := unmeasurable(test):
            print(f"{why}; a larger --test holds more identities out", flush=True)
    history = _fit(given, model, train, test, checkpoint)
    if not history.finished:
        return 130
    if rank == 0:
        _save(given, model, test, history, checkpoint)
        if not given.checkpoint:
            checkpoint.unlink(missing_ok=True)
    if world > 1:
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (DataError, ValueError, FloatingPointError, OSError) as error:
        sys.exit(str(error))
