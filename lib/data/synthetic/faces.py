"""synthetic-faces: people who do not exist, each seen many times, with the exact place of eyes, nose and mouth.

    load(identities=40, images=10) -> ImageSet of 400 RGB images, 56 x 56, cut around the face like an aligned photograph

A person depends on (seed, number) alone and a view on (seed, number, image) alone, so a larger set begins with the smaller one.
`lib.data.synthetic.face_shape` says who somebody is, `lib.data.synthetic.face_render` how one image of them looks.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from lib.data import ImageSet, cache
from lib.data.synthetic import face_render, face_scene, face_shape

TRAINING_SEED = (
    0  # the course model learns from people of this seed; whatever is measured takes another
)


def load(
    identities: int = 200, images: int = 20, size: int = 56, seed: int = 0, aligned: bool = True
) -> ImageSet:
    """Faces of `identities` people, `images` of each; made on the first call, then read from the cache.

    size      height and width in pixels, a multiple of 4
    aligned   False: the whole head somewhere in the image, larger or smaller, leaning
    returns   images uint8 (N, size, size, 3); extra: `landmarks` float32 (N, 5, 2), x and y in pixels (pixel centres at whole
              numbers) of left eye, right eye, tip of the nose, left and right corner of the mouth, as one sees them
    raises    ValueError for a count or size that makes no set
    """
    for what, value, least in (
        ("identities", identities, 1),
        ("images", images, 1),
        ("size", size, 16),
        ("seed", seed, 0),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{what}={value!r}: a whole number, at least {least}")
    if size % 4:
        raise ValueError(f"size={size}: a multiple of 4")
    options = {
        "identities": int(identities),
        "images": int(images),
        "size": int(size),
        "seed": int(seed),
        "aligned": bool(aligned),
    }
    sources = [__file__, face_shape.__file__, face_render.__file__, face_scene.__file__]
    return cache.cached("faces", options, sources, lambda: _make(**options))


def _make(identities: int, images: int, size: int, seed: int, aligned: bool) -> ImageSet:
    # One thread a person: small tensors stay in a core's cache, and no result depends on how many cores there are.
    def one(number: int) -> tuple[np.ndarray, np.ndarray]:
        who = face_shape.person(seed, number)
        views = [face_render.view(seed, number, i, aligned) for i in range(images)]
        colours = [face_render.view_colours(seed, number, i) for i in range(images)]
        return face_render.render(who, views, colours, size)

    with (
        torch.inference_mode(),
        ThreadPoolExecutor(
            os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool,
    ):
        pictures, landmarks = zip(*pool.map(torch.inference_mode()(one), range(identities)))
    owner = np.repeat(np.arange(identities), images)
    names = tuple(f"person {who} image {i}" for who in range(identities) for i in range(images))
    return ImageSet(
        np.concatenate(pictures),
        owner,
        np.ones(len(owner), dtype=bool),
        names,
        {"landmarks": np.concatenate(landmarks)},
    )
