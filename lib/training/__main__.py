"""The command line of `lib.training`: arguments to an `ImageSet`, a network, a loss, and `fit`."""

import argparse
import ast
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist

from lib import course, data, losses, models, training
from lib.training import augment
from lib.training.processes import processes

HEADS = {
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
MARGINS = {
    "contrastive": 1.0,
    "triplet": 0.2,
    "batch-all": 0.2,
    "semi-hard": 0.2,
    "sphereface": 2,
    "cosface": 0.35,
    "arcface": 0.4,
}
SCALE = 32.0


def build_loss(
    name: str,
    embedding_size: int,
    classes: int,
    p: int,
    k: int,
    margin: float | None = None,
    scale: float = SCALE,
) -> tuple[Callable, float | None]:
    """A loss by name, and the value that a model scores which ignores its input (None where there is no such value)."""
    margin = MARGINS.get(name) if margin is None else margin
    if name in HEADS:
        options = {"scale": scale} | (
            {} if name == "softmax" else {"margin": int(margin) if name == "sphereface" else margin}
        )
        return losses.SoftmaxLoss(
            HEADS[name](embedding_size, classes, **options)
        ), losses.baseline_loss(name, margin=margin, scale=scale, classes=classes)
    if name not in BATCH_LOSSES:
        raise ValueError(f"no loss {name!r}; there are {', '.join([*BATCH_LOSSES, *HEADS])}")
    loss = partial(BATCH_LOSSES[name], margin=margin)
    if name == "semi-hard":
        return loss, None
    same_share = (k - 1) / (p * k - 1)  # of the pairs of one batch
    return loss, losses.baseline_loss(
        "contrastive" if name == "contrastive" else "triplet", margin=margin, same_share=same_share
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lib.training",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Train an embedding network. Under torchrun the same arguments train on many processes.",
    )
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        default=["synthetic-faces"],
        metavar=("SOURCE", "KEY=VALUE"),
        help=f"source ({', '.join(data.SOURCES)}) and its options",
    )
    add(
        "--test",
        type=float,
        default=0.1,
        help="share of identities held out, whose EER is reported",
    )
    add("--model", choices=list(models.ARCHITECTURES), default="MobileFaceNet")
    add("--width", type=float, default=0.5, help="factor on the channels")
    add(
        "--input-size",
        type=int,
        nargs=2,
        default=None,
        metavar=("H", "W"),
        help="by default the images' own size",
    )
    add("--embedding-size", type=int, default=128)
    add(
        "--start-from",
        type=Path,
        default=None,
        help="begin with the weights of this model file (fine-tuning)",
    )
    add("--loss", choices=[*BATCH_LOSSES, *HEADS], default="arcface")
    add("--margin", type=float, default=None, help=f"by default {MARGINS}; radians for arcface")
    add("--scale", type=float, default=SCALE, help="of the softmax losses")
    add("--steps", type=int, default=1000)
    add("-p", type=int, default=32, help="identities a batch")
    add("-k", type=int, default=4, help="images an identity")
    add("--lr", type=float, default=0.1)
    add("--optimizer", choices=["sgd", "adamw"], default="sgd")
    add("--schedule", choices=["paper", "cosine", "one-cycle", "constant"], default="cosine")
    add("--warm-up", type=int, default=50, help="steps")
    add("--weight-decay", type=float, nargs=2, default=(4e-5, 4e-4), metavar=("BODY", "LAST"))
    add("--clip", type=float, default=None, help="longest gradient")
    add("--augment", choices=["none", "faces", "signatures"], default="none")
    add("--validate-every", type=int, default=0, help="steps; 0 only at the end")
    add(
        "--checkpoint",
        type=Path,
        default=None,
        help="by default beside --out, and removed when that is written",
    )
    add("--checkpoint-every", type=int, default=100)
    add("--no-resume", action="store_true", help="start anew even if the checkpoint is there")
    add("--out", type=Path, required=True, help="where the trained model goes")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=None, help="of each process")
    add("--bf16", action="store_true", help="bfloat16 where it is safe")
    add("--no-channels-last", action="store_true", help="keep images as planes; slower on CPUs")
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
    """The first process makes or fetches the images, the others then find them in the cache."""
    if rank:
        dist.barrier()
    images = data.load(words[0], **_options(words[1:]))
    if world > 1 and not rank:
        dist.barrier()
    return images


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    rank, world = processes()
    if given.threads:
        torch.set_num_threads(given.threads)
    course.seed_everything(given.seed)
    train, test = _load(given.data, rank, world).split_by_identity(given.test, seed=given.seed)
    size = tuple(given.input_size or train.images.shape[1:3])
    if given.start_from:
        model = models.load(given.start_from, given.model)
    else:
        model = models.ARCHITECTURES[given.model](
            embedding_size=given.embedding_size, input_size=size, width=given.width
        )
    classes = len(set(zip(train.identity.tolist(), train.genuine.tolist())))
    loss, trivial = build_loss(
        given.loss,
        model.embedding_size,
        classes,
        given.p // world,
        given.k,
        given.margin,
        given.scale,
    )
    checkpoint = given.checkpoint or given.out.with_suffix(".checkpoint")
    if rank == 0:
        print(
            f"{len(train)} images of {len(train.identities)} identities; {len(test.identities)} others held out; {world} process(es), "
            f"{torch.get_num_threads()} thread(s) each; {models.count_parameters(model):,} parameters",
            flush=True,
        )
    history = training.fit(
        model,
        train,
        loss=loss,
        trivial=trivial,
        steps=given.steps,
        p=given.p,
        k=given.k,
        lr=given.lr,
        optimizer=given.optimizer,
        schedule=given.schedule,
        warm_up=given.warm_up,
        weight_decay=tuple(given.weight_decay),
        clip=given.clip,
        augment=None if given.augment == "none" else getattr(augment, given.augment),
        validation=test,
        validate_every=given.validate_every,
        checkpoint=checkpoint,
        checkpoint_every=given.checkpoint_every,
        resume=not given.no_resume,
        seed=given.seed,
        bf16=given.bf16,
        channels_last=not given.no_channels_last,
    )
    if not history.finished:
        return 130
    if rank == 0:
        eer = training.validation_eer(model, test)
        print(
            f"loss {history.smooth()[-1]:.4g} (trivial {trivial}), EER on {len(test.identities)} identities not trained on: {eer:.2%}, {history.seconds:.0f} s"
        )
        facts = {
            key: value if isinstance(value, (int, float, bool, type(None), list)) else str(value)
            for key, value in vars(given).items()
        }
        models.save(
            model,
            given.out,
            **facts,
            held_out=test.identities.tolist(),
            eer=eer,
            loss_at_end=history.smooth()[-1],
            trivial=trivial,
        )
        if not given.checkpoint:
            checkpoint.unlink(missing_ok=True)
        print(f"written: {given.out}")
    if world > 1:
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
