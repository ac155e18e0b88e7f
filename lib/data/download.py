"""Downloads: to a temporary name, resumed where they broke off, verified, then renamed.

    path = fetch("omniglot/images_background.zip", "https://...", "md5:68d2...", check_zip)

`COURSE_MIRROR`, a folder or an address that holds the same names, replaces every publisher's
address. What it serves is not held to the publisher's checksum.
"""

import errno
import hashlib
import json
import os
import shutil
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from tqdm import tqdm

from lib import course
from lib.course import DISK_FULL, DataError, explained_write_errors
from lib.data.files import only_one, write_atomically

TIMEOUT = 30  # seconds without a byte before a connection is given up


class NotThere(DataError):
    """The server or the mirror answers, but has no such file."""


def mirror() -> str | None:
    """The address in `COURSE_MIRROR` without a final slash, or None; a folder gives file://."""
    value = os.environ.get("COURSE_MIRROR", "").strip()
    if not value:
        return None
    parts = urlsplit(value) if "://" in value else None
    if parts and (parts.scheme == "file" or parts.scheme in ("http", "https") and parts.netloc):
        return value.rstrip("/")
    folder = course.as_path(value, "COURSE_MIRROR")
    if not folder.is_dir():
        raise DataError(f"COURSE_MIRROR is {value!r}, neither a folder nor an http:// address")
    return folder.resolve().as_uri()


def cache_path(name: str) -> Path:
    """Where `fetch` keeps the file `name`; its folder is made."""
    with explained_write_errors(Path(name)):
        path = course.cache_dir() / "downloads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def check_zip(path: Path) -> None:
    """DataError unless this is a whole zip archive, every CRC right where no password hides it."""
    with path.open("rb") as file:
        if file.read(512).lstrip()[:1] == b"<":
            raise DataError("the server sent a web page, not a zip archive; a login may be needed")
    try:
        with zipfile.ZipFile(path) as archive:
            encrypted = any(info.flag_bits & 0x1 for info in archive.infolist())
            damaged = None if encrypted else archive.testzip()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, RuntimeError):
        raise DataError("what arrived is not a whole zip archive") from None
    if damaged:
        raise DataError(f"the zip archive is damaged at {damaged}")


def digest(path: Path, kind: str = "sha256") -> str:
    """Hexadecimal hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def record(path: Path) -> dict:
    """What was noted when `path` was fetched: `sha256`, `bytes`, `source`; empty without a note."""
    try:
        value = json.loads(_note(path).read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


class Remote(NamedTuple):
    """A published file: the arguments of `fetch`, its size, and what may stand in its place.

    size     bytes, as published or nearly so
    or_else  the file to take where no mirror holds this one, which only mirrors have
    """

    name: str
    url: str | None
    size: int
    checksum: str = ""
    check: Callable[[Path], object] | None = None
    or_else: "Remote | None" = None

    def fetch(self) -> Path:
        """The file of the cache, downloaded first if it is not there; see `fetch`."""
        if self.or_else is None:
            return fetch(self.name, self.url, self.checksum, self.check)
        if mirror():
            with suppress(NotThere):
                return fetch(self.name, self.url, self.checksum, self.check)
        return self.or_else.fetch()

    def is_here(self) -> bool:
        """True where `fetch` needs no network: the file is in the cache or in a mirror's folder."""
        if self.or_else is None:
            return is_here(self.name, self.url)
        return bool(mirror()) and is_here(self.name, self.url) or self.or_else.is_here()


def is_here(name: str, url: str | None = None) -> bool:
    """True where `fetch(name, url)` needs no network.

    The file is in the cache and came from where `fetch` would ask, or was put there by hand; or
    COURSE_MIRROR is a folder that holds it. Without `url`, any file of the cache will do.
    """
    base, path = mirror(), course.cache_dir() / "downloads" / name
    if base and base.startswith("file://"):
        if Path(url2pathname(urlsplit(f"{base}/{quote(name)}").path)).is_file():
            return True
    source = f"{base}/{quote(name)}" if base else url
    by_hand = not base and path.is_file() and not record(path)
    return path.is_file() if url is None else by_hand or _came_from(source, path)


def fetch(
    name: str, url: str | None, checksum: str = "", check: Callable[[Path], object] | None = None
) -> Path:
    """The file `name` of the cache, downloaded first if it is not there.

    name      where it lies under the cache and under a mirror
    url       the publisher's address; None for a file that only a mirror can have
    checksum  "sha256:..." or "md5:..." as the publisher gives it
    check     raises DataError where the file is not what it should be
    returns   its path; beside it lies NAME.json, which `record` reads
    raises    DataError, whose message is one sentence; NotThere where the source lacks the file
    """
    base = mirror()
    source = f"{base}/{quote(name)}" if base else url
    path = cache_path(name)
    if source is None:
        if path.is_file():
            return path
        raise NotThere(f"{name} is only on mirrors; set COURSE_MIRROR to a folder that holds it")
    if not _came_from(source, path):
        waiting = f"another process is downloading {name}: waiting for it"
        with explained_write_errors(path), only_one(path, waiting):
            if not _came_from(source, path):  # another process may have brought it meanwhile
                _bring(path, source, "" if base else checksum, check, bool(base))
    return path


