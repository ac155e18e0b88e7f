"""The history of a training, and the file from which it goes on."""

import re
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from lib.course import as_path
from lib.data import ImageSet
from lib.data.arrays import as_array
from lib.models.files import read_file, write_file
from lib.training.processes import join_processes

FORMAT = "siamese-course checkpoint 2"
PLAIN = (type(None), bool, int, float, complex, str, bytes)
COURSE = ("lib", "tools", "torch", "numpy", "builtins")  # described by name, not by code


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
        self.path = None if path is None else as_path(path)
        self.every, self.step = every, 0

    def resume(
        self,
        settings: dict,
        parts: Mapping[str, object],
        module: nn.Module,
        optimizer: Optimizer,
        history: History,
    ) -> History:
        """Load what the file holds and return its history; without a file, the given history.

        settings, parts  what must be the same: plain values, and objects that are described. Some
                         objects count or collect, so they may also be as the training left them
        """
        settings = self.settings = settings | _described(parts)
        self.parts, self.module, self.optimizer = parts, module, optimizer
        if self.path is None or not self.path.exists():
            return history
        content = read_file(self.path, FORMAT)
        theirs, left = content.get("settings"), content.get("left", {})
        if not isinstance(theirs, dict) or not isinstance(left, dict):
            raise ValueError(f"{self.path} holds no settings: it is damaged. Delete it")
        left = theirs | left
        keys = [k for k in settings | theirs if settings.get(k) not in (theirs.get(k), left.get(k))]
        if keys:
            differ = "; ".join(f"{k} {theirs.get(k)} there, {settings.get(k)} here" for k in keys)
            raise ValueError(
                f"{self.path} is the checkpoint of another run ({differ}). Delete it to start anew"
            )
        try:
            there = History(**content["history"] | {"baseline": history.baseline})
            module.load_state_dict(content["weights"])
            optimizer.load_state_dict(content["optimizer"])
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            why = f"damaged, or of a network with other layers ({type(error).__name__})"
            raise ValueError(f"{self.path} cannot be resumed: {why}. Delete it") from error
        self.step = len(there.loss)
        return there

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
            left=_described(self.parts),
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


def _described(parts: Mapping[str, object]) -> dict[str, str]:
    return {name: describe(part) for name, part in parts.items()}


def describe(thing: object) -> str:
    """One line about an object, the same in each process: what a checkpoint compares."""
    if isinstance(thing, ImageSet):
        checksum = zlib.crc32(np.ascontiguousarray(thing.images).data)
        checksum ^= zlib.crc32(np.ascontiguousarray(thing.identity).data)
        if not thing.genuine.all():  # forgeries of a hand are another class
            checksum ^= zlib.crc32(np.ascontiguousarray(thing.genuine).data)
        return f"{len(thing)} images {checksum:08x}"
    if isinstance(thing, Tensor | np.ndarray):
        return f"array {tuple(thing.shape)} {_checksum(thing):08x}"
    if isinstance(thing, partial):
        args = tuple(map(_argument, thing.args))
        keywords = {name: _argument(value) for name, value in thing.keywords.items()}
        return _without_addresses(f"{describe(thing.func)} {args} {keywords}")
    if isinstance(thing, nn.Module):
        return " ".join([*repr(thing).split(), *code_of(thing)])
    if type(thing).__repr__ not in (object.__repr__, FunctionType.__repr__, MethodType.__repr__):
        return " ".join(_without_addresses(repr(thing)).split())
    return " ".join([getattr(thing, "__name__", type(thing).__name__), *code_of(thing)])


def _argument(value: object) -> object:
    """What stands for an argument of a partial: itself where its repr says all of it."""
    return value if isinstance(value, PLAIN + (tuple, list, dict)) else describe(value)


def _without_addresses(text: str) -> str:
    return re.sub(" at 0x[0-9a-f]+", "", text)


def _checksum(array: Tensor | np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(as_array(array)).tobytes())


def code_of(thing: object) -> list[str]:
    """Eight digits of what a function or an object computes; none of the course's own and torch's.

    They change with the code, with the numbers and texts that it finds around it (defaults, names
    of an outer function, global names and dictionaries), with what an object holds, and with the
    functions of the same file that it finds. Lists do not count, because programs collect in them.
    """
    parts: list[Any] = list(thing.modules()) if isinstance(thing, nn.Module) else [thing]
    own = [part for part in parts if (part.__module__ or "").partition(".")[0] not in COURSE]
    codes = [_code(part, part.__module__ or "", set()) for part in own]
    if own and isinstance(thing, nn.Module):
        codes.append([part.extra_repr() for part in parts])  # of torch's layers, too
    return [f"{zlib.crc32(repr(codes).encode()):08x}"] if codes else []


def _code(thing: Any, home: str, seen: set[int]) -> list:
    """What `code_of` sums up; each function and each object once."""
    if isinstance(thing, PLAIN):
        return [repr(thing)]
    if isinstance(thing, Tensor | np.ndarray):
        return [_checksum(thing)]
    if isinstance(thing, partial):
        thing = (thing.func, *thing.args, *thing.keywords.values())
    if isinstance(thing, MethodType):
        thing = (thing.__func__, thing.__self__)
    if isinstance(thing, dict):
        thing = tuple(thing.items())
    if isinstance(thing, tuple):
        return [_code(part, home, seen) for part in thing]
    where = thing if isinstance(thing, FunctionType | type) else type(thing)
    if id(thing) in seen or where.__module__ != home:
        return []
    seen.add(id(thing))
    if isinstance(thing, type):
        functions = [part for part in vars(thing).values() if isinstance(part, FunctionType)]
        return [_code(part, home, seen) for part in functions]
    if not isinstance(thing, FunctionType):
        inside = vars(nn.Module()) if isinstance(thing, nn.Module) else ()  # weights among them
        held = [item for item in getattr(thing, "__dict__", {}).items() if item[0] not in inside]
        return [_code(part, home, seen) for part in (type(thing), *held)]
    codes = [thing.__code__]
    for code in codes:  # of inner functions too
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
    around = [thing.__defaults__, *(thing.__kwdefaults__ or {}).values()]
    around += [cell.cell_contents for cell in thing.__closure__ or ()]
    around += [thing.__globals__.get(name) for code in codes for name in code.co_names]
    around += [part for code in codes for part in code.co_consts if isinstance(part, PLAIN)]
    return [code.co_code.hex() for code in codes] + [_code(part, home, seen) for part in around]
