"""Open-set identification: one probe against a gallery, where the probe may be a stranger."""

from typing import NamedTuple

import numpy as np

from lib.data.arrays import as_array, as_floats, check_labels


class Identification(NamedTuple):
    """What `identification` measures, and the threshold at which it does."""

    rank1: float  # share of enrolled probes whose best match is correct, whatever its score
    tpir: float  # share of enrolled probes whose best match is correct and accepted
    fpir: float  # share of strangers accepted as somebody: at most what was asked for
    threshold: float


def identification(scores, probe_identity, gallery_identity, fpir: float = 0.01) -> Identification:
    """Rank-1 rate, and TPIR at the lowest threshold whose FPIR does not exceed `fpir`.

    scores            (Q, G) similarities of probes and templates; of several templates of one
                      identity the best counts
    probe_identity    (Q,); an identity that is not in the gallery is a stranger
    gallery_identity  (G,)
    fpir              false positive identification rate allowed; needs at least 1 / fpir strangers
    raises            ValueError without enrolled probes, or where `fpir` cannot be resolved
    source            ISO/IEC 19795-1; Grother, Ngan, FRVT part 2
    """
    scores = as_floats(scores, "scores")
    check_labels(probe_identity, "probe_identity", text=True)  # NaN would count as a stranger
    check_labels(gallery_identity, "gallery_identity", text=True)
    probes, gallery = as_array(probe_identity), as_array(gallery_identity)
    if scores.shape != (len(probes), len(gallery)) or not np.isfinite(scores).all():
        shape = f"({len(probes)}, {len(gallery)}): probes x templates, not {scores.shape}"
        raise ValueError(f"scores must be finite and {shape}")
    enrolled = np.isin(probes, gallery)
    strangers = int((~enrolled).sum())
    if not enrolled.any() or not 0 < fpir < 1 or fpir * strangers < 1 - 1e-9:
        given = f"{enrolled.sum()} enrolled probes and {strangers} strangers"
        raise ValueError(f"{given}; fpir={fpir} needs one enrolled probe and 1 / fpir strangers")
    best, found = scores.max(1), gallery[scores.argmax(1)]
    correct = found[enrolled] == probes[enrolled]
    nobody = best.max() + 1e-6 * max(1.0, abs(best.max()))  # a threshold that accepts nobody
    candidates = np.unique(np.append(best, nobody))
    accepted = strangers - np.searchsorted(np.sort(best[~enrolled]), candidates, side="left")
    threshold = candidates[np.argmax(accepted <= fpir * strangers + 1e-9)]  # the lowest that holds
    tpir = (correct & (best[enrolled] >= threshold)).mean()
    fpir = (best[~enrolled] >= threshold).mean()
    return Identification(*map(float, (correct.mean(), tpir, fpir, threshold)))