def _bring(
    path: Path,
    source: str,
    checksum: str,
    check: Callable[[Path], object] | None,
    from_mirror: bool,
) -> None:
    """Steps of `fetch`, which one process at a time takes. A kill leaves `path` whole or absent."""
    # 1) The reader put it there.
    if path.is_file() and not from_mirror and record(path).get("source") in (None, "by hand"):
        _verify(path, checksum, check, f"{path}, which was put there by hand,")
        return _write_record(path, path, "by hand")
    # 2) Download it. A resumed file that is not right may be made of two versions: start anew.
    part = path.with_name(path.name + ".part")
    resumed = _download(source, part, path)
    try:
        _verify(part, checksum, check, source)
    except DataError:
        _discard(part)
        if resumed:
            return _bring(path, source, checksum, check, from_mirror)
        raise
    # 3) Note where it came from, and give it its name. A note must not stand beside another file.
    path.unlink(missing_ok=True)
    _write_record(path, part, source)
    part.replace(path)
    _discard(part)


def _came_from(source: str | None, path: Path) -> bool:
    """True for a whole file that came from `source` or was put there by hand, as its note says."""
    known = record(path)
    is_whole = path.is_file() and path.stat().st_size == known.get("bytes")
    return is_whole and known.get("source") in (source, "by hand")


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _write_note(path: Path, **facts) -> None:
    write_atomically(_note(path), json.dumps(facts, indent=1, sort_keys=True).encode())


def _write_record(path: Path, file: Path, source: str) -> None:
    """Note beside `path` what `file`, which has or gets that name, holds."""
    _write_note(path, bytes=file.stat().st_size, sha256=digest(file), source=source)


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _verify(path: Path, checksum: str, check: Callable[[Path], object] | None, source: str) -> None:
    # The check goes first: it can say more than that two checksums differ.
    if check:
        try:
            check(path)
        except DataError as error:
            raise DataError(f"{source} is not usable: {error}") from None
    if checksum:
        kind, _, expected = checksum.partition(":")
        if (found := digest(path, kind)) != expected:
            raise DataError(
                f"{source} is not the file its publisher describes ({kind} {found[:12]}... instead "
                f"of {expected[:12]}...); try again later, or use a mirror you trust"
            )


def _download(source: str, part: Path, path: Path) -> bool:
    """Bring the rest of `source` into `part`; True where bytes of an earlier try were kept."""
    # 1) Ask for what is missing; If-Range asks for everything where the file has changed.
    before = record(part)
    have = part.stat().st_size if part.exists() and before.get("source") == source else 0
    try:
        answer = urllib.request.urlopen(_request(source, have, before), timeout=TIMEOUT)
    except (OSError, HTTPException, ValueError) as error:
        if have and getattr(error, "code", None) == 416:  # nothing left to send, or another file
            return _anew(source, part, path)
        raise _refusal(error, source, path) from None

    with answer:
        # 2) Is it a continuation (206), and is there room for it?
        resumed = have > 0 and getattr(answer, "status", 200) == 206
        place = answer.headers.get("Content-Range")
        if resumed and place and not place.startswith(f"bytes {have}-"):  # of another place
            return _anew(source, part, path)
        have = have if resumed else 0
        length = answer.headers.get("Content-Length") or ""
        total = have + int(length) if length.isdecimal() else None
        if total and shutil.disk_usage(part.parent).free < total - have:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        etag = answer.headers.get("ETag", "")
        etag = "" if etag.startswith("W/") else etag  # a weak one does not tell bytes apart
        if not resumed:
            part.unlink(missing_ok=True)  # before its note goes: the next try believes the note
        _write_note(part, source=source, etag=etag)
        # 3) Write it down. What came before a break is kept for the next try.
        broken = False
        try:
            _receive(answer, part, "ab" if resumed else "wb", total, path.name)
        except (OSError, HTTPException) as error:
            if getattr(error, "errno", None) in DISK_FULL:
                _discard(part)
                raise
            broken = True
    have = part.stat().st_size if part.exists() else 0
    if broken or have < (total or 0):
        of = f" of {total / 1e6:.1f} MB" if total else ""
        raise DataError(
            f"the download of {source} broke off after {have / 1e6:.1f} MB{of}; load again to go "
            "on from there"
        )
    if total is not None and have > total:  # somebody else wrote to it
        return _anew(source, part, path)
    return resumed


def _request(source: str, have: int, before: dict) -> urllib.request.Request:
    """For the bytes from `have` on, of the version whose ETag was noted before."""
    headers = {"User-Agent": "siamese-course", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    if have and before.get("etag"):
        headers["If-Range"] = before["etag"]
    return urllib.request.Request(source, headers=headers)


def _anew(source: str, part: Path, path: Path) -> bool:
    _discard(part)
    return _download(source, part, path)


def _receive(answer, part: Path, mode: str, total: int | None, title: str) -> None:
    with part.open(mode) as file:
        small = total is not None and total < 1e6
        unit = {"unit": "B", "unit_scale": True, "leave": False}
        with tqdm(desc=title, total=total, initial=file.tell(), disable=small, **unit) as bar:
            while block := answer.read(1 << 18):
                file.write(block)
                bar.update(len(block))
            file.flush()
            os.fsync(file.fileno())  # else a power cut can leave the name with nothing behind it


def _refusal(error: Exception, source: str, path: Path) -> DataError:
    """What to tell the reader when a source does not answer with the file."""
    code, reason = getattr(error, "code", None), getattr(error, "reason", error)
    if code in (404, 410):
        return NotThere(f"{source} is not there (HTTP {code}).")
    if isinstance(reason, FileNotFoundError):
        return NotThere(f"{source} is not there.")
    if code:
        found = f"{source} was refused (HTTP {code} {reason}); try again later"
    else:
        where = urlsplit(source).netloc or source
        found = f"no connection to {where} ({reason}); check the network, set COURSE_MIRROR"
    return DataError(f"{found}, or put the file at {path} yourself.")
