"""What surrounds a training loop: processes that agree, signals that wait for the end of a step."""

import contextlib
import hashlib
import os
import signal
from collections.abc import Callable, Iterator

import torch
import torch.distributed as dist
from torch import Tensor

from lib import course


def seed_of(*parts: int) -> int:
    """One seed from several numbers; close numbers give unrelated seeds."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")


def join_processes() -> tuple[int, int]:
    """(rank, number of processes) as torchrun set them; the first call joins the group."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return (dist.get_rank(), world) if world > 1 else (0, 1)


def process_device() -> torch.device:
    """The device of this process: with several processes and GPUs, each has its own."""
    rank, world = join_processes()
    if world > 1 and torch.cuda.is_available():
        return torch.device(f"cuda:{rank % torch.cuda.device_count()}")
    return course.device()


def agree(loss: Tensor, stop: bool) -> tuple[float, bool]:
    """(mean loss of all processes, whether any of them is to stop): all leave at the same step."""
    _, world = join_processes()
    if world == 1:
        return float(loss), stop
    both = torch.stack([loss.double(), loss.new_tensor(float(stop)).double()])
    dist.all_reduce(both)
    return float(both[0]) / world, bool(both[1] > 0)


class _Gather(torch.autograd.Function):
    """Rows of all processes, one process after the other; the same number from each."""

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        # Each process holds the loss of the whole batch, and the gradients of the weights are
        # averaged afterwards. So the sum over processes is what each row has to get.
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient.chunk(dist.get_world_size())[dist.get_rank()]


def gather(vectors: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Embeddings (B, D) and labels (B,) of all processes, with gradients; unchanged for one."""
    if join_processes()[1] == 1:
        return vectors, labels
    return _Gather.apply(vectors), _Gather.apply(labels)


@contextlib.contextmanager
def own_state(device: torch.device) -> Iterator[Callable[[], bool]]:
    """Leave the caller's random generators and autocast alone, and let signals wait.

    yields  a function: has Ctrl-C (or SIGTERM) come? The second signal interrupts at once
    """
    received: list[int] = []
    restore = contextlib.ExitStack()

    def receive(number, _frame) -> None:
        received.append(number)
        restore.close()

    cuda = [device] if device.type == "cuda" else []
    with restore, torch.random.fork_rng(cuda), torch.autocast(device.type, enabled=False):
        with contextlib.suppress(ValueError):  # only the main thread may set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                restore.callback(signal.signal, number, signal.signal(number, receive))
        yield lambda: bool(received)
