"""Views of a synthetic head: pose, light, expression, glasses, camera.

Every pixel sends a ray through the turned head, reads relief and colour from the person's maps,
gets eyes, brows and mouth painted on with this view's expression, and is lit. B views of one person
are computed together.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.data.synthetic import face_features
from lib.data.synthetic.drawing import Numbers, bump, dot, over, per_image, smooth
from lib.data.synthetic.face_maps import head_maps, to_chart
from lib.data.synthetic.face_scene import Rays, around_head, camera, in_front

# InsightFace's five points in a 112 x 112 crop: eyes, tip of the nose, corners of the mouth. Pixel
# centres lie at whole numbers.
TEMPLATE = np.array([
    (38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366),
    (41.5493, 92.3655), (70.7299, 92.2041),
])  # fmt: skip


def view(seed: int, number: int, image: int, aligned: bool) -> dict:
    """Everything about one image that is not the person; angles in radians."""
    rng = np.random.default_rng([seed, number, 2, image])

    def normal(spread: float) -> float:
        return float(spread * 2.4 * np.tanh(rng.standard_normal() / 2.4))

    def happens(share: float) -> bool:
        return rng.random() < share

    def sometimes(share: float, low: float, high: float) -> float:
        return uniform(low, high) if happens(share) else 0.0

    uniform = rng.uniform
    how = dict(yaw=normal(0.20), pitch=normal(0.10), roll=normal(0.08))
    how |= dict(scale=1 + normal(0.03), tilt=normal(0.03), right=normal(0.015), down=normal(0.015))
    if not aligned:  # the head is smaller, farther from the centre, and leans more
        how |= dict(scale=uniform(0.42, 0.72), tilt=normal(0.18))
        how |= dict(right=normal(0.07), down=normal(0.05))
    how |= dict(smile=max(0.0, normal(0.6)) - 0.05, open=sometimes(0.25, 0.2, 1.0))
    how |= {"lids": float(np.clip(0.08 + normal(0.14), -0.15, 0.5)), "raise": normal(0.018)}
    how |= dict(frown=normal(0.06), gaze=normal(0.24), gaze_down=normal(0.12))
    if happens(0.03):
        how["lids"] = 0.95  # shut
    how |= dict(light_x=normal(0.45), light_y=-0.35 + normal(0.35))
    how |= dict(key=uniform(0.40, 0.80), ambient=uniform(0.20, 0.42))
    how |= dict(warm=normal(0.06), exposure=float(np.exp(normal(0.13))))
    how |= dict(contrast=float(np.exp(normal(0.08))), blur=max(0.0, normal(0.35)))
    how |= dict(noise=uniform(0.004, 0.020), grey=float(happens(0.05)))
    how |= dict(glasses=float(happens(0.10)), round=rng.random())
    how |= dict(tint=sometimes(0.10, 0.75, 0.95), rim=uniform(0.010, 0.024))
    # In the way: nothing, a thing from the side, a mask, a cap.
    how["cover"] = int(rng.choice([0, 1, 2, 3], p=[0.95, 0.02, 0.01, 0.02]))
    how |= dict(cover_x=float(rng.choice([-1, 1])), cover_y=uniform(-0.6, 0.9))
    return how | dict(cover_angle=normal(0.5))


def view_colours(seed: int, number: int, image: int) -> dict:
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
    """(B,) radians -> (B, 3, 3), head's axes to viewer's; yaw > 0 turns the nose to the right."""
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)
    (cy, sy), (cp, sp), (cr, sr) = ((torch.cos(t), torch.sin(t)) for t in (yaw, pitch, roll))
    turn = torch.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], -1).view(-1, 3, 3)
    nod = torch.stack([one, zero, zero, zero, cp, sp, zero, -sp, cp], -1).view(-1, 3, 3)
    lean = torch.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], -1).view(-1, 3, 3)
    return lean @ nod @ turn


def read_maps(maps: Tensor, nx: Tensor, ny: Tensor, nz: Tensor) -> Tensor:
    """Values of maps (C, M, M) in directions (B, H, W) -> (B, C, H, W)."""
    grid = torch.stack(to_chart(nx, ny, nz), -1)
    maps = maps.expand(len(grid), -1, -1, -1)
    return F.grid_sample(maps, grid, padding_mode="border", align_corners=False)


def jaw_drop(opening: Tensor, ny: Tensor) -> Tensor:
    """What an open mouth adds to s(n): the chin goes down."""
    return 0.10 * opening * smooth((ny - 0.55) / 0.4)


def landmarks_on_head(who: dict, v: Numbers) -> Tensor:
    """(B, 5, 2): x and y of the five points, as directions times (width, 1)."""
    corner, height = face_features.mouth_corner(who, v)
    still = ("eye_x", "eye_y", "crooked", "nose_y")
    eye, level, nose_x, nose_y = (torch.full_like(corner, who[trait]) for trait in still)
    points = (-eye, level), (eye, level), (nose_x, nose_y), (-corner, height), (corner, height)
    return torch.stack([torch.stack(point, -1) for point in points], 1)


def project(who: dict, maps: Tensor, v: Numbers, turn: Tensor, points: Tensor) -> Tensor:
    """Points on the head (B, P, 2) -> their place in the view's plane (B, P, 2), in head units."""
    nx, ny = points[..., 0] / who["width"], points[..., 1]
    nz = torch.sqrt((1 - nx * nx - ny * ny).clamp_min(0))
    s = read_maps(maps[:1], nx[:, None], ny[:, None], nz[:, None])[:, 0, 0]
    s = s + jaw_drop(v["open"][:, None], ny)
    place = torch.stack([who["width"] * nx * s, ny * s, who["depth"] * nz * s], -1)  # (B, P, 3)
    return (place[:, :, None, :] * turn[:, None, :2, :]).sum(-1)


