"""A folder of people becomes vectors under names: what can be compared, and what was left out.

    people = read_people("pictures", load_recogniser())  # pictures/ada/1.jpg, pictures/grace/a.jpg
    for picture, why in people.left_out:
        print(picture, why)

Pictures are read one at a time. With keep="folder" what was found in each is kept there, so that a
second run reads only what is new. `lib.phone.threshold` chooses a threshold on the vectors.
"""

import hashlib
import inspect
import io
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from lib.data import folder as folders
from lib.data.arrays import unit_rows
from lib.data.download import DataError, digest
from lib.data.files import write_atomically
from lib.data.folder import files_below, is_picture, people_folders, upright
from lib.data.synthetic import face_render
from lib.evaluation import check_threshold
from lib.export.contract import PhoneModel
from lib.models import Network
from lib.phone import alignment, detector, quality, recogniser
from lib.phone.alignment import point_fault
from lib.phone.detector import Face, find_faces
from lib.phone.gallery import usable_name
from lib.phone.quality import refusal
from lib.phone.recogniser import align, embed_crops

MAIN_FACE = 2.0  # a main face is this many times as large as every other, where the centre counts
# Correlation of two crops from which on they count as one photograph: under one name, where nothing
# is lost by a mistake, and under two names. A detector's points move when a picture is saved again.
ALIKE = 0.9, 0.98
AROUND = 4.0  # what is cut from a photograph before it is aligned, in eye distances from the points


class People(NamedTuple):
    """N pictures of P people that can be compared."""

    names: list[str]  # (P,)
    pictures: list[str]  # (N,) "ada/1.jpg"
    identity: np.ndarray  # int (N,), a place in `names`
    crops: np.ndarray  # uint8 (N, 112, 112, 3)
    vectors: np.ndarray  # float32 (N, D), unit length
    left_out: list[tuple[str, str]]  # (picture, why), in words


class _Found(NamedTuple):
    """What one picture holds; `crop` and `vector` are empty where `why` says why it is left out."""

    why: str
    crop: np.ndarray
    vector: np.ndarray


def read_people(
    folder: Path | str,
    model: Network,
    find: Callable[[np.ndarray], list[Face]] = find_faces,
    keep: Path | None = None,
    progress: Callable[[list], Iterable] = iter,
) -> People:
    """Find, align, judge and embed every face of a folder that holds one folder a person.

    find      uint8 (H, W, 3) -> the faces in it, the largest first
    keep      where what was found in each picture is kept, a folder a person; what belongs to
              pictures that are gone is deleted
    progress  goes around the list of pictures, as tqdm does
    raises    DataError where there is no folder of people, or no picture of them that can be used
    """
    root, files, left_out = _files(folder)
    phone = PhoneModel(model)
    rows: list[tuple[str, str, _Found]] = []
    key, used = _key(phone, find), set()
    for name, file in progress(files):
        kept = keep / name / f"{digest(file)[:32]}.npz" if keep else None
        found = _read(kept, key) if kept else None
        if found is None:
            found = _look(file, phone, find)
            if kept:
                _write(kept, key, found)
        rows.append((name, file.relative_to(root).as_posix(), found))
        used.add(str(kept))
    if keep and keep.exists():
        _delete_others(keep, used)
    left_out += [(picture, found.why) for _, picture, found in rows if found.why]
    rows, copies = _without_copies([row for row in rows if not row[2].why])
    if not rows:
        some = "; ".join(f"{picture}: {why}" for picture, why in left_out[:3])
        raise DataError(f"no picture in {root} can be used. {some}")
    names = list(dict.fromkeys(name for name, _, _ in rows))
    return People(
        names,
        [picture for _, picture, _ in rows],
        np.array([names.index(name) for name, _, _ in rows]),
        np.stack([found.crop for _, _, found in rows]),
        np.stack([found.vector for _, _, found in rows]),
        sorted(left_out + copies),
    )


