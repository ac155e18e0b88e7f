"""What happens to a photograph before a network sees it: one disturbance at a time, of one strength.

disturb(images, "turned", 20)      uint8 (N, S, S, 3) -> the same faces, turned by 20 degrees
"""

import io

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom
from torchvision.transforms.functional import gaussian_blur

from lib.data.synthetic import face_render, face_shape
from lib.phone.alignment import centred, crop

UNITS = {
    "shifted": "shift (% of the width)",
    "cut closer": "closer cut (%)",
    "turned": "turn (degrees)",
    "blurred": "blur (sigma, pixels)",
    "darkened": "light taken away (stops)",
}


def disturb(images: np.ndarray, kind: str, strength: float) -> np.ndarray:
    """Disturb square images; `UNITS[kind]` says what strength counts. Strength 0 changes nothing."""
    if kind not in UNITS:
        raise ValueError(f"no disturbance {kind!r}; there are {', '.join(UNITS)}")
    size = images.shape[1]
    if kind == "blurred":
        if strength <= 0:
            return images.copy()
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        return (
            gaussian_blur(pixels, 2 * int(3 * strength) + 3, strength)
            .round()
            .byte()
            .permute(0, 2, 3, 1)
            .numpy()
        )
    if kind == "darkened":  # a stop halves the light; pixels are about its square root
        return (images * 2.0 ** (-strength / 2)).round().astype(np.uint8)
    options = {
        "shifted": {"right": strength / 100 * size},
        "cut closer": {},
        "turned": {"turn": np.radians(strength)},
    }[kind]
    side = size * (1 - strength / 100) if kind == "cut closer" else size
    return crop(images, *centred(side, photograph=size, size=size, **options), size=size)


def exposed(images: np.ndarray, stops: float) -> np.ndarray:
    """Let in more light or less, as a camera does; what is brighter than white stays white. Pixels are about the root of light."""
    return (images * 2.0 ** (stops / 2)).round().clip(0, 255).astype(np.uint8)


# What changes in the view (`lib.data.synthetic.face_render.view` names it); `sigma`, in pixels, is the blur of a hand that moves.
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


MEDIA = ("print", "screen")


def rephotographed(photographs: np.ndarray, medium: str, seed: int = 0) -> np.ndarray:
    """Each photograph shown on paper ("print") or on a display ("screen") and photographed again; points stay where they are."""
    if medium not in MEDIA:
        raise ValueError(f"no medium {medium!r}; there are {', '.join(MEDIA)}")
    return np.stack(
        [_again(one, medium, np.random.default_rng([seed, n])) for n, one in enumerate(photographs)]
    )


def _again(photograph: np.ndarray, medium: str, rng: np.random.Generator) -> np.ndarray:
    height, width = photograph.shape[:2]
    light = zoom(
        (photograph / 255.0) ** 2, (3, 3, 1), order=1
    )  # linear light, three dots of the medium a pixel
    y, x = np.mgrid[: 3 * height, : 3 * width]
    if medium == "screen":
        stripes = np.stack(
            [(x % 3 == colour) * 2.4 + 0.2 for colour in range(3)], -1
        )  # red, green and blue side by side
        light = (
            light * stripes * np.array([0.95, 1.0, 1.12]) + 0.015
        )  # a bluish lamp behind, and what the glass reflects
    else:
        dots = 0.5 + 0.5 * np.sin(x * 2.1 + y * 0.4) * np.sin(
            y * 2.1 - x * 0.4
        )  # a printer's raster, not quite upright
        light = (
            (0.05 + 0.75 * light) * (0.85 + 0.3 * dots[..., None]) * np.array([1.05, 1.0, 0.9])
        )  # paper is never black; a warm lamp
    light = gaussian_filter(light, (1.5, 1.5, 0))[
        1::3, 1::3
    ]  # the second lens, and the second sensor's coarser grid
    fall = (
        1 + 0.25 * rng.uniform(-1, 1) * (np.arange(width) / width - 0.5)[None, :, None]
    )  # the lamp stands on one side
    picture = np.sqrt((light * fall).clip(0, 1)) + rng.normal(0, 0.012, (height, width, 3))
    file = io.BytesIO()
    Image.fromarray((picture.clip(0, 1) * 255).round().astype(np.uint8)).save(
        file, "JPEG", quality=80
    )
    return np.asarray(Image.open(file))
