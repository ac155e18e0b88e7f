"""The frame of every check: call the reader's function on many inputs, report the first mistake.

A check is a reference, its inputs and their hints. The reference is the function of `lib` that the
lesson leads to, or works the answer out slowly, in another way than the printed solution does.
Edges are inputs chosen to show one mistake each; the other inputs are random.
"""

import copy
import inspect
from collections.abc import Callable, Sequence

import numpy as np
import torch

from lib.data.arrays import as_array

REPEATS = 100  # calls on one input of a random task: what can be drawn is then hardly ever missed
Edge = tuple[str, tuple]


def edge(hint: str, *inputs) -> Edge:
    """One chosen input, and what an answer that is wrong there has probably missed."""
    return hint, inputs


def pixels(values) -> np.ndarray:
    """Grey or colour values 0..255 as an image file holds them."""
    return np.array(values, dtype=np.uint8)


def double_tensor(values) -> torch.Tensor:
    """A tensor in float64, for answers that float32 would round."""
    return torch.tensor(values, dtype=torch.float64)


def judge(
    name: str,
    attempt: Callable,
    reference: Callable,
    edges: Sequence[Edge],
    draw: Callable[[np.random.Generator], Sequence],
    hint: str,
    count: int = 100,
    tolerance: float = 1e-5,
    as_input: Callable = np.array,
) -> bool | None:
    """Print one line about `attempt`; True if it passed, False if it failed, None if it is a stub.

    reference  the expected answer from the same inputs; its parameters name them in messages
    draw       one random input; `hint` is printed where `attempt` is wrong on it
    count      random inputs, after the edges
    tolerance  absolute and relative difference allowed in numbers; True and False must be equal
    as_input   turns a list of numbers or an array into what `attempt` and `reference` are given
    """
    names = list(inspect.signature(reference).parameters)
    rng = np.random.default_rng(0)  # its own: the reader's seed stays as it was
    for number in range(len(edges) + count):
        missed, inputs = edges[number] if number < len(edges) else (hint, draw(rng))
        given = dict(zip(names, [_as_given(value, as_input) for value in inputs]))
        try:
            fault = _fault(attempt, given, reference(**given), tolerance)
        except NotImplementedError:
            print(f"{name}: not attempted yet")
            return None
        if fault:
            shown = ", ".join(f"{key} = {brief(value)}" for key, value in given.items())
            print(f"{name}: for {shown} {fault}. Hint: {missed}")
            return False
    print(f"{name}: passed on {count} random inputs and {len(edges)} edge cases")
    return True


def in_words(attempt: Callable, describe: Callable[..., str]) -> Callable:
    """Turn an attempt at a random task into a function whose answer can be compared: a sentence.

    The function takes a seed where `attempt` takes a generator, calls `attempt` REPEATS times and
    returns what `describe(*inputs, answers)` says of the answers.
    """

    def described(*inputs):
        *given, seed = inputs
        rngs = [np.random.default_rng([seed, repeat]) for repeat in range(REPEATS)]
        answers = [attempt(*copy.deepcopy(given), rng) for rng in rngs]
        return None if any(one is None for one in answers) else describe(*given, answers)

    return described


def _as_given(value, as_input: Callable):
    """Lists of numbers and arrays go through `as_input`, numpy numbers become Python's."""
    if isinstance(value, np.generic):
        return value.item()
    is_list = isinstance(value, list) and not isinstance(value[0], str)
    return as_input(value) if is_list or isinstance(value, np.ndarray) else value


def _fault(attempt: Callable, given: dict, expected, tolerance: float) -> str:
    """What `attempt` does wrong on one input, in words; empty where it does nothing wrong."""
    inputs = copy.deepcopy(given)
    try:
        answer = attempt(*inputs.values())
    except NotImplementedError:
        raise
    except Exception as error:  # whatever the reader's code raises is for the reader to see
        return f"your code raised {type(error).__name__}: {error}"
    for key, value in given.items():
        if _difference(inputs[key], value, tolerance=0.0):
            return f"you changed {key} itself; work on a copy"
    if answer is None and expected is not None:
        return "you returned None; is there a `return`?"
    return _difference(answer, expected, tolerance)


def _difference(answer, expected, tolerance: float) -> str:
    """How an answer differs from the expected one, in words; empty where it does not."""
    other = f"you returned {brief(answer)}; expected {brief(expected)}"
    if isinstance(expected, (tuple, list)):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
            return other
        faults = [_difference(*parts, tolerance) for parts in zip(answer, expected)]
        if not any(faults):
            return ""
        if len(expected) <= 8 and all(np.ndim(part) == 0 for part in expected):
            return other
        place = next(place for place, fault in enumerate(faults) if fault)
        return f"in value {place + 1} of {len(expected)} {faults[place]}"
    if expected is None or isinstance(expected, str):
        return "" if isinstance(answer, type(expected)) and answer == expected else other
    try:
        got, wanted = as_array(answer), as_array(expected)
    except (TypeError, ValueError):
        return other
    if got.dtype.kind not in "biufc":  # neither True and False nor numbers
        return other
    if got.shape != wanted.shape:
        return f"you returned shape {got.shape}; expected shape {wanted.shape}"
    if wanted.dtype == bool and got.dtype != bool:
        return f"you returned {brief(answer)}, of type {got.dtype}; expected True and False"
    wrong = ~np.isclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return ""
    if got.ndim == 0:
        return other
    index = tuple(np.argwhere(wrong)[0].tolist())
    return f"you returned {brief(got[index])} at {list(index)}; expected {brief(wanted[index])}"


def brief(value) -> str:
    """A value for a message; an array of more than twelve numbers is named by its shape."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        if np.prod(value.shape) <= 12:
            return brief(value.tolist())
        kind = "tensor" if isinstance(value, torch.Tensor) else "array"
        return f"{kind} of shape {tuple(value.shape)}"
    if isinstance(value, (float, complex, np.inexact)):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        parts = ", ".join(brief(part) for part in value)
        if isinstance(value, list):
            return f"[{parts}]"
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    return str(value)
