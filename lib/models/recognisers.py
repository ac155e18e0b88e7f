"""The networks for faces that a reader can have, best first, and which of them are here.

    model = load_recogniser()        # the best that is here
    model = load_recogniser("dlib")  # this one

docs/models.md compares them: licence, training data, size, time, and what each may be used for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from lib.data import WEIGHTS, available
from lib.data.download import DataError, cache_path, fetch
from lib.models.dlib_resnet import load_dlib
from lib.models.files import course_model
from lib.models.layers import Network
from lib.models.ncnn import load_ncnn


class Recogniser(NamedTuple):
    """One network for faces.

    threshold  cosine from which on two photographs count as one person: in docs/models.md stands
               how it was measured, and how often a stranger passes it
    margin     by which the best person of a gallery must lead (`lib.phone.open_set.choose_margin`)
    lfw        accuracy on the pairs of LFW, for tables
    warning    what whoever holds the phone must know of its training; empty: nothing
    get        the call that downloads its weights; empty for the model that ships
    load       reads the files, or the model that ships
    """

    name: str
    title: str
    licence: str
    threshold: float
    margin: float
    lfw: str
    get: str
    load: Callable[[], Network]
    warning: str = ""


def _insightface() -> Network:
    return load_ncnn(*_files("insightface"))


def _dlib() -> Network:
    return load_dlib(*_files("dlib"))


RECOGNISERS = {
    one.name: one
    for one in (
        Recogniser(
            name="insightface",
            title="MobileFaceNet of InsightFace",
            licence="non-commercial research only",
            threshold=0.323,
            margin=0.05,
            lfw="99.2%",
            get="lib.models.fetch_face_weights()",
            load=_insightface,
        ),
        Recogniser(
            name="dlib",
            title="ResNet of dlib",
            licence="public domain",
            threshold=0.926,
            margin=0.0227,
            lfw="98.9%",
            get="lib.models.fetch_dlib_weights()",
            load=_dlib,
        ),
        Recogniser(
            name="course",
            title="half-width MobileFaceNet of the course",
            licence="MIT",
            threshold=0.661,
            margin=0.05,
            lfw="78.4%",
            get="",
            load=course_model,
            warning="made-up faces only: a demonstration, not a recogniser of people",
        ),
    )
}


def available_recognisers() -> list[str]:
    """Names of the networks whose files are in the cache or in a mirror's folder, best first."""
    return [
        name for name, one in RECOGNISERS.items() if not one.get or available(f"weights/{name}")
    ]


def load_recogniser(name: str | None = None) -> Network:
    """A network for faces, in evaluation mode; nothing is downloaded but from a mirror's folder.

    name    a name of `RECOGNISERS`; None: the best that is here
    raises  ValueError for another name; DataError where its files are not here
    """
    name = available_recognisers()[0] if name is None else name
    if name not in RECOGNISERS:
        raise ValueError(f"no recogniser {name!r}; there are {', '.join(RECOGNISERS)}")
    one = RECOGNISERS[name]
    if name not in available_recognisers():
        folder = cache_path(WEIGHTS[f"weights/{name}"][0]).parent
        raise DataError(
            f"the weights of {one.title} are not in {folder}; `{one.get}` shows their terms and "
            "downloads them, or put the files there yourself (data/README.md)."
        )
    return one.load()


def _files(name: str) -> tuple[Path, Path]:
    """The two files of a network's weights: in the cache, else out of a mirror's folder."""
    first, second = (
        path if (path := cache_path(file)).is_file() else fetch(file, None)
        for file in WEIGHTS[f"weights/{name}"]
    )
    return first, second
