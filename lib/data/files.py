"""Files that are written whole or not at all, and by one process at a time."""

import errno
import glob
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import BinaryIO

from lib.course import as_path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)  # what a lock answers that another one holds
# Operating systems leave these in folders and archives.
SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "lost+found", "@eadir")
SYSTEM_STARTS = (".", "__macosx", "~$", "$recycle.bin", "system volume information")


def is_foreign(path: PurePath | str) -> bool:
    """True where any part of a relative path is hidden, or left there by an operating system."""
    parts = [part.lower() for part in PurePath(path).parts]
    return any(part.startswith(SYSTEM_STARTS) or part in SYSTEM_FILES for part in parts)


@contextmanager
def only_one(path: Path, waiting: str = "") -> Iterator[None]:
    """Wait until no other process or thread is inside with the same `path`, which it makes.

    They lock a hidden file beside it. The system unlocks what a process held that ends, however it
    ends; the last one deletes the file.

    waiting  what to say, once, where it has to be waited for
    """
    lock = path.with_name(f".{path.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = open(lock, "ab")
        if _try_lock(file):
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                    break  # else the one before deleted the file that was opened here
        elif waiting:
            print(waiting, file=sys.stderr, flush=True)
            waiting = ""
        file.close()
        time.sleep(0.05)
    try:
        yield
    finally:
        if os.name != "posix":  # elsewhere a file that somebody has open cannot be deleted
            file.close()
        with suppress(OSError):
            lock.unlink()
        file.close()


def _try_lock(file: BinaryIO) -> bool:
    """Lock a file while it is open; False where another holds it, True on a disk without locks."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD
    return True


@contextmanager
def atomic_file(path: Path | str, private: bool = False) -> Iterator[BinaryIO]:
    """A file to write; a kill, a power cut or a full disk leaves the old content or the new.

    1) Write beside it under another name. 2) Flush that file to the disk. 3) Rename it, which
    happens at once or not at all. 4) Flush the folder, which holds the name. Without step 2 a power
    cut can leave the new name with nothing behind it. What a killed writer left is deleted first.

    private  True: no other user of the machine may read the file
    raises   OSError as the system gives it; the temporary file is then removed
    """
    path = regular_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, glob.escape(path.name))
    part, file = own_part(path, 0o600 if private else 0o666)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name != "posix":  # elsewhere an open file has to keep its name
                file.close()
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and needs no flush
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def regular_file(path: Path | str) -> Path:
    """The file that a path leads to, links followed; OSError for a device, a pipe or a folder."""
    path = as_path(path)
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "no file, and not to be replaced by one", str(path))
    return path


def own_part(path: Path, mode: int) -> tuple[Path, BinaryIO]:
    """A new file beside `path`, locked while it is open, so that nobody takes it for a leftover."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))
        if os.name != "posix" or _try_lock(file) and part.exists():
            return part, file
        file.close()  # deleted between the two, by somebody who found it unlocked


def remove_leftovers(folder: Path, names: str) -> None:
    """Delete the temporary files of killed writers of `names`, a pattern: nobody holds them."""
    for part in folder.glob(f".{names}.*.part"):
        with suppress(OSError), part.open("rb") as file:
            if os.name != "posix":  # elsewhere a file that somebody holds cannot be deleted
                file.close()
            if file.closed or _try_lock(file):
                part.unlink()


def write_atomically(path: Path | str, content: bytes, private: bool = False) -> None:
    """Replace a file by `content`, whole or not at all; see `atomic_file`."""
    with atomic_file(path, private) as file:
        file.write(content)
