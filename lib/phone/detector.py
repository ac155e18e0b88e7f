"""Faces in photographs, with five points each: MTCNN, as facenet-pytorch packages it.

    points, found = find_faces(photographs)  # (N, 5, 2), bool (N,)

The detector is not part of the course. Its wheel is one of the few on PyPI that carry a face
detector's weights (three small networks, 2 MB, MIT licence, trained by their authors on WIDER FACE
and CelebA). Without it there are two clicks on the eyes (`lib.phone.alignment.from_eyes`).
"""

import importlib
import importlib.util

import numpy as np

# Without its dependencies: its metadata asks for an old torch, but it runs with a current one.
INSTALL = "pip install --no-deps facenet-pytorch==2.6.0 requests"


def find_faces(photographs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest face of each photograph uint8 (N, H, W, 3).

    returns  points float32 (N, 5, 2): left eye, right eye, nose, left and right corner of the
             mouth, as one sees them, NaN where no face was found; and bool (N,), where one was
    raises   ImportError where facenet-pytorch is not installed
    """
    if importlib.util.find_spec("facenet_pytorch") is None:
        by_hand = "mark the two eyes by hand (lib.phone.alignment.from_eyes)"
        raise ImportError(f"no face detector is installed: `{INSTALL}` brings one; or {by_hand}")
    # By name: it is on no list of requirements.
    mtcnn = importlib.import_module("facenet_pytorch").MTCNN(select_largest=True, device="cpu")
    points = np.full((len(photographs), 5, 2), np.nan, dtype=np.float32)
    for n, photograph in enumerate(photographs):
        _, _, marks = mtcnn.detect(photograph, landmarks=True)
        if marks is not None:
            points[n] = np.asarray(marks[0], dtype=np.float32)
    return points, ~np.isnan(points[:, 0, 0])
