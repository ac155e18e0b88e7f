"""The frame of every check: call the reader's function on many inputs, and say in one line what the first wrong answer was.

A check gives `judge` cases whose expected answers it worked out itself, in another way than the solution does: a check that compares
an answer with itself passes everything.
"""

import copy
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Case(NamedTuple):
    """One input, what should come out, and what an answer that fails here has probably missed."""

    given: dict[str, object]  # arguments by name, in the order of the call
    expected: object
    why: str = ""
    random: bool = False  # random cases come many at a time; the others are the edges


def judge(
    attempt: Callable, cases: Iterable[Case], tolerance: float = 1e-5, name: str = ""
) -> bool | None:
    """Print one line about `attempt`; True if it passed, False if not, None if it was not attempted (it raises NotImplementedError).

    tolerance  absolute difference allowed in numbers; bools and whole numbers must be equal
    """
    name = name or attempt.__name__
    edge = chance = 0
    for case in cases:
        arguments = copy.deepcopy(case.given)
        try:
            answer = attempt(*arguments.values())
        except NotImplementedError:
            print(f"{name}: not attempted yet")
            return None
        except Exception as error:  # whatever the reader's code does wrong is the reader's to read
            print(f"{name}: for {_inputs(case)} your code raised {type(error).__name__}: {error}")
            return False
        changed = [
            key for key, value in case.given.items() if _difference(arguments[key], value, 0.0)
        ]
        if changed:
            fault = f"you changed {changed[0]} itself; work on a copy"
        elif answer is None and case.expected is not None:
            fault = "you returned None; is there a `return`?"
        else:
            fault = _difference(answer, case.expected, tolerance)
        if fault:
            print(f"{name}: for {_inputs(case)} {fault}" + (f"; {case.why}" if case.why else ""))
            return False
        chance, edge = chance + case.random, edge + (not case.random)
    print(f"{name}: passed on {chance} random inputs and {edge} edge cases")
    return True


def _difference(answer, expected, tolerance: float) -> str:
    """What is wrong with an answer, in words; empty where nothing is."""
    if isinstance(expected, (tuple, list)) and not isinstance(expected, str):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
            return f"you returned {brief(answer)}; {len(expected)} values were expected: {brief(expected)}"
        faults = [_difference(*pair, tolerance) for pair in zip(answer, expected)]
        place = next((number for number, fault in enumerate(faults) if fault), None)
        if place is None or not all(np.isscalar(part) or part is None for part in expected):
            return "" if place is None else faults[place]
        if len(expected) <= 8:  # a reader sees at once which of a few values is off
            return f"you returned {brief(answer)}; expected {brief(expected)}"
        return (
            f"you returned {brief(answer[place])} at [{place}]; expected {brief(expected[place])}"
        )
    if isinstance(expected, (str, dict, set)) or expected is None or callable(expected):
        return (
            ""
            if answer is expected or answer == expected
            else f"you returned {brief(answer)}; expected {brief(expected)}"
        )
    try:
        got, wanted = _as_array(answer), _as_array(expected)
    except (TypeError, ValueError):
        return f"you returned {brief(answer)}; expected {brief(expected)}"
    if got.dtype == object or got.dtype.kind in "US":
        return f"you returned {brief(answer)}; expected {brief(expected)}"
    if got.shape != wanted.shape:
        return f"you returned shape {got.shape}; expected {wanted.shape}"
    if wanted.dtype == bool and got.dtype != bool:
        return f"you returned {brief(answer)}, of type {got.dtype}; True and False were expected"
    off = ~np.isclose(
        got.astype(np.float64),
        wanted.astype(np.float64),
        rtol=tolerance,
        atol=tolerance,
        equal_nan=True,
    )
    if not off.any():
        return ""
    if got.ndim == 0:
        return f"you returned {brief(got)}; expected {brief(wanted)}"
    place = tuple(int(index) for index in np.argwhere(off)[0])
    return f"you returned {brief(got[place])} at {list(place)}; expected {brief(wanted[place])}"


def _as_array(value) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)


def _inputs(case: Case) -> str:
    return ", ".join(f"{key} = {brief(value)}" for key, value in case.given.items())


def brief(value) -> str:
    """A value as a reader wants to see it in a sentence: small ones whole, large ones by their shape."""
    if isinstance(value, (Tensor, np.ndarray)):
        array = _as_array(value)
        if array.ndim and array.size > 8:
            return f"{'tensor' if isinstance(value, Tensor) else 'array'} of shape {array.shape}"
        return brief(array.tolist())
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "()"
        return left + ", ".join(brief(part) for part in value) + right
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return str(value)


def generator(seed: int = 0) -> torch.Generator:
    """Randomness of a check's own: the reader's seed stays where it was."""
    return torch.Generator().manual_seed(seed)
