"""Read untrusted zip archives: no path traversal, no links, no decompression bombs, every CRC.

    with open_zip(path) as archive:
        for name, content in read_all(archive, members(archive, ".png"), password="..."):
            ...

The old zip encryption is undone in compiled code; Python's `zipfile` decrypts 0.5 MB a second. The
cipher is weak: it records that a reader accepted the terms, and keeps no secret.
"""

import copy
import functools
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from zipfile import ZipFile, ZipInfo

import numpy as np
from tqdm import tqdm

from lib.data.download import DataError
from lib.data.files import is_foreign

LIMIT = 4 * 2**30  # bytes an archive may unpack to; the course's largest needs a tenth of it
ENCRYPTED = 0x1  # among an entry's flag bits
HEADER = 12  # random bytes before encrypted data
# CRC-32 of each single byte without the usual inversions.
CRC_OF = np.array([zlib.crc32(bytes([n]), 0xFFFFFFFF) ^ 0xFFFFFFFF for n in range(256)], np.uint32)
# What `zipfile` raises for bytes that are not as they were: its own error and those of its parts.
DAMAGED = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    OverflowError,
    RuntimeError,  # NotImplementedError among them: flags of features that it does not know
    ValueError,
)
AGAIN = "delete it and load again to fetch a fresh copy"
UNSAFE = "do not trust this archive"


@contextmanager
def open_zip(path: Path) -> Iterator[ZipFile]:
    """The archive, open for reading; DataError where it is no zip or cut short."""
    try:
        archive = ZipFile(path)
    except DAMAGED:
        raise DataError(f"{path} is not a complete zip archive; {AGAIN}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be opened ({error.strerror})") from None
    with archive:
        yield archive


def members(archive: ZipFile, *endings: str, limit: int = LIMIT) -> list[ZipInfo]:
    """The files in the archive that have one of the endings, in any letter case, sorted by name.

    Hidden files, and those that operating systems add, are left out.

    endings  none: all files
    raises   DataError where any entry points outside its folder, is a link or there twice, or
             where all together unpack to more than `limit` bytes
    """
    path, entries = archive.filename, archive.infolist()
    for info in entries:
        name = info.orig_filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if ".." in parts or re.match(r"/|[A-Za-z]:", name) or "\0" in name:
            raise DataError(f"{path} holds {name!r}, which points outside its folder; {UNSAFE}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"{path} holds a link, {name!r}, where only files belong; {UNSAFE}")
    names = [info.filename for info in entries]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"{path} holds {twice[0]!r} twice; {UNSAFE}")
    gib, allowed = sum(info.file_size for info in entries) / 2**30, limit / 2**30
    if gib > allowed:
        raise DataError(f"{path} would unpack to {gib:.1f} GiB, not {allowed:.1f}; {UNSAFE}")
    wanted = tuple(ending.lower() for ending in endings) or ""
    files = [info for info in entries if not info.is_dir() and not is_foreign(info.filename)]
    files = [info for info in files if info.filename.lower().endswith(wanted)]
    return sorted(files, key=lambda info: info.filename)


def check_password(archive: ZipFile, password: str, entries: Iterable[ZipInfo]) -> bool:
    """Whether the password opens `entries`, judged by the three largest that are encrypted."""
    encrypted = [info for info in entries if info.flag_bits & ENCRYPTED]
    for info in sorted(encrypted, key=lambda info: -info.file_size)[:3]:
        with suppress(DataError):  # one may be damaged
            read(archive, info, password)
            return True
    return not encrypted


def read_all(
    archive: ZipFile, entries: list[ZipInfo], password: str | None = None, title: str = ""
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each entry, with a progress bar where `title` is given; see `read`."""
    for info in tqdm(entries, desc=title, unit="file", disable=not title, leave=False):
        yield info.filename, read(archive, info, password)


def read(archive: ZipFile, info: ZipInfo, password: str | None = None) -> bytes:
    """One entry: decrypted, inflated and compared with its CRC.

    raises  DataError for a missing password, damage, or an unknown encryption or compression
    """
    where = f"{info.filename} in {archive.filename}"
    known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not known or info.flag_bits & 0x40:  # bit 6: strong encryption
        raise DataError(f"{where} is packed in an unknown way; pack it again as a plain zip")
    data = _stored_bytes(archive, info)
    if info.flag_bits & ENCRYPTED:
        if password is None:
            raise DataError(f"{where} needs a password")
        data = decrypt(data, password.encode())[HEADER:]
    if info.compress_type == zipfile.ZIP_DEFLATED:
        try:  # never more than the size that the directory states
            data = zlib.decompressobj(-15).decompress(data, info.file_size + 1)
        except zlib.error:
            data = b""
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise DataError(f"{where} is damaged (its checksum does not fit); {AGAIN}")
    return data


def decrypt(data: bytes, password: bytes) -> bytes:
    """Decrypt `data`, its 12 header bytes included; the length stays, whatever the password.

    source  PKWARE, APPNOTE.TXT 6.3.9, section 6.1 (traditional PKWARE decryption)
    """
    return _cipher()(*(np.frombuffer(part, np.uint8) for part in (data, password))).tobytes()


def _stored_bytes(archive: ZipFile, info: ZipInfo) -> bytes:
    """The entry's bytes as the archive holds them: encrypted, compressed."""
    stored = copy.copy(info)
    stored.flag_bits &= ~ENCRYPTED
    stored.compress_type, stored.file_size = zipfile.ZIP_STORED, info.compress_size
    del stored.CRC  # which is of the content
    try:
        with archive.open(stored) as file:
            return file.read()
    except (*DAMAGED, OSError):
        raise DataError(f"{archive.filename} is damaged at {info.filename}; {AGAIN}") from None


def _decrypt(data, password):
    """The cipher, byte by byte: three 32-bit keys, each updated with every plain byte."""
    mask = np.uint64(0xFFFFFFFF)
    byte = np.uint64(0xFF)
    one, two, eight, top = np.uint64(1), np.uint64(2), np.uint64(8), np.uint64(24)
    factor = np.uint64(134775813)
    a, b, c = np.uint64(0x12345678), np.uint64(0x23456789), np.uint64(0x34567890)
    length, out = len(password), np.empty_like(data)
    for i in range(length + len(data)):
        if i < length:  # the password's bytes update the keys first
            plain = np.uint64(password[i])
        else:
            t = (c | two) & np.uint64(0xFFFF)
            plain = np.uint64(data[i - length]) ^ (((t * (t ^ one)) >> eight) & byte)
            out[i - length] = plain
        a = np.uint64(CRC_OF[(a ^ plain) & byte]) ^ (a >> eight)
        b = ((b + (a & byte)) * factor + one) & mask
        c = np.uint64(CRC_OF[(c ^ (b >> top)) & byte]) ^ (c >> eight)
    return out


@functools.cache
def _cipher():
    from numba import njit  # numba takes a second to import, and most archives have no password

    return njit(_decrypt)
