"""What each step of a recipe brings, on background alphabets that were held out.

One network is trained for each row of training. Nothing here sees an evaluation alphabet.
"""

import numpy as np
import torch

from lib import data, evaluation
from lib.models import embed
from tools.omniglot.networks import SIZE, pixels, train_glyph_net, train_koch_net
from tools.omniglot.views import best_agreement, embed_views, turned_features, twins_scores

HELD_OUT = 6  # background alphabets
STEPS = 300
REDRAWN = 12  # bent copies of an image at test time
TWINS_STEPS = 500
TWINS = (  # name, options of `train_koch_net`, seed
    ("n_way", dict(n_way=True), 0),
    ("pairwise", dict(), 0),
    ("n_way, random signs", dict(n_way=True, signs=True), 0),
    ("n_way", dict(n_way=True), 1),
    ("pairwise", dict(), 1),
    ("n_way", dict(n_way=True), 2),
    ("pairwise", dict(), 2),
)


def held_out(background: data.ImageSet) -> tuple[data.ImageSet, data.ImageSet]:
    """(train, held-out) by alphabet: six background alphabets of 20 characters or more."""
    alphabet = background.extra["alphabet"]
    large = [
        a for a in np.unique(alphabet) if len(np.unique(background.identity[alphabet == a])) >= 20
    ]
    out = np.isin(alphabet, np.random.default_rng(0).permutation(large)[:HELD_OUT])
    return background[~out], background[out]


class Questions:
    """4,000 questions, 20-way one-shot, within a held-out alphabet; a row for each method asked."""

    def __init__(self) -> None:
        self.train, held = held_out(data.load("omniglot", part="background", size=SIZE))
        self.held = held[held.extra["drawer"] % 3 == 2]  # 7 of the 20 drawers are enough
        self.alphabet = self.held.extra["alphabet"]
        self.episodes = evaluation.draw_episodes(
            self.held.identity, 20, 1, 4000, seed=0, group=self.alphabet
        )

    def answers(self, similarity) -> np.ndarray:
        """(N, N) of all held-out drawings -> (4000,), which questions are answered right"""
        scores = evaluation.episode_scores(similarity, self.episodes)
        return evaluation.is_correct(scores, self.episodes.answer)

    def row(self, what: str, similarity, seconds: float | None = None, **more) -> dict:
        """One row, with an interval that resamples the characters asked about."""
        correct = self.answers(similarity)
        interval = evaluation.interval_over(correct, self.held.identity[self.episodes.probe])
        share = float(correct.mean())
        row = {"what": what, "share": share, "interval": interval, "cpu_seconds": seconds, **more}
        print(row, flush=True)
        return row

    def within(self, score) -> torch.Tensor:
        """(N, N) by `score(indices) -> (n, n)` of each alphabet; no question crosses two of them"""
        similarity = torch.zeros(len(self.held), len(self.held))
        for one in np.unique(self.alphabet):
            inside = torch.from_numpy(np.flatnonzero(self.alphabet == one))
            similarity[inside[:, None], inside] = score(inside)
        return similarity


def study(steps: int) -> dict:
    """{"rows": one a step, "steps"}: 20-way one-shot accuracy within an alphabet."""
    asked = Questions()
    ink = pixels(asked.held.images)
    rows = [asked.row("raw pixels", ink @ ink.T)]
    for name, what, options in (
        ("plain", "softmax over characters", dict(margin=0.0, turned=False, bend=False)),
        ("bent", "+ bent drawings", dict(margin=0.0, turned=False)),
        ("turned", "+ quarter turns as further characters", dict(margin=0.0)),
        ("margin", "+ margin 0.25 (CosFace)", dict()),
    ):
        name = f"study_{steps}_{name}"
        model, history = train_glyph_net(asked.train, steps, name, **options)
        vectors = embed(model, asked.held)
        rows.append(asked.row(what, vectors @ vectors.T, round(history.seconds)))
    views = embed_views(model, asked.held.images, turns=4, redrawn=REDRAWN)
    rows.append(asked.row("+ four quarter turns at test time", views[0] @ views[0].T))
    similarity = asked.within(lambda inside: best_agreement(views[:, inside], views[:, inside]))
    rows.append(asked.row(f"+ best agreement of {1 + REDRAWN} x {1 + REDRAWN} views", similarity))
    return {"rows": rows, "steps": steps}


def twins_study(steps: int) -> dict:
    """{"rows": one a training and a number of views, "steps"}: Koch's twins by either loss.

    Where a loss was trained with several seeds, the last rows add up their networks' logits.
    """
    asked, rows, found = Questions(), [], {}
    for name, options, seed in TWINS:
        path = f"study_{steps}_twins_{name}_{seed}"
        twins, head, history = train_koch_net(asked.train, steps, path, seed=seed, **options)
        features = turned_features(twins, asked.held.images, turns=4)
        for turns in (1, 4):
            seen = features[:turns]
            similarity = asked.within(lambda i: twins_scores(head, seen[:, i], seen[:, i]))  # noqa: B023
            more = dict(seed=seed, turns=turns)
            rows.append(asked.row(name, similarity, round(history.seconds), **more))
            found.setdefault((name, turns), []).append(similarity)
    for (name, turns), several in found.items():
        if len(several) > 1:
            what = f"{name}, {len(several)} seeds together"
            rows.append(asked.row(what, sum(several), turns=turns))
    return {"rows": rows, "steps": steps}