def fit_similarity(z, w):
    """Least squares w = a z + b of points as complex numbers, NumPy arrays or tensors.

    z, w     (..., P); where one has fewer axes it is the same for all
    returns  a, b, each (..., 1)
    """
    z0, w0 = z.mean(-1, keepdims=True), w.mean(-1, keepdims=True)
    dz, dw = z - z0, w - w0
    a = (dz.conj() * dw).sum(-1, keepdims=True) / (abs(dz) ** 2).sum(-1, keepdims=True)
    return a, w0 - a * z0


def find_surface(
    who: dict, maps: Tensor, v: Numbers, rays: Rays, steps: int = 5
) -> tuple[Tensor, ...]:
    """Where the rays meet the head: nx, ny, nz, and how far inside the outline, (B, S, S) each.

    Meet an ellipsoid of size s, read s there, repeat. The search starts outside and takes half
    steps, so that it finds the first of several surfaces: the nose, not the cheek behind it.
    """
    axes = (who["width"], 1.0, who["depth"])
    ray = [rays.entry(2, i) / axes[i] for i in range(3)]
    length = torch.sqrt(dot(ray, ray))
    ray = [w / length for w in ray]
    start = [rays.turned(i) / axes[i] for i in range(3)]
    along = dot(start, ray)
    start = [o - along * w for o, w in zip(start, ray)]
    miss2 = dot(start, start)
    miss = torch.sqrt(miss2)
    s = torch.full_like(miss, 1.30)
    for step in range(steps + 1):
        depth = torch.sqrt((s * s - miss2).clamp_min(0))
        size = torch.maximum(s, miss)
        nx, ny, nz = ((o + w * depth) / size for o, w in zip(start, ray))
        if step < steps:
            surface = read_maps(maps[:1], nx, ny, nz)[:, 0]
            surface = surface + jaw_drop(v["open"].view(-1, 1, 1), ny)
            s = surface if step == 0 else 0.5 * (s + surface)
    return nx, ny, nz, s - miss


def render(
    who: dict, views: list[dict], colours: list[dict], size: int, mark: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """B views of one person -> images uint8 (B, size, size, 3), landmarks (B, 5, 2) in pixels.

    mark  paint a red dot on the skin at each landmark, for tests
    """
    # 1) The head, turned, and where its five points and its pixels lie.
    v = {key: torch.tensor([one[key] for one in views], dtype=torch.float32) for key in views[0]}
    maps = head_maps(who, 128 if size <= 64 else 256)
    turn = rotation(v["yaw"], v["pitch"], v["roll"])
    points = landmarks_on_head(who, v)
    plane = project(who, maps, v, turn, points)
    if "shift" in who:  # where z + shift(z) is the point: two steps from the point itself
        plane = plane - own_shift(who, turn, plane - own_shift(who, turn, plane))
    a, b = crop(plane, v, size)
    landmarks = torch.view_as_real(a * torch.view_as_complex(plane) + b)
    pixels = torch.arange(size, dtype=torch.float32)
    py, px = torch.meshgrid(pixels, pixels, indexing="ij")
    place = (torch.complex(px, py)[None] - b[:, :, None]) / a[:, :, None]  # (B, S, S)
    if "shift" in who:
        across = torch.view_as_real(place).flatten(1, 2)  # (B, S * S, 2)
        place = place + torch.view_as_complex(own_shift(who, turn, across)).view_as(place)
    pixel = 112 / (size * 64.0)  # of the template's scale, in head units
    rays = Rays(turn, place.real.contiguous(), place.imag.contiguous(), pixel)

    # 2) The skin that each ray meets, painted and lit.
    nx, ny, nz, inside = find_surface(who, maps, v, rays)
    values = read_maps(maps[1:], nx, ny, nz)
    colour, normal, shine, bare = values[:, :3], values[:, 3:6], values[:, 6], 1 - values[:, 7]
    skin = face_features.Skin(who["width"] * nx, ny, bare, pixel)
    colour, shine = face_features.paint(who, v, skin, colour, shine)
    if mark:
        for x, y in points.permute(1, 2, 0)[..., None, None]:  # (5, 2, B, 1, 1)
            dot = bump((skin.fx - x) / 0.04, (skin.fy - y) / 0.04)
            colour = over(colour, dot, torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1))
    face = light(v, turn, colour, normal, shine)
    if "shadow" in v:
        face = face * cast_shadow(v, rays)[:, None]

    # 3) The scene and the camera, which lets more light in for a darker face.
    scene = around_head(who, v, rays, colours)
    image = over(scene, smooth(inside / pixel + 0.5), face)
    image = in_front(who, v, rays, image, colours)
    v["exposure"] = v["exposure"] * (0.62 / max(0.2, who["skin"].mean())) ** 0.25
    return camera(image, v, colours), landmarks.numpy()


