"""N-way k-shot episodes: which of N characters is this one?"""

from typing import NamedTuple

import numpy as np


class Episodes(NamedTuple):
    """Questions "which of these is it?": `ways` identities shown `shots` times each, and one probe. Indices into a set of images."""

    shown: np.ndarray  # (E, ways, shots), in each episode the right identity at a place of its own
    probe: np.ndarray  # (E,)
    answer: np.ndarray  # (E,), which of the ways is right

    def narrowed(self, ways: int, shots: int) -> "Episodes":
        """The same questions made easier or harder: fewer ways, the right one kept and put first, and fewer shots."""
        rows = np.arange(len(self.answer))[:, None]
        wrong = np.arange(self.shown.shape[1] - 1) + (
            np.arange(self.shown.shape[1] - 1) >= self.answer[:, None]
        )  # (E, ways - 1)
        kept = np.concatenate([self.answer[:, None], wrong], 1)[:, :ways]
        return Episodes(self.shown[rows, kept, :shots], self.probe, np.zeros_like(self.answer))


def draw_episodes(
    identity, ways: int, shots: int, count: int, seed: int = 0, group=None
) -> Episodes:
    """`count` episodes; the probe is never among the images shown.

    identity  (N,)
    group     (N,), such as the alphabet: all ways of an episode come from one group, which is harder. Groups are drawn evenly
    raises    ValueError where no group has `ways` identities of shots + 1 images
    """
    identity = np.asarray(identity)
    group = np.zeros_like(identity) if group is None else np.asarray(group)
    images = {one: np.flatnonzero(identity == one) for one in np.unique(identity)}
    pools = [
        [one for one in np.unique(identity[group == g]) if len(images[one]) > shots]
        for g in np.unique(group)
    ]
    pools = [np.array(pool) for pool in pools if len(pool) >= ways]
    if ways < 2 or shots < 1 or not pools:
        raise ValueError(
            f"{ways}-way {shots}-shot needs {ways} identities with {shots + 1} images each in one group"
        )
    rng, shown, probes, answers = np.random.default_rng(seed), [], [], []
    for _ in range(count):
        chosen = rng.choice(pools[rng.integers(len(pools))], ways, replace=False)
        drawn = [rng.choice(images[one], shots + 1, replace=False) for one in chosen]
        answers.append(rng.integers(ways))
        shown.append([some[:shots] for some in drawn])
        probes.append(drawn[answers[-1]][shots])
    return Episodes(np.array(shown), np.array(probes), np.array(answers))


def episode_scores(similarity, episodes: Episodes) -> np.ndarray:
    """(N, N) similarity of all images -> (E, ways): the mean over an identity's shots of their similarity with the probe."""
    return np.asarray(similarity)[episodes.probe[:, None, None], episodes.shown].mean(
        2
    )  # (E, ways, shots) -> (E, ways)


def prototype_scores(embeddings, episodes: Episodes) -> np.ndarray:
    """(N, D) -> (E, ways): the probe's unit vector times each prototype, the mean of an identity's unit vectors.

    Equal to `episode_scores` of cosines: a mean of dot products is the dot product with the mean (compare Snell et al. 2017).
    """
    unit = _unit(np.asarray(embeddings, dtype=np.float64))
    scores = [
        np.einsum("wd,d->w", unit[shown].mean(1), unit[probe])
        for shown, probe in zip(episodes.shown, episodes.probe)
    ]  # one by one: little memory
    return np.stack(scores)


def right(scores, answer) -> np.ndarray:
    """(E, ways), (E,) -> float (E,): 1 where the best score is the answer's. A tie earns its chance of a right guess."""
    scores, answer = np.asarray(scores), np.asarray(answer)
    best = scores >= scores.max(1, keepdims=True)
    return best[np.arange(len(answer)), answer] / best.sum(1)


def retrieve(embeddings, identity, k: int, block: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Each image as the query, all others as the shelf: (N, k) indices of the most alike, best first, and whether each is right.

    Precision at k is the mean of `right[:, :k]`. No identity with fewer than k + 1 images can reach 1.
    """
    unit, identity = _unit(np.asarray(embeddings, dtype=np.float32)), np.asarray(identity)
    found = []
    for start in range(0, len(unit), block):
        scores = unit[start : start + block] @ unit.T  # (B, N)
        rows = np.arange(len(scores))
        scores[rows, start + rows] = -np.inf  # a query does not find itself
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        found.append(
            np.take_along_axis(
                best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable"), 1
            )
        )
    found = np.concatenate(found)
    return found, identity[found] == identity[:, None]


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
