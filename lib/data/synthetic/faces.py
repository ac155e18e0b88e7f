"""synthetic-faces: people who do not exist, each seen many times, with five landmarks.

A person depends on (seed, number) alone and a view on (seed, number, image) alone, so a larger set
begins with the smaller one.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib.data.arrays import whole_numbers
from lib.data.cache import cached
from lib.data.image_set import ImageSet
from lib.data.synthetic import drawing, face_render, face_shape, face_variety

TRAINING_SEED = 0  # the course model learns from people of this seed; tests take another
Pictures = tuple[np.ndarray, np.ndarray]  # uint8 (images, S, S, 3), landmarks (images, 5, 2)
CODE = [drawing.__file__, *map(str, sorted(Path(__file__).parent.glob("face*.py")))]


def load(
    identities: int = 200,
    images: int = 20,
    size: int = 56,
    seed: int = 0,
    aligned: bool = True,
    varied: bool = False,
) -> ImageSet:
    """Faces of `identities` people, `images` of each.

    size      height and width in pixels, a multiple of 4
    aligned   True: cut around the face; False: the whole head somewhere, larger or smaller, leaning
    varied    True: people and circumstances vary as in photographs, and each person has three days
    returns   images uint8 (N, size, size, 3); extra: `landmarks` float32 (N, 5, 2), x and y in
              pixels (pixel centres at whole numbers) of left eye, right eye, tip of the nose, left
              and right corner of the mouth, as the viewer sees them
    raises    ValueError for a count or size that makes no set
    """
    options: dict[str, Any] = whole_numbers(
        identities=(identities, 1), images=(images, 1), size=(size, 16), seed=(seed, 0)
    )
    if size % 4:
        raise ValueError(f"size must be a multiple of 4; got {size}")
    options |= dict(aligned=bool(aligned), varied=bool(varied))
    return cached("faces", options, CODE, lambda: draw(**options))


def draw(
    identities: int, images: int, size: int, seed: int, aligned: bool = True, varied: bool = False
) -> ImageSet:
    """What `load` returns, without the cache."""

    def one(number: int) -> Pictures:
        who = face_shape.person(seed, number)
        views = [face_render.view(seed, number, i, aligned) for i in range(images)]
        colours = [face_render.view_colours(seed, number, i) for i in range(images)]
        if varied:
            return _varied(who, views, colours, size, (seed, number))
        return face_render.render(who, views, colours, size)

    # One thread a person: no result depends on how many cores there are.
    with ThreadPoolExecutor(os.cpu_count(), "", torch.set_num_threads, (1,)) as pool:
        pictures, landmarks = zip(*pool.map(torch.inference_mode()(one), range(identities)))
    identity = np.repeat(np.arange(identities), images)
    names = tuple(f"person {who} image {i}" for who in range(identities) for i in range(images))
    extra = {"landmarks": np.concatenate(landmarks)}
    genuine = np.ones(len(identity), bool)
    return ImageSet(np.concatenate(pictures), identity, genuine, names, extra)


def _varied(
    who: dict, views: list[dict], colours: list[dict], size: int, key: tuple[int, int]
) -> Pictures:
    """The pictures of one person, day by day; `key` is (seed, number)."""
    who = face_variety.widen(who, *key)
    views = [face_variety.widen_view(view, who, *key, i) for i, view in enumerate(views)]
    for i, colour in enumerate(colours):
        colour["background"] = face_variety.background(*key, i, size)
    pictures = np.empty((len(views), size, size, 3), np.uint8)
    landmarks = np.empty((len(views), 5, 2), np.float32)
    for day in range(min(len(views), face_variety.DAYS)):
        part = slice(day, None, face_variety.DAYS)
        dressed = face_variety.on_day(who, *key, day)
        taken = face_render.render(dressed, views[part], colours[part], size)
        pictures[part], landmarks[part] = taken
    kept = [face_variety.snapshot(picture, *key, i) for i, picture in enumerate(pictures)]
    return np.stack(kept), landmarks
