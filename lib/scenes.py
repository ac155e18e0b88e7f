"""Photographs of embedded people as they are taken of oneself: leaning, in the dark, moving, looking away, from far, behind a mask.

image, points = photograph(seed=12, number=3, image=20, **CONDITIONS["in the dark"])
"""

import numpy as np
import torch

from lib.data import face_render, face_shape
from lib.disturb import disturb

# What changes in the view (`lib.data.face_render.view` names it); `sigma`, in pixels, is the blur of a hand that moves.
CONDITIONS = {
    "as it is": {},
    "leaning": {"tilt": 0.6},
    "in the dark": {"exposure": 0.2},
    "moving": {"sigma": 5.0},
    "looking away": {"yaw": 1.0},
    "far away": {"scale": 0.12},
    "behind a mask": {"cover": 2},
}


@torch.inference_mode()
def photograph(
    seed: int, number: int, image: int, size: int = 160, sigma: float = 0.0, **changes
) -> tuple[np.ndarray, np.ndarray]:
    """One photograph uint8 (size, size, 3) of person `number`, with its five points (5, 2), and with something changed in the view.

    raises  ValueError for a change that a view does not have
    """
    view = face_render.view(seed, number, image, aligned=False)
    if unknown := set(changes) - set(view):
        raise ValueError(f"a view has no {', '.join(sorted(unknown))}; it has {', '.join(view)}")
    colours = face_render.view_colours(seed, number, image)
    images, points = face_render.render(
        face_shape.person(seed, number), [view | changes], [colours], size
    )
    return disturb(images, "blurred", sigma)[0], points[0]
