"""Your own people: from a folder of pictures to a gallery, a threshold and the app's files.

    python -m lib.phone pictures/                  pictures/ada/1.jpg, pictures/grace/a.jpg, ...
    python -m lib.phone --forget ada               deletes a person from what was written

Everything goes into one folder, phone_people, which only its owner can read and git ignores.
"""

import argparse
import contextlib
import datetime
import json
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from tqdm import tqdm

from lib import course
from lib.data.download import DataError
from lib.data.files import write_atomically
from lib.data.folder import people_folders
from lib.export import export_all
from lib.export.contract import PhoneModel, contract
from lib.export.convert import PRECISIONS
from lib.export.files import parse_contract
from lib.models import Network
from lib.models.recognisers import (
    RECOGNISERS,
    Recogniser,
    available_recognisers,
    load_recogniser,
)
from lib.phone import quality
from lib.phone.gallery import Gallery, usable_name
from lib.phone.gallery_file import network_of
from lib.phone.open_set import choose_margin, threshold_table
from lib.phone.people import People, doubts, read_people
from lib.phone.threshold import Chosen, check_far, choose_threshold
from lib.plots.people import people_scores  # the one import upward: see pyproject.toml
from lib.plots.style import png

MOST_DOUBTS = 10  # lines about pictures to look at; more are counted
SIZES = (1, 2, 5, 10, 20, 50, 100)  # of galleries, in templates, for which thresholds are chosen
LIMITS = ("DARKEST", "BRIGHTEST", "FLATTEST", "BLURRIEST", "SMALLEST", "TURNED")
QUESTION = """{count} people: {names}.
From their pictures this command computes face vectors, which are biometric data, and keeps them in
{out}, where only you can read them. Do these people know, and do they agree?"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 where it went well. What stops it is one sentence on standard error."""
    parser = argparse.ArgumentParser(
        "python -m lib.phone", description=(__doc__ or "").split("\n")[0]
    )
    add = parser.add_argument
    add(
        "pictures", type=course.as_path, nargs="?", help="the folder that holds one folder a person"
    )
    add("--out", type=course.as_path, default=Path("phone_people"), help="default: phone_people")
    add("--model", choices=list(RECOGNISERS), help="default: the best that is there")
    add("--far", type=float, default=0.001, help="share of accepted pairs of two people to aim at")
    add("--forget", metavar="NAME", help="delete this person from --out")
    add("--yes", action="store_true", help="the people know and agree; asks no question")
    given = parser.parse_args(arguments)
    before = os.umask(0o077)  # what is written here, nobody else may read
    try:
        if given.forget:
            forget(given.out, unicodedata.normalize("NFC", given.forget))
        elif given.pictures is None:
            parser.error("give the folder that holds one folder a person, or --forget NAME")
        else:
            enrol(given.pictures, given.out, given.model, given.far, given.yes)
    except (DataError, ImportError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the next run goes on from here", file=sys.stderr)
        return 130
    finally:
        os.umask(before)
    return 0


def enrol(pictures: Path, out: Path, name: str | None, far: float, agreed: bool) -> None:
    """The whole way; every step says what it did and how long it took."""
    check_far(far)
    root, folders = people_folders(pictures)
    if root.resolve() in (out.resolve(), *out.resolve().parents):
        raise DataError(f"{out} lies among the pictures; give another folder with --out")
    _ask(out, [usable_name(folder.name) for folder in folders], agreed)
    name = name or available_recognisers()[0]
    recogniser = RECOGNISERS[name]
    with _step(f"model: {recogniser.title}. Licence: {recogniser.licence}"):
        model = load_recogniser(name)
    with _step("pictures read"):
        bar = partial(tqdm, unit=" pictures", leave=False, disable=not sys.stderr.isatty())
        people = read_people(root, model, keep=out / "vectors", progress=bar)
        people, person, sentences = doubts(people, recogniser.threshold)
    print(f"{len(people.pictures)} pictures of {len(people.names)} people can be compared")
    for picture, why in people.left_out:
        print(f"  left out  {picture}: {why}")
    for sentence in sentences[:MOST_DOUBTS]:
        print(f"  look at   {sentence}")
    if more := sentences[MOST_DOUBTS:]:
        print(f"  look at   {len(more)} more like these")
    with _step("threshold"):
        chosen = choose_threshold(people.vectors, person, recogniser.threshold, far)
    _tell(chosen)
    facts = _facts(people, chosen, far, recogniser)
    if chosen.is_own:
        facts |= _by_gallery(people.vectors, person, far)
    with _step(f"gallery and figure written to {out}"):
        gallery = _write_gallery(out, model, people, facts)
        _draw(out, gallery, chosen.threshold)
    with _step("the app's files written"):
        _export(out, model, facts)
    print(f"{out}/gallery.txt and the model's files are what an app needs: docs/android/README.md")


def forget(out: Path, name: str) -> None:
    """Delete a person from everything in `out`, and say what else holds the person.

    raises  DataError where nobody of this name is there; OSError where a file cannot be deleted
    """
    consent, vectors, path = _consent(out), out / "vectors" / name, out / "gallery.txt"
    gallery = Gallery.load(path, *network_of(path)) if path.exists() else None
    known = {*consent, *(gallery.names if gallery else [])}
    # Not "..", nor a path: what is deleted lies in `vectors` itself.
    is_name = name not in (".", "..") and not set(name) & set("/\\")
    if name not in known and not (is_name and vectors.exists()):
        there = f"there are {', '.join(sorted(known))}" if known else "nobody is there"
        raise DataError(f"{out} holds nobody called {name!r}; {there}")
    if is_name and vectors.is_symlink():
        raise DataError(f"{vectors} is a link: delete it and what it leads to, then ask again")
    # The list of people is written last: where this is stopped, it can be started again.
    if gallery and name in gallery.names:
        gallery.delete(name)
        gallery.save(path)
    if is_name and vectors.exists():
        shutil.rmtree(vectors)
    if gallery:
        _draw_again(out, gallery)
    consent.pop(name, None)
    _write_json(out / "consent.json", consent)
    print(f"{name} is deleted from gallery, vectors, figure and list of people in {out}.")
    print(
        f"Delete by hand: the pictures of {name}, which the next run would read again, and copies "
        "of gallery.txt on phones and in backups."
    )


def _draw_again(out: Path, gallery: Gallery) -> None:
    """The figure without a person; no figure where the contract with the threshold is damaged."""
    file = out / "contract.json"
    try:
        _draw(out, gallery, parse_contract(file.read_bytes(), file)["threshold"])
    except (OSError, ValueError, KeyError):
        (out / "scores.png").unlink(missing_ok=True)


# -- consent, and a folder for oneself -------------------------------------------------------------


def _ask(out: Path, names: list[str], agreed: bool) -> None:
    """Ask once about each person, and make the folder; nothing is read or written before."""
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if there - {".gitignore"} and "consent.json" not in there:
        raise DataError(f"{out} holds other files; give an empty or a new folder with --out")
    consent = _consent(out)
    new = [name for name in names if name not in consent]
    if new:
        print(QUESTION.format(count=len(new), names=", ".join(new), out=out))
        if not agreed and not sys.stdin.isatty():
            raise DataError("nobody is there to answer: start again with --yes if they agree")
        if not agreed and input("Type yes: ").strip().lower() != "yes":
            raise DataError("nothing was read and nothing written")
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o700)
    write_atomically(out / ".gitignore", b"*\n", private=True)
    today = datetime.date.today().isoformat()
    _write_json(out / "consent.json", {name: consent.get(name, today) for name in names})


