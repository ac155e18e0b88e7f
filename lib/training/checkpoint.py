"""The history of a training, and the file from which it goes on."""

import warnings
import zlib
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn
from torch.optim import Optimizer

from lib.data import ImageSet
from lib.models.files import read_file, write_file
from lib.training.processes import join_processes

FORMAT = "siamese-course checkpoint 2"


@dataclass
class History:
    """What happened in a training; lists have one entry for each step."""

    steps: int  # of the whole training
    baseline: float | None = None  # lowest loss without regard to the labels (`baseline_loss`)
    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)  # (steps done, EER)
    seconds: float = 0.0  # without validation

    def __post_init__(self) -> None:
        if self.baseline is not None:
            self.baseline = float(self.baseline)  # a checkpoint holds no NumPy scalars

    def add(self, loss: float, lr: float, seconds: float) -> None:
        self.loss.append(loss)
        self.lr.append(lr)
        self.seconds += seconds

    @property
    def finished(self) -> bool:
        return len(self.loss) >= self.steps

    def smooth(self, window: int | None = None) -> list[float]:
        """Mean of the last `window` losses at each step (by default a twentieth of the steps)."""
        window = window or max(1, len(self.loss) // 20)
        sums = np.concatenate([[0.0], np.cumsum(self.loss)])
        ends = np.arange(1, len(self.loss) + 1)
        starts = np.maximum(ends - window, 0)
        return ((sums[ends] - sums[starts]) / (ends - starts)).tolist()

    @property
    def below_baseline(self) -> bool | None:
        """Whether the smoothed loss was ever below the baseline; None where that is not known."""
        if self.baseline is None or not self.loss:
            return None
        window = max(1, len(self.loss) // 20)
        return min(self.smooth(window)[window - 1 :]) < self.baseline


class Checkpoint:
    """A file from which a training goes on: weights, the loss's too, optimizer and history.

    State of random generators and of the sampler follows from the number of steps done.

    path   None writes nothing
    every  steps between two writes; the last step is written too
    """

    def __init__(self, path: Path | str | None, every: int = 100) -> None:
        self.path, self.every, self.step = path, every, 0

    def resume(
        self, settings: dict, module: nn.Module, optimizer: Optimizer, history: History
    ) -> History:
        """Load what the file holds and return its history; without a file, the given history."""
        self.settings, self.module, self.optimizer = settings, module, optimizer
        if self.path is None or not Path(self.path).exists():
            return history
        content = read_file(self.path, FORMAT)
        theirs = content["settings"]
        keys = [key for key in settings | theirs if settings.get(key) != theirs.get(key)]
        if keys:
            differ = "; ".join(f"{k} {theirs.get(k)} there, {settings.get(k)} here" for k in keys)
            raise ValueError(
                f"{self.path} is the checkpoint of another run ({differ}). Delete it to start anew"
            )
        module.load_state_dict(content["weights"])
        optimizer.load_state_dict(content["optimizer"])
        self.step = len(content["history"]["loss"])
        return History(**content["history"] | {"baseline": history.baseline})

    def write_when_due(self, history: History) -> None:
        if len(history.loss) % self.every == 0:
            self.write(history)

    def write(self, history: History) -> None:
        """The first process writes the file; a full disk is a warning, and the old file stays."""
        if self.path is None or self.step == len(history.loss) or join_processes()[0] > 0:
            return
        content = dict(
            format=FORMAT,
            settings=self.settings,
            history=asdict(history),
            weights=self.module.state_dict(),
            optimizer=self.optimizer.state_dict(),
        )
        try:
            write_file(self.path, content)
            self.step = len(history.loss)
        except OSError as error:
            warnings.warn(
                f"checkpoint not written ({error}). The one of step {self.step} stays, and the "
                "training goes on",
                stacklevel=3,
            )


def describe(thing: object) -> str:
    """One line about an object, the same in each process: what a checkpoint compares."""
    if isinstance(thing, ImageSet):
        checksum = zlib.crc32(np.ascontiguousarray(thing.images).data)
        checksum ^= zlib.crc32(np.ascontiguousarray(thing.identity).data)
        return f"{len(thing)} images {checksum:08x}"
    if isinstance(thing, partial):
        return f"{describe(thing.func)} {thing.args} {thing.keywords}"
    if thing is None or isinstance(thing, nn.Module):
        return " ".join(repr(thing).split())
    return getattr(thing, "__name__", type(thing).__name__)