def _files(folder: Path | str) -> tuple[Path, list[tuple[str, Path]], list[tuple[str, str]]]:
    """The folder, (person, file) of everything that may be a picture, and what lies astray."""
    root, folders = people_folders(folder)
    files: list[tuple[str, Path]] = []
    astray: list[tuple[str, str]] = []
    for file in root.iterdir():
        if is_picture(file) and file.is_file():
            astray.append((file.name, "not in a person's folder"))
    for person in folders:
        found = files_below(person)
        files += [(usable_name(person.name), file) for file in found]
        astray += [] if found else [(person.name + "/", "no picture in this folder")]
    return root, files, astray


def _look(file: Path, phone: PhoneModel, find: Callable[[np.ndarray], list[Face]]) -> _Found:
    """The one face of a picture, or why there is none to compare."""
    nothing = np.zeros((0, 0, 3), np.uint8), np.zeros(0, np.float32)
    try:
        photograph = np.asarray(upright(file).convert("RGB"))
    except DataError as error:
        return _Found(str(error), *nothing)
    faces = find(photograph)
    face = main_face(faces, photograph.shape[:2])
    if face is None:
        why = f"{len(faces)} faces: crop it to one person" if faces else "no face found"
        return _Found(why, *nothing)
    crop = cut(photograph, face.points, phone)
    why = point_fault(face.points, photograph.shape[:2]) or refusal(crop, face.points)
    if why:
        return _Found(why, *nothing)
    return _Found("", crop, embed_crops(phone, crop[None])[0])


def main_face(faces: list[Face], size: tuple[int, int]) -> Face | None:
    """The person whom a photograph is of; None without faces, and in a photograph of a group.

    A face counts with its side, and with less the further it is from the centre: half at the middle
    of an edge. The one that counts most is taken where it counts twice as much as every other.

    size  (height, width) of the photograph
    """
    if not faces:
        return None
    boxes = np.stack([face.box for face in faces]).astype(np.float64)  # (F, 4)
    sides = (boxes[:, 2:] - boxes[:, :2]).mean(1)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.array(size[::-1]) / 2
    away = np.abs((centres - half) / half).max(1)  # 0 in the centre, 1 at an edge
    counts = sides * (1 - away / 2)
    first, *others = np.argsort(-counts)
    if others and counts[first] < MAIN_FACE * counts[others[0]]:
        return None
    return faces[first]


def cut(photograph: np.ndarray, points: np.ndarray, phone: PhoneModel) -> np.ndarray:
    """The aligned face uint8 (112, 112, 3) of a photograph of any size.

    1) Cut the surroundings of the face, so that a large photograph is not copied as a whole.
    2) Average blocks of pixels where the face is larger than the crop. 3) Align.
    """
    points = np.asarray(points, dtype=np.float64)
    distance = float(np.hypot(*(points[1] - points[0])))
    size = np.array(photograph.shape[1::-1])
    low = np.floor(points.min(0) - AROUND * distance).clip(0, size - 1).astype(int)
    high = np.ceil(points.max(0) + AROUND * distance).clip(low + 1, size).astype(int)
    part = photograph[low[1] : high[1], low[0] : high[0]]
    points, times = points - low, max(1, int(distance / 36))  # eyes are 35 pixels apart in a crop
    if times > 1:
        part = np.asarray(Image.fromarray(part).reduce(times))
        points = (points + 0.5) / times - 0.5
    return align(part[None], points[None], phone.template)[0]


def _without_copies(rows: list[tuple]) -> tuple[list[tuple], list[tuple[str, str]]]:
    """Every photograph once; where it lies under two names, not at all: one of them is wrong."""
    copies: dict[int, str] = {}
    if rows:
        vectors = np.stack([found.vector for *_, found in rows])
        grey = np.stack([found.crop.mean(2).ravel() for *_, found in rows])
        grey = unit_rows(grey - grey.mean(1, keepdims=True))
        alike = np.where(vectors @ vectors.T > 0.9, grey @ grey.T, 0)
        for m, n in np.argwhere(np.triu(alike > ALIKE[0], 1)).tolist():
            (name, first, _), (other, second, _) = rows[m], rows[n]
            if name == other and m not in copies:
                copies.setdefault(n, f"the same picture as {first}, counted once")
            elif name != other and alike[m, n] > ALIKE[1]:
                copies[m] = f"the same picture as {second}, under another name"
                copies[n] = f"the same picture as {first}, under another name"
    kept = [row for n, row in enumerate(rows) if n not in copies]
    return kept, [(rows[n][1], why) for n, why in copies.items()]


