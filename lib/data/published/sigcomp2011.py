"""SigComp2011 (ICDAR 2011): signatures on paper with skilled forgeries, Dutch and Chinese.

    load("sigcomp2011", part="training", disclaimer="...")

The archives are locked with the sentence in which a reader accepts the terms. It stands on the page below; the course asks for it,
takes it from the argument `disclaimer` or the variable SIGCOMP2011_DISCLAIMER, and holds it nowhere.

File names are reversed between the parts: training `002_05` (writer 002) and `0119002_05` (forger 0119 as writer 002); test
`05_017` and `05_0119017`. Endings (.PNG, .png) go with the class and are never looked at for a label.

Source: Liwicki et al., Signature Verification Competition for Online and Offline Skilled Forgeries (SigComp2011), ICDAR 2011.
"""

import functools
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from lib.data import ImageSet, archive
from lib.data.cache import cached
from lib.data.download import DataError, fetch, full_disk_is_said, is_zip, record
from lib.data.published import ink

PAGE = "http://www.iapr-tc11.org/mediawiki/index.php/ICDAR_2011_Signature_Verification_Competition_(SigComp2011)"
ADDRESS = "http://www.iapr-tc11.org/dataset/ICDAR_SignatureVerification/SigComp2011/"
ARCHIVES = {"training": "sigComp2011-trainingSet.zip", "test": "sigComp2011-test.zip"}
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
VARIABLE = "SIGCOMP2011_DISCLAIMER"
TERMS = f"""SigComp2011 shows signatures of real people. Its page states the terms in a disclaimer (research on signature verification; the
data are not passed on; work that uses them cites the competition); the wording there counts, not this summary. Read it:
{PAGE}
Whoever accepts it types its sentence of acceptance, letter by letter. It is what opens the archives."""


def load(
    part: str = "training",
    language: str = "dutch",
    size: tuple[int, int] = (64, 144),
    colour: bool = False,
    disclaimer: str | None = None,
) -> ImageSet:
    """Download (once), unlock, read.

    part        "training", "test" or "both"
    language    "dutch" or "chinese"
    size        (height, width); proportions are kept, the rest is paper
    colour      False: grey, paper removed, ink normalised so that the pen does not show; True: as scanned, pen and all
    disclaimer  the sentence that accepts the terms; else from SIGCOMP2011_DISCLAIMER, else asked for
    returns     identity: the writer's own number; extra: `forger` (-1 for genuine), `part` (0 training, 1 test), `number`
    """
    parts = {"training": ["training"], "test": ["test"], "both": ["training", "test"]}.get(part)
    if parts is None:
        raise ValueError(f"part={part!r}; it must be 'training', 'test' or 'both'")
    if language not in ("dutch", "chinese"):
        raise ValueError(f"language={language!r}; it must be 'dutch' or 'chinese'")
    paths = {name: fetched(name) for name in parts}
    sentence = functools.cache(
        lambda: accepted(disclaimer, paths)
    )  # asked for once, and only where something is still locked

    def one(name: str) -> ImageSet:
        options = {
            "part": name,
            "language": language,
            "size": list(size),
            "colour": colour,
            "archive": record(paths[name]).get("sha256"),
        }
        with full_disk_is_said(paths[name], "the decoded images"):
            return cached(
                "sigcomp2011",
                options,
                [__file__, ink.__file__],
                lambda: _read(paths[name], name, language, size, colour, sentence()),
            )

    return _joined([one(name) for name in parts])


def fetched(part: str) -> Path:
    """The archive of one part, downloaded if it is not there."""
    return fetch(f"sigcomp2011/{ARCHIVES[part]}", ADDRESS + ARCHIVES[part], check=is_zip)


def parsed(stem: str, part: str) -> tuple[int, int, int] | None:
    """(writer, forger, number) from a file's name without ending; forger is -1 for a genuine signature; None if it is neither.

    parsed("0119002_05", "training") -> (2, 119, 5), parsed("05_0119017", "test") -> (17, 119, 5)
    """
    found = re.fullmatch(r"(\d+)_(\d+)", stem.strip())
    if not found:
        return None
    who, number = found.groups() if part == "training" else reversed(found.groups())
    if len(number) > 3:
        return None
    if len(who) == 3:
        return int(who), -1, int(number)
    return (int(who[4:]), int(who[:4]), int(number)) if len(who) == 7 else None


