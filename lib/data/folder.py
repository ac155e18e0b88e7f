"""Your own pictures: one folder a person, any number of pictures in each.

my_faces/
    ada/      1.jpg  2.jpg  holiday.png
    grace/    a.jpg  b.jpg

load("folder", path="my_faces")
"""

import contextlib
import hashlib
import json
import os
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from lib.course import as_path, cache_dir
from lib.data import mapped
from lib.data.arrays import height_and_width
from lib.data.download import DataError
from lib.data.files import is_foreign, remove_leftovers
from lib.data.image_set import ImageSet
from lib.data.published import ink

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
APPLE = (".heic", ".heif")  # Pillow does not read these
PARTS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval")
MANY = 1000  # pictures from which on a progress bar is shown
LITTLE = 0.5  # share of a picture; where less is kept of it than that, it is said


def load(
    path: str | Path = "",
    size: int | tuple[int, int] = 112,
    grey: bool = False,
    whole: bool | None = None,
) -> ImageSet:
    """Pictures from `path`, turned upright, scaled to `size`: photographs cut, scans whole.

    path     the folder that holds one folder a person
    size     side, or (height, width)
    grey     True for (N, H, W), else RGB
    whole    True: the ink is fitted whole on paper of its own colour; False: the centre is cut out
             in the shape of `size`; None: True for a picture with ink on light paper
    returns  identity: a person's place among the folders in alphabetical order; names "ada/1.jpg";
             images of more than `mapped.IN_MEMORY` bytes are mapped from a file in the cache
    warns    once for files that are no pictures, once for people with a single picture, and once
             for pictures of which less than half is kept
    raises   DataError where there is nothing to learn from
    """
    size = height_and_width(size)
    root, people = people_folders(path)
    files = [_files(person) for person in people]
    owner = np.repeat(np.arange(len(people)), [len(mine) for mine in files])
    names = [file.relative_to(root).as_posix() for mine in files for file in mine]
    images, readable = _read(root, names, size, grey, whole)

    counts = np.bincount(owner[readable], minlength=len(people))
    unread = [name for name, there in zip(names, readable) if not there]
    for person, count in zip(people, counts):
        if not count:
            theirs = [name for name in unread if name.startswith(f"{person.name}/")]
            raise DataError(
                f"the folder {person} holds no picture that can be read{_listed(theirs)}; add "
                "some, or delete the folder"
            )
    if max(counts) < 2:
        raise DataError(
            f"every person in {root} has one picture, so there is no pair of the same person; add "
            "a second picture of at least one"
        )
    if unread:
        warnings.warn(f"left out{_listed(unread)}", stacklevel=3)
    if alone := [person.name for person, count in zip(people, counts) if count == 1]:
        some = ", ".join(map(shown, alone[:5])) + (" and others" if len(alone) > 5 else "")
        warnings.warn(f"one picture only of {some}: no same pair of them can be made", stacklevel=3)
    found = tuple(name for name, there in zip(names, readable) if there)
    return ImageSet(images, owner[readable], np.ones(len(found), bool), found)


def _files(person: Path) -> list[Path]:
    """The files below a person's folder that may be pictures; DataError where there are none."""
    if not (found := files_below(person)):
        raise DataError(f"the folder {person} holds no picture; add some, or delete the folder")
    return found


def files_below(person: Path) -> list[Path]:
    """Everything below a folder that may be a picture, sorted: no hidden file, no system's file.

    A link to a folder counts as a file that cannot be read: it may lead to other people, or round
    in a circle.
    """

    def stop(error: OSError) -> None:
        raise DataError(f"{error.filename} cannot be read ({error.strerror})") from None

    found = []
    for folder, folders, files in os.walk(person, onerror=stop):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        found += [here / name for name in files + links]
    return sorted(file for file in found if not is_foreign(file.relative_to(person)))


