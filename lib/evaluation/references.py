"""Several references of one identity, against questioned images: as a bank or an examiner compares.

draws = draw_references(images.identity, images.genuine, k=6, draws=20)  # who serves as reference
scored = score_draws(embed(model, images), draws)  # the questioned images against their references
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_floats, check_flags, check_labels, whole_numbers


class Draw(NamedTuple):
    """One identity's references and what is questioned against them, as indices into the images."""

    identity: int
    references: np.ndarray  # (k,) genuine images of the identity
    genuine: np.ndarray  # questioned: other genuine images of the identity
    skilled: np.ndarray  # questioned: forgeries of the identity
    random: np.ndarray  # questioned: genuine images of other identities

    @property
    def questioned(self) -> np.ndarray:
        """(q,) the genuine ones first, then the skilled, then the random forgeries."""
        return np.concatenate([self.genuine, self.skilled, self.random])


class Scored(NamedTuple):
    """Scores of questioned images, one entry each (M,)."""

    score: np.ndarray
    same: np.ndarray  # bool, True for a genuine image
    skilled: np.ndarray  # bool, True for a skilled forgery
    claimed: np.ndarray  # the identity whose references were compared
    owner: np.ndarray  # the identity that the image belongs to, or that a forgery imitates

    def against(self, kind: str) -> "Scored":
        """The genuine ones, and of the others only the "skilled" or only the "random" forgeries."""
        keep = self.same | (self.skilled == (kind == "skilled"))
        return Scored(*(part[keep] for part in self))


def draw_references(identity, genuine, k: int, draws: int = 10, seed: int = 0) -> list[Draw]:
    """`draws` times for each identity: k of its genuine images, drawn at random, as references.

    Questioned are its other images, and one genuine image of each other identity.

    raises  ValueError where an identity has no genuine image left to be questioned
    """
    whole_numbers(k=(k, 1), draws=(draws, 1))
    identity = check_labels(identity)
    genuine = check_flags(genuine, len(identity), "genuine")
    people = np.unique(identity)
    real = {person: np.flatnonzero((identity == person) & genuine) for person in people}
    rng, found = np.random.default_rng(seed), []
    for person in np.tile(people, draws):
        own = rng.permutation(real[person])
        if len(own) <= k:
            given = f"identity {person} has {len(own)} genuine images"
            raise ValueError(f"{given}; {k} references leave none to be questioned")
        skilled = np.flatnonzero((identity == person) & ~genuine)
        random = [rng.choice(real[other]) for other in people if other != person]
        found.append(Draw(int(person), own[:k], own[k:], skilled, np.array(random, dtype=np.int64)))
    return found


def label_scores(draws: list[Draw], scores: Sequence[np.ndarray], owner=None) -> Scored:
    """What the scores of each draw's `questioned` (q,) belong to.

    owner  (N,) identities of all images, for intervals over both sides of a random forgery; None:
           the claimed identity stands in its place
    """
    if not draws or len(draws) != len(scores):
        raise ValueError(
            f"{len(draws)} draws, scores of {len(scores)}: one or more, as many of both"
        )
    if owner is not None:
        owner = check_labels(owner, "owner")
        if (last := max(max(draw.questioned) for draw in draws)) >= len(owner):
            fix = f"has {len(owner)} entries, but image {last} is questioned: give it of all images"
            raise ValueError(f"owner {fix}")
    same, skilled, claimed, whose = [], [], [], []
    for draw, its_scores in zip(draws, scores):
        if np.shape(its_scores) != draw.questioned.shape:
            shapes = f"{np.shape(its_scores)} for {draw.questioned.shape} questioned images"
            raise ValueError(f"scores of identity {draw.identity}: {shapes}")
        kind = np.repeat([0, 1, 2], [len(draw.genuine), len(draw.skilled), len(draw.random)])
        same.append(kind == 0)
        skilled.append(kind == 1)
        claimed.append(np.full(len(kind), draw.identity))
        whose.append(claimed[-1] if owner is None else owner[draw.questioned])
    return Scored(*map(np.concatenate, (scores, same, skilled, claimed, whose)))


def score_draws(embeddings, draws: list[Draw], owner=None, spread: bool = False) -> Scored:
    """Mean cosine of each questioned image with its references.

    embeddings  (N, D) unit vectors
    owner       as for `label_scores`
    spread      True: subtract the mean cosine among the references, so that one threshold fits
                people who sign steadily and people who do not
    """
    embeddings = as_floats(embeddings, "embeddings")
    scores = []
    for draw in draws:
        references = embeddings[draw.references]  # (k, D)
        k, among = len(references), 0.0
        if spread and k > 1:
            among = ((references @ references.T).sum() - k) / (k * (k - 1))
        to = embeddings[draw.questioned] @ references.T  # (q, D) x (D, k) -> (q, k)
        scores.append(to.mean(1) - among)
    return label_scores(draws, scores, owner)
