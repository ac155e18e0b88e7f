"""Sentences of the lessons on how learning behaves, each run with five seeds.

    @claim("collapse, small rate", says="at a tenth of the rate batch-hard leaves the margin")
    def collapse_small_rate(seed: int) -> dict[str, float]: ...

`python -m tools.claims [TOPIC ...]` runs what is not on record and writes it to
docs/results/lessons.json. A lesson reads it with `course.recorded("collapse, small rate")`. A
record is bound to the source of its function's module and to that of tools/claims/glyphs.py: after
a change of either, the claim is run again.
"""

import hashlib
import inspect
from collections.abc import Callable
from typing import NamedTuple

from tools.claims import glyphs

SEEDS = 5


class Claim(NamedTuple):
    """One sentence and the function that measures it."""

    name: str
    says: str  # the sentence, as the lesson states it
    topic: str  # the module that holds the function
    measure: Callable[[int], dict[str, float]]  # seed -> figures
    seeds: int

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with the code that measures."""
        code = inspect.getsource(inspect.getmodule(self.measure)) + inspect.getsource(glyphs)
        return hashlib.sha256(code.encode()).hexdigest()[:12]


CLAIMS: dict[str, Claim] = {}


def claim(name: str, says: str, seeds: int = SEEDS) -> Callable:
    """Register a function (seed) -> {figure: value} as the measurement of a sentence."""

    def register(measure: Callable[[int], dict[str, float]]) -> Callable:
        if name in CLAIMS:
            raise ValueError(f"two claims are called {name!r}")
        topic = measure.__module__.rpartition(".")[2]
        CLAIMS[name] = Claim(name, says, topic, measure, seeds)
        return measure

    return register
