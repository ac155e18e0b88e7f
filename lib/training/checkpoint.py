"""What a training did, and the one file from which it goes on."""

import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lib.models.files import read_file, write_file

FORMAT = "siamese-course checkpoint 1"


@dataclass
class History:
    """What a training did, one entry a step."""

    steps: int  # asked for
    trivial: float | None = None  # what a model that ignores its input scores
    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(
        default_factory=list
    )  # (steps done, EER on identities not trained on)
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        return len(self.loss) >= self.steps

    def smooth(self, window: int | None = None) -> list[float]:
        """Running mean of the loss over the last `window` steps (a twentieth of the run by default)."""
        window = window or max(1, len(self.loss) // 20)
        sums = np.concatenate([[0.0], np.cumsum(self.loss)])
        return [
            float(sums[i + 1] - sums[max(0, i + 1 - window)]) / min(i + 1, window)
            for i in range(len(self.loss))
        ]

    @property
    def learned(self) -> bool | None:
        """Whether the smoothed loss ever went below the trivial value; None where that is not known."""
        if self.trivial is None or not self.loss:
            return None
        window = max(1, len(self.loss) // 20)
        return min(self.smooth(window)[window - 1 :]) < self.trivial


class _Checkpoint:
    """One file from which a run goes on: weights, the loss's own too, optimiser, history, and what run it is of.

    No generator's state and no place in the sampler is needed: both follow from the number of steps done.
    """

    def __init__(
        self,
        path: Path | str | None,
        settings: dict,
        module: nn.Module,
        optim: torch.optim.Optimizer,
        writes: bool,
    ) -> None:
        self.path, self.settings, self.module, self.optim, self.writes = (
            path,
            settings,
            module,
            optim,
            writes,
        )
        self.step = 0  # of the file that is there

    @property
    def exists(self) -> bool:
        return self.path is not None and Path(self.path).exists()

    def keep(self, history: History) -> None:
        if self.path is None or not self.writes or self.step == len(history.loss):
            return
        content = dict(
            format=FORMAT,
            settings=self.settings,
            history=asdict(history),
            weights=self.module.state_dict(),
            optimizer=self.optim.state_dict(),
        )
        try:
            write_file(self.path, content)
            self.step = len(history.loss)
        except OSError as error:
            warnings.warn(
                f"checkpoint not written ({error}). The one of step {self.step} stays, and the training goes on",
                stacklevel=3,
            )

    def resume(self) -> History:
        content = read_file(self.path, FORMAT)
        theirs = content["settings"]
        if differ := [
            f"{key} {theirs.get(key)} there, {value} here"
            for key, value in self.settings.items()
            if theirs.get(key) != value
        ]:
            raise ValueError(
                f"{self.path} is the checkpoint of another run ({'; '.join(differ)}). Delete it, or pass resume=False to start anew over it"
            )
        self.module.load_state_dict(content["weights"])
        self.optim.load_state_dict(content["optimizer"])
        history = History(**content["history"])
        self.step = len(history.loss)
        return history
