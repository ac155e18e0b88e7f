"""Your own pictures: one folder a person, any number of pictures in each.

my_faces/
    ada/      1.jpg  2.jpg  holiday.png
    grace/    a.jpg  b.jpg

load("folder", path="my_faces")
"""

import contextlib
import hashlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from lib.course import cache_dir
from lib.data import mapped
from lib.data.arrays import height_and_width
from lib.data.download import DataError
from lib.data.image_set import ImageSet

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
APPLE = (".heic", ".heif")  # Pillow does not read these
SYSTEM_FILES = ("thumbs.db", "desktop.ini")  # Windows leaves them in folders of pictures
MANY = 1000  # pictures from which on a progress bar is shown


def load(path: str | Path = "", size: int | tuple[int, int] = 112, grey: bool = False) -> ImageSet:
    """Pictures from `path`, turned upright, the centre cut to the shape of `size` and scaled to it.

    path     the folder that holds one folder a person
    size     side, or (height, width)
    grey     True for (N, H, W), else RGB
    returns  identity: a person's place among the folders in alphabetical order; names "ada/1.jpg";
             images of more than `mapped.IN_MEMORY` bytes are mapped from a file in the cache
    warns    once for files that are no pictures, and once for people with a single picture
    raises   DataError where there is nothing to learn from
    """
    size = height_and_width(size)
    root, people = people_folders(path)
    files = [_files(person) for person in people]
    owner = np.repeat(np.arange(len(people)), [len(mine) for mine in files])
    names = [file.relative_to(root).as_posix() for mine in files for file in mine]
    images, readable = _read(root, names, size, grey)

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
        some = ", ".join(alone[:5]) + (" and others" if len(alone) > 5 else "")
        warnings.warn(f"one picture only of {some}: no same pair of them can be made", stacklevel=3)
    found = tuple(name for name, there in zip(names, readable) if there)
    return ImageSet(images, owner[readable], np.ones(len(found), bool), found)


def _files(person: Path) -> list[Path]:
    """The files below a person's folder that may be pictures; DataError where there are none."""
    found = sorted(file for file in person.rglob("*") if file.is_file() and not is_skipped(file))
    if not found:
        raise DataError(f"the folder {person} holds no picture; add some, or delete the folder")
    return found


def _read(
    root: Path, names: list[str], size: tuple[int, int], grey: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(images, readable bool (N,)) of the files `names`; a large set is mapped from the cache.

    Its file is named after the folder, the options and every picture's name, size and time of
    change, and takes the place of the one that an earlier state of the folder left.
    """

    def pictures() -> Iterator[np.ndarray | None]:
        bar = {"desc": f"reading {root.name}", "unit": "picture", "leave": False}
        for name in tqdm(names, disable=len(names) < MANY, **bar):
            yield _picture(root / name, size, grey)

    shape = size if grey else (*size, 3)
    if not mapped.is_large(len(names), shape):
        found = list(pictures())
        readable = np.array([picture is not None for picture in found])
        there = [picture for picture in found if picture is not None]
        return np.stack(there) if there else np.empty((0, *shape), np.uint8), readable

    facts = [(name, (root / name).stat()) for name in names]
    state = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in facts]
    folder = f"folder-{_key([str(root.resolve()), size, grey])}"
    path = cache_dir() / f"{folder}-{_key([Path(__file__).read_text(), state])}.pixels"
    images, readable = mapped.keep(path, len(names), shape, pictures)
    for old in set(path.parent.glob(f"{folder}-*.pixels")) - {path}:
        with contextlib.suppress(OSError):  # Windows keeps a file that another kernel has mapped
            old.unlink()
    return images, readable


def _key(facts: list) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def people_folders(path: str | Path) -> tuple[Path, list[Path]]:
    """The folder of pictures, and the folders in it."""
    if not str(path):
        raise DataError('give the folder that holds one folder a person: path="my_faces"')
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f"there is no folder {root.absolute()}")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give the folder that holds one folder a person")
    people = sorted(entry for entry in root.iterdir() if entry.is_dir() and not is_skipped(entry))
    if not people:
        loose = sum(entry.suffix.lower() in PICTURES for entry in root.iterdir())
        found = f"{loose} pictures but no folders" if loose else "no folders"
        raise DataError(f"{root} holds {found}; make one folder a person, named after them")
    return root, people


def is_skipped(entry: Path) -> bool:
    """True for hidden files and what operating systems leave in folders."""
    name = entry.name.lower()
    return name.startswith((".", "__macosx")) or name in SYSTEM_FILES


def _listed(left_out: list[str]) -> str:
    """Which files are no pictures, for the end of a sentence; empty where there are none."""
    apple = [name for name in left_out if name.lower().endswith(APPLE)]
    other = [name for name in left_out if name not in apple]
    kinds = []
    if other:
        kinds.append(f"{len(other)} files that are no readable picture ({', '.join(other[:3])})")
    if apple:
        kinds.append(f"{len(apple)} HEIC pictures ({apple[0]}), to be exported as JPEG first")
    return ": " + " and ".join(kinds) if kinds else ""


def _picture(file: Path, size: tuple[int, int], grey: bool) -> np.ndarray | None:
    """One picture, uint8 (H, W) or (H, W, 3); None where the file is none that Pillow can read."""
    try:
        picture = upright(file).convert("L" if grey else "RGB")
    except DataError:
        return None
    return np.asarray(ImageOps.fit(picture, (size[1], size[0]), Image.Resampling.LANCZOS))


def upright(file: Path) -> Image.Image:
    """A picture of any kind as 8-bit grey or RGB, turned as its camera was held.

    raises  DataError that says why the file cannot be read, for the end of "left out: ..."
    """
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
    except (OSError, ValueError, SyntaxError):
        raise DataError("a damaged picture, or one that was cut short") from None
    if picture.mode == "F" or picture.mode.startswith("I"):  # Pillow would cut these off at 255
        values = np.asarray(picture, dtype=np.float32)
        values = values * (255 if values.max() <= 1 else 1 / 257 if values.max() > 255 else 1)
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "P", "PA"):  # what is transparent becomes white
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == "L" else picture.convert("RGB")
