"""Who a made-up face belongs to: the traits of a person, and from them the maps of a head's relief and colour.

A head is an ellipsoid (half axes `width`, 1, `depth`; x right, y down, z to the viewer; one unit is about 115 mm) whose surface is moved
in or out along each direction n by a factor s(n). Maps are drawn on Lambert's equal-area chart of directions around the nose.
Eyes, brows and mouth move with every expression; `lib.data.synthetic.face_render` draws them, from the traits sampled here.
"""

import numpy as np
import torch
from torch import Tensor

CHART = 1.75  # the chart reaches this far: 122 degrees from the nose
STYLES = {  # volume of the hair, where it ends on the sides (nz, y), fall behind the head (length, width), fringe, curl
    "bald": (0.00, -0.25, 0.05, 0.0, 0.0, 0.0, 0.2), "buzz": (0.03, 0.05, 0.00, 0.0, 0.0, 0.0, 0.6),
    "short": (0.09, 0.12, 0.08, 0.0, 0.0, 0.0, 0.1), "parted": (0.13, 0.16, 0.05, 0.0, 0.0, 0.35, 0.0),
    "curls": (0.20, 0.20, 0.15, 0.0, 0.0, 0.15, 1.0), "round": (0.34, 0.20, 0.30, 0.6, 1.10, 0.0, 1.0),
    "bob": (0.15, 0.34, 0.75, 0.75, 0.92, 0.2, 0.0), "fringe": (0.14, 0.30, 1.0, 1.1, 0.92, 1.0, 0.0),
    "long": (0.13, 0.28, 1.2, 1.8, 0.95, 0.1, 0.1), "waves": (0.20, 0.34, 1.2, 1.6, 1.12, 0.15, 0.45),
    "updo": (0.06, 0.10, 0.15, 0.0, 0.0, 0.0, 0.0),
}  # fmt: skip
WORN = {  # how often, by sex: women's row, men's row
    True: {
        "bob": 4,
        "fringe": 4,
        "long": 5,
        "waves": 5,
        "updo": 4,
        "curls": 2,
        "round": 1.5,
        "parted": 2,
        "short": 1,
    },
    False: {
        "short": 7,
        "parted": 5,
        "buzz": 4,
        "bald": 2.5,
        "curls": 2.5,
        "round": 1.2,
        "waves": 0.7,
        "long": 0.6,
    },
}
# trait: middle, spread, and what it gains a unit of (female, age, depth of skin, weight)
TRAITS = {
    "width": (0.665, 0.035, -0.008, 0.00, 0.00, 0.030), "depth": (0.84, 0.03, 0.00, 0.00, 0.00, 0.00),
    "jaw": (0.015, 0.040, -0.028, 0.005, 0.00, 0.045), "chin": (0.01, 0.045, -0.012, 0.00, 0.00, 0.005),
    "cheek": (0.005, 0.028, 0.008, -0.005, 0.00, 0.020), "taper": (0.02, 0.045, 0.010, 0.00, 0.00, -0.035),
    "temple": (-0.02, 0.03, 0.00, 0.00, 0.00, 0.00), "ridge": (0.030, 0.018, -0.018, 0.004, 0.00, 0.00),
    "socket": (0.075, 0.022, -0.008, 0.010, -0.008, -0.012), "ears": (0.15, 0.045, -0.015, 0.015, 0.00, 0.00),
    "eye_x": (0.280, 0.019, 0.000, 0.00, 0.004, 0.00), "eye_y": (0.00, 0.022, 0.00, 0.00, 0.00, 0.00),
    "eye_w": (0.140, 0.012, 0.005, -0.004, 0.00, -0.003), "eye_h": (0.056, 0.010, 0.006, -0.006, 0.00, -0.003),
    "eye_tilt": (0.10, 0.09, 0.02, -0.05, 0.00, 0.00), "iris": (0.058, 0.0035, 0.00, 0.00, 0.00, 0.00),
    "lid": (0.45, 0.30, 0.05, 0.15, -0.05, 0.05), "brow_y": (0.155, 0.022, 0.020, -0.010, 0.00, 0.00),
    "brow_h": (0.030, 0.009, -0.008, 0.002, 0.003, 0.00), "brow_arch": (0.030, 0.022, 0.014, -0.004, 0.00, 0.00),
    "brow_tilt": (0.04, 0.12, 0.03, -0.04, 0.00, 0.00), "brow_w": (0.185, 0.018, 0.00, 0.00, 0.00, 0.00),
    "nose_y": (0.262, 0.030, -0.012, 0.012, 0.00, 0.00), "nose_w": (0.125, 0.020, -0.010, 0.005, 0.028, 0.006),
    "nose_tip": (0.215, 0.038, -0.012, 0.010, -0.015, 0.00), "nose_bridge": (0.080, 0.032, -0.014, 0.004, -0.025, 0.00),
    "bridge_w": (0.068, 0.014, -0.005, 0.00, 0.006, 0.00), "mouth_y": (0.590, 0.030, -0.006, 0.008, 0.00, 0.00),
    "mouth_w": (0.205, 0.024, -0.008, 0.004, 0.012, 0.00), "lip_up": (0.032, 0.010, 0.004, -0.005, 0.014, 0.00),
    "lip_low": (0.050, 0.012, 0.004, -0.006, 0.014, 0.00), "lip_curve": (0.008, 0.018, 0.004, -0.010, 0.00, 0.00),
    "lip_red": (0.50, 0.20, 0.22, -0.10, -0.15, 0.00), "hairline": (-0.58, 0.07, 0.01, -0.035, 0.02, 0.00),
    "recede": (0.10, 0.14, -0.09, 0.12, 0.00, 0.00), "parting": (0.00, 0.60, 0.00, 0.00, 0.00, 0.00),
    "ruddy": (0.50, 0.28, 0.05, 0.05, -0.25, 0.10), "creases": (0.15, 0.12, -0.06, 0.25, 0.00, 0.00),
    "rings": (0.35, 0.25, -0.08, 0.15, 0.05, 0.00), "crooked": (0.00, 0.012, 0.00, 0.00, 0.00, 0.00),
}  # fmt: skip
# From light to dark, red green blue as a screen shows them.
SKIN = [
    (0, (0.97, 0.83, 0.76)),
    (0.3, (0.89, 0.71, 0.57)),
    (0.55, (0.71, 0.50, 0.36)),
    (0.8, (0.48, 0.31, 0.21)),
    (1, (0.30, 0.19, 0.14)),
]
HAIR = [
    (0, (0.90, 0.78, 0.54)),
    (0.3, (0.68, 0.51, 0.31)),
    (0.55, (0.43, 0.29, 0.18)),
    (0.8, (0.21, 0.14, 0.10)),
    (1, (0.08, 0.07, 0.07)),
]
IRIS = [
    (0, (0.42, 0.58, 0.70)),
    (0.35, (0.42, 0.50, 0.38)),
    (0.6, (0.45, 0.32, 0.16)),
    (1, (0.16, 0.10, 0.07)),
]
AT_LEAST = {
    "eye_h": 0.030,
    "brow_h": 0.012,
    "lip_up": 0.014,
    "lip_low": 0.022,
    "mouth_w": 0.15,
    "nose_bridge": 0.02,
}


