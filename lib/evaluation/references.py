"""One questioned image against several references of one identity: the question a bank and a forensic examiner ask.

draws = draw_references(images.identity, images.genuine, k=6, draws=20)      # which genuine images serve as references
scored = score_draws(embed(model, images), draws)                            # every questioned image, against them
scored = score_distances(distance, draws)                                    # the same from distances between images
"""

from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_array


class Draw(NamedTuple):
    """One identity's references and what is questioned against them; each an index array into the set."""

    identity: int
    references: np.ndarray  # (k,)
    genuine: np.ndarray  # questioned, and truly this identity's
    skilled: np.ndarray  # questioned: forgeries of this identity
    random: np.ndarray  # questioned: genuine images of others


class Scored(NamedTuple):
    """Scores of questioned images, one entry each (M,)."""

    score: np.ndarray
    same: np.ndarray  # bool
    skilled: np.ndarray  # bool, True for a skilled forgery
    claimed: np.ndarray  # the identity whose references were compared
    owner: np.ndarray  # whose hand the image imitates or is: another identity for a random forgery

    def against(self, kind: str) -> "Scored":
        """The genuine ones, and of the others only the "skilled" or only the "random" forgeries."""
        keep = self.same | (self.skilled == (kind == "skilled"))
        return Scored(*(part[keep] for part in self))


def draw_references(identity, genuine, k: int, draws: int = 10, seed: int = 0) -> list[Draw]:
    """`draws` times for each identity: k of its genuine images as references, its other images questioned, and one genuine image of each
    other identity as a random forgery.

    raises  ValueError where an identity has no genuine image left to be questioned
    """
    identity, genuine = as_array(identity), as_array(genuine).astype(bool)
    rng, people, found = np.random.default_rng(seed), np.unique(identity), []
    for _ in range(draws):
        for person in people:
            own = rng.permutation(np.flatnonzero((identity == person) & genuine))
            if len(own) <= k:
                raise ValueError(
                    f"identity {person} has {len(own)} genuine images; {k} references leave none to be questioned"
                )
            others = [
                rng.choice(np.flatnonzero((identity == other) & genuine))
                for other in people
                if other != person
            ]
            found.append(
                Draw(
                    int(person),
                    own[:k],
                    own[k:],
                    np.flatnonzero((identity == person) & ~genuine),
                    np.array(others, dtype=np.int64),
                )
            )
    return found


def score_draws(embeddings, draws: list[Draw], owner=None, spread: bool = False) -> Scored:
    """Mean cosine of each questioned image to its references.

    embeddings  (N, D) unit vectors
    owner       (N,) identities, for intervals over both sides of a random forgery
    spread      also subtract how alike the references are among themselves (mean cosine of their pairs): a steady hand is held to a
                stricter measure than a loose one, and one threshold fits both
    """
    embeddings = as_array(embeddings).astype(np.float64)
    rows = []
    for draw in draws:
        references = embeddings[draw.references]  # (k, D)
        k = len(references)
        level = ((references @ references.T).sum() - k) / (k * (k - 1)) if spread and k > 1 else 0.0
        for kind, questioned in (
            ("genuine", draw.genuine),
            ("skilled", draw.skilled),
            ("random", draw.random),
        ):
            scores = (embeddings[questioned] @ references.T).mean(
                1
            ) - level  # (q, D) x (D, k) -> (q,)
            whose = (
                as_array(owner)[questioned]
                if owner is not None
                else np.full(len(questioned), draw.identity)
            )
            rows.append(
                (
                    scores,
                    np.full(len(scores), kind == "genuine"),
                    np.full(len(scores), kind == "skilled"),
                    np.full(len(scores), draw.identity),
                    whose,
                )
            )
    return Scored(*(np.concatenate(part) for part in zip(*rows)))
