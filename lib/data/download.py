"""One way for every file that comes from outside: fetched to a temporary name, resumed where it broke off, verified, renamed.

    path = fetch("omniglot/images_background.zip", "https://...", checksum="md5:68d2...", check=is_zip)

`COURSE_MIRROR`, a folder or an address, serves every download instead: it holds the same names (`omniglot/images_background.zip`).
What a mirror serves is read by the same code and not held to a publisher's checksum.
"""

import errno
import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from tqdm import tqdm

from lib import course

BLOCK = 1 << 18
PATIENCE = 30  # seconds without a byte before a server counts as silent
GONE = (404, 410)


class DataError(RuntimeError):
    """Something about data that the reader can mend; the message is one sentence that says how."""


class NotThere(DataError):
    """The server or the mirror answers, but has no such file."""


def mirror() -> str | None:
    """The address of the mirror (`COURSE_MIRROR`) without a final slash, or None. A folder becomes a file:// address."""
    value = os.environ.get("COURSE_MIRROR", "").strip()
    if not value:
        return None
    if value.startswith(("http://", "https://", "file://")):
        return value.rstrip("/")
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"COURSE_MIRROR is {value!r}, which is neither a folder that exists nor an http:// or file:// address"
        )
    return folder.resolve().as_uri()


def folder_for(name: str) -> Path:
    """The place of `name` in the cache, its folder made."""
    try:
        place = course.cache_dir() / "downloads" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place
    except OSError as error:
        raise DataError(
            f"cannot write to the cache ({error.strerror}: {error.filename}); set COURSE_CACHE to a folder you may write to"
        ) from None


@contextmanager
def full_disk_is_said(place: Path, what: str = "") -> Iterator[None]:
    """Turn the operating system's refusals to write into a sentence each."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk is full: no room for {what or place.name} in {place.parent}; free some space, or set COURSE_CACHE "
                "to a folder on a larger disk"
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DataError(
                f"{place.parent} may not be written to; set COURSE_CACHE to a folder you may write to"
            ) from None
        raise


def is_zip(path: Path) -> None:
    """Raise DataError unless `path` is a whole zip archive: directory readable and, where no password hides it, every CRC right."""
    with path.open("rb") as file:
        head = file.read(512)
    if head.lstrip()[:1] == b"<":
        raise DataError(
            "the server sent a web page, not a zip archive; the address may have moved, or a login page is in the way"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if not any(info.flag_bits & 0x1 for info in archive.infolist()):
                if bad := archive.testzip():
                    raise DataError(f"the zip archive is damaged at {bad}")
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ):
        raise DataError("what arrived is not a whole zip archive") from None


def digest(path: Path, kind: str = "sha256") -> str:
    """Hexadecimal hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _write_json(path: Path, value: dict) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value, indent=1, sort_keys=True))
    temporary.replace(path)


def _read_json(path: Path) -> dict:
    try:
        value = json.loads(path.read_text())
        return value if isinstance(value, dict) else {}
    except (OSError, ValueError):
        return {}


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def record(path: Path) -> dict:
    """What was written down when `path` was fetched: `sha256`, `bytes`, `source`; empty where it was not."""
    return _read_json(path.with_name(path.name + ".json"))


def is_here(name: str) -> bool:
    """True where `name` lies in the cache already, so that `fetch` would not go anywhere."""
    return (course.cache_dir() / "downloads" / name).is_file()