def _between(anchors: list, value: float) -> np.ndarray:
    """Colour (3,) at `value` on a scale of anchor colours."""
    at, colours = zip(*anchors)
    return np.array([np.interp(value, at, channel) for channel in zip(*colours)])


def person(seed: int, number: int) -> dict:
    """The traits of identity `number` of a seed; no other identity has a part in them."""
    rng = np.random.default_rng([seed, number, 1])
    normal = lambda: (
        2.4 * float(np.tanh(rng.standard_normal() / 2.4))
    )  # bell-shaped, without monsters  # noqa: E731
    woman = bool(rng.random() < 0.5)
    female = (1.0 if woman else -1.0) + 0.3 * normal()
    age, weight = 0.9 * normal(), normal()
    skin = float(
        np.clip(
            rng.choice([0.08, 0.30, 0.56, 0.82], p=[0.36, 0.26, 0.19, 0.19]) + 0.09 * normal(), 0, 1
        )
    )
    lean = np.array([female, age, 2 * skin - 0.8, weight])
    who = {
        name: middle + spread * normal() + float(np.dot(gains, lean))
        for name, (middle, spread, *gains) in TRAITS.items()
    }
    for name, least in AT_LEAST.items():
        who[name] = max(who[name], least)

    who["style"] = str(
        rng.choice(
            list(WORN[woman]), p=np.array(list(WORN[woman].values())) / sum(WORN[woman].values())
        )
    )
    dark = float(
        rng.choice([0.10, 0.40, 0.62, 0.88])
        if skin < 0.2
        else 0.93 - 0.7 * max(0.0, 0.45 - skin) * rng.random()
    )
    grey = float(np.clip((age - 0.7) * 0.9 + 0.25 * normal(), 0, 0.9)) if age > 0.5 else 0.0
    colour = _between(HAIR, dark + 0.05 * normal())
    if skin < 0.3 and rng.random() < 0.12:
        colour = np.array([0.62, 0.28, 0.12]) * (0.75 + 0.2 * rng.random())
    who["hair"] = (1 - grey) * colour + grey * np.array([0.74, 0.73, 0.72])
    undertone = normal()
    who["skin"] = np.clip(
        _between(SKIN, skin)
        * (1 + undertone * np.array([0.010, -0.004, -0.045]))
        * (1 + 0.035 * normal()),
        0,
        1,
    )
    who["eyes"] = _between(
        IRIS,
        float(
            np.clip(
                (rng.random() if skin < 0.2 else 0.75 + 0.25 * rng.random()) * 0.7 + 0.35 * dark,
                0,
                1,
            )
        ),
    )
    who["lips"] = who["skin"] * np.array([0.86, 0.60, 0.60]) + np.clip(
        who["lip_red"], 0, 1
    ) * 0.16 * np.array([1.0, -0.45, -0.25])
    beard = rng.choice(
        ["none", "stubble", "moustache", "goatee", "full"], p=[0.50, 0.20, 0.06, 0.10, 0.14]
    )
    who["beard"] = "none" if woman else str(beard)
    who["freckles"] = (
        max(0.0, 0.9 * rng.random() - 0.25) if skin < 0.25 and rng.random() < 0.35 else 0.0
    )
    who["moles"] = rng.uniform(
        (-0.45, -0.45, 0.014), (0.45, 0.90, 0.026), size=(rng.integers(0, 4), 3)
    ).tolist()  # x, y, radius
    who["grain"] = rng.standard_normal((3, 40, 40)).astype(
        np.float32
    )  # the randomness of skin, strands and hairline
    return who


