"""N-way k-shot episodes (which of N characters is this one?) and retrieval by example."""

from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_floats, check_labels, unit_rows


class Episodes(NamedTuple):
    """E questions: `ways` identities, `shots` images of each, and one probe that shows one of them.

    All entries but `answer` are indices into a set of images.
    """

    shown: np.ndarray  # (E, ways, shots)
    probe: np.ndarray  # (E,)
    answer: np.ndarray  # (E,), which of the ways shows the probe's identity

    def narrowed(self, ways: int, shots: int) -> "Episodes":
        """The same questions with fewer ways and fewer shots; the answer is kept, and put first."""
        rows, others = np.arange(len(self.answer))[:, None], np.arange(self.shown.shape[1] - 1)
        wrong = others + (others >= self.answer[:, None])  # (E, all ways - 1): skips the answer
        kept = np.concatenate([self.answer[:, None], wrong], axis=1)[:, :ways]
        return Episodes(self.shown[rows, kept, :shots], self.probe, np.zeros_like(self.answer))


def draw_episodes(
    identity, ways: int, shots: int, count: int, seed: int = 0, group=None
) -> Episodes:
    """`count` episodes, drawn at random; the probe is never among the images shown.

    group   (N,), such as the alphabet: all ways of an episode come from one group, which is harder.
            Each group with enough identities is drawn equally often
    raises  ValueError where no group has `ways` identities of shots + 1 images
    """
    identity = check_labels(identity, text=True)
    group = np.zeros_like(identity) if group is None else check_labels(group, "group", text=True)
    if group.shape != identity.shape:
        raise ValueError(
            f"group must be one label for each of {len(identity)} images, not {len(group)}"
        )
    images = {one: np.flatnonzero(identity == one) for one in np.unique(identity)}
    pools = []
    for g in np.unique(group):
        pool = [one for one in np.unique(identity[group == g]) if len(images[one]) > shots]
        if len(pool) >= ways:
            pools.append(np.array(pool))
    if ways < 2 or shots < 1 or not pools:
        needed = f"{ways} identities with {shots + 1} images each in one group"
        raise ValueError(f"{ways}-way {shots}-shot needs {needed}")
    rng = np.random.default_rng(seed)
    shown, probes, answers = [], [], []
    for _ in range(count):
        chosen = rng.choice(pools[rng.integers(len(pools))], ways, replace=False)
        drawn = [rng.choice(images[one], shots + 1, replace=False) for one in chosen]
        answers.append(rng.integers(ways))
        shown.append([some[:shots] for some in drawn])
        probes.append(drawn[answers[-1]][shots])
    return Episodes(np.array(shown), np.array(probes), np.array(answers))


def episode_scores(similarity, episodes: Episodes) -> np.ndarray:
    """Mean similarity of the probe with each way's shots: (N, N) of all images -> (E, ways)."""
    to_shots = np.asarray(similarity)[episodes.probe[:, None, None], episodes.shown]
    return to_shots.mean(2)  # (E, ways, shots) -> (E, ways)


def prototype_scores(embeddings, episodes: Episodes) -> np.ndarray:
    """The probe's unit vector times each way's prototype, the mean of its unit vectors.

    Equal to `episode_scores` of cosines: a mean of dot products is the dot product with the mean.

    embeddings  (N, D); returns (E, ways)
    source      compare Snell et al. 2017
    """
    unit = unit_rows(np.asarray(embeddings, dtype=np.float64))
    questions = zip(episodes.shown, episodes.probe)  # one by one: little memory
    return np.stack([np.einsum("wd,d->w", unit[s].mean(1), unit[p]) for s, p in questions])


def is_correct(scores, answer) -> np.ndarray:
    """1 where the best score is the answer's, else 0; each of k ways that tie for it counts 1/k.

    scores  (E, ways); `answer` and what is returned are (E,)
    """
    scores, answer = as_floats(scores, "scores"), check_labels(answer, "answer")
    if scores.ndim != 2 or answer.shape != scores.shape[:1] or not np.isfinite(scores).all():
        shapes = f"{scores.shape} and {answer.shape}"
        raise ValueError(f"scores must be finite (E, ways) and answer (E,), not {shapes}")
    if not 0 <= answer.min() <= answer.max() < scores.shape[1]:
        found = f"it goes from {answer.min()} to {answer.max()}"
        raise ValueError(f"answer must be one of {scores.shape[1]} ways, counted from 0; {found}")
    best = scores >= scores.max(1, keepdims=True)
    return best[np.arange(len(answer)), answer] / best.sum(1)


def retrieve(embeddings, identity, k: int, block: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """The k images most alike to each image, itself left out.

    embeddings  (N, D), `identity` (N,)
    returns     indices (N, k), the most alike first, and bool (N, k), where the identity is the
                query's: its mean is precision at k
    """
    unit = unit_rows(as_floats(embeddings, "embeddings").astype(np.float32))
    identity = check_labels(identity, text=True)
    if (
        unit.ndim != 2
        or len(unit) != len(identity)
        or not 1 <= k < len(unit)
        or not np.isfinite(unit).all()
    ):
        given = f"{len(unit)} embeddings, {len(identity)} identities, k={k}"
        raise ValueError(f"k must be 1 to N - 1 of N finite embeddings and identities; {given}")
    blocks = []
    for start in range(0, len(unit), block):
        scores = unit[start : start + block] @ unit.T  # (B, N)
        rows = np.arange(len(scores))
        scores[rows, start + rows] = -np.inf  # a query does not find itself
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]  # the k best, in no order
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        blocks.append(np.take_along_axis(best, order, 1))
    found = np.concatenate(blocks)
    return found, identity[found] == identity[:, None]
