"""Views of a made-up head: pose, light, expression, glasses, camera. One person's maps, many images at once.

Every pixel sends a ray through the turned head (`find_surface`), reads relief and colour from the person's maps, gets eyes, brows and
mouth painted on with this view's expression, and is lit; `lib.data.synthetic.face_scene` adds what is not the face. B views of one person are
computed together: shapes are (B, S, S).
"""

import numpy as np
import torch
from torch import Tensor

from lib.data.synthetic.face_scene import around_head, camera, in_front
from lib.data.synthetic.face_shape import bump, head_maps, smooth, to_chart

# InsightFace's five points for a 112 x 112 crop: eyes, tip of the nose, corners of the mouth. Pixel centres lie at whole numbers.
TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)


def view(seed: int, number: int, image: int, aligned: bool) -> dict:
    """Everything about one image that is not the person."""
    rng = np.random.default_rng([seed, number, 2, image])
    normal = lambda spread: float(spread * 2.4 * np.tanh(rng.standard_normal() / 2.4))  # noqa: E731
    often = lambda share: bool(rng.random() < share)  # noqa: E731
    some = lambda share, low, high: float(rng.uniform(low, high)) if often(share) else 0.0  # noqa: E731
    how = {"yaw": normal(0.20), "pitch": normal(0.10), "roll": normal(0.08)}
    how |= {
        "scale": 1 + normal(0.03),
        "tilt": normal(0.03),
        "right": normal(0.015),
        "down": normal(0.015),
    }
    if not aligned:
        how |= {
            "scale": float(rng.uniform(0.42, 0.72)),
            "tilt": normal(0.18),
            "right": normal(0.07),
            "down": normal(0.05),
        }
    how |= {
        "smile": max(0.0, normal(0.6)) - 0.05,
        "open": some(0.25, 0.2, 1.0),
        "lids": float(np.clip(0.08 + normal(0.14), -0.15, 0.5)),
        "raise": normal(0.018),
        "frown": normal(0.06),
        "gaze": normal(0.24),
        "gaze_down": normal(0.12),
    }
    if often(0.03):
        how["lids"] = 0.95
    how |= {
        "light_x": normal(0.45),
        "light_y": -0.35 + normal(0.35),
        "key": float(rng.uniform(0.40, 0.80)),
    }
    how["ambient"] = float(rng.uniform(0.20, 0.42))
    how |= {
        "warm": normal(0.06),
        "exposure": float(np.exp(normal(0.13))),
        "contrast": float(np.exp(normal(0.08))),
    }
    how |= {
        "blur": max(0.0, normal(0.35)),
        "noise": float(rng.uniform(0.004, 0.020)),
        "grey": float(often(0.05)),
    }
    how |= {
        "glasses": float(often(0.10)),
        "round": float(rng.random()),
        "tint": some(0.10, 0.75, 0.95),
    }
    how["rim"] = float(rng.uniform(0.010, 0.024))
    how["cover"] = int(
        rng.choice([0, 1, 2, 3], p=[0.95, 0.02, 0.01, 0.02])
    )  # something in the way: from a side, a mask, a cap
    how |= {
        "cover_x": float(rng.choice([-1, 1])),
        "cover_y": float(rng.uniform(-0.6, 0.9)),
        "cover_angle": normal(0.5),
    }
    return how


def view_colours(seed: int, number: int, image: int) -> dict[str, np.ndarray]:
    """Colours around the head, and the random fields of background and sensor."""
    rng = np.random.default_rng([seed, number, 3, image])
    palette = rng.dirichlet((80, 80, 80), size=6) * 3 * rng.uniform(0.12, 0.85, size=(6, 1))
    return {
        "palette": palette.clip(0, 1).astype(np.float32),
        "field": rng.standard_normal((3, 7, 7)).astype(np.float32),
        "rim": np.array(rng.choice([0.02, 0.05, 0.25, 0.6])),
        "sensor": rng,
    }


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """(B,) angles in radians -> (B, 3, 3), from the head's axes to the viewer's. Positive yaw turns the nose to the right of the image."""
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)
    (cy, sy), (cp, sp), (cr, sr) = ((torch.cos(t), torch.sin(t)) for t in (yaw, pitch, roll))
    turn = torch.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], -1).view(-1, 3, 3)
    nod = torch.stack([one, zero, zero, zero, cp, sp, zero, -sp, cp], -1).view(-1, 3, 3)
    lean = torch.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], -1).view(-1, 3, 3)
    return lean @ nod @ turn


