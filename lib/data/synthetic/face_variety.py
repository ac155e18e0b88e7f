"""People and circumstances that vary as in photographs: `load("synthetic-faces", varied=True)`.

A person has stronger traits, features that lie anywhere near their place, an uneven head and skin.
On another day hair, beard, make-up and hat are others. A picture is taken under lamps of any colour
and place, before any background, by a cheap camera that keeps a JPEG.

`python -m tools.faces.renderer_score` judges by a network of photographs how far all this goes.
"""

import io

import numpy as np
from PIL import Image, ImageFilter

from lib.data.synthetic.face_shape import AT_LEAST, MEN, TRAITS, WOMEN

DAYS = 3  # picture i of a person is taken on day i % DAYS
BEARDS = ("none", "stubble", "moustache", "goatee", "full")


def widen(who: dict, seed: int, number: int) -> dict:
    """The person of `face_shape.person` with stronger traits, and more that is only theirs.

    returns  besides: shift (2, 6, 6), how far features lie to the right and down, in head units;
             fields (4, 7, 7), of the relief and of red, green and blue of the skin; relief,
             patches, rough, their strengths; wears_glasses, wears_hat, shares of pictures
    """
    rng = np.random.default_rng([seed, number, 4])
    who = dict(who)
    for name, (_, spread, *_) in TRAITS.items():
        who[name] += 1.5 * spread * 2.4 * float(np.tanh(rng.standard_normal() / 2.4))
    for name, least in AT_LEAST.items():
        who[name] = max(who[name], least)
    who["fields"] = rng.standard_normal((4, 7, 7)).astype(np.float32)
    who["relief"], who["patches"] = rng.uniform(0.01, 0.035), rng.uniform(0.02, 0.10)
    who["rough"] = rng.uniform(0.0, 0.10)
    who["shift"] = (rng.uniform(0.01, 0.035) * rng.standard_normal((2, 6, 6))).astype(np.float32)
    who["wears_glasses"] = float(rng.choice([0.04, 0.85], p=[0.75, 0.25]))
    who["wears_hat"] = float(rng.choice([0.02, 0.6], p=[0.92, 0.08]))
    return who


def on_day(who: dict, seed: int, number: int, day: int) -> dict:
    """The person on one of `DAYS`."""
    rng = np.random.default_rng([seed, number, 5, day])
    who, is_woman = dict(who), who["style"] not in MEN
    if rng.random() < 0.4:
        styles, shares = zip(*(WOMEN if is_woman else MEN).items())
        who["style"] = str(rng.choice(styles, p=np.array(shares) / sum(shares)))
    if rng.random() < 0.2:
        who["hair"] = np.clip(who["hair"] * rng.uniform(0.5, 1.6, 3), 0.02, 0.95)
    if not is_woman and rng.random() < 0.3:
        who["beard"] = str(rng.choice(BEARDS))
    if rng.random() < (0.6 if is_woman else 0.1):
        who["lips"] = np.clip(who["lips"] * [1, *rng.uniform(0.5, 1.0, 2)], 0, 1)
        who["rings"] += rng.normal(0, 0.5)
    for name, spread in dict(
        jaw=0.015, cheek=0.012, creases=0.1, hairline=0.03, ruddy=0.25
    ).items():
        who[name] += spread * rng.standard_normal()
    who["skin"] = np.clip(who["skin"] * rng.normal(1, 0.05) * rng.normal(1, 0.03, 3), 0, 1)
    return who