def contradicts(folder: str, forger: int) -> bool:
    """True where the folders say the opposite of the name: a reference that is forged, a genuine among forgeries..."""
    folder = folder.lower()
    if forger >= 0:
        return "reference" in folder or "genuine" in folder
    return "forger" in folder


def accepted(disclaimer: str | None, paths: dict[str, Path]) -> str:
    """The sentence that opens all the archives: given, from the environment, or typed by the reader.

    raises  DataError where nobody is there to type, or the sentence does not open them
    """
    sentence = disclaimer or os.environ.get(VARIABLE) or _ask()
    if sentence is None:
        raise DataError(
            f'SigComp2011 is opened by accepting its terms: read {PAGE} and give the sentence of its disclaimer as disclaimer="..." '
            f"or in the variable {VARIABLE}"
        )
    for path in paths.values():
        with archive.opened(path) as opened:
            if not archive.check_password(
                opened, sentence.strip(), archive.members(opened, *IMAGES)
            ):
                raise DataError(
                    f"this sentence does not open {path.name}; copy the disclaimer from {PAGE} letter by letter, its full stop included"
                )
    return sentence.strip()


def _ask(prompt: Callable[[str], str] = input) -> str | None:
    """Show the terms and let the reader type the sentence; None where nobody can (a script, a test, a notebook run by a machine)."""
    if "ipykernel" not in sys.modules and not (sys.stdin and sys.stdin.isatty()):
        return None
    print(TERMS)
    try:
        return prompt("Disclaimer: ").strip() or None
    except (
        EOFError,
        OSError,
        RuntimeError,
    ):  # ipykernel: StdinNotImplementedError where no one can be asked
        return None


def scans(
    path: Path, part: str, language: str, sentence: str
) -> Iterator[tuple[str, tuple[int, int, int], np.ndarray]]:
    """(name, (writer, forger, number), RGB scan) of each offline signature; what cannot be understood is named in one warning."""
    strange = []
    with archive.opened(path) as opened:
        wanted = [
            info
            for info in archive.members(opened, *IMAGES)
            if _is_offline(info.filename, language)
        ]
        for name, data in archive.read_all(opened, wanted, sentence, f"reading {path.name}"):
            folder, _, file = name.rpartition("/")
            who = parsed(file.rpartition(".")[0], part)
            try:
                scan = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            except (UnidentifiedImageError, OSError, ValueError):
                who = None
            if who is None or contradicts(folder, who[1]):
                strange.append(name)
            else:
                yield name, who, scan
    if strange:
        warnings.warn(
            f"{path.name}: left out {len(strange)} files that are no signature by name or content: {', '.join(strange[:3])}",
            stacklevel=2,
        )


def _read(
    path: Path, part: str, language: str, size: tuple[int, int], colour: bool, sentence: str
) -> ImageSet:
    draw = ink.in_colour if colour else ink.normalised
    found = [
        (name, who, draw(scan, size)) for name, who, scan in scans(path, part, language, sentence)
    ]
    if not found:
        raise DataError(f"{path.name} holds no {language.capitalize()} offline signatures")
    names, rows, images = zip(*found)
    writer, forger, number = np.array(rows).T
    return ImageSet(
        np.stack(images),
        writer,
        forger < 0,
        names,
        {"forger": forger, "part": np.full(len(rows), int(part == "test")), "number": number},
    )


def _is_offline(name: str, language: str) -> bool:
    """True for this language's scans; online recordings, the other language and hidden files are passed over."""
    folders = name.lower().split("/")
    hidden = folders[-1].startswith(".") or "__macosx" in folders
    return language in folders and not any("online" in folder for folder in folders) and not hidden


def _joined(sets: list[ImageSet]) -> ImageSet:
    """One set. The parts have different writers: where the test part counts from the same number, its writers get +1000."""
    if len(sets) == 1:
        return sets[0]
    first, second = sets
    shift = 1000 if np.intersect1d(first.identity, second.identity).size else 0
    if shift:
        warnings.warn(
            "both parts number their writers alike; writers of the test part appear as 1000 + their number",
            stacklevel=2,
        )
    return ImageSet(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.identity, second.identity + shift]),
        np.concatenate([first.genuine, second.genuine]),
        first.names + second.names,
        {key: np.concatenate([first.extra[key], second.extra[key]]) for key in first.extra},
    )
