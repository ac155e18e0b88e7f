"""Images with an identity each, drawn by the course or taken from published data sets, and the pairs and batches made of them.

    load("synthetic-faces", identities=40, images=10) -> ImageSet

A source is a module with a function `load(**options) -> ImageSet`; `SOURCES` names it.
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

__all__ = ["SOURCES", "ImageSet", "load"]


def load(name: str, **options) -> ImageSet:
    """Load a data set by name (see `SOURCES`); `options` go to its source.

    raises  ValueError for a name that is not known
    """
    if name not in SOURCES:
        raise ValueError(f"no data source {name!r}; there are {', '.join(SOURCES)}")
    return importlib.import_module(f"lib.data.{SOURCES[name]}").load(**options)