def smooth(x: Tensor) -> Tensor:
    """0 below 0, 1 above 1, and a smooth step between."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)


def bump(*offsets: Tensor) -> Tensor:
    """exp(-r^2): 1 where every offset is 0, nearly 0 where one is 2."""
    return torch.exp(-sum(offset * offset for offset in offsets))


def to_chart(nx: Tensor, ny: Tensor, nz: Tensor) -> tuple[Tensor, Tensor]:
    """Directions -> places on the chart, in [-1, 1] where the chart reaches."""
    scale = torch.sqrt(2 / (1 + nz).clamp_min(1e-3)) / CHART
    return nx * scale, ny * scale


def directions(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The unit direction of every texel of a chart of `size` x `size` texels."""
    at = ((torch.arange(size) + 0.5) / size * 2 - 1) * CHART
    q, p = torch.meshgrid(at, at, indexing="ij")
    half = (p * p + q * q).clamp(max=3.99) / 4
    factor = torch.sqrt(1 - half)
    return p * factor, q * factor, 1 - 2 * half


def relief(who: dict, nx: Tensor, ny: Tensor, nz: Tensor, hair: Tensor) -> Tensor:
    """s(n): how far the surface lies from the centre, as a multiple of the ellipsoid."""
    ax, fx, fy = nx.abs(), who["width"] * nx, ny
    front, ex = smooth(nz / 0.4), fx.abs() - who["eye_x"]
    s = (
        1
        + who["jaw"] * bump((ax - 0.62) / 0.25, (ny - 0.70) / 0.22)
        + who["chin"] * bump(nx / 0.30, (ny - 0.98) / 0.20)
    )
    s = (
        s
        + who["cheek"] * bump((ax - 0.75) / 0.25, (ny - 0.22) / 0.18)
        + who["temple"] * bump((ax - 0.9) / 0.3, (ny + 0.3) / 0.25)
    )
    s = s + 0.045 * bump((ax - 0.60) / 0.30, (ny + 0.75) / 0.30)  # a skull is rounder than an egg
    s = s - who["taper"] * smooth((ny - 0.05) / 0.9) * (ax / 0.5).clamp(max=1)
    s = s + who["ears"] * bump(((ny - 0.14) / 0.19) ** 2, (nz + 0.10) / 0.13) * (ax > 0.6)
    down = ((fy + 0.05) / (who["nose_y"] + 0.05)).clamp(
        0, 1
    )  # 0 at the root of the nose, 1 at its tip
    ridge = who["nose_bridge"] + (who["nose_tip"] - who["nose_bridge"]) * down**1.4
    ridge = ridge * smooth((fy + 0.20) / 0.18) * (1 - smooth((fy - who["nose_y"] - 0.01) / 0.09))
    lean = fx - who["crooked"] * down
    out = ridge * bump(
        lean / (who["bridge_w"] + (0.62 * who["nose_w"] - who["bridge_w"]) * down**2)
    )
    out = out + 0.045 * bump(lean / (0.55 * who["nose_w"]), (fy - who["nose_y"] + 0.02) / 0.06)
    out = out + 0.075 * bump(
        (lean.abs() - 0.85 * who["nose_w"]) / 0.045, (fy - who["nose_y"] + 0.025) / 0.050
    )
    out = out + who["ridge"] * bump((fy + who["brow_y"] - who["eye_y"]) / 0.06, (fx / 0.42) ** 2)
    out = (
        out
        - who["socket"] * bump(ex / 0.13, (fy - who["eye_y"]) / 0.10)
        + 0.045 * bump(ex / 0.10, (fy - who["eye_y"]) / 0.06)
    )
    out = out + 0.05 * bump(fx / (1.1 * who["mouth_w"]), (fy - who["mouth_y"]) / 0.12)
    out = out - 0.03 * bump(fx / 0.13, (fy - who["mouth_y"] - 0.13) / 0.035)
    out = out + (0.5 * who["lip_up"] + 0.5 * who["lip_low"]) * bump(
        fx / (0.75 * who["mouth_w"]), (fy - who["mouth_y"]) / 0.05
    )
    out = out + (0.03 + who["cheek"] * 0.6) * bump((fx.abs() - 0.34) / 0.13, (fy - 0.30) / 0.13)
    return s + front * out / who["depth"] + hair


