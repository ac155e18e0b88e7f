"""The networks for faces that a reader can have, best first, and which of them are here.

    model = load_recogniser()        # the best that is here
    model = load_recogniser("dlib")  # this one

docs/models.md compares them: licence, training data, size, time, and what each may be used for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.request import url2pathname

from lib.data.download import DataError, cache_path, mirror
from lib.models.dlib_resnet import DLIB_WEIGHTS, load_dlib
from lib.models.files import course_model
from lib.models.layers import Network
from lib.models.ncnn import FACE_WEIGHTS, load_ncnn

INSIGHTFACE_FILES = tuple(f"weights/mobilefacenet_insightface_ncnn.{end}" for end in FACE_WEIGHTS)
DLIB_FILES = tuple(f"weights/{name}" for name in DLIB_WEIGHTS)


class Recogniser(NamedTuple):
    """One network for faces.

    threshold  cosine from which on two photographs count as one person: in docs/models.md stands
               how it was measured, and how often a stranger passes it
    lfw        accuracy on the pairs of LFW, for tables
    files      names under which `fetch` keeps its weights; empty for the model that ships
    get        what to do where the files are not there
    load       reads the files, or the model that ships
    """

    name: str
    title: str
    licence: str
    threshold: float
    lfw: str
    files: tuple[str, ...]
    get: str
    load: Callable[[], Network]


def _insightface() -> Network:
    graph, floats = map(_place, INSIGHTFACE_FILES)
    return load_ncnn(graph, floats)


def _dlib() -> Network:
    numbers, manifest = map(_place, DLIB_FILES)
    return load_dlib(numbers, manifest)


RECOGNISERS = {
    one.name: one
    for one in (
        Recogniser(
            name="insightface",
            title="MobileFaceNet of InsightFace",
            licence="non-commercial research only",
            threshold=0.4,
            lfw="99 %",
            files=INSIGHTFACE_FILES,
            get="lib.models.fetch_face_weights()",
            load=_insightface,
        ),
        Recogniser(
            name="dlib",
            title="ResNet of dlib",
            licence="public domain",
            threshold=0.9,
            lfw="98 %",
            files=DLIB_FILES,
            get="lib.models.fetch_dlib_weights()",
            load=_dlib,
        ),
        Recogniser(
            name="course",
            title="half-width MobileFaceNet of the course",
            licence="MIT",
            threshold=0.75,
            lfw="72 %",
            files=(),
            get="",
            load=course_model,
        ),
    )
}


def available_recognisers() -> list[str]:
    """Names of the networks whose files are in the cache or in a mirror's folder, best first."""
    return [name for name, one in RECOGNISERS.items() if all(map(_is_here, one.files))]


def load_recogniser(name: str | None = None) -> Network:
    """A network for faces, in evaluation mode; nothing is downloaded.

    name    a name of `RECOGNISERS`; None: the best that is here
    raises  ValueError for another name; DataError where its files are not here
    """
    name = available_recognisers()[0] if name is None else name
    if name not in RECOGNISERS:
        raise ValueError(f"no recogniser {name!r}; there are {', '.join(RECOGNISERS)}")
    one = RECOGNISERS[name]
    if missing := [file for file in one.files if not _is_here(file)]:
        raise DataError(
            f"{one.title} is not here: {cache_path(missing[0])} is missing; `{one.get}` shows its "
            "terms and downloads it, or put the file there yourself."
        )
    return one.load()


def _place(file: str) -> Path:
    """Where a file of weights is, or would be: in the cache, else in the folder of a mirror."""
    path, base = cache_path(file), mirror()
    if not path.is_file() and base and base.startswith("file://"):
        return Path(url2pathname(base.removeprefix("file://"))) / file
    return path


def _is_here(file: str) -> bool:
    return _place(file).is_file()