def read(maps: Tensor, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """Values of maps (C, M, M) in directions (B, H, W) -> (B, C, H, W)."""
    grid = torch.stack(to_chart(nx, ny, nz), -1)
    return torch.nn.functional.grid_sample(
        maps.expand(len(grid), -1, -1, -1), grid, padding_mode="border", align_corners=False
    )


def jaw_drop(open_: Tensor, ny: Tensor) -> Tensor:
    """What an open mouth adds to s(n): the chin goes down."""
    return 0.10 * open_ * smooth((ny - 0.55) / 0.4)


def mouth_half_width(who: dict, v: dict) -> Tensor:
    return who["mouth_w"] * (1 + 0.16 * v["smile"] - 0.12 * v["open"])


def mouth_corner_y(who: dict, v: dict) -> Tensor:
    return who["mouth_y"] + 0.03 * v["open"] - (who["lip_curve"] + 0.045 * v["smile"])


def landmarks_on_head(who: dict, v: dict) -> Tensor:
    """(B, 5, 2): x and y of the five points, as directions times (width, 1)."""
    corner, height = mouth_half_width(who, v), mouth_corner_y(who, v)
    eye, level = torch.full_like(corner, who["eye_x"]), torch.full_like(corner, who["eye_y"])
    nose_x, nose_y = torch.full_like(corner, who["crooked"]), torch.full_like(corner, who["nose_y"])
    points = (-eye, level), (eye, level), (nose_x, nose_y), (-corner, height), (corner, height)
    return torch.stack([torch.stack(point, -1) for point in points], 1)


def project(who: dict, maps: Tensor, v: dict, turn: Tensor, points: Tensor) -> Tensor:
    """Points on the head (B, P, 2) -> their place in the view's plane (B, P, 2), in head units."""
    nx, ny = points[..., 0] / who["width"], points[..., 1]
    nz = torch.sqrt((1 - nx * nx - ny * ny).clamp_min(0))
    s = read(maps[:1], nx[:, None], ny[:, None], nz[:, None])[:, 0, 0] + jaw_drop(
        v["open"][:, None], ny
    )
    place = torch.stack([who["width"] * nx * s, ny * s, who["depth"] * nz * s], -1)  # (B, P, 3)
    return (place[:, :, None, :] * turn[:, None, :2, :]).sum(-1)


def similarity(points: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Least squares z -> a z + b, in complex numbers, that takes points (B, P, 2) to target (P, 2)."""
    z, t = torch.view_as_complex(points.contiguous()), torch.view_as_complex(target.contiguous())
    z0, t0 = z.mean(1, keepdim=True), t.mean()
    a = (((z - z0).conj() * (t - t0)).sum(1) / ((z - z0).abs() ** 2).sum(1)).view(-1, 1)
    return a, t0 - a * z0


def find_surface(
    who: dict, maps: Tensor, v: dict, turn: Tensor, x: Tensor, y: Tensor, steps: int = 5
) -> tuple[Tensor, ...]:
    """Where rays (B, S, S) through (x, y) of the view's plane meet the head.

    The surface lies at s(n) times the ellipsoid: meet an ellipsoid of size s, read s there, and again. From outside, in half
    steps: so it finds the first of several, the nose and not the cheek behind it.
    returns nx, ny, nz, and how far inside the outline the ray passes, in head units (negative: it misses)
    """
    axes = (who["width"], 1.0, who["depth"])
    ray = [turn[:, 2, i].view(-1, 1, 1) / axes[i] for i in range(3)]
    length = torch.sqrt(sum(w * w for w in ray))
    ray = [w / length for w in ray]
    start = [
        (turn[:, 0, i].view(-1, 1, 1) * x + turn[:, 1, i].view(-1, 1, 1) * y) / axes[i]
        for i in range(3)
    ]
    along = sum(o * w for o, w in zip(start, ray))
    start = [o - along * w for o, w in zip(start, ray)]
    miss2 = sum(o * o for o in start)
    miss = torch.sqrt(miss2)
    s = torch.full_like(miss, 1.30)
    for step in range(steps + 1):
        depth = torch.sqrt((s * s - miss2).clamp_min(0))
        size = torch.maximum(s, miss)
        nx, ny, nz = ((o + w * depth) / size for o, w in zip(start, ray))
        if step < steps:
            surface = read(maps[:1], nx, ny, nz)[:, 0] + jaw_drop(v["open"].view(-1, 1, 1), ny)
            s = surface if step == 0 else 0.5 * (s + surface)
    return nx, ny, nz, s - miss


def paint_features(
    who: dict,
    v: dict,
    fx: Tensor,
    fy: Tensor,
    colour: Tensor,
    shine: Tensor,
    bare: Tensor,
    pixel: float,
) -> tuple[Tensor, Tensor]:
    """Paint brows, eyes and mouth of this view's expression over the colours (B, 3, S, S) at places fx, fy of the head.

    bare     1 where no hair covers the skin
    returns  colours and shine after it
    """
    edge = lambda d: smooth(d / pixel + 0.5)  # 1 inside, 0 outside, one pixel wide  # noqa: E731
    rgb = lambda c: torch.as_tensor(np.asarray(c) ** 2, dtype=torch.float32).view(1, 3, 1, 1)  # noqa: E731
    over = lambda below, mask, paint: below + (mask * bare)[:, None] * (paint - below)  # noqa: E731
    v = {key: value.view(-1, 1, 1) for key, value in v.items()}
    left, ax = torch.sign(fx), fx.abs()
    skin, hair = np.asarray(who["skin"]), np.asarray(who["hair"])

    crease = (v["smile"].clamp(0, 1.2) * 0.55 + max(who["creases"], 0)) * 0.5
    t = ((fy - 0.36) / (who["mouth_y"] - 0.34)).clamp(0, 1)
    fold = bump((ax - who["nose_w"] - 0.02 - t * (who["mouth_w"] + 0.06 - who["nose_w"])) / 0.022)
    fold = fold * smooth((fy - 0.33) / 0.06) * (1 - smooth((fy - who["mouth_y"]) / 0.08))
    colour = colour * (1 - crease * fold)[:, None]

    # Brows: an arch over each eye, thinner to the outside.
    bx = (ax - who["eye_x"] - 0.01) / who["brow_w"]
    arch = (
        who["brow_arch"] * (1 - (bx - 0.2) ** 2)
        + 0.1 * who["brow_tilt"] * bx
        + 0.35 * v["frown"] * bx.clamp(max=0)
    )
    by = fy - (who["eye_y"] - who["brow_y"] - v["raise"] - arch)
    thick = who["brow_h"] * (1 - 0.45 * smooth((bx + 0.2) / 1.2))
    brow = edge(thick - by.abs()) * smooth((1 - bx.abs()) / 0.25)
    colour = over(colour, 0.85 * brow, rgb(0.55 * hair + 0.12 * skin))

    # Eyes: two lid curves, white, iris, pupil, a glint, lashes and the fold of the upper lid.
    tilt = who["eye_tilt"]
    ex, ey = ax - who["eye_x"], fy - who["eye_y"]
    ex, ey = ex - tilt * ey, ey + tilt * ex
    u = ex / who["eye_w"]
    arc = (1 - u * u).clamp_min(0)
    upper = -who["eye_h"] * arc.sqrt() * (1.05 - 2.0 * v["lids"]) - 0.004
    lower = who["eye_h"] * arc * (0.80 - 0.10 * v["smile"].clamp(0, 1))
    inside = edge(ey - upper) * edge(lower - ey) * edge((1 - u.abs()) * who["eye_w"])
    gx, gy = ex - left * v["gaze"] * 0.05, ey + 0.008 - v["gaze_down"] * 0.03
    radius = torch.sqrt(gx * gx + gy * gy)
    white = 0.70 - 0.18 * bump(radius / (1.7 * who["iris"])) - 0.25 * bump((ey - upper) / 0.03)
    eye = rgb((0.96, 0.93, 0.90)) * white[:, None]
    eye = over(
        eye,
        edge(who["iris"] - radius),
        rgb(who["eyes"]) * (0.75 + 0.5 * smooth(gy / who["iris"]))[:, None],
    )
    eye = over(eye, edge(0.024 - radius), rgb((0.03, 0.03, 0.03)))
    eye = over(
        eye,
        0.8 * bump((fx - left * who["eye_x"] + 0.02) / 0.014, (ey + 0.02) / 0.014),
        rgb((1.0, 1.0, 1.0)),
    )
    above = upper - 0.045 * max(0.25, who["lid"]) - 0.010
    colour = (
        colour * (1 - 0.40 * bump((ey - above) / 0.016) * smooth((1.15 - u.abs()) / 0.3))[:, None]
    )
    colour = over(colour, inside, eye)
    lash = bump((ey - upper) / 0.014) * smooth((1.1 - u.abs()) / 0.15)
    colour = over(colour, (0.75 + 0.1 * (who["lips"][1] < 0.4)) * lash, rgb(0.25 * hair + 0.02))
    colour = (
        colour * (1 - 0.25 * bump((ey - lower) / 0.012) * smooth((1.0 - u.abs()) / 0.2))[:, None]
    )
    shine = shine * (1 - lash) + 0.25 * inside

    # Mouth: a line that a smile bends, two lips that an open mouth parts.
    half, corner = mouth_half_width(who, v), mouth_corner_y(who, v)
    m = fx / half
    arc = (1 - m * m).clamp_min(0)
    line = corner + (who["mouth_y"] + 0.03 * v["open"] - corner) * arc + 0.006 * bump(m / 0.25)
    gap = 0.085 * v["open"] * arc.sqrt() + 0.02 * v["smile"].clamp(0, 1) * arc * (v["open"] > 0)
    top = (
        line
        - 0.55 * gap
        - who["lip_up"]
        * (arc.sqrt() * (1 + 0.25 * bump((m.abs() - 0.28) / 0.18) - 0.30 * bump(m / 0.13)))
    )
    bottom = line + 0.8 * gap + who["lip_low"] * arc.sqrt() * (0.4 + 0.6 * arc)
    lips = edge(fy - top) * edge(bottom - fy) * edge((1 - m.abs()) * half)
    tone = 0.82 + 0.26 * smooth((fy - line) / 0.04)
    colour = over(colour, 0.85 * lips, rgb(np.clip(who["lips"], 0, 1)) * tone[:, None])
    hole = edge(fy - line + 0.55 * gap) * edge(line + 0.8 * gap - fy) * smooth(gap / 0.02)
    teeth = smooth((line - 0.15 * gap + 0.01 - fy) / 0.02)
    colour = over(colour, hole, rgb((0.25, 0.08, 0.08)) + teeth[:, None] * rgb((0.80, 0.78, 0.74)))
    shut = bump((fy - line) / 0.012) * smooth((1.05 - m.abs()) / 0.1) * (1 - smooth(gap / 0.03))
    colour = colour * (1 - 0.60 * shut)[:, None]
    return colour, shine * (1 - hole) + 0.25 * lips * smooth((fy - line) / 0.02)


def render(
    who: dict, views: list[dict], colours: list[dict], size: int, mark: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """B views of one person -> images uint8 (B, size, size, 3), landmarks float32 (B, 5, 2) in pixels.

    mark    paint a red dot where each landmark lies on the skin: what a test compares the landmarks with
    """
    v = {key: torch.tensor([one[key] for one in views], dtype=torch.float32) for key in views[0]}
    maps = head_maps(who, 128 if size <= 64 else 256)
    turn = rotation(v["yaw"], v["pitch"], v["roll"])
    points = landmarks_on_head(who, v)
    plane = project(who, maps, v, turn, points)

    # The crop: as an aligner would cut it from these five points, give or take its error.
    target = torch.as_tensor((TEMPLATE + 0.5) * size / 112 - 0.5, dtype=torch.float32)
    a, b = similarity(plane, target)
    centre = complex((size - 1) / 2, (size - 1) / 2)
    shake = torch.polar(v["scale"], v["tilt"]).view(-1, 1)
    shift = torch.complex(v["right"], v["down"]).view(-1, 1) * size
    a, b = a * shake, (b - centre) * shake + centre + shift
    landmarks = torch.view_as_real(a * torch.view_as_complex(plane) + b)

    pixels = torch.arange(size, dtype=torch.float32)
    py, px = torch.meshgrid(pixels, pixels, indexing="ij")
    place = (torch.complex(px, py)[None] - b[:, :, None]) / a[:, :, None]  # (B, S, S)
    x, y = place.real.contiguous(), place.imag.contiguous()
    pixel = 112 / (size * 64.0)  # a pixel of the template's scale, in head units

    nx, ny, nz, inside = find_surface(who, maps, v, turn, x, y)
    values = read(maps[1:], nx, ny, nz)
    colour, normal, shine, bare = values[:, :3], values[:, 3:6], values[:, 6], 1 - values[:, 7]
    fx, fy = who["width"] * nx, ny
    colour, shine = paint_features(who, v, fx, fy, colour, shine, bare, pixel)
    if mark:
        for p in points.unbind(1):
            dot = bump((fx - p[:, 0].view(-1, 1, 1)) / 0.04, (fy - p[:, 1].view(-1, 1, 1)) / 0.04)[
                :, None
            ]
            colour = colour + dot * (torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1) - colour)

    key = torch.stack([v["light_x"], v["light_y"], torch.ones_like(v["light_x"])], -1)
    key = key / key.norm(dim=-1, keepdim=True)
    half = key + torch.tensor([0.0, 0.0, 1.0])
    half = half / half.norm(dim=-1, keepdim=True)
    towards = lambda d: sum(
        normal[:, i] * (turn * d[:, :, None]).sum(1)[:, i].view(-1, 1, 1) for i in range(3)
    )  # noqa: E731
    lit = (0.85 * towards(key) + 0.15).clamp_min(0)
    sky = 0.75 - 0.25 * towards(torch.tensor([[0.0, 1.0, 0.0]]).expand(len(a), 3))
    glint = towards(half).clamp_min(0) ** 8
    glint = glint * glint
    ambient, strength = v["ambient"].view(-1, 1, 1), v["key"].view(-1, 1, 1)
    face = (
        colour * (ambient * sky + 1.25 * strength * lit)[:, None]
        + (0.35 * strength * shine * glint)[:, None]
    )

    scene = around_head(who, v, turn, x, y, colours, pixel)
    image = scene + smooth(inside / pixel + 0.5)[:, None] * (face - scene)
    image = in_front(who, v, turn, x, y, image, colours, pixel)
    v["exposure"] = (
        v["exposure"] * (0.62 / max(0.2, who["skin"].mean())) ** 0.25
    )  # a camera lets more light in for a darker face
    return camera(image, v, colours), landmarks.numpy()