def _consent(out: Path) -> dict[str, str]:
    """{name: the day on which "yes" was typed}"""
    path = out / "consent.json"
    try:
        people = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if isinstance(people, dict):
            return people
    except ValueError:
        pass
    raise DataError(f"{path} is damaged: it must hold names and days, or not be there")


def _write_json(path: Path, value: dict) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode(), private=True)


# -- what is printed and written -------------------------------------------------------------------


@contextlib.contextmanager
def _step(words: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"[{time.perf_counter() - began:5.1f} s] {words}", flush=True)


def _tell(chosen: Chosen) -> None:
    print(f"threshold {chosen.threshold:.3f}: {chosen.how}")
    lines = {
        "pairs of two people accepted": chosen.false_accepts,
        "pairs of one person rejected": chosen.false_rejects,
        "pictures of somebody not enrolled that get a name": chosen.named,
        "pictures of somebody enrolled that get the right name": chosen.found,
    }
    print("  measured on people left out in turn, 95 % interval over people:")
    for words, share in lines.items():
        print(f"  {words}: {share or 'cannot be measured'}")


def _facts(people: People, chosen: Chosen, far: float, recogniser: Recogniser) -> dict:
    """What only this command knows, for the contract; no names."""
    warning = {"trained_on": recogniser.warning} if recogniser.warning else {}
    return warning | {
        "name": "face",
        "threshold": round(chosen.threshold, 4),
        "threshold_far": far,
        "margin": recogniser.margin,
        "quality": {name.lower(): getattr(quality, name) for name in LIMITS},
        "data": f"{len(people.pictures)} pictures of {len(people.names)} people; {chosen.how}",
        "licence": recogniser.licence,
    }


