"""Arrays from whatever holds numbers, rows of length one, and options checked in words."""

from collections.abc import Iterable

import numpy as np


def as_array(x) -> np.ndarray:
    """A list, an array, or a tensor of any type on any device, as a NumPy array."""
    if not hasattr(x, "detach"):
        return np.asarray(x)
    x = x.detach().cpu()
    if x.is_floating_point() and x.dtype.itemsize == 2:
        x = x.float()  # NumPy has no bfloat16
    return x.numpy()


def unit_rows(x: np.ndarray) -> np.ndarray:
    """(..., D) -> the same with every row divided by its length; a row of zeros stays as it is."""
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def check_whole_number(name: str, value, least: int) -> int:
    """The option `name` as an int; ValueError where it is no whole number or below `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}; got {value!r}")
    return int(value)


def whole_numbers(**options: tuple[int, int]) -> dict[str, int]:
    """{name: value} of options given as (value, least value); see `check_whole_number`."""
    return {name: check_whole_number(name, *option) for name, option in options.items()}


def height_and_width(size: int | tuple[int, int], least: int = 1) -> tuple[int, int]:
    """A side or (height, width) as (height, width); ValueError for anything else, or too small."""
    sides = tuple(size) if isinstance(size, Iterable) else (size, size)
    if len(sides) != 2:
        raise ValueError(f"size must be a side or (height, width); got {size!r}")
    height, width = (check_whole_number(f"size[{i}]", side, least) for i, side in enumerate(sides))
    return height, width
