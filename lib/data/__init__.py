"""Data sets of images with identities, drawn by the course or published, and pairs and batches.

name                   hands over                                               lesson
load, SOURCES          an ImageSet by the name of its source                         2
available              whether a source is there without a download                  2
ImageSet               images, identity, genuine, names; split_by_identity           2
download, archive      verified downloads, safe zip archives                         2
mapped                 pixels of more than memory holds, mapped from a file          2
audit                  what a data set gives away: single numbers, duplicates        2
pairs                  pairs, triplets, their counts, P x K batches                  3
synthetic-signatures   hands and skilled forgers, by a kinematic pen              2, 7
synthetic-glyphs       characters of invented alphabets                           3, 8
synthetic-faces        people who do not exist                                    2, 9
sigcomp2011            real signatures and skilled forgeries                      2, 7
omniglot               characters of 50 alphabets; `one_shot_runs`                   8
lfw, olivetti          photographs of faces; `lfw_pairs`                            11
folder                 your own pictures, one folder a person                    2, 15

A source is a module with a function `load(**options) -> ImageSet` and a line in `SOURCES`. A
published one also has `files()`, what it downloads. `make data` downloads all of them.
"""

import importlib
import inspect
from types import ModuleType

from lib.data.download import is_here
from lib.data.image_set import ImageSet

SOURCES = {
    "synthetic-signatures": "synthetic.signatures",
    "synthetic-faces": "synthetic.faces",
    "synthetic-glyphs": "synthetic.glyphs",
    "sigcomp2011": "published.sigcomp2011",
    "lfw": "published.lfw",
    "olivetti": "published.olivetti",
    "omniglot": "published.omniglot",
    "folder": "folder",
}
# Files of published face networks, which `lib.models` downloads and reads.
WEIGHTS = {
    "weights/insightface": (
        "weights/mobilefacenet_insightface_ncnn.param",
        "weights/mobilefacenet_insightface_ncnn.bin",
    ),
    "weights/dlib": (
        "weights/face_recognition_model.bin",
        "weights/face_recognition_model-weights_manifest.json",
    ),
}


def load(name: str, **options) -> ImageSet:
    """Load a data set by name (see `SOURCES`); `options` go to its source.

    raises  ValueError for an unknown name, and for an option that the source does not have
    """
    source = _module(name).load
    known = inspect.signature(source).parameters
    if unknown := [option for option in options if option not in known]:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise ValueError(f"{name} has no option {unknown[0]!r}; {has}")
    return source(**options)


def available(name: str) -> bool:
    """True where `load(name)` in any part needs no network and asks nobody to type.

    The files are in the cache, downloaded or put there by hand, or in the folder COURSE_MIRROR; for
    "sigcomp2011" the variable SIGCOMP2011_DISCLAIMER is set, too. Synthetic sources and "folder"
    are always there.

    name    a source, or the weights of a network: "weights/insightface", "weights/dlib"
    raises  ValueError for an unknown name
    """
    if name in WEIGHTS:
        return all(is_here(file) for file in WEIGHTS[name])
    if name not in SOURCES:
        raise ValueError(f"nothing called {name!r}; there are {', '.join([*SOURCES, *WEIGHTS])}")
    module = _module(name)
    here = all(file.is_here() for file in getattr(module, "files", tuple)())
    return here and getattr(module, "is_accepted", lambda: True)()


def _module(name: str) -> ModuleType:
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"no data source {name!r}; there are {', '.join(SOURCES)}")
    return importlib.import_module(f"lib.data.{SOURCES[name]}")
