"""What a training loop needs around it: a seed a step, processes that agree, signals that wait for the step, one line of progress."""

import contextlib
import hashlib
import os
import signal

import torch
import torch.distributed as dist
from torch import Tensor


def seed_of(*parts: int) -> int:
    """One seed from several numbers: near numbers give unrelated seeds."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")


def processes() -> tuple[int, int]:
    """(rank, number of processes), as torchrun set them; joins their group on the first call."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return (dist.get_rank(), world) if world > 1 else (0, 1)


def agree(value: Tensor, stop: bool, world: int) -> tuple[float, bool]:
    """Mean loss over the processes, and whether any of them was asked to stop: all leave the loop at the same step."""
    if world == 1:
        return float(value), stop
    both = torch.stack([value.double(), value.new_tensor(float(stop)).double()])
    dist.all_reduce(both)
    return float(both[0]) / world, bool(both[1] > 0)


@contextlib.contextmanager
def stop_on_signal():
    """Yields a question: has Ctrl-C (or SIGTERM) come? A second one interrupts at once."""
    asked, before = [], {}

    def ask(number, _frame) -> None:
        asked.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)

    with contextlib.suppress(ValueError):  # only the main thread may set handlers
        for one in (signal.SIGINT, signal.SIGTERM):
            before[one] = signal.signal(one, ask)
    try:
        yield lambda: bool(asked)
    finally:
        if not asked:
            for one, handler in before.items():
                signal.signal(one, handler)
