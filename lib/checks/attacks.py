"""Check of the lesson on attacks and privacy: the error rates of a defence against attacks."""

import numpy as np

from lib.checks.judge import edge, judge

MEDIA = ["live", "print", "screen", "mask"]


def attack_error_rates(attempt) -> bool | None:
    """`(scores (N,), media, threshold) -> (APCER, BPCER)` of a defence against attacks.

    media  of each picture, "live" where it shows a living face, else the medium of the attack
    """

    def expected(scores, media, threshold):
        passed, media = scores >= threshold, np.array(media)
        shares = {medium: passed[media == medium].mean() for medium in set(media)}
        live = shares.pop("live")
        return max(shares.values()), 1 - live

    def draw(rng):
        media = np.append(rng.choice(MEDIA, rng.integers(4, 20)), ["live", "print"]).tolist()
        live = np.array([medium == "live" for medium in media])
        scores = rng.normal(0.4 + 0.2 * live, 0.2).round(2)
        return scores, media, rng.integers(3, 8) / 10

    mixed = ["live", "live", "print", "print", "screen", "screen"]
    edges = [
        edge(
            "Return APCER first: the print passes, and both living faces do.",
            *([0.8, 0.9, 0.7], ["live", "live", "print"], 0.5),
        ),
        edge(
            "A share of the living faces, not of all pictures: one of two.",
            *([0.9, 0.1, 0.2], ["live", "live", "mask"], 0.5),
        ),
        edge(
            "APCER is the share of the *worst* medium: half of the prints pass, and no screen.",
            *([0.9, 0.2, 0.8, 0.1, 0.3, 0.4], mixed, 0.5),
        ),
        edge(
            "A score equal to the threshold counts as live.",
            *([0.5, 0.9, 0.5, 0.1, 0.2, 0.3], mixed, 0.5),
        ),
    ]
    hint = "The largest share of attacks that pass, by medium; then the living faces that do not."
    return judge("attack_error_rates", attempt, expected, edges, draw, hint)
