"""Olivetti faces: 40 people, ten photographs each in one room between 1992 and 1994, 64x64 grey. 4 MB.

    load("olivetti")

Source: Samaria and Harter, Parameterisation of a stochastic model for human face identification, WACV 1994 (AT&T Laboratories Cambridge).
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from lib.data import ImageSet
from lib.data.download import DataError, fetch

# The address and checksum of scikit-learn's fetcher (a test compares them and what both read), here for the bar, the resume and the mirror.
URL = "https://ndownloader.figshare.com/files/5976027"
SHA256 = "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794"


def load() -> ImageSet:
    """All 400 images: grey (400, 64, 64), identity 0 to 39; names "person00_0"."""
    faces = _faces(fetch("olivetti/olivettifaces.mat", URL, f"sha256:{SHA256}", _faces))
    identity = np.arange(len(faces)) // 10
    return ImageSet(
        faces,
        identity,
        np.ones(len(faces), dtype=bool),
        tuple(f"person{who:02d}_{n % 10}" for n, who in enumerate(identity)),
    )


def _faces(path: Path) -> np.ndarray:
    """(N, 64, 64) uint8 from MATLAB's file, which holds one face a column, turned on its side."""
    try:
        columns = loadmat(path)["faces"]
        if columns.dtype != np.uint8 or columns.shape[0] != 64 * 64 or columns.shape[1] % 10:
            raise ValueError(f"{columns.dtype} {columns.shape}")
    except Exception as error:  # loadmat raises many kinds for a damaged file
        raise DataError(
            f"it is not the file of Olivetti faces ({type(error).__name__}: {error})"
        ) from None
    return np.ascontiguousarray(columns.T.reshape(-1, 64, 64).transpose(0, 2, 1))