# -- doubts about names ----------------------------------------------------------------------------


class Doubts(NamedTuple):
    """Where the scores contradict the names."""

    people: People  # without the pictures that score as another person's; `left_out` says so
    person: np.ndarray  # int (N,): `people.identity`, but equal where two names score as one person
    sentences: list[str]  # what the reader should look at


def doubts(people: People, threshold: float) -> Doubts:
    """Compare every name with every other, and every picture with its own name and the others.

    threshold  from which on the model's scores say "the same person"; measured on other people
    """
    threshold = check_threshold(threshold)
    scores, names, identity = people.vectors @ people.vectors.T, people.names, people.identity
    own = identity == np.arange(len(names))[:, None]  # (P, N)
    person, sentences = np.arange(len(names)), []
    for a, b in zip(*np.triu_indices(len(names), 1)):
        middle = np.median(scores[np.ix_(own[a], own[b])])
        if middle >= threshold:
            person[person == person[b]] = person[a]
            sentences.append(
                f"{names[a]} and {names[b]} score {middle:.2f} with each other (median): one "
                "person under two names? The threshold counts them as one"
            )
    wrong = {}
    for n, who in enumerate(identity):
        others = own.copy()
        others[:, n] = False
        if not others[who].any():
            continue
        middles = [np.median(scores[n, row]) if row.any() else -1 for row in others]
        theirs = np.where(person == person[who], -1, middles)
        other, best = int(theirs.argmax()), scores[n, others[who]].max()
        name = names[who]
        if middles[who] < threshold <= theirs[other]:
            than = f"{theirs[other]:.2f}, with {name} {middles[who]:.2f}"
            wrong[n] = f"scores as {names[other]} ({than}): under the wrong name?"
        elif others[who].sum() > 1 and best < threshold:
            score = f"scores at most {best:.2f} with {name}'s other pictures"
            sentences.append(f"{people.pictures[n]} {score}: is it {name}?")
    kept = np.array([n not in wrong for n in range(len(identity))])
    return Doubts(_without(people, wrong, kept), person[identity][kept], sentences)


def _without(people: People, reasons: dict[int, str], kept: np.ndarray) -> People:
    """The people with the kept pictures (N,) alone; the others are left out for their reasons."""
    left_out = people.left_out + [(people.pictures[n], why) for n, why in reasons.items()]
    remain, identity = np.unique(people.identity[kept], return_inverse=True)
    return People(
        [people.names[who] for who in remain],
        [picture for picture, stays in zip(people.pictures, kept) if stays],
        identity,
        people.crops[kept],
        people.vectors[kept],
        sorted(left_out),
    )


# -- what is kept between two runs -----------------------------------------------------------------


def _key(phone: PhoneModel, find: Callable) -> str:
    """Changes with what the network computes, and with the code that reads, finds and judges."""
    modules = (
        alignment,
        detector,
        face_render,
        folders,
        quality,
        recogniser,
        sys.modules[__name__],
    )
    code = "".join(map(inspect.getsource, modules)) + find.__qualname__
    network = phone.fingerprint.encode() + phone.probe[1].tobytes() + phone.template.tobytes()
    return hashlib.sha256(code.encode() + network).hexdigest()


def _write(path: Path, key: str, found: _Found) -> None:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, key=key, **found._asdict())
    write_atomically(path, content.getvalue(), private=True)


def _read(path: Path, key: str) -> _Found | None:
    """What was kept of a picture; None where nothing was, or by other code or another network."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["key"]) == key:
                return _Found(str(kept["why"]), kept["crop"], kept["vector"])
    except Exception:  # a damaged file raises errors of many kinds
        pass
    return None


def _delete_others(keep: Path, used: set[str]) -> None:
    """Delete what is kept of people and pictures that are no longer there, and halves of files."""
    for path in [*keep.rglob("*.npz"), *keep.rglob(".*.part")]:
        if str(path) not in used:
            path.unlink()
    for folder in keep.iterdir():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
