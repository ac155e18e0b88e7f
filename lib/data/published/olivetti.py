"""Olivetti faces: 40 people, ten photographs each, taken in one room; 64x64 grey, 4 MB.

    load("olivetti")

Source: Samaria and Harter, Parameterisation of a stochastic model for human face identification,
WACV 1994 (AT&T Laboratories Cambridge, photographs of 1992 to 1994).
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from lib.data.download import DataError, Remote
from lib.data.image_set import ImageSet

# As in scikit-learn's fetcher, which knows no mirror.
URL = "https://ndownloader.figshare.com/files/5976027"
SHA256 = "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794"


def files() -> tuple[Remote]:
    """The one file that `load` reads."""
    return (Remote("olivetti/olivettifaces.mat", URL, 4_300_000, f"sha256:{SHA256}", _faces),)


def load() -> ImageSet:
    """All 400 images: grey (400, 64, 64), identity 0 to 39; names "person00_0"."""
    faces = _faces(files()[0].fetch())
    identity = np.arange(len(faces)) // 10
    names = tuple(f"person{who:02d}_{n % 10}" for n, who in enumerate(identity))
    return ImageSet(faces, identity, np.ones(len(faces), dtype=bool), names)


def _faces(path: Path) -> np.ndarray:
    """(N, 64, 64) uint8 from MATLAB's file, which holds one transposed face a column."""
    try:
        columns = loadmat(path)["faces"]
        if columns.dtype != np.uint8 or columns.shape[0] != 64 * 64 or columns.shape[1] % 10:
            raise ValueError(f"{columns.dtype} {columns.shape}")
    except Exception as error:  # loadmat raises many kinds for a damaged file
        raise DataError(
            f"it is not the file of Olivetti faces ({type(error).__name__}: {error})"
        ) from None
    return np.ascontiguousarray(columns.T.reshape(-1, 64, 64).transpose(0, 2, 1))
