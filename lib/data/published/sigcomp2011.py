"""SigComp2011 (ICDAR 2011): signatures on paper with skilled forgeries, Dutch and Chinese.

    load("sigcomp2011", part="training", disclaimer="...")

The password of the archives is the sentence in which a reader accepts the terms; it stands on the
page below. The course takes it from the argument `disclaimer` or the variable
SIGCOMP2011_DISCLAIMER, or asks for it, and stores it nowhere.

The endings of file names (.PNG, .png) differ between genuine and forged; no label is taken from
them.

Source: Liwicki et al., Signature Verification Competition for Online and Offline Skilled Forgeries
(SigComp2011), ICDAR 2011.
"""

import functools
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data import archive
from lib.data.arrays import height_and_width
from lib.data.cache import cached
from lib.data.download import DataError, Remote, check_zip, record
from lib.data.image_set import ImageSet
from lib.data.published import ink

SITE = "http://www.iapr-tc11.org"
PAGE = f"{SITE}/mediawiki/index.php/ICDAR_2011_Signature_Verification_Competition_(SigComp2011)"
ADDRESS = f"{SITE}/dataset/ICDAR_SignatureVerification/SigComp2011/"
ARCHIVES = {
    part: Remote(f"sigcomp2011/{name}", ADDRESS + name, size, check=check_zip)
    for part, name, size in (
        ("training", "sigComp2011-trainingSet.zip", 150_000_000),  # sizes are estimates
        ("test", "sigComp2011-test.zip", 400_000_000),
    )
}
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
VARIABLE = "SIGCOMP2011_DISCLAIMER"
TERMS = f"""SigComp2011 shows signatures of real people. Its page states the terms in a disclaimer:
research on signature verification; the data are not passed on; work that uses them cites the
competition. The wording there counts, not this summary. Read it:
{PAGE}
Whoever accepts it types its sentence of acceptance, letter by letter. It opens the archives."""


def load(
    part: str = "training",
    language: str = "dutch",
    size: tuple[int, int] = (64, 144),
    colour: bool = False,
    disclaimer: str | None = None,
) -> ImageSet:
    """Download (once), decrypt, read.

    part        "training", "test" or "both"
    language    "dutch" or "chinese"
    size        (height, width); proportions are kept, the rest is paper
    colour      False: grey, paper and pen removed (`ink.normalise`); True: as scanned
    disclaimer  the sentence that accepts the terms; else from SIGCOMP2011_DISCLAIMER, else typed
    returns     identity: the writer's own number (the test part's +1000, where both parts use the
                same); extra: `forger` (-1 for genuine), `part` (0 training, 1 test), `number`
    """
    size = height_and_width(size)
    parts = list(ARCHIVES) if part == "both" else [part]
    if not set(parts) <= set(ARCHIVES):
        raise ValueError(f"part={part!r}; it must be 'training', 'test' or 'both'")
    if language not in ("dutch", "chinese"):
        raise ValueError(f"language={language!r}; it must be 'dutch' or 'chinese'")
    paths = {name: ARCHIVES[name].fetch() for name in parts}

    # Asked for once, and only where the cache lacks a part.
    accept = functools.cache(lambda: accept_terms(disclaimer, paths))
    draw = functools.partial(ink.crop_in_colour if colour else ink.normalise, size=size)
    sets = []
    for name, path in paths.items():
        options = {"part": name, "language": language, "size": list(size), "colour": colour}
        options["archive"] = record(path).get("sha256")
        make = functools.partial(_read, path, name, language, accept, draw)
        sets.append(cached("sigcomp2011", options, [__file__, ink.__file__], make))
    if len(sets) == 2 and np.intersect1d(sets[0].identity, sets[1].identity).size:
        warnings.warn("both parts use the same numbers; the test part's get +1000", stacklevel=2)
        sets[1] = replace(sets[1], identity=sets[1].identity + 1000)
    return ImageSet.concatenate(sets)


def files() -> tuple[Remote, ...]:
    """The archives of both parts."""
    return tuple(ARCHIVES.values())


