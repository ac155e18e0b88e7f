"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_file(path: Path | str, private: bool = False) -> Iterator[BinaryIO]:
    """A file to write; a kill, a power cut or a full disk leaves the old content or the new.

    1) Write beside it under another name. 2) Flush that file to the disk. 3) Rename it, which
    happens at once or not at all. 4) Flush the folder, which holds the name. Without step 2 a power
    cut can leave the new name with nothing behind it.

    private  True: no other user of the machine may read the file
    raises   OSError as the system gives it; the temporary file is then removed
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    mode = 0o600 if private else 0o666
    try:
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and needs no flush
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_atomically(path: Path | str, content: bytes, private: bool = False) -> None:
    """Replace a file by `content`, whole or not at all; see `atomic_file`."""
    with atomic_file(path, private) as file:
        file.write(content)
