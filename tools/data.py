"""Download the published data sets and face networks: `make data`.

    make data                       everything; asks for the terms that want an answer
    make data ARGS="lfw omniglot"   these
    make data ARGS=--list           size and terms of each, and whether it is there

What is there stays as it is. Terms are asked for before the first download. Asking for insightface
by name accepts its terms. A download that broke off goes on where it stopped. Without make:
python -m tools.data.
"""

import argparse
import contextlib
import importlib
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from lib import course, data
from lib.data.download import DataError, explained_write_errors, is_here, mirror
from lib.data.published import lfw, olivetti, omniglot, sigcomp2011

STOPPED = 130  # exit status of a program that Ctrl-C ended


class NotAcceptedError(DataError):
    """Nobody accepted the terms; the message says how to."""


class Item(NamedTuple):
    """What a reader can ask for by name.

    files   {name in the cache: (bytes, whether it is there)}
    fetch   downloads what is missing; takes what `accept` returned
    accept  asks for the terms, where they want an answer; its argument is True where the reader
            named the item; raises NotAcceptedError
    """

    terms: str
    files: Callable[[], dict[str, tuple[int, bool]]]
    fetch: Callable[[str], object]
    accept: Callable[[bool], str] = lambda named: ""


def data_set(module: ModuleType, terms: str) -> Item:
    """A data set whose module lists its files."""

    def files() -> dict[str, tuple[int, bool]]:
        return {file.name: (file.size, file.is_here()) for file in module.files()}

    return Item(terms, files, lambda _: [file.fetch() for file in module.files()])


def weights(name: str, size: int, terms: str, fetch: Callable[[str], object]) -> Item:
    """A face network; `size` is of all its files together."""
    names = data.WEIGHTS[f"weights/{name}"]
    return Item(terms, lambda: {file: (size // len(names), is_here(file)) for file in names}, fetch)


def ask_for_sentence(named: bool) -> str:
    try:
        return sigcomp2011.given_sentence()
    except DataError as error:
        raise NotAcceptedError(str(error)) from None


def fetch_sigcomp2011(sentence: str) -> None:
    """Download part by part; the first shows whether the sentence is right."""
    for part, archive in sigcomp2011.ARCHIVES.items():
        sigcomp2011.accept_terms(sentence, {part: archive.fetch()})
    if not sigcomp2011.is_accepted():
        print(f"Lessons ask for the sentence again, or take it from {sigcomp2011.VARIABLE}.")


def ask_for_insightface(named: bool) -> str:
    """Whoever names the network, or answers yes, accepts its terms."""
    from lib.models.ncnn import FACE_WEIGHTS_TERMS

    if named:
        return ""
    if not (sys.stdin and sys.stdin.isatty()):
        how = "read its terms in data/README.md and accept them by asking for it by name"
        raise NotAcceptedError(f"{how}: make data ARGS=insightface")
    print(FACE_WEIGHTS_TERMS)
    with contextlib.suppress(EOFError):
        if input("Type yes to accept these terms: ").strip().lower() == "yes":
            return ""
    raise NotAcceptedError("its terms were not accepted")


def fetch_weights(function: str) -> Callable[[str], object]:
    """A function of `lib.models`, which shows terms and downloads; torch is slow to import."""
    return lambda _: getattr(importlib.import_module("lib.models"), function)()


ITEMS = {
    "lfw": data_set(lfw, "research; the people shown were not asked"),
    "olivetti": data_set(olivetti, "research; credit AT&T Laboratories Cambridge"),
    "omniglot": data_set(omniglot, "MIT"),
    "sigcomp2011": data_set(sigcomp2011, "research; a disclaimer to type")._replace(
        fetch=fetch_sigcomp2011, accept=ask_for_sentence
    ),
    "insightface": weights(
        "insightface",
        4_111_880,
        "non-commercial research only; to be accepted",
        fetch_weights("fetch_face_weights"),
    )._replace(accept=ask_for_insightface),
    "dlib": weights(
        "dlib", 6_500_000, "given away by its maker", fetch_weights("fetch_dlib_weights")
    ),
}


def missing(item: Item) -> int:
    """Bytes that are not there."""
    return sum(size for size, here in item.files().values() if not here)


def megabytes(count: int) -> str:
    return f"{max(1, round(count / 1e6)):,} MB"


def place(item: Item) -> str:
    """The folder of an item's files: in the cache, or in the folder COURSE_MIRROR."""
    name = next(iter(item.files()))
    path = course.cache_dir() / "downloads" / name
    if not path.exists() and not missing(item):
        return f"{Path(name).parent} in COURSE_MIRROR"
    folder = path.parent.absolute()
    return str(folder.relative_to(course.ROOT) if course.ROOT in folder.parents else folder)


def line(name: str, state: str) -> str:
    size = sum(size for size, _ in ITEMS[name].files().values())
    return f"{name:12} {megabytes(size):>7}  {state}"


def accept_terms(names: list[str], named: bool) -> tuple[dict[str, str], dict[str, Exception]]:
    """Ask before the first download: ({name: answer} of what may be fetched, {name: why not})."""
    answers: dict[str, str] = {}
    refused: dict[str, Exception] = {}
    for name in names:
        if missing(ITEMS[name]):
            try:
                answers[name] = ITEMS[name].accept(named)
            except NotAcceptedError as error:
                refused[name] = error
    return answers, refused


def check_space(names: Iterable[str]) -> None:
    """DataError where the disk of the cache cannot hold what these items lack."""
    folder, needed = course.cache_dir(), sum(missing(ITEMS[name]) for name in names)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{megabytes(needed)} are to be downloaded to {folder}, whose disk has "
            f"{megabytes(free)} free; free some space, or set COURSE_CACHE to a larger disk"
        )
    if needed:
        print(f"about {megabytes(needed)} to download to {folder}", flush=True)


def fetch(answers: dict[str, str]) -> dict[str, Exception]:
    """Download one after the other, whatever becomes of the others: {name: why it failed}."""
    failed: dict[str, Exception] = {}
    for number, (name, answer) in enumerate(answers.items(), start=1):
        print(f"{number}/{len(answers)}  {name}: {ITEMS[name].terms}", flush=True)
        try:
            ITEMS[name].fetch(answer)
        except (DataError, OSError) as error:
            failed[name] = error
    return failed


def main(arguments: list[str] | None = None) -> int:
    """0; 1 where a download failed, or terms of something named were not accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ", ".join(ITEMS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{known}; default: all")
    parser.add_argument("--list", action="store_true", help="download nothing, say what is there")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(ITEMS):
        parser.error(f"no data called {', '.join(sorted(unknown))}; there are {known}")
    names = list(dict.fromkeys(asked.names)) or list(ITEMS)
    try:
        mirror()  # says once what is wrong with COURSE_MIRROR
        with explained_write_errors(Path("data/cache")):
            course.cache_dir()
        if asked.list:
            for name in names:
                state = "missing  " if missing(ITEMS[name]) else "there in "
                print(f"{line(name, state)} {place(ITEMS[name])}  ({ITEMS[name].terms})")
            return 0
        answers, refused = accept_terms(names, named=bool(asked.names))
        check_space(answers)
        failed = fetch(answers)
    except (DataError, ValueError) as error:  # a variable that holds no path is a ValueError
        print(error)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here")
        return STOPPED
    for name in names:
        why = failed.get(name) or refused.get(name)
        print(line(name, f"left out: {why}" if why else f"there in {place(ITEMS[name])}"))
    return 1 if failed or (refused and asked.names) else 0


if __name__ == "__main__":
    sys.exit(main())
