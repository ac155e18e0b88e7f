"""Synthetic faces: the same on every machine, with correct landmarks, hard for pixels."""

import time

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_curve

from lib.data import cache
from lib.data.synthetic import face_maps, face_render, face_scene, face_shape, face_variety, faces


def views_of(
    person: int, count: int, seed: int = 0, aligned: bool = True
) -> tuple[list[dict], list[dict]]:
    views = [face_render.view(seed, person, i, aligned) for i in range(count)]
    return views, [face_render.view_colours(seed, person, i) for i in range(count)]


def test_a_set_has_its_shapes_types_and_identities():
    made = faces.load(identities=3, images=4)
    assert made.images.shape == (12, 56, 56, 3) and made.images.dtype == np.uint8
    assert made.identity.tolist() == [0] * 4 + [1] * 4 + [2] * 4 and made.genuine.all()
    assert (
        made.extra["landmarks"].shape == (12, 5, 2) and made.extra["landmarks"].dtype == np.float32
    )
    assert faces.load(identities=1, images=2, size=112).images.shape == (2, 112, 112, 3)


def test_two_renderings_are_the_same_to_the_bit():
    first, second = (faces.draw(2, 3, 56, 7, True) for _ in range(2))
    assert np.array_equal(first.images, second.images) and np.array_equal(
        first.extra["landmarks"], second.extra["landmarks"]
    )


def test_a_larger_set_begins_with_the_smaller_one():
    small, large = faces.draw(2, 3, 56, 0, True), faces.draw(4, 7, 56, 0, True)
    for who in range(2):
        assert np.array_equal(
            small.images[small.identity == who], large.images[large.identity == who][:3]
        )


def test_a_larger_varied_set_begins_with_the_smaller_one_and_differs_from_the_plain_one():
    small, large = faces.draw(1, 3, 56, 0, varied=True), faces.draw(2, 7, 56, 0, varied=True)
    assert np.array_equal(small.images, large.images[:3])
    assert np.array_equal(small.extra["landmarks"], large.extra["landmarks"][:3])
    assert not np.array_equal(small.images, faces.draw(1, 3, 56, 0).images)


def test_a_varied_person_keeps_the_shape_of_the_head_and_changes_hair_and_make_up_by_the_day():
    dressed = []
    for number in range(40):
        who = face_variety.widen(face_shape.person(1, number), 1, number)
        days = [face_variety.on_day(who, 1, number, day) for day in range(face_variety.DAYS)]
        fixed = ("eye_x", "nose_w", "mouth_w", "width", "depth")
        assert all(day[trait] == who[trait] for day in days for trait in fixed)
        assert all(day["shift"] is who["shift"] for day in days)
        dressed.append(len({(day["style"], day["beard"], *day["lips"]) for day in days}))
    assert np.mean(np.array(dressed) > 1) > 0.8


def test_varied_people_differ_more_in_every_trait_and_pictures_of_one_more_in_their_pixels():
    plain = [face_shape.person(21, number) for number in range(200)]
    wide = [face_variety.widen(who, 21, number) for number, who in enumerate(plain)]
    for trait in face_shape.TRAITS:
        before, after = (np.std([who[trait] for who in people]) for people in (plain, wide))
        assert after > 1.1 * before, trait
    spread = []
    for varied in (False, True):
        x = faces.draw(20, 6, 28, 21, varied=varied).images.reshape(20, 6, -1).astype(float)
        spread.append((x - x.mean(1, keepdims=True)).std())
    assert spread[1] > 1.2 * spread[0]


def test_another_seed_gives_other_people():
    assert not np.array_equal(
        faces.draw(1, 2, 56, 0, True).images, faces.draw(1, 2, 56, 1, True).images
    )
    ours, others = (
        {round(face_shape.person(seed, i)["eye_x"], 12) for i in range(200)} for seed in (0, 1)
    )
    assert len(ours) > 190 and not ours & others


@pytest.mark.parametrize("varied", [False, True])
def test_landmarks_lie_where_a_mark_on_the_skin_appears(varied):
    size, errors = 112, []
    for person in range(6):
        who, (views, colours) = face_shape.person(3, person), views_of(person, 6, seed=3)
        if varied:
            who = face_variety.widen(who, 3, person)
            views = [face_variety.widen_view(v, who, 3, person, i) for i, v in enumerate(views)]
        for view in views:
            view |= dict(shadow=0.0, wrap=0.15) if varied else {}
            view.update(
                noise=0.0,
                blur=0.0,
                grey=0.0,
                glasses=0.0,
                cover=0,
                warm=0.0,
                light_x=0.0,
                key=0.4,
                ambient=0.4,
                exposure=1.0,
            )
        plain, landmarks = face_render.render(who, views, colours, size)
        marked, same_landmarks = face_render.render(who, views, colours, size, mark=True)
        assert np.array_equal(landmarks, same_landmarks)
        change = np.abs(marked.astype(float) - plain.astype(float)).sum(-1)  # (B, size, size)
        for picture, points in zip(change, landmarks):
            for x, y in points:
                x0, y0 = int(round(x)), int(round(y))
                if not 6 <= min(x0, y0) <= max(x0, y0) < size - 6:
                    continue
                window = picture[y0 - 5 : y0 + 6, x0 - 5 : x0 + 6]
                if window.max() < 100:
                    continue  # turned away, or under hair
                rows, columns = np.mgrid[y0 - 5 : y0 + 6, x0 - 5 : x0 + 6]
                weight = np.where(window > 0.5 * window.max(), window, 0)
                found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
                errors.append(np.abs(found - (x, y)).max())
    assert len(errors) > 120
    # A wide turn hides a part of a mark, which moves what is left of it.
    assert np.max(errors) < (4.0 if varied else 2.0) and np.quantile(errors, 0.95) < 1.5


