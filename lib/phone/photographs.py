"""Photographs that are disturbed, taken under poor conditions, or photographed a second time.

disturb(crops, "turned", 20)            # the same faces, turned by 20 degrees
photograph(12, 3, 8, exposure=0.2)      # a new photograph of person 3, in the dark
rephotograph(photographs, "screen")     # shown on a display and photographed again
"""

import io

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom
from torchvision.transforms.functional import gaussian_blur

from lib.data.synthetic import face_render, face_shape
from lib.phone.alignment import centre_square, crop

UNITS = {
    "shifted": "shift (% of the width)",
    "cut closer": "closer cut (%)",
    "turned": "turn (degrees)",
    "blurred": "blur (sigma, pixels)",
    "darkened": "light taken away (stops)",
}
# What changes in a view of a synthetic face (`face_render.view`), besides `sigma`, the blur in
# pixels of a hand that moves.
CONDITIONS: dict[str, dict[str, float]] = {
    "as it is": {},
    "leaning": {"tilt": 0.6},
    "in the dark": {"exposure": 0.2},
    "moving": {"sigma": 5.0},
    "looking away": {"yaw": 0.8},
    "far away": {"scale": 0.12},
    "behind a mask": {"cover": 2},
}
MEDIA = ("print", "screen")


def disturb(images: np.ndarray, kind: str, strength: float) -> np.ndarray:
    """Disturb square images uint8 (N, S, S, 3) in one way; strength 0 changes nothing.

    kind  one of `UNITS`, which gives the unit of `strength`
    """
    size = images.shape[1]
    if kind == "blurred":
        if strength <= 0:
            return images.copy()
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        blurred = gaussian_blur(pixels, 2 * int(3 * strength) + 3, strength)
        return blurred.round().byte().permute(0, 2, 3, 1).numpy()
    if kind == "darkened":
        return expose(images, -strength)
    squares = {
        "shifted": dict(side=size, right=strength / 100 * size),
        "cut closer": dict(side=size * (1 - strength / 100)),
        "turned": dict(side=size, turn=np.radians(strength)),
    }
    if kind not in squares:
        raise ValueError(f"no disturbance {kind!r}; there are {', '.join(UNITS)}")
    place = centre_square(**squares[kind], photograph=size, size=size)
    return crop(images, *place, size=size)


def expose(images: np.ndarray, stops: float) -> np.ndarray:
    """Let in more light or less, as a camera does: a stop doubles the light.

    Pixels are about the square root of light; what is brighter than white becomes white.
    """
    return (images * 2.0 ** (stops / 2)).round().clip(0, 255).astype(np.uint8)


@torch.inference_mode()
def photograph(
    seed: int, number: int, image: int, size: int = 160, sigma: float = 0.0, **changes
) -> tuple[np.ndarray, np.ndarray]:
    """One photograph of synthetic person `number`, with something changed in its view.

    changes  entries of `face_render.view` and their new values
    returns  uint8 (size, size, 3) and its five points (5, 2)
    raises   ValueError for a change that a view does not have
    """
    view = face_render.view(seed, number, image, aligned=False)
    if unknown := set(changes) - set(view):
        raise ValueError(f"a view has no {', '.join(sorted(unknown))}; it has {', '.join(view)}")
    person = face_shape.person(seed, number)
    colours = face_render.view_colours(seed, number, image)
    images, points = face_render.render(person, [view | changes], [colours], size)
    return disturb(images, "blurred", sigma)[0], points[0]


def rephotograph(photographs: np.ndarray, medium: str) -> np.ndarray:
    """Each photograph, shown on a medium and photographed again; points stay where they are.

    photographs  uint8 (N, H, W, 3); the medium is "print" (paper) or "screen" (a display)
    """
    if medium not in MEDIA:
        raise ValueError(f"no medium {medium!r}; there are {', '.join(MEDIA)}")
    rngs = [np.random.default_rng([0, n]) for n in range(len(photographs))]
    return np.stack([_rephotograph(one, medium, rng) for one, rng in zip(photographs, rngs)])


def _rephotograph(photograph: np.ndarray, medium: str, rng: np.random.Generator) -> np.ndarray:
    height, width = photograph.shape[:2]
    # 1) The medium, in linear light, with three dots for each pixel.
    light = zoom((photograph / 255.0) ** 2, (3, 3, 1), order=1)
    y, x = np.mgrid[: 3 * height, : 3 * width]
    if medium == "screen":
        # Red, green and blue stand side by side; the lamp is bluish, and the glass reflects.
        stripes = np.stack([(x % 3 == colour) * 2.4 + 0.2 for colour in range(3)], -1)
        light = light * stripes * np.array([0.95, 1.0, 1.12]) + 0.015
    else:
        # A printer's raster, slightly turned; paper is never black, and the lamp is warm.
        dots = 0.5 + 0.5 * np.sin(x * 2.1 + y * 0.4) * np.sin(y * 2.1 - x * 0.4)
        light = (0.05 + 0.75 * light) * (0.85 + 0.3 * dots[..., None]) * np.array([1.05, 1.0, 0.9])
    # 2) The second camera: its lens, its coarser sensor, a lamp on one side, and noise.
    light = gaussian_filter(light, (1.5, 1.5, 0))[1::3, 1::3]
    across = (np.arange(width) / width - 0.5)[None, :, None]
    light = light * (1 + 0.25 * rng.uniform(-1, 1) * across)
    picture = np.sqrt(light.clip(0, 1)) + rng.normal(0, 0.012, (height, width, 3))
    # 3) Its file.
    pixels = (picture.clip(0, 1) * 255).round().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=80)
    return np.asarray(Image.open(file))
