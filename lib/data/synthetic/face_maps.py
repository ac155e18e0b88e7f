"""A person's head as maps: its relief, colours, normals, shine and hair.

A head is an ellipsoid (half axes `width`, 1, `depth`) whose surface is moved in or out along each
direction n by a factor s(n). Maps are drawn on Lambert's equal-area chart of directions around the
nose.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from lib.data.synthetic.drawing import bump, smooth
from lib.data.synthetic.face_shape import STYLES

CHART = 1.75  # the chart reaches this far: 122 degrees from the nose


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


def head_maps(who: dict, size: int) -> Tensor:
    """(9, size, size) on the chart: s; red, green, blue; the normal; shine; hair over the skin.

    Colours are linear light (the square of what a screen shows), normals in the head's axes.
    """
    # 1) Hair: where it grows, and how far it lifts the surface.
    n = nx, ny, nz = directions(size)
    volume, *_, curl = STYLES[who["style"]]
    inside = hair_edge(who, nx, ny, nz)
    cover = smooth(inside / 0.045 + 0.5)
    around = torch.atan2(nx - 0.25 * who["parting"] * (ny < 0), 0.6 + nz.clamp(-0.5, 1)) / 1.6
    straight = grain(who, 2, around * 1.0, 0.04 * ny + 0.3)
    strands = (1 - curl) * straight + curl * grain(who, 2, nx, ny)
    lift = smooth(inside / 0.22) * volume * (0.85 + 0.15 * smooth(-ny)) * (1 + 0.16 * strands)
    lift = lift * (1 - 0.5 * smooth((ny - 0.2) / 0.8))
    s = relief(who, nx, ny, nz, lift)

    # 2) Colour: skin, then beard, then hair over it.
    hair = torch.tensor(who["hair"], dtype=torch.float32).view(3, 1, 1)
    colour = skin_colour(who, nx, ny, nz)
    beard = (beard_cover(who, nx, ny, nz) * (0.85 + 0.15 * strands)).clamp(0, 1) * (1 - cover)
    colour = colour + beard * (0.8 * hair * (1 + 0.2 * strands) - colour)
    thickness = {"buzz": 0.75, "bald": 0.55}.get(who["style"], 1.0)
    colour = colour + cover * thickness * (hair * (1 + 0.24 * strands) - colour)
    shine = 0.20 * (1 - cover) * (1 - beard) + 0.12 * cover * (1 - curl)

    # 3) Normals, and less light in hollows.
    axes = (who["width"], 1.0, who["depth"])
    place = torch.stack([axis * part * s for axis, part in zip(axes, n)])  # (3, size, size)
    across, along = torch.gradient(place, dim=(2, 1))
    normal = torch.linalg.cross(across, along, dim=0)
    normal = normal / torch.linalg.vector_norm(normal, dim=0).clamp_min(1e-6)
    reach = size // 28
    neighbours = F.avg_pool2d(s[None], 2 * reach + 1, 1, reach, count_include_pad=False)[0]
    colour = colour.clamp(0.01, 1) ** 2 * (1 - 4.0 * (neighbours - s)).clamp(0.45, 1.15)
    return torch.cat([s[None], colour, normal, shine[None], cover[None]])


def relief(who: dict, nx: Tensor, ny: Tensor, nz: Tensor, hair: Tensor) -> Tensor:
    """s(n): how far the surface lies from the centre, as a multiple of the ellipsoid."""
    ax, fx, fy = nx.abs(), who["width"] * nx, ny
    eye_y, nose_y, nose_w, mouth_y = who["eye_y"], who["nose_y"], who["nose_w"], who["mouth_y"]
    # The skull. An egg with jaw, chin, cheeks, temples and ears; rounder than an egg above.
    s = 1 + who["jaw"] * bump((ax - 0.62) / 0.25, (ny - 0.70) / 0.22)
    s = s + who["chin"] * bump(nx / 0.30, (ny - 0.98) / 0.20)
    s = s + who["cheek"] * bump((ax - 0.75) / 0.25, (ny - 0.22) / 0.18)
    s = s + who["temple"] * bump((ax - 0.9) / 0.3, (ny + 0.3) / 0.25)
    s = s + 0.045 * bump((ax - 0.60) / 0.30, (ny + 0.75) / 0.30)
    s = s - who["taper"] * smooth((ny - 0.05) / 0.9) * (ax / 0.5).clamp(max=1)
    s = s + who["ears"] * bump(((ny - 0.14) / 0.19) ** 2, (nz + 0.10) / 0.13) * (ax > 0.6)
    # The nose: ridge, tip and wings.
    down = ((fy + 0.05) / (nose_y + 0.05)).clamp(0, 1)  # 0 at the root of the nose, 1 at its tip
    ridge = who["nose_bridge"] + (who["nose_tip"] - who["nose_bridge"]) * down**1.4
    ridge = ridge * smooth((fy + 0.20) / 0.18) * (1 - smooth((fy - nose_y - 0.01) / 0.09))
    aside = fx - who["crooked"] * down
    bridge_w = who["bridge_w"]
    out = ridge * bump(aside / (bridge_w + (0.62 * nose_w - bridge_w) * down**2))
    out = out + 0.045 * bump(aside / (0.55 * nose_w), (fy - nose_y + 0.02) / 0.06)
    out = out + 0.075 * bump((aside.abs() - 0.85 * nose_w) / 0.045, (fy - nose_y + 0.025) / 0.050)
    # Brow ridge, eye sockets and eyeballs, mouth, chin, lips, cheekbones.
    ex = fx.abs() - who["eye_x"]
    lips = 0.5 * who["lip_up"] + 0.5 * who["lip_low"]
    out = out + who["ridge"] * bump((fy + who["brow_y"] - eye_y) / 0.06, (fx / 0.42) ** 2)
    out = out - who["socket"] * bump(ex / 0.13, (fy - eye_y) / 0.10)
    out = out + 0.045 * bump(ex / 0.10, (fy - eye_y) / 0.06)
    out = out + 0.05 * bump(fx / (1.1 * who["mouth_w"]), (fy - mouth_y) / 0.12)
    out = out - 0.03 * bump(fx / 0.13, (fy - mouth_y - 0.13) / 0.035)
    out = out + lips * bump(fx / (0.75 * who["mouth_w"]), (fy - mouth_y) / 0.05)
    out = out + (0.03 + who["cheek"] * 0.6) * bump((fx.abs() - 0.34) / 0.13, (fy - 0.30) / 0.13)
    front = smooth(nz / 0.4)
    if "fields" in who:
        s = s + who["relief"] * field(who, 0, nx, ny, nz)
    return s + front * out / who["depth"] + hair


def skin_colour(who: dict, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """Colour (3, size, size) of the skin as a screen shows it."""
    fx, fy = who["width"] * nx, ny
    flush = bump((fx.abs() - 0.33) / 0.14, (fy - 0.32) / 0.14)
    flush = flush + 0.8 * bump(fx / 0.10, (fy - who["nose_y"]) / 0.08)
    flush = flush + 0.5 * bump((nx.abs() - 0.97) / 0.1, fy / 0.3)
    flush = (0.3 + 0.9 * who["ruddy"]) * flush
    # Shade: patches, rings below the eyes, nostrils, the hollow of the ear, freckles, moles.
    below_eye = bump((fx.abs() - who["eye_x"]) / 0.13, (fy - who["eye_y"] - 0.09) / 0.045)
    shade = 1 + 0.03 * grain(who, 0, nx, ny) - (0.10 + 0.16 * max(who["rings"], 0)) * below_eye
    nostril = (fx.abs() - 0.50 * who["nose_w"]) / 0.030
    shade = shade - 0.55 * bump(nostril, (fy - who["nose_y"] - 0.045) / 0.020)
    shade = shade - 0.45 * bump(((ny - 0.14) / 0.14) ** 2, (nz - 0.03) / 0.045) * (nx.abs() > 0.6)
    spots = smooth((grain(who, 1, nx * 1.4, ny * 1.4) - 1.1) / 0.4)
    spots = spots * bump((fx / 0.45) ** 2, (fy - 0.22) / 0.28)
    shade = shade - 0.45 * who["freckles"] * spots
    for x, y, radius in who["moles"]:
        shade = shade - 0.55 * bump((fx - x) / radius, (fy - y) / radius)
    red, green, blue = torch.tensor(who["skin"], dtype=torch.float32)
    if "fields" in who:  # of a varied person: rough skin, and patches of other colours
        shade = shade + who["rough"] * grain(who, 1, nx * 2.7, ny * 2.7)
        patches = [field(who, layer, nx, ny, nz) for layer in (1, 2, 3)]
        red, green, blue = (
            part * (1 + who["patches"] * (patches[0] + 0.4 * patch))
            for part, patch in zip((red, green, blue), patches)
        )
    redder, greener, bluer = shade + 0.02 * flush, shade - 0.09 * flush, shade - 0.07 * flush
    return torch.stack([red * redder, green * greener, blue * bluer])


def grain(who: dict, layer: int, x: Tensor, y: Tensor) -> Tensor:
    """A random texture of this person at places in [-1, 1], smooth between its 40 x 40 values."""
    texture, place = torch.from_numpy(who["grain"][layer]), torch.stack((x, y), -1)
    texture, place = texture[None, None], place[None]
    return F.grid_sample(texture, place, padding_mode="reflection", align_corners=False)[0, 0]


def field(who: dict, layer: int, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """One of the fields of a varied person, bicubic between its 7 x 7 random values."""
    values, place = torch.from_numpy(who["fields"][layer]), torch.stack(to_chart(nx, ny, nz), -1)
    values = F.interpolate(values[None, None], (64, 64), mode="bicubic", align_corners=True)
    return F.grid_sample(values, place[None], padding_mode="border", align_corners=False)[0, 0]


def hair_edge(who: dict, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """How far each direction lies inside the hair; negative on bare skin."""
    _, side, ends, _, _, fringe, curl = STYLES[who["style"]]
    ragged = 0.015 * grain(who, 0, nx * 1.0, nx * 0.3 + 0.2 * ny)
    ragged = ragged + 0.03 * curl * grain(who, 1, nx, ny)
    # The hairline above the forehead, with receding corners.
    height = who["hairline"] + (0.31 if fringe > 0.9 else 0.10 * fringe)
    line = height - max(who["recede"], 0) * bump((nx.abs() - 0.42) / 0.2) + 0.55 * nx * nx
    if fringe < 0.9:
        line = line + 0.35 * fringe * who["parting"] * nx
    line = line + ragged
    if who["style"] == "bald":
        line = line - 0.6
    # The sides; hair falls beside the neck, not under the chin.
    temple = side - 0.10 * smooth((ny - 0.2) / 0.2) * (ends < 0.5)
    temple = temple - 0.9 * smooth((ny - 0.40) / 0.45)
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
