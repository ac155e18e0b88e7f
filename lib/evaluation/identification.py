"""One probe against many: closed-set ranks, open-set identification, N-way one-shot episodes (through `lib.evaluation`)."""

from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_array


class Identification(NamedTuple):
    rank1: float  # share of enrolled probes whose best match is right, whatever its score
    tpir: float  # share of enrolled probes whose best match is right and accepted
    fpir: float  # share of strangers accepted as somebody: at most what was asked for
    threshold: float


def identification(scores, probe_identity, gallery_identity, fpir: float = 0.01) -> Identification:
    """Open-set identification: enrolled people should be found, strangers should be nobody.

    scores            (Q, G) similarities of probes and templates; several templates of one identity count as their best
    probe_identity    (Q,); an identity that is not in the gallery is a stranger
    gallery_identity  (G,)
    fpir              false positive identification rate allowed; needs at least 1 / fpir strangers
    raises            ValueError without strangers or enrolled probes, or where `fpir` cannot be resolved
    source            ISO/IEC 19795-1; Grother, Ngan, FRVT part 2
    """
    scores, probes, gallery = (
        as_array(scores).astype(np.float64),
        as_array(probe_identity),
        as_array(gallery_identity),
    )
    if scores.shape != (len(probes), len(gallery)) or not np.isfinite(scores).all():
        raise ValueError(
            f"scores must be finite and ({len(probes)}, {len(gallery)}): probes x templates, not {scores.shape}"
        )
    enrolled = np.isin(probes, gallery)
    strangers = int((~enrolled).sum())
    if not enrolled.any() or not 0 < fpir < 1 or fpir * strangers < 1 - 1e-9:
        raise ValueError(
            f"{enrolled.sum()} enrolled probes and {strangers} strangers; fpir={fpir} needs one enrolled probe and 1 / fpir strangers"
        )
    best, found = scores.max(1), gallery[scores.argmax(1)]
    right = found[enrolled] == probes[enrolled]
    candidates = np.unique(
        np.append(best, best.max() + 1e-6 * max(1.0, abs(best.max())))
    )  # the last accepts nobody
    accepted = strangers - np.searchsorted(np.sort(best[~enrolled]), candidates, side="left")
    threshold = candidates[np.argmax(accepted <= fpir * strangers + 1e-9)]  # the loosest that holds
    return Identification(
        float(right.mean()),
        float((right & (best[enrolled] >= threshold)).mean()),
        float((best[~enrolled] >= threshold).mean()),
        float(threshold),
    )


def one_shot_accuracy(
    embeddings, identity, ways: int = 20, shots: int = 1, trials: int = 400, seed: int = 0
) -> float:
    """Share of N-way K-shot episodes answered rightly: which of `ways` identities, shown `shots` times each, is the probe?

    The answer is the identity whose shots have the largest mean cosine with the probe. A tie earns its chance of a right
    guess, so a model that gives every image one embedding scores 1 / ways.

    embeddings  (N, D)
    identity    (N,); only identities with shots + 1 images or more are probed, with `shots` or more are shown
    raises      ValueError where there are fewer than `ways` identities to show, or none to probe
    source      Lake et al. 2015 (Omniglot), there with fixed episodes
    """
    embeddings, identity = as_array(embeddings).astype(np.float64), as_array(identity)
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    people, counts = np.unique(identity, return_counts=True)
    images = {person: np.flatnonzero(identity == person) for person in people}
    shown, probed = people[counts >= shots], people[counts >= shots + 1]
    if ways < 2 or shots < 1 or len(shown) < ways or not len(probed):
        raise ValueError(
            f"{ways}-way {shots}-shot needs {ways} identities with {shots} images, one of them with {shots + 1}; there are {len(shown)} and {len(probed)}"
        )
    rng = np.random.default_rng(seed)
    earned = 0.0
    for _ in range(trials):
        target = rng.choice(probed)
        others = rng.choice(shown[shown != target], ways - 1, replace=False)
        probe, *own = rng.choice(images[target], shots + 1, replace=False)
        support = np.array(
            [own, *(rng.choice(images[person], shots, replace=False) for person in others)]
        )  # (ways, shots)
        scores = (unit[support] @ unit[probe]).mean(1)  # (ways,), the right answer first
        ties = np.isclose(scores, scores.max(), rtol=0, atol=1e-12)
        earned += ties[0] / ties.sum()
    return earned / trials
