"""Your own pictures: one folder a person, any number of pictures in each.

my_faces/
    ada/      1.jpg  2.jpg  holiday.png
    grace/    a.jpg  b.jpg

load("folder", path="my_faces")
"""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lib.data import ImageSet
from lib.data.download import DataError

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
APPLE = (".heic", ".heif")
NOT_MEANT = (
    "thumbs.db",
    "desktop.ini",
)  # what Windows leaves in folders of pictures; hidden files are passed over as well


def load(path: str | Path = "", size: int | tuple[int, int] = 112, grey: bool = False) -> ImageSet:
    """Pictures from `path`, turned upright, the centre cut to the shape of `size` and scaled to it.

    path     the folder that holds one folder a person
    size     side, or (height, width)
    grey     True for (N, H, W), else RGB
    returns  identity: a person's place among the folders in alphabetical order; names "ada/1.jpg"
    warns    once for files that are no pictures, and once for people with a single picture
    raises   DataError where there is nothing to learn from
    """
    if not str(path):
        raise DataError(
            'give the folder of your pictures: load("folder", path="my_faces"), with one folder a person in it'
        )
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f"there is no folder {root.absolute()}")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give the folder that holds one folder a person")
    size = (size, size) if isinstance(size, int) else tuple(size)
    people = sorted(entry for entry in root.iterdir() if entry.is_dir() and not _passed_over(entry))
    if not people:
        loose = sum(entry.suffix.lower() in PICTURES for entry in root.iterdir())
        raise DataError(
            f"{root} holds {f'{loose} pictures but ' if loose else ''}no folders; make one folder a person in it, named after them, "
            "with their pictures inside"
        )

    images, identity, names, strange, apple = [], [], [], [], []
    for number, person in enumerate(people):
        before = len(images)
        for file in sorted(
            entry for entry in person.rglob("*") if entry.is_file() and not _passed_over(entry)
        ):
            name = file.relative_to(root).as_posix()
            if file.suffix.lower() in APPLE:
                apple.append(name)
                continue
            try:
                images.append(_picture(file, size, grey))
            except (
                UnidentifiedImageError,
                OSError,
                ValueError,
                SyntaxError,
                Image.DecompressionBombError,
            ):
                strange.append(name)
                continue
            identity.append(number)
            names.append(name)
        if len(images) == before:
            raise DataError(
                f"the folder {person} holds no picture that can be read{_kinds(apple, strange)}; add some, or delete the folder"
            )
    counts = np.bincount(identity)
    if counts.max() < 2:
        raise DataError(
            f"every person in {root} has one picture, so there is no pair of the same person; add a second picture of at least one"
        )
    if strange or apple:
        warnings.warn(f"left out{_kinds(apple, strange)}", stacklevel=3)
    if len(alone := [person.name for person, count in zip(people, counts) if count == 1]):
        warnings.warn(
            f"one picture only of {', '.join(alone[:5])}{' and others' if len(alone) > 5 else ''}: no same pair of them can be made",
            stacklevel=3,
        )
    return ImageSet(np.stack(images), identity, np.ones(len(images), dtype=bool), tuple(names))


def _passed_over(entry: Path) -> bool:
    return (
        entry.name.startswith(".")
        or entry.name.startswith("__MACOSX")
        or entry.name.lower() in NOT_MEANT
    )


def _kinds(apple: list[str], strange: list[str]) -> str:
    """What was found instead of pictures, for a sentence."""
    text = (
        f" {len(strange)} files that are no readable picture ({', '.join(strange[:3])})"
        if strange
        else ""
    )
    if apple:
        text += f"{' and' if text else ''} {len(apple)} HEIC pictures ({apple[0]}), which Pillow does not read: export them as JPEG"
    return text and (":" + text if not text.startswith(":") else text)


def _picture(file: Path, size: tuple[int, int], grey: bool) -> np.ndarray:
    with Image.open(file) as opened:
        upright = ImageOps.exif_transpose(opened)
        if upright.mode in ("RGBA", "LA", "P", "PA"):  # what is transparent becomes white
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
        upright = upright.convert("L" if grey else "RGB")
    return np.asarray(ImageOps.fit(upright, (size[1], size[0]), Image.Resampling.LANCZOS))
