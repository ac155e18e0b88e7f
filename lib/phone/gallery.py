"""The people enrolled on a phone: their templates, decisions about pictures, and deletion.

    gallery = Gallery(fingerprint(model), size=128)
    gallery.enrol("Ada", vectors)                        # (k, 128), one unit vector a picture
    gallery.decide(vector, threshold=0.75, margin=0.05)  # Decision("accepted", "Ada", ...)
    gallery.save(path)
    Gallery.load(path, fingerprint(model), size=128)

NumPy alone, so that it translates into an app's language line by line.
"""

import glob
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.course import as_path
from lib.data.arrays import check_whole_number, unit_rows
from lib.data.files import write_atomically
from lib.evaluation import check_margin, check_threshold
from lib.phone.gallery_file import LONGEST_NAME, read, to_bytes

ACCEPTED, UNSURE, UNKNOWN, POOR = "accepted", "unsure", "unknown", "poor picture"


class Decision(NamedTuple):
    """Whom one picture shows, and why."""

    kind: str  # ACCEPTED, UNSURE, UNKNOWN or POOR
    name: str | None  # the person, only where accepted
    why: str  # in words, for the person in front of the phone
    score: float | None = None  # the best person's; None where nothing was compared
    second: float | None = None  # the second-best person's; None where there is none


class Gallery:
    """Unit vectors under names, bound to the one network whose vectors can be compared.

    fingerprint  sixteen hex digits of `lib.export.contract.fingerprint`; D of a vector is `size`
    """

    def __init__(self, fingerprint: str, size: int) -> None:
        if (
            not isinstance(fingerprint, str)
            or len(fingerprint) != 16
            or set(fingerprint) - set("0123456789abcdef")
        ):
            raise ValueError(f"a fingerprint is 16 hex digits, not {fingerprint!r}")
        self.fingerprint, self.size = fingerprint, check_whole_number("size", size, least=1)
        self._templates: dict[str, np.ndarray] = {}  # name -> float32 (k, D)
        self._search: tuple[np.ndarray, np.ndarray] | None = None  # made when first needed

    def __len__(self) -> int:
        """Templates, of all people together."""
        return sum(map(len, self._templates.values()))

    @property
    def names(self) -> list[str]:
        """The people, in the order in which they were enrolled."""
        return list(self._templates)

    def templates(self, name: str) -> np.ndarray:
        """A copy of one person's templates, float32 (k, D)."""
        return self._templates[self._enrolled(name)].copy()

    def enrol(self, name: str, vectors, mode: str = "keep") -> None:
        """Add templates of a person; the templates of an earlier enrolment stay.

        vectors  (k, D) unit vectors, one a picture
        mode     "keep": each is a template. "average": their normalised mean is the one template
        raises   ValueError for a name that a file cannot hold, for vectors of another length or
                 not of unit length, and where their mean is zero
        """
        name, vectors = usable_name(name), self._checked(vectors)
        if len(vectors) == 0:
            raise ValueError(f"no picture of {name} to enrol")
        if mode == "average":
            vectors = vectors.mean(0, keepdims=True)
            if np.linalg.norm(vectors) < 1e-3:
                raise ValueError(f"{name}'s vectors have mean zero: they do not show one person")
        elif mode != "keep":
            raise ValueError(f"no mode {mode!r}; there are 'keep' and 'average'")
        vectors = unit_rows(vectors).astype(np.float32)
        old = self._templates.get(name)
        self._templates[name] = vectors if old is None else np.concatenate([old, vectors])
        self._wipe(old)

    def delete(self, name: str) -> None:
        """Delete a person: templates become zeros in memory, and the next `save` leaves them out.

        raises  ValueError for somebody who is not enrolled
        """
        self._wipe(self._templates.pop(self._enrolled(name)))

    def scores(self, probes) -> np.ndarray:
        """Best cosine of each probe with each person's templates.

        probes   (Q, D) or (D,) unit vectors
        returns  float32 (Q, people) or (people,), in the order of `names`
        """
        matrix, starts = self._searched()
        scores = self._checked(probes).astype(np.float32) @ matrix.T  # (Q, templates)
        if len(starts) < len(matrix):
            scores = np.maximum.reduceat(scores, starts, axis=1)  # -> (Q, people)
        return scores if np.ndim(probes) == 2 else scores[0]

    def decide(self, probe, threshold: float, margin: float = 0.0, refused: str = "") -> Decision:
        """Whom does this picture show?

        Checked in this order: a poor picture, nobody, one of two people who look alike, somebody.

        probe      (D,) unit vector; not read where the picture was refused
        threshold  the best person's score must reach it
        margin     and exceed the second-best person's by at least this; does not apply where one
                   person is enrolled
        refused    why the picture is too poor to be compared (`lib.phone.quality.refusal`), or ""
        """
        threshold, margin = check_threshold(threshold), check_margin(margin)
        if refused:
            return Decision(POOR, None, refused)
        if not self._templates:
            return Decision(UNKNOWN, None, "nobody is enrolled")
        scores = self.scores(np.asarray(probe).reshape(self.size))
        return decision(self.names, scores, threshold, margin)

    def save(self, path: Path | str) -> None:
        """Write the gallery: a crash at any moment leaves the old file or the new one, complete.

        No other user of the machine may read it, because templates are biometric data. One process
        writes at a time.
        """
        path = as_path(path)
        content = to_bytes(self.fingerprint, self.size, self._templates)
        try:
            write_atomically(path, content, private=True)
        finally:  # part files of dead processes may hold somebody who was deleted since
            for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
                part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path | str, fingerprint: str, size: int) -> "Gallery":
        """The gallery that `save` wrote.

        raises  FileNotFoundError where there is none; ValueError, in words, for a file that is
                truncated, edited, of another version, of another network or of another size
        """
        gallery = cls(fingerprint, size)
        rows: dict[str, list[np.ndarray]] = {}
        for name, vector in read(path, fingerprint, size):
            if usable_name(name) != name:
                raise ValueError(f"{path}: the name {name!r} is not in Unicode's normal form C")
            rows.setdefault(name, []).append(gallery._checked(vector)[0])
        gallery._templates = {name: np.float32(vectors) for name, vectors in rows.items()}
        return gallery

    def _searched(self) -> tuple[np.ndarray, np.ndarray]:
        """All templates, float32 (templates, D), and where each person's begin, (people,)."""
        if self._search is None:
            templates = list(self._templates.values())
            matrix = np.concatenate([np.empty((0, self.size), np.float32), *templates])
            self._search = matrix, np.cumsum([0, *map(len, templates)])[:-1]
        return self._search

    def _enrolled(self, name: str) -> str:
        name = unicodedata.normalize("NFC", name)
        if name not in self._templates:
            raise ValueError(f"{name!r} is not enrolled")
        return name

    def _checked(self, vectors) -> np.ndarray:
        vectors = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
        if vectors.ndim != 2 or vectors.shape[1] != self.size:
            shape = f"(k, {self.size}), not {vectors.shape}"
            raise ValueError(f"vectors must be {shape}: another network's?")
        length = np.linalg.norm(vectors, axis=1)
        off = np.abs(length - 1)
        if not (off < 0.01).all():  # NaN fails too; int8 files are off by a few thousandths
            furthest = f"{length[np.argmax(off)]:.3g}"
            raise ValueError(f"vectors must have length 1; the one furthest from it has {furthest}")
        return vectors

    def _wipe(self, templates: np.ndarray | None) -> None:
        for array in (templates, self._search and self._search[0]):
            if array is not None:
                array.fill(0)
        self._search = None


