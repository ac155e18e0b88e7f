"""Data sets of images with identities, drawn by the course or published, and pairs and batches.

name                   hands over                                               lesson
load, SOURCES          an ImageSet by the name of its source                         2
ImageSet               images, identity, genuine, names; split_by_identity           2
download, archive      verified downloads, safe zip archives                         2
audit                  what a data set gives away: single numbers, duplicates        2
pairs                  pairs, triplets, their counts, P x K batches                  3
synthetic-signatures   hands and skilled forgers, by a kinematic pen              2, 7
synthetic-glyphs       characters of invented alphabets                           3, 8
synthetic-faces        people who do not exist                                    2, 9
sigcomp2011            real signatures and skilled forgeries                      2, 7
omniglot               characters of 50 alphabets; `one_shot_runs`                   8
lfw, olivetti          photographs of faces; `lfw_pairs`                            11
folder                 your own pictures, one folder a person                    2, 15

A source is a module with a function `load(**options) -> ImageSet` and a line in `SOURCES`.
"""

import importlib

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


def load(name: str, **options) -> ImageSet:
    """Load a data set by name (see `SOURCES`); `options` go to its source.

    raises  ValueError for an unknown name
    """
    if name not in SOURCES:
        raise ValueError(f"no data source {name!r}; there are {', '.join(SOURCES)}")
    return importlib.import_module(f"lib.data.{SOURCES[name]}").load(**options)
