"""What each step of GlyphNet's recipe brings, on background alphabets that were held out.

One network is trained for each row of training. Nothing here sees an evaluation alphabet.
"""

import numpy as np
import torch

from lib import data, evaluation
from lib.models import embed
from tools.omniglot.networks import SIZE, pixels, train_glyph_net
from tools.omniglot.views import best_agreement, embed_views

HELD_OUT = 6  # background alphabets
STEPS = 300
REDRAWN = 12  # bent copies of an image at test time


def held_out(background: data.ImageSet) -> tuple[data.ImageSet, data.ImageSet]:
    """(train, held-out) by alphabet: six background alphabets of 20 characters or more."""
    alphabet = background.extra["alphabet"]
    large = [
        a for a in np.unique(alphabet) if len(np.unique(background.identity[alphabet == a])) >= 20
    ]
    out = np.isin(alphabet, np.random.default_rng(0).permutation(large)[:HELD_OUT])
    return background[~out], background[out]


def study(steps: int) -> dict:
    """{"rows": one a step, "steps"}: 20-way one-shot accuracy within an alphabet."""
    train, held = held_out(data.load("omniglot", part="background", size=SIZE))
    held = held[held.extra["drawer"] % 3 == 2]  # 7 of the 20 drawers are enough
    alphabet = held.extra["alphabet"]
    episodes = evaluation.draw_episodes(held.identity, 20, 1, 4000, seed=0, group=alphabet)
    rows = []

    def add(what: str, similarity, seconds: float | None = None) -> None:
        scores = evaluation.episode_scores(similarity, episodes)
        correct = evaluation.is_correct(scores, episodes.answer)
        rows.append(
            {
                "what": what,
                "share": float(correct.mean()),
                "interval": evaluation.interval_over(correct, held.identity[episodes.probe]),
                "cpu_seconds": seconds,
            }
        )
        print(rows[-1], flush=True)

    add("raw pixels", pixels(held.images) @ pixels(held.images).T)
    for name, what, options in (
        ("plain", "softmax over characters", dict(margin=0.0, turned=False, bend=False)),
        ("bent", "+ bent drawings", dict(margin=0.0, turned=False)),
        ("turned", "+ quarter turns as further characters", dict(margin=0.0)),
        ("margin", "+ margin 0.25 (CosFace)", dict()),
    ):
        model, history = train_glyph_net(train, steps, f"study_{steps}_{name}", **options)
        vectors = embed(model, held)
        add(what, vectors @ vectors.T, round(history.seconds))
    views = embed_views(model, held.images, turns=4, redrawn=REDRAWN)
    add("+ four quarter turns at test time", views[0] @ views[0].T)
    similarity = torch.zeros(len(held), len(held))
    for one in np.unique(alphabet):  # all questions stay within an alphabet
        inside = torch.from_numpy(np.flatnonzero(alphabet == one))
        agreement = best_agreement(views[:, inside], views[:, inside])
        similarity[inside[:, None], inside] = agreement
    add(f"+ best agreement of {1 + REDRAWN} x {1 + REDRAWN} looks", similarity)
    return {"rows": rows, "steps": steps}
