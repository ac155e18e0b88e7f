"""A gallery as a file: lines of text that the Android app and the browser page read and write too.

    siamese-gallery 1
    fingerprint 6935333c25050285
    size 128
    templates 2
    Ada<tab>base64 of 128 little-endian float32
    Grace<tab>...
    sha256 <hex of all bytes before this line>

UTF-8, each line ended by a line feed. No pickle: to open somebody else's gallery runs no code.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from lib.course import as_path

FIRST_LINE = "siamese-gallery 1"
HEADER = re.compile(
    rb"siamese-gallery 1\nfingerprint ([0-9a-f]{16})\nsize ([0-9]+)\ntemplates ([0-9]+)\n"
)
LONGEST_NAME = 200


def to_bytes(fingerprint: str, size: int, templates: Mapping[str, np.ndarray]) -> bytes:
    """The content of the file; templates: {name: (k, D)}."""
    count = sum(map(len, templates.values()))
    lines = [FIRST_LINE, f"fingerprint {fingerprint}", f"size {size}", f"templates {count}"]
    for name, rows in templates.items():
        for row in rows:
            lines.append(f"{name}\t{base64.b64encode(row.astype('<f4').tobytes()).decode()}")
    body = "".join(f"{line}\n" for line in lines).encode()
    return body + f"sha256 {hashlib.sha256(body).hexdigest()}\n".encode()


def read(path: Path | str, fingerprint: str, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """(name, float32 (D,)) of each template, after all checks of the file.

    raises  FileNotFoundError where there is none; ValueError that says what is wrong with it
    """
    path = as_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no gallery {path}: enrol somebody first")
    body = _body(path)
    header = _header(path, body)
    theirs, width, count = (part.decode() for part in header.groups())
    try:
        rows = body[header.end() :].decode().split("\n")[:-1]
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds names that are not UTF-8") from None
    if theirs != fingerprint:
        made = f"{path} was made with another network ({theirs}, this one is {fingerprint})"
        raise ValueError(f"{made}: their vectors cannot be compared. Enrol again")
    if width != str(size):
        raise ValueError(f"{path} holds vectors of {width} numbers; this network makes {size}")
    if count != str(len(rows)):
        raise ValueError(f"{path} says that it holds {count} templates, and holds {len(rows)}")
    for row in rows:
        name, _, text = row.partition("\t")
        try:
            raw = base64.b64decode(text, validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != 4 * size:
            raise ValueError(f"{path}: {name!r} has a template not the base64 of {size} numbers")
        yield name, np.frombuffer(raw, "<f4")


def network_of(path: Path) -> tuple[str, int]:
    """(fingerprint, size of a vector) of the network that a gallery was made with."""
    fingerprint, size, _ = _header(path, _body(path)).groups()
    return fingerprint.decode(), int(size)


def _header(path: Path, body: bytes) -> re.Match:
    if header := HEADER.match(body):
        return header
    raise ValueError(f"{path} does not begin with the lines fingerprint, size and templates")


def _body(path: Path) -> bytes:
    """The file without its last line, the checksum.

    raises  ValueError for another kind of file, another version, or another checksum
    """
    content = path.read_bytes()
    first = content.split(b"\n", 1)[0].decode(errors="replace")
    if first != FIRST_LINE:
        version = f"a gallery of another version, {first[:40]!r}; this code reads {FIRST_LINE!r}"
        is_other = first.startswith("siamese-gallery ")
        raise ValueError(f"{path} is {version if is_other else 'no gallery'}")
    body, _, digest = content.rpartition(b"sha256 ")
    if digest != hashlib.sha256(body).hexdigest().encode() + b"\n":
        edited = f"{path} was cut short or edited: its checksum does not fit"
        raise ValueError(f"{edited}. Enrol again, or take it from a backup")
    return body
