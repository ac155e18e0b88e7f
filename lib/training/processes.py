"""What a training loop needs around it: a seed a step, processes that agree, signals that wait for the step, one line of progress."""

import contextlib
import hashlib
import os
import signal
import sys

import torch
import torch.distributed as dist
from torch import Tensor
from tqdm import tqdm


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


class _Line:
    """A file for tqdm that shows only its newest line, in place: one output in a notebook, with or without widgets."""

    encoding = "utf-8"

    def __init__(self) -> None:
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        if text := text.strip("\r\n\x1b[A "):
            self.handle.update({"text/plain": text}, raw=True)

    def flush(self) -> None:
        pass


class Progress:
    """A bar with the loss and, beside it, the value that it has to beat."""

    def __init__(self, steps: int, done: int, trivial: float | None, show: bool) -> None:
        ipython = sys.modules.get("IPython")
        in_notebook = show and ipython is not None and hasattr(ipython.get_ipython(), "kernel")
        self.trivial = "" if trivial is None else f" (trivial {trivial:.3g})"
        often = 0.5 if in_notebook or sys.stderr.isatty() else 10  # a log file is not flooded
        self.bar = tqdm(
            total=steps,
            initial=done,
            disable=not show,
            file=_Line() if in_notebook else None,
            mininterval=often,
            ncols=110,
            unit="step",
            bar_format="{n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}",
        )

    def tell(self, loss: float, eer: float | None, images_a_second: float) -> None:
        eer = "" if eer is None else f", EER {eer:.1%}"
        self.bar.set_postfix_str(
            f"loss {loss:.3g}{self.trivial}{eer}, {images_a_second:.0f} images/s", refresh=False
        )
        self.bar.update()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
