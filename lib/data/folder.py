"""Your own pictures: one folder a person, any number of pictures in each.

my_faces/
    ada/      1.jpg  2.jpg  holiday.png
    grace/    a.jpg  b.jpg

load("folder", path="my_faces")
"""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from lib.data.arrays import height_and_width
from lib.data.download import DataError
from lib.data.image_set import ImageSet

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
APPLE = (".heic", ".heif")  # Pillow does not read these
SYSTEM_FILES = ("thumbs.db", "desktop.ini")  # Windows leaves them in folders of pictures


def load(path: str | Path = "", size: int | tuple[int, int] = 112, grey: bool = False) -> ImageSet:
    """Pictures from `path`, turned upright, the centre cut to the shape of `size` and scaled to it.

    path     the folder that holds one folder a person
    size     side, or (height, width)
    grey     True for (N, H, W), else RGB
    returns  identity: a person's place among the folders in alphabetical order; names "ada/1.jpg"
    warns    once for files that are no pictures, and once for people with a single picture
    raises   DataError where there is nothing to learn from
    """
    size = height_and_width(size)
    root, people = _people(path)
    images: list[np.ndarray] = []
    names: list[str] = []
    owners: list[int] = []
    strange: list[str] = []
    for number, person in enumerate(people):
        found, left_out = {}, []
        for file in sorted(entry for entry in person.rglob("*") if entry.is_file()):
            if _is_skipped(file):
                continue
            name = file.relative_to(root).as_posix()
            picture = _picture(file, size, grey)
            if picture is None:
                left_out.append(name)
            else:
                found[name] = picture
        if not found:
            raise DataError(
                f"the folder {person} holds no picture that can be read{_listed(left_out)}; add "
                "some, or delete the folder"
            )
        images += found.values()
        names += found
        owners += [number] * len(found)
        strange += left_out

    counts = np.bincount(owners)
    if counts.max() < 2:
        raise DataError(
            f"every person in {root} has one picture, so there is no pair of the same person; add "
            "a second picture of at least one"
        )
    if strange:
        warnings.warn(f"left out{_listed(strange)}", stacklevel=3)
    if alone := [person.name for person, count in zip(people, counts) if count == 1]:
        others = " and others" if len(alone) > 5 else ""
        warnings.warn(
            f"one picture only of {', '.join(alone[:5])}{others}: no same pair of them can be made",
            stacklevel=3,
        )
    genuine = np.ones(len(images), dtype=bool)
    return ImageSet(np.stack(images), np.array(owners), genuine, tuple(names))


def _people(path: str | Path) -> tuple[Path, list[Path]]:
    """The folder of pictures, and the folders in it."""
    if not str(path):
        raise DataError(
            'give the folder of your pictures: load("folder", path="my_faces"), with one folder a '
            "person in it"
        )
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f"there is no folder {root.absolute()}")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give the folder that holds one folder a person")
    people = sorted(entry for entry in root.iterdir() if entry.is_dir() and not _is_skipped(entry))
    if not people:
        loose = sum(entry.suffix.lower() in PICTURES for entry in root.iterdir())
        raise DataError(
            f"{root} holds {f'{loose} pictures but ' if loose else ''}no folders; make one folder "
            "a person in it, named after them, with their pictures inside"
        )
    return root, people


def _is_skipped(entry: Path) -> bool:
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
        kinds.append(
            f"{len(apple)} HEIC pictures ({apple[0]}), which Pillow does not read: export them as "
            "JPEG"
        )
    return ": " + " and ".join(kinds) if kinds else ""


def _picture(file: Path, size: tuple[int, int], grey: bool) -> np.ndarray | None:
    """One picture, uint8 (H, W) or (H, W, 3); None where the file is none that Pillow can read."""
    if file.suffix.lower() in APPLE:
        return None
    try:
        with Image.open(file) as opened:
            upright = ImageOps.exif_transpose(opened)
            if upright.mode in ("RGBA", "LA", "P", "PA"):  # what is transparent becomes white
                upright = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
            upright = upright.convert("L" if grey else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(ImageOps.fit(upright, (size[1], size[0]), Image.Resampling.LANCZOS))