def _read(
    root: Path, names: list[str], size: tuple[int, int], grey: bool, whole: bool | None
) -> tuple[np.ndarray, np.ndarray]:
    """(images, readable bool (N,)) of the files `names`; a large set is mapped from the cache.

    Its file is named after the folder, the options and every picture's name, size and time of
    change, and takes the place of the one that an earlier state of the folder left.
    """

    cut: list[Path] = []

    def pictures() -> Iterator[np.ndarray | None]:
        bar = {"desc": f"reading {root.name}", "unit": "picture", "leave": False}
        for name in tqdm(names, disable=len(names) < MANY, **bar):
            yield _picture(root / name, size, grey, whole, cut)

    shape = size if grey else (*size, 3)
    if not mapped.is_large(len(names), shape):
        found = list(pictures())
        readable = np.array([picture is not None for picture in found])
        there = [picture for picture in found if picture is not None]
        _say_cut(root, cut)
        return np.stack(there) if there else np.empty((0, *shape), np.uint8), readable

    state = [[name, *_size_and_time(root / name)] for name in names]
    code = [Path(file).read_text(encoding="utf-8") for file in (__file__, ink.__file__)]
    folder = f"folder-{_key([str(root.resolve()), size, grey, whole])}"
    path = cache_dir() / f"{folder}-{_key([code, state])}.pixels"
    images, readable = mapped.keep(path, len(names), shape, pictures)
    _say_cut(root, cut)
    remove_leftovers(path.parent, f"{folder}-*")
    for old in set(path.parent.glob(f"{folder}-*.pixels")) - {path}:
        with contextlib.suppress(OSError):  # Windows keeps a file that another kernel has mapped
            old.unlink()
    return images, readable


def _say_cut(root: Path, cut: list[Path]) -> None:
    """Warn of the pictures of which little was kept, as they were read."""
    if cut:
        whole = "more than half of it was cut off; whole=True keeps all"
        first = shown(cut[0].relative_to(root).as_posix())
        warnings.warn(f"{len(cut)} pictures, {first} first: {whole}", stacklevel=5)


def _size_and_time(file: Path) -> tuple[int, int]:
    """Of a file; (-1, -1) where a link leads nowhere, or somebody deleted it."""
    try:
        return file.stat().st_size, file.stat().st_mtime_ns
    except OSError:
        return -1, -1


def _key(facts: list) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def people_folders(path: str | Path) -> tuple[Path, list[Path]]:
    """The folder of pictures, and the folders in it."""
    if isinstance(path, str) and not path.strip():
        raise DataError('give the folder that holds one folder a person: path="my_faces"')
    root = as_path(path)
    if not root.exists():
        raise DataError(f"there is no folder {root.absolute()}")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give the folder that holds one folder a person")
    try:
        entries = sorted(root.iterdir())
    except OSError as error:
        raise DataError(f"{root} cannot be read ({error.strerror})") from None
    people = [entry for entry in entries if entry.is_dir() and not is_foreign(entry.name)]
    if not people:
        loose = sum(entry.suffix.lower() in PICTURES for entry in entries)
        found = f"{loose} pictures but no folders" if loose else "no folders"
        raise DataError(f"{root} holds {found}; make one folder a person, named after them")
    _check_people(root, people)
    return root, people


def _check_people(root: Path, people: list[Path]) -> None:
    """DataError where folders are no people, or two of them one person."""
    # 1) Folders of a data set that was split. A person may be called Val, with pictures in it.
    parts = [person for person in people if person.name.lower() in PARTS]
    split = [part for part in parts if not any(is_picture(file) for file in part.iterdir())]
    split = [part for part in split if any(entry.is_dir() for entry in part.iterdir())]
    if parts and (split or parts == people):
        names = ", ".join(part.name for part in parts)
        raise DataError(
            f"{root} holds {names}, which are parts of a data set and no people; give one of them, "
            f"for example {parts[0]}, or rename the folder"
        )
    # 2) Two folders that read the same, or are the same by a link; a folder that holds all people.
    seen: dict[object, Path] = {}
    for person in people:
        place = person.resolve()
        if place == root.resolve() or place in root.resolve().parents:
            raise DataError(f"{shown(str(person))} is a link to a folder of all people; delete it")
        for key in (_as_read(person.name), place):
            if other := seen.get(key):
                both = f"{other.name!r} and {person.name!r}"
                raise DataError(f"{root} holds one person twice, {both}; keep one of the folders")
            seen[key] = person


def is_picture(file: Path) -> bool:
    """True for a file whose ending is a picture's, hidden files apart."""
    return file.suffix.lower() in PICTURES and not is_foreign(file.name)