def test_the_rendered_surface_and_the_projected_point_agree():
    """A ray through a projected point meets the head at that point."""
    who, (views, _) = face_shape.person(0, 5), views_of(5, 8)
    v = {key: torch.tensor([view[key] for view in views], dtype=torch.float32) for key in views[0]}
    maps = face_maps.head_maps(who, 256)
    turn = face_render.rotation(v["yaw"], v["pitch"], v["roll"])
    points = face_render.landmarks_on_head(who, v)
    plane = face_render.project(who, maps, v, turn, points)
    rays = face_scene.Rays(turn, plane[..., :1], plane[..., 1:], pixel=0.01)
    nx, ny, _, inside = face_render.find_surface(who, maps, v, rays, steps=12)
    met = torch.stack([who["width"] * nx[..., 0], ny[..., 0]], -1)
    assert (inside > 0).all()
    assert (met - points).abs().median() < 0.005 and (met - points).abs().quantile(0.9) < 0.03


def test_rotations_turn_the_nose_where_they_say():
    angle = torch.tensor([0.3])
    nose, none = torch.tensor([0.0, 0.0, 1.0]), torch.zeros(1)
    assert (face_render.rotation(angle, none, none)[0] @ nose)[0] > 0  # to the right of the image
    turn = face_render.rotation(angle, 0.5 * angle, -angle)[0]
    assert torch.allclose(turn @ turn.T, torch.eye(3), atol=1e-6) and torch.det(
        turn
    ) == pytest.approx(1.0, abs=1e-6)


def test_aligned_faces_sit_on_the_template_and_others_do_not():
    target = (face_render.TEMPLATE + 0.5) / 2 - 0.5
    aligned = faces.load(identities=30, images=4, seed=2).extra["landmarks"]
    free = faces.load(identities=30, images=4, seed=2, aligned=False).extra["landmarks"]
    assert np.abs(aligned - target).mean() < 3.0 and np.abs(aligned.mean(0) - target).max() < 1.5
    assert np.abs(free - target).mean() > 4.0


def test_raw_pixels_score_an_eer_between_20_and_45_percent():
    made = faces.load(identities=60, images=8, seed=11)
    x = made.images.reshape(len(made), -1).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    i, j = np.triu_indices(len(x), 1)
    far, tar, _ = roc_curve(made.identity[i] == made.identity[j], (x @ x.T)[i, j])
    eer = far[np.argmin(np.abs(far - (1 - tar)))]
    assert 0.20 < eer < 0.45


def test_people_vary_in_skin_and_a_picture_is_rarely_burnt_out():
    skin = np.array([face_shape.person(0, i)["skin"].mean() for i in range(300)])
    assert np.quantile(skin, 0.1) < 0.40 and np.quantile(skin, 0.9) > 0.75
    made = faces.load(identities=60, images=8, seed=11)
    middle = made.images[:, 14:46, 14:46].reshape(len(made), -1)
    assert (middle.mean(1) > 20).mean() > 0.98 and ((middle > 252).mean(1) < 0.3).mean() > 0.95


def test_four_hundred_images_take_their_share_of_twenty_seconds():
    """200 x 20 images may take 40 s of processor time, a tenth of the people a tenth of that."""
    started = time.process_time()
    faces.draw(20, 20, 56, 99, True)
    assert time.process_time() - started < 4.0


def test_a_damaged_cache_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    whole = faces.load(identities=1, images=2)
    (kept,) = tmp_path.glob("*.npz")
    for damage in (kept.read_bytes()[:200], b"", bytes(300)):
        kept.write_bytes(damage)
        assert np.array_equal(faces.load(identities=1, images=2).images, whole.images)
        assert np.array_equal(cache.read(kept).images, whole.images)
    assert not [path for path in tmp_path.iterdir() if path != kept]


WRONG = [
    {"identities": 0},
    {"images": 0},
    {"images": 2.5},
    {"size": 30},
    {"size": 4},
    {"seed": -1},
    {"identities": True},
]


@pytest.mark.parametrize("options", WRONG)
def test_what_makes_no_set_is_refused_in_words(options):
    (name,) = options
    with pytest.raises(ValueError, match=name):
        faces.load(**options)


def test_threads_are_left_as_they_were():
    before = torch.get_num_threads()
    faces.draw(1, 1, 56, 0, True)
    assert torch.get_num_threads() == before
