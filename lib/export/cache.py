"""What a conversion gave, kept: the same network is converted once."""

import contextlib
import hashlib
import inspect
import sys
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch

from lib import course
from lib.data.files import write_atomically
from lib.export import rewrite
from lib.export.contract import PhoneModel, fingerprint
from lib.export.files import quiet


def cached(convert: Callable[..., bytes], *inputs, by: str) -> bytes:
    """The result of `convert(*inputs)`, which may take a minute, kept in the course's cache.

    The key is made of the source of the function's file, the version of the package that converts
    (`by`), and all inputs; a `PhoneModel` counts with its weights, its answers, and what may be
    done to it. A file that is damaged, by its checksum, is made anew; one that cannot be kept is
    not needed.
    """
    source = inspect.getsource(sys.modules[convert.__module__])
    key = hashlib.sha256(f"{source} {by} {version(by)} {torch.__version__}".encode())
    for value in inputs:
        if isinstance(value, PhoneModel):
            source = inspect.getsource(PhoneModel) + inspect.getsource(rewrite)
            key.update(value.probe[1].tobytes())  # two networks may differ in `forward` alone
            value = source + fingerprint(value.model)
        key.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    file = course.cache_dir() / "export" / f"{key.hexdigest()[:32]}.bin"
    with contextlib.suppress(OSError):
        content = file.read_bytes()
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            return content[32:]
    with quiet(), torch.no_grad():
        content = convert(*inputs)
    with contextlib.suppress(OSError):
        write_atomically(file, hashlib.sha256(content).digest() + content)
    return content
