"""Zip archives of strangers, opened with care: no entry may leave its folder, swell without limit, or be a link.

with opened(path) as archive:
    for name, data in read_all(archive, members(archive, ".png")):
        ...
"""

import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from lib.data import zipcrypto
from lib.data.download import DataError, full_disk_is_said

LIMIT = (
    4 * 2**30
)  # bytes an archive may unpack to; the largest data set of the course needs a tenth of it


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, open for reading; one sentence where it is no zip or cut short."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise DataError(
            f"{path} is not a complete zip archive; delete it and load again to fetch a fresh copy"
        ) from None
    with archive:
        yield archive


def members(archive: zipfile.ZipFile, *endings: str, limit: int = LIMIT) -> list[zipfile.ZipInfo]:
    """The files in the archive, sorted by name, those with one of `endings` (any letter case) where any are given.

    raises  DataError where any entry points outside its folder, is a link, or all of them together exceed `limit` bytes
    """
    entries = archive.infolist()
    for info in entries:
        name = info.orig_filename.replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
            raise DataError(
                f"{archive.filename} holds {info.orig_filename!r}, which points outside its folder; do not trust this archive"
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(
                f"{archive.filename} holds a link, {info.filename!r}, where only files belong; do not trust this archive"
            )
    if (total := sum(info.file_size for info in entries)) > limit:
        raise DataError(
            f"{archive.filename} would unpack to {total / 2**30:.1f} GiB, more than the {limit / 2**30:.1f} GiB allowed; "
            "do not trust this archive"
        )
    endings = tuple(ending.lower() for ending in endings)
    files = [
        info
        for info in entries
        if not info.is_dir() and (not endings or info.filename.lower().endswith(endings))
    ]
    return sorted(files, key=lambda info: info.filename)


def check_password(
    archive: zipfile.ZipFile, password: str, entries: Iterable[zipfile.ZipInfo]
) -> bool:
    """Whether the password opens the encrypted ones among `entries` (True where none is encrypted)."""
    locked = [info for info in entries if zipcrypto.is_encrypted(info)]
    return zipcrypto.password_fits(
        archive, password.encode(), locked[:: max(1, len(locked) // 8)][:8]
    )


def read_all(
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    password: str | None = None,
    what: str = "",
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each entry, with a progress bar named `what` where that is given."""
    for info in tqdm(entries, desc=what, unit="file", disable=not what, leave=False):
        yield info.filename, zipcrypto.read(archive, info, password.encode() if password else None)


def unpack(path: Path, folder: Path, password: str | None = None, limit: int = LIMIT) -> Path:
    """Unpack the whole archive into `folder`, which appears complete or not at all. Returns `folder`.

    raises  DataError for an unsafe, damaged or locked archive, or where `folder` exists already
    """
    if folder.exists():
        raise DataError(f"{folder} exists already; choose another folder, or delete it first")
    with opened(path) as archive:
        entries = members(archive, limit=limit)
        if password is not None and not check_password(archive, password, entries):
            raise DataError(f"the password does not open {path}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            with full_disk_is_said(folder):
                for name, data in read_all(archive, entries, password, f"unpacking {path.name}"):
                    target = half / name.replace("\\", "/")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
                half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return folder