def widen_view(how: dict, who: dict, seed: int, number: int, image: int) -> dict:
    """The view of `face_render.view` under circumstances that vary more; angles in radians."""
    rng = np.random.default_rng([seed, number, 6, image])
    uniform, normal = rng.uniform, rng.normal
    how = dict(how)
    for angle, spread in dict(yaw=0.22, pitch=0.12, roll=0.05).items():
        how[angle] += normal(0, spread)
    how["smile"] += normal(0, 0.4) if rng.random() < 0.6 else 0.0
    if rng.random() < 0.45:  # a smile that shows teeth
        how["smile"], how["open"] = uniform(0.4, 1.6), uniform(0.2, 1.0)
    # One lamp, soft or hard, from anywhere in front; the other light comes from all sides.
    how |= dict(light_x=normal(0, 0.7), light_y=normal(-0.3, 0.5))
    how |= dict(ambient=uniform(0.12, 0.50), key=uniform(0.30, 0.9), wrap=uniform(0.0, 0.3))
    how |= dict(lamp_red=normal(0, 0.08), lamp_blue=normal(0, 0.10))
    how |= dict(sky_red=normal(0, 0.08), sky_blue=normal(0, 0.10))
    # In one picture of five, something with a straight edge casts a shadow.
    how |= dict(shadow=uniform(0.2, 0.7) if rng.random() < 0.2 else 0.0)
    how |= dict(shadow_turn=uniform(0, 2 * np.pi), shadow_at=normal(0, 0.5))
    how |= dict(shadow_soft=uniform(0.02, 0.4))
    how["warm"] += normal(0, 0.06)
    how["exposure"] *= float(np.exp(normal(0, 0.12)))
    how["contrast"] *= float(np.exp(normal(0, 0.15)))
    how["grey"] = float(rng.random() < 0.10)
    how["glasses"] = float(rng.random() < who["wears_glasses"])
    how["tint"] = uniform(0.5, 0.97) if rng.random() < 0.12 else 0.0
    way = int(rng.choice([0, 1, 2], p=[0.93, 0.05, 0.02]))
    how["cover"] = 3 if rng.random() < who["wears_hat"] else way
    return how


def background(seed: int, number: int, image: int, size: int) -> np.ndarray:
    """Factors on the light behind a head (3, size, size): noise of all sizes and straight edges."""
    rng = np.random.default_rng([seed, number, 7, image])
    # 1) Noise whose waves are the weaker the shorter they are.
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    strength = (np.hypot(fy, fx) + 1 / size) ** -rng.uniform(0.7, 1.6)
    waves = np.fft.rfft2(rng.standard_normal((3, size, size)))
    field = np.fft.irfft2(waves * strength, s=(size, size))
    field *= rng.uniform(0.05, 0.35) / field.std()
    colourful = rng.uniform(0, 1)
    field = colourful * field + (1 - colourful) * field[:1]
    # 2) Up to four edges, beyond which the colour is another.
    y, x = np.mgrid[:size, :size] / size - 0.5
    for _ in range(rng.integers(0, 5)):
        turn = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.3)
        beyond = x * np.cos(turn) + y * np.sin(turn) > rng.uniform(-0.6, 0.6)
        field = field + beyond * rng.normal(0, 0.35, (3, 1, 1)) * rng.uniform(0.3, 1)
    return np.exp(field - field.mean()).astype(np.float32)


def snapshot(picture: np.ndarray, seed: int, number: int, image: int) -> np.ndarray:
    """uint8 (S, S, 3) as a cheap camera keeps it: other tones, pixels lost, sharpened, JPEG."""
    rng, size = np.random.default_rng([seed, number, 8, image]), len(picture)
    gamma = np.exp(rng.normal(0, 0.1, 3) + rng.normal(0, 0.2))
    file = Image.fromarray((255 * (picture / 255) ** gamma).round().astype(np.uint8))
    if rng.random() < 0.5:
        small = int(size / rng.uniform(1, 1 + 1.5 * size / 112))
        ways = [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BOX]
        file = file.resize((small, small), ways[rng.integers(3)])
        file = file.resize((size, size), ways[rng.integers(2)])
    if rng.random() < 0.25:
        file = file.filter(
            ImageFilter.UnsharpMask(rng.uniform(0.5, 2), int(rng.integers(50, 200)), 0)
        )
    if rng.random() < 0.7:
        kept = io.BytesIO()
        file.save(kept, "JPEG", quality=int(rng.integers(40, 95)))
        file = Image.open(kept)
    return np.asarray(file)
