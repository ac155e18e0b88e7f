"""The old encryption of zip archives, fast enough to wait for.

Python's `zipfile` decrypts 0.5 MB a second. Three 32-bit keys, stirred once a byte, are quick in compiled code:

    raw = stored_bytes(archive, info)            # 12 bytes of header, then the data
    data = decrypt(raw, password)[12:]

`read(archive, info, password)` does it all for one entry, checks the CRC, and reads entries without a password too. The
cipher itself is weak: it keeps an honest reader's promise, not a secret.

Source: PKWARE, APPNOTE.TXT 6.3.9, section 6.1 (traditional PKWARE decryption).
"""

import functools
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from lib.data.download import DataError

HEADER = 12  # random bytes before the data; the last one shows whether the password fits
METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}


@functools.cache
def _crc_table() -> np.ndarray:
    """CRC-32 of each single byte without the usual inversions, uint32 (256,)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    return table


def _decrypt(data, out, password, table):
    """The cipher, byte by byte; `out` may be `data`. Compiled by numba."""
    mask = np.uint64(0xFFFFFFFF)
    byte = np.uint64(0xFF)
    one, two, eight, top = np.uint64(1), np.uint64(2), np.uint64(8), np.uint64(24)
    factor = np.uint64(134775813)
    a, b, c = np.uint64(0x12345678), np.uint64(0x23456789), np.uint64(0x34567890)
    length = len(password)
    for i in range(length + len(data)):
        if i < length:  # the password stirs the keys first, then every plain byte does
            plain = np.uint64(password[i])
        else:
            t = (c | two) & np.uint64(0xFFFF)
            plain = np.uint64(data[i - length]) ^ (((t * (t ^ one)) >> eight) & byte)
            out[i - length] = plain
        a = np.uint64(table[(a ^ plain) & byte]) ^ (a >> eight)
        b = ((b + (a & byte)) * factor + one) & mask
        c = np.uint64(table[(c ^ (b >> top)) & byte]) ^ (c >> eight)


@functools.cache
def _compiled():
    from numba import njit

    try:
        return njit(cache=True, nogil=True)(_decrypt)
    except RuntimeError:  # nowhere to keep the compiled code: compile again next time
        return njit(nogil=True)(_decrypt)


def decrypt(data: bytes, password: bytes) -> bytes:
    """Decrypt `data`, its 12 header bytes included. Right length comes back whatever the password."""
    source = np.frombuffer(data, dtype=np.uint8)
    out = np.empty_like(source)
    _compiled()(source, out, np.frombuffer(password, dtype=np.uint8), _crc_table())
    return out.tobytes()


def is_encrypted(info: zipfile.ZipInfo) -> bool:
    """True where the entry needs a password."""
    return bool(info.flag_bits & 0x1)


def stored_bytes(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, count: int | None = None
) -> bytes:
    """The entry's bytes as they lie in the archive (the first `count`), not yet decrypted or inflated.

    raises  DataError where the archive ends before the entry does, or its local header is damaged
    """
    file = archive.fp
    file.seek(info.header_offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise DataError(
            f"{archive.filename} is damaged at {info.filename}; delete it and load again to fetch a fresh copy"
        )
    name_length, extra_length = struct.unpack("<HH", local[26:30])
    file.seek(name_length + extra_length, 1)
    wanted = info.compress_size if count is None else min(count, info.compress_size)
    raw = file.read(wanted)
    if len(raw) < wanted:
        raise DataError(
            f"{archive.filename} ends in the middle of {info.filename}; delete it and load again to fetch a fresh copy"
        )
    return raw


def password_fits(
    archive: zipfile.ZipFile, password: bytes, entries: Sequence[zipfile.ZipInfo]
) -> bool:
    """Whether the password opens these entries, judged by the one check byte each of them carries.

    A wrong password passes one entry in 256; eight entries let it through once in 2^64.
    """
    for info in entries:
        # Entries whose CRC was not known when they were written (flag bit 3) carry their time of day instead.
        hour, minute, second = info.date_time[3:]
        expected = (hour << 3 | minute >> 3) if info.flag_bits & 0x8 else info.CRC >> 24
        if decrypt(stored_bytes(archive, info, HEADER), password)[-1] != expected:
            return False
    return True


def read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: bytes | None = None) -> bytes:
    """One entry, decrypted, inflated and compared with its CRC.

    raises  DataError for a missing password, damage, or an encryption or compression this does not know
    """
    if info.compress_type not in METHODS or info.flag_bits & 0x40:
        raise DataError(
            f"{info.filename} in {archive.filename} is packed in a way this course does not read "
            f"(method {info.compress_type}); unpack it with 7-Zip and pack it again as a plain zip"
        )
    data = stored_bytes(archive, info)
    if is_encrypted(info):
        if password is None:
            raise DataError(f"{info.filename} in {archive.filename} needs a password")
        data = decrypt(data, password)[HEADER:]
    if info.compress_type == zipfile.ZIP_DEFLATED:
        try:  # never more than the size that the directory promised
            data = zlib.decompressobj(-15).decompress(data, info.file_size + 1)
        except zlib.error:
            data = b""
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise DataError(
            f"{info.filename} in {archive.filename} is damaged (its checksum does not fit); "
            "delete the archive and load again to fetch a fresh copy"
        )
    return data