def own_shift(who: dict, turn: Tensor, points: Tensor) -> Tensor:
    """How far a varied person's features lie from where the traits put them, (B, P, 2).

    points  (B, P, 2) in the view's plane; the field of shifts follows the nose
    """
    at = (points - 0.8 * turn[:, None, :2, 2]) / 1.2
    field = torch.from_numpy(who["shift"])[None]  # (1, 2, 6, 6)
    field = F.interpolate(field, (32, 32), mode="bicubic", align_corners=True)
    field = field.expand(len(points), -1, -1, -1)
    moved = F.grid_sample(field, at[:, None], padding_mode="border", align_corners=False)
    return moved[:, :, 0].transpose(1, 2).contiguous()


def crop(plane: Tensor, v: Numbers, size: int) -> tuple[Tensor, Tensor]:
    """(a, b) of pixel = a z + b, complex (B, 1), for the five points in `plane` (B, 5, 2).

    An aligner's crop, with an aligner's error.
    """
    target = torch.as_tensor((TEMPLATE + 0.5) * size / 112 - 0.5, dtype=torch.float32)
    z, w = torch.view_as_complex(plane.contiguous()), torch.view_as_complex(target)
    a, b = fit_similarity(z, w)
    centre = complex((size - 1) / 2, (size - 1) / 2)
    shake = torch.polar(v["scale"], v["tilt"]).view(-1, 1)
    shift = torch.complex(v["right"], v["down"]).view(-1, 1) * size
    return a * shake, (b - centre) * shake + centre + shift


def light(v: Numbers, turn: Tensor, colour: Tensor, normal: Tensor, shine: Tensor) -> Tensor:
    """The lit skin (B, 3, S, S): one lamp, the sky, and a highlight where the skin shines."""
    wrap = v["wrap"].view(-1, 1, 1) if "wrap" in v else 0.15  # of a lamp's light around edges

    def facing(direction: Tensor) -> Tensor:  # cosine with the normals, (B, 3) -> (B, S, S)
        own = (turn * direction[:, :, None]).sum(1)  # in the head's axes
        return dot(normal.unbind(1), own[..., None, None].unbind(1))

    lamp = torch.stack([v["light_x"], v["light_y"], torch.ones_like(v["light_x"])], -1)
    lamp = lamp / lamp.norm(dim=-1, keepdim=True)
    half = lamp + torch.tensor([0.0, 0.0, 1.0])  # halfway between lamp and viewer
    half = half / half.norm(dim=-1, keepdim=True)
    lit = ((1 - wrap) * facing(lamp) + wrap).clamp_min(0)
    sky = 0.75 - 0.25 * facing(torch.tensor([[0.0, 1.0, 0.0]]).expand(len(turn), 3))
    glint = (facing(half).clamp_min(0) ** 8) ** 2
    ambient, strength = v["ambient"].view(-1, 1, 1), v["key"].view(-1, 1, 1)
    warm, cold = tint(v, "lamp"), tint(v, "sky")
    matt = colour * ((ambient * sky)[:, None] * cold + (1.25 * strength * lit)[:, None] * warm)
    return matt + (0.35 * strength * shine * glint)[:, None] * warm


def tint(v: Numbers, light: str) -> Tensor:
    """The colour (B, 3, 1, 1) of the light of a "lamp" or the "sky"; white unless views vary."""
    if f"{light}_red" not in v:
        return torch.ones(())
    red, blue = v[f"{light}_red"], v[f"{light}_blue"]
    return torch.stack([1 + red, torch.ones_like(red), 1 + blue], 1)[..., None, None].clamp_min(0.3)


def cast_shadow(v: Numbers, rays: Rays) -> Tensor:
    """How much light is left beside a straight edge that casts a shadow, (B, S, S)."""
    n = per_image(v)
    beyond = rays.x * torch.cos(n["shadow_turn"]) + rays.y * torch.sin(n["shadow_turn"])
    return 1 - n["shadow"] * smooth((beyond - n["shadow_at"]) / n["shadow_soft"] + 0.5)
