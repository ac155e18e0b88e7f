"""Who is let in when some who ask are enrolled and some are strangers: random galleries, a threshold for them, and what it delivers.

chosen = asked(vectors["choose"], choose.identity, enrolled=10)
threshold = threshold_for(chosen, one_in=1000)
delivered(asked(vectors["measure"], measure.identity, enrolled=10), threshold)
"""

from typing import NamedTuple

import numpy as np

from lib.phone.gallery import Gallery


class Asked(NamedTuple):
    """Every probe of every random gallery, one entry each (M,)."""

    owner: np.ndarray  # who is in the picture
    enrolled: np.ndarray  # bool, False for a stranger
    right: np.ndarray  # bool, the best person is the owner
    best: np.ndarray  # the best person's score
    second: np.ndarray  # the second-best person's; -1 where one person is enrolled


def asked(
    vectors,
    identity,
    enrolled: int,
    templates: int = 1,
    mode: str = "keep",
    draws: int = 40,
    seed: int = 0,
) -> Asked:
    """Enrol `enrolled` people picked at random, each with `templates` pictures picked at random; everybody else's pictures are strangers'.

    vectors   (N, D) unit vectors
    identity  (N,)
    mode      as for `Gallery.enrol`
    draws     how many random galleries
    """
    vectors, identity = np.asarray(vectors), np.asarray(identity)
    rng, people, rows = np.random.default_rng(seed), np.unique(identity), []
    if not 0 < enrolled < len(people):
        raise ValueError(
            f"enrolled={enrolled}: at least one, and fewer than the {len(people)} people there are: the others are strangers"
        )
    for _ in range(draws):
        gallery, taken = Gallery("0" * 16, vectors.shape[1]), []
        inside = rng.choice(people, enrolled, replace=False)
        for person in inside:
            own = rng.permutation(np.flatnonzero(identity == person))[:templates]
            gallery.enrol(str(person), vectors[own], mode)
            taken += list(own)
        probes = np.setdiff1d(np.arange(len(vectors)), taken)
        scores = gallery.scores(vectors[probes])  # (Q, enrolled)
        two = np.sort(np.column_stack([np.full(len(probes), -1.0), scores]), axis=1)[:, -2:]
        owner = identity[probes]
        rows.append(
            (owner, np.isin(owner, inside), inside[scores.argmax(1)] == owner, two[:, 1], two[:, 0])
        )
    return Asked(*(np.concatenate(part) for part in zip(*rows)))


def threshold_for(chosen: Asked, one_in: float) -> float:
    """The loosest threshold at which at most one stranger in `one_in` gets a name.

    raises  ValueError where there are too few strangers to say
    """
    scores = np.sort(chosen.best[~chosen.enrolled])[::-1]
    allowed = int(len(scores) / one_in + 1e-9)
    if allowed < 1:
        raise ValueError(f"one in {one_in:g} cannot be told from {len(scores)} strangers' pictures")
    return float(np.nextafter(scores[allowed], 2))  # just above the first one that is too many


class Delivered(NamedTuple):
    """A share and its 95 % interval, resampling the people who ask."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%})"


def delivered(
    measured: Asked, threshold: float, margin: float = 0.0, resamples: int = 1000
) -> tuple[Delivered, Delivered]:
    """(enrolled people found, strangers named) at a threshold and a margin: TPIR and FPIR."""
    named = (measured.best >= threshold) & (measured.best - measured.second >= margin)
    return (
        share_of(named & measured.right, measured.owner, measured.enrolled, resamples),
        share_of(named, measured.owner, ~measured.enrolled, resamples),
    )


def share_of(event, owner, among=None, resamples: int = 1000) -> Delivered:
    """The share of pictures (M,) bool with its interval: people are drawn again, with all their pictures."""
    event, owner = np.asarray(event, dtype=np.float64), np.asarray(owner)
    among = np.ones(len(event), dtype=bool) if among is None else among
    _, whose = np.unique(owner[among], return_inverse=True)
    happened, pictures = np.bincount(whose, event[among]), np.bincount(whose)
    drawn = np.random.default_rng(0).integers(len(pictures), size=(resamples, len(pictures)))
    low, high = np.percentile(happened[drawn].sum(1) / pictures[drawn].sum(1), [2.5, 97.5])
    return Delivered(float(happened.sum() / pictures.sum()), float(low), float(high))
