"""Arrays from whatever holds numbers, rows of length one, and options checked in words."""

from collections.abc import Iterable

import numpy as np


def as_array(x) -> np.ndarray:
    """A list, an array, or a tensor of any type on any device, as a NumPy array."""
    if not hasattr(x, "detach"):
        try:
            return np.asarray(x)
        except ValueError:
            raise ValueError("rows of different lengths are no array: give each as many") from None
    x = x.detach().cpu()
    if x.is_floating_point() and x.dtype.itemsize == 2:
        x = x.float()  # NumPy has no bfloat16
    return x.numpy()


def as_floats(x, name: str) -> np.ndarray:
    """Numbers as float64, of any shape; ValueError for text, None and complex numbers."""
    values = as_array(x)
    if values.dtype.kind not in "biuf":
        odd = [value for value in values.ravel().tolist() if not isinstance(value, (int, float))]
        raise ValueError(f"{name} must be numbers, not {odd[:1] or values.dtype}")
    return values.astype(np.float64)


def check_labels(labels, name: str = "identity", text: bool = False) -> np.ndarray:
    """Labels as int64 (N,): the one door through which they enter, from lists, arrays or tensors.

    name    what the caller calls them, for the message
    text    True: text is numbered in alphabetical order, for where only equality counts
    raises  ValueError for what is no whole number (text, NaN, 0.4, one beyond int64), another
            shape, and no label at all
    """
    try:
        values = as_array(labels)
    except ValueError:  # rows of different lengths
        values = np.empty((0, 0))
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be one label an image, (N,) with N >= 1, not {values.shape}")
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values):
        values = values.astype(str)
    if text and values.dtype.kind in "US":
        return np.unique(values, return_inverse=True)[1]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinite values, which are equal to no label")
    if values.dtype.kind not in "biuf":
        odd = [value for value in values.tolist() if not isinstance(value, (int, float))][:1]
        number = "number them with np.unique(labels, return_inverse=True)[1]"
        raise ValueError(f"{name} must be whole numbers, not {odd}; {number}")
    wide = values.astype(float)
    if (wrong := (wide != wide.round()) | (np.abs(wide) >= 2**63)).any():
        raise ValueError(f"{name} must be whole numbers below 2**63; {values[wrong][0]} is not")
    return values.astype(np.int64)


def check_flags(flags, count: int, name: str) -> np.ndarray:
    """True or False (or 1 or 0) for each of `count` images, as bool (count,); ValueError else."""
    values = as_array(flags)
    fits = values.shape == (count,) and values.dtype.kind in "biuf"
    if not fits or not np.isin(values, (0, 1)).all():
        found = f"{values.dtype} {values.shape}"
        raise ValueError(f"{name} must be True or False for each of {count} images, not {found}")
    return values.astype(bool)


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