def grain(who: dict, layer: int, x: Tensor, y: Tensor) -> Tensor:
    """A random texture of this person at places in [-1, 1], smooth between its 40 x 40 values."""
    texture = torch.from_numpy(who["grain"][layer])[None, None]
    return torch.nn.functional.grid_sample(
        texture, torch.stack((x, y), -1)[None], padding_mode="reflection", align_corners=False
    )[0, 0]


def hair_edge(who: dict, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """How far each direction lies inside the hair; negative on bare skin."""
    volume, side, ends, _, _, fringe, curl = STYLES[who["style"]]
    ragged = 0.015 * grain(who, 0, nx * 1.0, nx * 0.3 + 0.2 * ny) + 0.03 * curl * grain(
        who, 1, nx, ny
    )
    line = (
        who["hairline"]
        + (0.31 if fringe > 0.9 else 0.10 * fringe)
        - max(who["recede"], 0) * bump((nx.abs() - 0.42) / 0.2)
    )
    line = (
        line
        + 0.55 * nx * nx
        + (0.35 * fringe * who["parting"] * nx if fringe < 0.9 else 0.0)
        + ragged
    )
    if who["style"] == "bald":
        line = line - 0.6
    temple = side - 0.10 * smooth((ny - 0.2) / 0.2) * (ends < 0.5)
    temple = temple - 0.9 * smooth(
        (ny - 0.40) / 0.45
    )  # hair falls beside the neck, not under the chin
    sides = torch.minimum(temple + ragged - nz, ends + 0.5 * (-nz).clamp(min=0) + ragged - ny)
    return torch.maximum(line - ny, sides)


def beard_cover(who: dict, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """How much of each direction is covered with beard, 0 to 1."""
    fx, fy, mouth = who["width"] * nx, ny, who["mouth_y"]
    lip = bump((fx / (1.15 * who["mouth_w"])) ** 2, (fy - (mouth - 0.085)) / 0.045)
    chin = smooth((fy - mouth - 0.05) / 0.08) * bump((fx / 0.20) ** 2)
    frame = lip + chin + bump((fx.abs() - 1.15 * who["mouth_w"]) / 0.05, (fy - mouth - 0.03) / 0.10)
    jaw = smooth((fy - 0.50 + 0.36 * smooth((nx.abs() - 0.45) / 0.3)) / 0.12)
    jaw = jaw + smooth((nx.abs() - 0.80) / 0.1) * smooth((fy - 0.05) / 0.1)
    cover = {
        "none": 0 * fx,
        "stubble": 0.38 * (jaw + 0.6 * lip),
        "moustache": lip,
        "goatee": frame,
        "full": jaw + lip,
    }[who["beard"]]
    return cover.clamp(0, 1) * (nz > -0.3)


def head_maps(who: dict, size: int) -> Tensor:
    """(9, size, size) on the chart: s; red, green, blue of the surface; its normal in the head's axes; how it shines; hair over it.

    Colours are linear light (the square of what a screen shows).
    """
    nx, ny, nz = directions(size)
    volume, *_, curl = STYLES[who["style"]]
    edge = hair_edge(who, nx, ny, nz)
    cover = smooth(edge / 0.045 + 0.5)
    around = torch.atan2(nx - 0.25 * who["parting"] * (ny < 0), 0.6 + nz.clamp(-0.5, 1)) / 1.6
    strands = (1 - curl) * grain(who, 2, around * 1.0, 0.04 * ny + 0.3) + curl * grain(
        who, 2, nx, ny
    )
    lift = (
        smooth(edge / 0.22)
        * volume
        * (0.85 + 0.15 * smooth(-ny))
        * (1 + 0.16 * strands)
        * (1 - 0.5 * smooth((ny - 0.2) / 0.8))
    )
    s = relief(who, nx, ny, nz, lift)

    skin, hair = (
        torch.tensor(who["skin"], dtype=torch.float32),
        torch.tensor(who["hair"], dtype=torch.float32),
    )
    fx, fy, patch = who["width"] * nx, ny, grain(who, 0, nx, ny)
    flush = bump((fx.abs() - 0.33) / 0.14, (fy - 0.32) / 0.14) + 0.8 * bump(
        fx / 0.10, (fy - who["nose_y"]) / 0.08
    )
    flush = flush + 0.5 * bump((nx.abs() - 0.97) / 0.1, fy / 0.3)
    flush = (0.3 + 0.9 * who["ruddy"]) * flush
    below_eye = bump((fx.abs() - who["eye_x"]) / 0.13, (fy - who["eye_y"] - 0.09) / 0.045)
    shade = 1 + 0.03 * patch - (0.10 + 0.16 * max(who["rings"], 0)) * below_eye
    shade = shade - 0.55 * bump(
        (fx.abs() - 0.50 * who["nose_w"]) / 0.030, (fy - who["nose_y"] - 0.045) / 0.020
    )
    shade = shade - 0.45 * bump(((ny - 0.14) / 0.14) ** 2, (nz - 0.03) / 0.045) * (nx.abs() > 0.6)
    spots = smooth((grain(who, 1, nx * 1.4, ny * 1.4) - 1.1) / 0.4) * bump(
        (fx / 0.45) ** 2, (fy - 0.22) / 0.28
    )
    shade = shade - 0.45 * who["freckles"] * spots
    for x, y, radius in who["moles"]:
        shade = shade - 0.55 * bump((fx - x) / radius, (fy - y) / radius)
    colour = torch.stack(
        [
            skin[0] * (shade + 0.02 * flush),
            skin[1] * (shade - 0.09 * flush),
            skin[2] * (shade - 0.07 * flush),
        ]
    )
    beard = (beard_cover(who, nx, ny, nz) * (0.85 + 0.15 * strands)).clamp(0, 1) * (1 - cover)
    colour = colour + beard * (0.8 * hair.view(3, 1, 1) * (1 + 0.2 * strands) - colour)
    thin = 0.75 if who["style"] == "buzz" else 0.55 if who["style"] == "bald" else 1.0
    colour = colour + cover * thin * (hair.view(3, 1, 1) * (1 + 0.24 * strands) - colour)

    axes = (who["width"], 1.0, who["depth"])
    place = torch.stack([a * n * s for a, n in zip(axes, (nx, ny, nz))])  # (3, size, size)
    across, along = torch.gradient(place, dim=(2, 1))
    normal = torch.linalg.cross(across, along, dim=0)
    normal = normal / torch.linalg.vector_norm(normal, dim=0).clamp_min(1e-6)
    shine = 0.20 * (1 - cover) * (1 - beard) + 0.12 * cover * (1 - curl)
    reach = size // 28
    around = torch.nn.functional.avg_pool2d(
        s[None, None], 2 * reach + 1, 1, reach, count_include_pad=False
    )[0, 0]
    hollow = around - s  # less light reaches into hollows
    colour = colour.clamp(0.01, 1) ** 2 * (1 - 4.0 * hollow).clamp(0.45, 1.15)
    return torch.cat([s[None], colour, normal, shine[None], cover[None]])