def parse_name(stem: str, part: str) -> tuple[int, int, int] | None:
    """(writer, forger, number) from a file's name without ending; None where it is no signature's.

    parse_name("0119002_05", "training") -> (2, 119, 5)
    parse_name("05_017", "test") -> (17, -1, 5): genuine
    """
    who, number = r"(?P<forger>\d{4})?(?P<writer>\d{3})", r"(?P<number>\d{1,3})"
    pattern = f"{who}_{number}" if part == "training" else f"{number}_{who}"
    found = re.fullmatch(pattern, stem.strip())
    return found and (int(found["writer"]), int(found["forger"] or -1), int(found["number"]))


def is_accepted() -> bool:
    """True where the variable holds a sentence, so that `load` asks nobody."""
    return bool(os.environ.get(VARIABLE))


def given_sentence(disclaimer: str | None = None) -> str:
    """The sentence: given, from the environment, or typed; DataError where nobody can type."""
    sentence = disclaimer or os.environ.get(VARIABLE) or ask_for_sentence()
    if sentence is None:
        raise DataError(
            f"SigComp2011 is opened by accepting its terms: read {PAGE} and give the sentence of "
            f'its disclaimer as disclaimer="..." or in the variable {VARIABLE}'
        )
    return sentence.strip()


def accept_terms(disclaimer: str | None, paths: dict[str, Path]) -> str:
    """The sentence of `given_sentence`; DataError where it does not open all the archives."""
    sentence = given_sentence(disclaimer)
    for path in paths.values():
        with archive.open_zip(path) as opened:
            if not archive.check_password(opened, sentence, archive.members(opened, *IMAGES)):
                copy = f"copy the disclaimer from {PAGE} letter by letter, its full stop included"
                raise DataError(f"this sentence does not open {path.name}; {copy}")
    return sentence


def ask_for_sentence(prompt: Callable[[str], str] = input) -> str | None:
    """Show the terms and let the reader type the sentence; None where nobody can type."""
    if "ipykernel" not in sys.modules and not (sys.stdin and sys.stdin.isatty()):
        return None
    print(TERMS)
    try:
        return prompt("Disclaimer: ").strip() or None
    except (EOFError, OSError, RuntimeError):  # ipykernel raises a RuntimeError
        return None


def read_scans(
    path: Path, part: str, language: str, sentence: str
) -> Iterator[tuple[str, tuple[int, int, int], np.ndarray]]:
    """(name, (writer, forger, number), RGB scan) of each signature; warns once of other files."""
    strange = []
    with archive.open_zip(path) as opened:
        entries = archive.members(opened, *IMAGES)
        entries = [info for info in entries if _is_on_paper(info.filename, language)]
        for name, data in archive.read_all(opened, entries, sentence, f"reading {path.name}"):
            folder, _, file = name.rpartition("/")
            who = parse_name(file.rpartition(".")[0], part)
            try:
                scan = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            except Exception:  # Pillow raises errors of many kinds at damaged pictures
                who = None
            if who is None or _contradicts(folder.lower(), who[1]):
                strange.append(name)
            else:
                yield name, who, scan
    if strange:
        what = f"{len(strange)} files that are no signature by name or content"
        warnings.warn(f"{path.name}: left out {what}: {', '.join(strange[:3])}", stacklevel=2)


def _contradicts(folder: str, forger: int) -> bool:
    """True where the folders say the opposite of the name, as for a forged reference."""
    opposite = ("reference", "genuine") if forger >= 0 else ("forger",)
    return any(word in folder for word in opposite)


def _is_on_paper(name: str, language: str) -> bool:
    """True for this language's scans: no online recording, no other language."""
    folders = name.lower().split("/")
    return language in folders and not any("online" in folder for folder in folders)


def _read(path: Path, part: str, language: str, accept: Callable, draw: Callable) -> ImageSet:
    scans = read_scans(path, part, language, accept())
    rows = [(name, who, draw(scan)) for name, who, scan in scans]
    if not rows:
        raise DataError(f"{path.name} holds no {language.capitalize()} offline signatures")
    names, who, images = zip(*rows)
    writer, forger, number = np.array(who).T
    extra = {"forger": forger, "part": np.full(len(rows), int(part == "test")), "number": number}
    return ImageSet(np.stack(images), writer, forger < 0, names, extra)