def fetch(
    name: str,
    url: str | None,
    checksum: str = "",
    check: Callable[[Path], None] | None = None,
    hint: str = "",
) -> Path:
    """The file `name` of the cache, downloaded first if it is not there.

    name      where it lies under the cache and under a mirror, `omniglot/images_background.zip`
    url       the publisher's address; None for a file that only a mirror can have
    checksum  "sha256:..." or "md5:..." as the publisher gives it; a mirror is not held to it
    check     raises DataError where the file is not what it should be
    hint      a sentence for the error message, where there is another way to the file
    returns   its path; beside it lies NAME.json with size, source and sha256
    raises    DataError, whose message is one sentence; NotThere where the file is missing at its source
    """
    base = mirror()
    source = f"{base}/{quote(name)}" if base else url
    place = folder_for(name)
    known = record(place)
    if place.is_file() and (source is None or known.get("source") in (source, "by hand")):
        return place
    if source is None:
        raise NotThere(
            f"{name} is only to be had from a mirror; set COURSE_MIRROR to a folder or an address that holds it"
        )
    if (
        place.is_file() and not known and not base
    ):  # put there by the reader: as good as downloaded, if it is what it should be
        _verify(place, checksum, check, f"{place}, which was put there by hand,")
        _write_json(
            place.with_name(place.name + ".json"),
            {"bytes": place.stat().st_size, "sha256": digest(place), "source": "by hand"},
        )
        return place

    part = place.with_name(place.name + ".part")
    with full_disk_is_said(place, name):
        resumed = _stream(source, part, place.name, hint)
        try:
            _verify(part, "" if base else checksum, check, source)
        except DataError:
            _discard(part)
            if not resumed:
                raise
            _stream(
                source, part, place.name, hint
            )  # the two halves may be of two versions: once more from the start
            try:
                _verify(part, "" if base else checksum, check, source)
            except DataError:
                _discard(part)
                raise
        _write_json(
            place.with_name(place.name + ".json"),
            {"bytes": part.stat().st_size, "sha256": digest(part), "source": source},
        )
        part.replace(place)
        part.with_name(part.name + ".json").unlink(missing_ok=True)
    return place


def _verify(path: Path, checksum: str, check: Callable[[Path], None] | None, source: str) -> None:
    if checksum:
        kind, _, expected = checksum.partition(":")
        if (found := digest(path, kind)) != expected:
            try:
                if check:
                    check(path)  # says more than two unequal numbers where it can
            except DataError as error:
                raise DataError(f"{source} is not usable: {error}") from None
            raise DataError(
                f"{source} is not the file its publisher describes ({kind} {found[:12]}... instead of {expected[:12]}...); "
                "try again later, or use a mirror you trust"
            )
    if check:
        try:
            check(path)
        except DataError as error:
            raise DataError(f"{source} is not usable: {error}") from None


def _stream(source: str, part: Path, title: str, hint: str) -> bool:
    """Bring the rest of `source` into `part`. Returns True where bytes of an earlier try were kept."""
    facts = part.with_name(part.name + ".json")
    before = _read_json(facts)
    have = part.stat().st_size if part.exists() and before.get("source") == source else 0
    headers = {"User-Agent": "siamese-course", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if before.get("etag"):
            headers["If-Range"] = before["etag"]
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(source, headers=headers), timeout=PATIENCE
        )
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing left to send, or another file by now: begin again
            part.unlink()
            return _stream(source, part, title, hint)
        if error.code in GONE:
            raise NotThere(f"{source} is not there (HTTP {error.code}). {hint}".rstrip()) from None
        raise DataError(
            f"{source} was refused (HTTP {error.code} {error.reason}); such refusals often pass, so try again later, or put the file "
            f"at {part.with_name(title)} yourself. {hint}".rstrip()
        ) from None
    except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if source.startswith("file:") and not Path(url2pathname(urlsplit(source).path)).is_file():
            raise NotThere(f"{source} is not there. {hint}".rstrip()) from None
        raise DataError(
            f"no connection to {urlsplit(source).netloc or source} ({reason}); check the network, set COURSE_MIRROR, or put the file "
            f"at {part.with_name(title)} yourself. {hint}".rstrip()
        ) from None

    with answer:
        resumed = bool(have) and getattr(answer, "status", 200) == 206
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        if total and (free := shutil.disk_usage(part.parent).free) < total - have:
            raise OSError(errno.ENOSPC, f"{_size(total - have)} needed, {_size(free)} free")
        etag = answer.headers.get("ETag", "")
        _write_json(facts, {"source": source, "etag": "" if etag.startswith("W/") else etag})
        try:
            with (
                part.open("ab" if resumed else "wb") as file,
                tqdm(
                    total=total,
                    initial=have,
                    desc=title,
                    unit="B",
                    unit_scale=True,
                    leave=False,
                    disable=total is not None and total < 1e6,
                ) as bar,
            ):
                while block := answer.read(BLOCK):
                    file.write(block)
                    bar.update(len(block))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                _discard(part)
                raise
            _broken_off(source, part, total)
        except HTTPException:
            _broken_off(source, part, total)
    if total is not None and part.stat().st_size < total:
        _broken_off(source, part, total)
    return resumed


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)


def _broken_off(source: str, part: Path, total: int | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    of = f" of {_size(total)}" if total else ""
    raise DataError(
        f"the download of {source} broke off after {_size(have)}{of}; load again to go on from there"
    ) from None