def _by_gallery(vectors: np.ndarray, person: np.ndarray, far: float) -> dict:
    """Thresholds for galleries of up to a third of the people, and the margin; {} where they are
    too few."""
    sizes = [size for size in SIZES if size <= len(np.unique(person)) // 3]
    try:
        table = threshold_table(vectors, person, sizes, 1 / far)
        return {"gallery_thresholds": table, "margin": choose_margin(vectors, person, table)}
    except ValueError as reason:
        print(f"  one threshold for every number of people, because {reason}")
        return {}


def _write_gallery(out: Path, model: Network, people: People, facts: dict) -> Gallery:
    phone = PhoneModel(model)
    _write_json(out / "contract.json", contract(phone, "float32", **facts))
    gallery = Gallery(phone.fingerprint, phone.embedding_size)
    for number, name in enumerate(people.names):
        gallery.enrol(name, people.vectors[people.identity == number])
    gallery.save(out / "gallery.txt")
    return gallery


def _draw(out: Path, gallery: Gallery, threshold: float) -> None:
    """scores.png, from the gallery alone: whoever is deleted from it is not in the figure."""
    path = out / "scores.png"
    if len(gallery) < 2:
        path.unlink(missing_ok=True)
        return
    matplotlib.use("agg")
    course.use_figure_style()
    templates = [gallery.templates(name) for name in gallery.names]
    vectors, identity = (
        np.concatenate(templates),
        np.repeat(np.arange(len(templates)), [*map(len, templates)]),
    )
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.5))
    people_scores(axes, vectors @ vectors.T, identity, gallery.names, threshold)
    write_atomically(path, png(figure), private=True)


def _export(out: Path, model: Network, facts: dict) -> None:
    """The float32 file of each format, where it is not there already with the same contract."""
    wanted = contract(PhoneModel(model), "float32", **facts)
    leave_out = []
    for suffix, precisions in PRECISIONS.items():
        file, is_there = out / f"face-float32{suffix}.json", False
        with contextlib.suppress(OSError, ValueError):  # not there, or damaged
            is_there = json.loads(file.read_text()) == wanted
        leave_out += [p + suffix for p in precisions if p != "float32" or is_there]
    export_all(model, out, np.empty(0), leave_out, **facts)


if __name__ == "__main__":
    sys.exit(main())