def _as_read(name: str) -> str:
    """A name as the eye reads it: no invisible sign, one form of each accent, blanks as one."""
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def shown(name: str) -> str:
    """A name for one line of text: a line break or an invisible sign is written out."""
    return name if name.isprintable() else ascii(name)


def _listed(left_out: list[str]) -> str:
    """Which files are no pictures, for the end of a sentence; empty where there are none."""
    apple = [shown(name) for name in left_out if name.lower().endswith(APPLE)]
    other = [shown(name) for name in left_out if not name.lower().endswith(APPLE)]
    kinds = []
    if other:
        kinds.append(f"{len(other)} files that are no readable picture ({', '.join(other[:3])})")
    if apple:
        kinds.append(f"{len(apple)} HEIC pictures ({apple[0]}), to be exported as JPEG first")
    return ": " + " and ".join(kinds) if kinds else ""


def _picture(
    file: Path, size: tuple[int, int], grey: bool, whole: bool | None, cut: list[Path]
) -> np.ndarray | None:
    """One picture, uint8 (H, W) or (H, W, 3); None where the file is none that Pillow can read.

    cut  gets the file where little of the picture is kept
    """
    try:
        picture = upright(file)
    except DataError:
        return None
    (height, width), mode = size, "L" if grey else "RGB"
    if whole or (whole is None and is_scan(picture)):
        picture = picture.reduce(max(1, max(picture.size) // 2000))
        fitted = Image.fromarray(ink.crop_in_colour(np.asarray(picture.convert("RGB")), size))
        return np.asarray(fitted.convert(mode))
    kept = picture.width / picture.height * height / width
    if min(kept, 1 / kept) < LITTLE:
        cut.append(file)
    picture = picture.convert(mode)
    return np.asarray(ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS))


def is_scan(picture: Image.Image) -> bool:
    """True for ink on light paper: nearly all of its edge, and most of it, has one light colour."""
    grey = np.asarray(picture.convert("L").reduce(max(1, max(picture.size) // 500)), np.float32)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(edge)
    like_paper = [(np.abs(part - paper) < 32).mean() for part in (edge, grey)]
    return bool(paper > 128 and like_paper[0] > 0.95 and like_paper[1] > 0.5)


def upright(file: Path) -> Image.Image:
    """A picture of any kind as 8-bit grey or RGB, turned as its camera was held.

    raises  DataError that says why the file cannot be read, for the end of "left out: ..."
    """
    if not file.is_file():
        raise DataError("no file: a link to a folder, or one that leads nowhere")
    try:
        with file.open("rb") as opened:
            start = opened.read(12)
    except OSError as error:
        raise DataError(f"a file that cannot be opened ({error.strerror})") from None
    if file.suffix.lower() in APPLE or start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        raise DataError("a HEIC picture: export it as JPEG")
    if not start:
        raise DataError("an empty file")
    try:
        with Image.open(file) as opened_picture:
            picture = ImageOps.exif_transpose(opened_picture)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise DataError("no picture that can be read") from None
    except Exception:  # Pillow raises errors of many kinds at damaged pictures
        raise DataError("a damaged picture, or one that was cut short") from None
    if picture.mode == "F" or picture.mode.startswith("I"):  # Pillow would cut these off at 255
        return _eight_bits(picture)
    try:
        clear = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La")
        if clear or "transparency" in picture.info:  # what is transparent becomes white
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture if picture.mode == "L" else picture.convert("RGB")
    except ValueError:
        raise DataError(f"a picture of a kind that is not read ({picture.mode})") from None


def _eight_bits(picture: Image.Image) -> Image.Image:
    """A picture of floats, or of 16 or 32 bits, as 8-bit grey.

    Its white is the first of 1, 255 and 65535 that its brightest value does not exceed; of whole
    numbers the first of 255, 4095 (cameras of 12 bits write files of 16) and 65535.
    """
    values = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 65535:
        raise DataError("a picture whose values are not from 0 to 1, 255 or 65535")
    depths = (1, 255, 65535) if picture.mode == "F" else (255, 4095, 65535)
    white = next(white for white in depths if values.max() <= white)
    clear = picture.info.get("transparency")
    values = np.where(values == clear, white, values) if isinstance(clear, int) else values
    return Image.fromarray((values * (255 / white)).round().astype(np.uint8))