def decision(names: list[str], scores, threshold: float, margin: float = 0.0) -> Decision:
    """The rule alone, on one probe's score with each of P people, P at least 1.

    Of equal scores the one enrolled first is best; any margin above zero makes them "unsure".

    names, scores  (P,)
    raises         ValueError for a score, a threshold or a margin that is not finite or too large
    """
    threshold, margin = check_threshold(threshold), check_margin(margin)
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(names),) or not len(names) or not np.isfinite(scores).all():
        raise ValueError(f"one finite score a name is needed, {len(names)}, not {scores}")
    first = int(scores.argmax())
    best, others = float(scores[first]), np.delete(scores, first)
    second = float(others.max()) if len(others) else None
    if best < threshold:
        why = f"nobody reaches {threshold:.2f}; the best scores {best:.2f}"
        return Decision(UNKNOWN, None, why, best, second)
    if second is not None and best - second < margin:
        next_best = [name for name in names if name != names[first]][int(others.argmax())]
        two = f"{names[first]} with {best:.2f} and {next_best} with {second:.2f}"
        return Decision(UNSURE, None, f"{two} are closer than {margin:.2f}", best, second)
    ahead = "" if second is None else f", {best - second:.2f} ahead of the next"
    why = f"{best:.2f} reaches {threshold:.2f}{ahead}"
    return Decision(ACCEPTED, names[first], why, best, second)


def usable_name(name: str) -> str:
    """The name in Unicode's normal form C: an accent is one character, however it was typed.

    raises  ValueError for what a line of the file cannot hold
    """
    if not isinstance(name, str):
        raise ValueError(f"a name is a text, not {name!r}")
    name = unicodedata.normalize("NFC", name)
    if not name or len(name) > LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters, not {len(name)}")
    if "\t" in name or name.splitlines() != [name]:
        raise ValueError(f"a name holds no tab and no line break: {name!r}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"a name is text that UTF-8 can hold: {name!r}") from None
    return name
