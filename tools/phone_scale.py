"""What the page for a phone's browser is told of a network: thresholds, and how rare a score is.

    COURSE_MIRROR=../shared/data python -m tools.phone_scale    # a quarter of an hour

`make phone` measures the network that ships on made-up people whenever it builds the page. Of the
networks that have seen photographs it takes what this command wrote: it measures those whose
weights are here on LFW's photographs, and writes docs/results/phone.json.

Folds 1 and 2 of LFW choose the thresholds, folds 3 and 4 judge them; their people are others.
"""

import json
from typing import NamedTuple

import numpy as np

from lib import course, export
from lib.data import load
from lib.data.files import write_atomically
from lib.data.pairs import all_pairs
from lib.evaluation import bootstrap_interval, far_frr, pair_scores, tar_at_far, wilson_interval
from lib.export.contract import fingerprint
from lib.models import Network, available_recognisers, load_recogniser
from lib.phone import detector
from lib.phone.__main__ import SIZES
from lib.phone.open_set import (
    choose_margin,
    open_set_rates,
    open_set_trials,
    threshold_at,
    threshold_table,
)
from lib.phone.recogniser import align, embed_crops
from tools import app_thresholds
from tools.cache import results_folder
from tools.faces.face_alignment import load_photographs
from tools.faces.recognisers import find_points, lfw_vectors

RECORD = course.ROOT / "docs" / "results" / "phone.json"
FAR = 0.001  # accept: one stranger in a thousand
FRR = 0.01  # call different: below one pair in a hundred of one person
CUT = "cut where BlazeFace finds the face"
CHOOSING, MEASURING = 2, 3  # seeds of the made-up people who choose, and of those who judge
FOLDS = ((0, 1), (2, 3))  # of LFW: people who choose, people who judge
LOWEST = 1 / 400  # of pairs of strangers lie below the beginning of the page's scale
GALLERIES = (1, 5, 20)  # people enrolled, for the page's promise
RARITIES = [1, 1.01, 1.03, 1.1, 1.25, 1.5, 2, 3, 5, 7] + [
    round(n * ten, 1) for ten in (10, 100, 1000, 10_000) for n in (1, 1.5, 2, 3, 5, 7)
]


class People(NamedTuple):
    """Faces as a network sees them, and who they are."""

    vectors: np.ndarray  # (N, D) unit length
    identity: np.ndarray  # (N,)
    words: str


def made_up_people(model: Network, seed: int, images: int, off: float | None = None) -> People:
    """Drawn people whom the network has not learned from.

    off  None: cut where the detector finds the face; photographs without one are left out. Else cut
         at the eyes, as after two taps: how far a tap misses each eye, as a share of the distance
         between them (standard deviation in x and in y)
    """
    count = course.by_budget(quick=40, full=200 if seed == CHOOSING else 400)
    faces = load(
        "synthetic-faces", identities=count, images=images, size=128, seed=seed, aligned=False
    )
    if off is None:
        points, found = detector.largest_faces(faces.images)
        points, faces = points[found], faces[found]
    else:
        points = faces.extra["landmarks"][:, :2].astype(np.float64)
        apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)[:, None, None]
        points = points + np.random.default_rng(0).normal(0, 1, points.shape) * off * apart
    phone = export.PhoneModel(model)
    vectors = embed_crops(phone, align(faces.images, points, phone.template))
    words = f"synthetic-faces, seed {seed}, {count} people with {images} pictures each"
    return People(vectors, faces.identity, words)


def people_of_lfw(name: str, model: Network) -> tuple[People, People]:
    """Those who choose and those who judge; vectors as tools.faces.recognisers keeps them."""
    faces, (i, j, _, fold) = load_photographs()
    points, _ = find_points(faces.images)
    vectors = lfw_vectors(name, model, faces.images, points)
    parts = []
    for folds in FOLDS:
        own = np.isin(fold, folds)
        rows = np.unique(np.r_[i[own], j[own]])
        identity, numbers = faces.identity[rows], " and ".join(str(one + 1) for one in folds)
        count = len(np.unique(identity))
        words = f"LFW's folds {numbers}, {len(rows):,} photographs of {count} people"
        parts.append(People(vectors[rows], identity, words))
    return parts[0], parts[1]


def pairs_of(people: People) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """(scores, same, identities) of all pairs of photographs."""
    i, j, same = all_pairs(people.identity)
    return pair_scores(people.vectors, i, j), same, (people.identity[i], people.identity[j])


def choose_thresholds(people: People, known: dict | None = None) -> dict:
    """What the contract is told: where "same", "not sure" and "different" begin, for which error
    rates; the threshold by templates enrolled; and the lead that a name needs.

    known  what tools.app_thresholds has on record: table and margin are taken from it, so that app
           and page say the same; None: both are chosen here
    """
    score, same, _ = pairs_of(people)
    threshold = tar_at_far(score, same, FAR)[1]
    low = min(threshold, float(np.quantile(score[same], FRR)))
    if known is None:
        sizes = [size for size in SIZES if size <= len(np.unique(people.identity)) // 3]
        table = threshold_table(people.vectors, people.identity, sizes, round(1 / FAR))
        margin = choose_margin(people.vectors, people.identity, table)
        known = {"gallery_thresholds": table, "margin": margin}
    return {
        "threshold": round(threshold, 4),
        "threshold_far": FAR,
        "reject_below": round(low, 4),
        "reject_below_frr": FRR,
        "gallery_thresholds": known["gallery_thresholds"],
        "margin": known["margin"],
        "data": f"{people.words}, {CUT}",
    }


def measure_scale(people: People, contract: dict) -> dict:
    """The scale of the page: how rare each score is among strangers and among pairs of one person.

    people  on whom the thresholds were not chosen
    """
    score, same, identities = pairs_of(people)
    count, threshold = len(np.unique(people.identity)), contract["threshold"]
    resamples = course.by_budget(quick=10, full=200)

    def rate(which: int) -> dict:
        def metric(score, same) -> float:
            return far_frr(score, same, threshold)[which]

        interval = bootstrap_interval(metric, score, same, identities, resamples=resamples)
        return {"rate": metric(score, same), "interval_95": interval}

    lowest = float(np.floor(10 * np.quantile(score[~same], LOWEST)) / 10)
    bins = np.linspace(lowest, 1, 81)
    hills: dict = {"from": lowest, "to": 1.0}
    for name, kind in (("same", same), ("different", ~same)):
        shares = np.histogram(score[kind], bins)[0] / kind.sum()
        hills[name] = [round(float(share), 6) for share in shares]
    return {
        "data": f"{people.words}, {CUT}",
        "different": curve(score[~same], count * (count - 1) // 2) | {"people": count},
        "same": curve(-score[same], count, sign=-1) | {"people": count},
        "far": rate(0),
        "frr": rate(1),
        "galleries": promises(people, contract, resamples),
        "hills": hills,
    }


def promises(people: People, contract: dict, resamples: int) -> list[dict]:
    """Strangers who get a name, and people enrolled who get theirs, by the size of the gallery."""
    count, rows = len(np.unique(people.identity)), []
    for enrolled in (size for size in GALLERIES if size <= count // 2):
        trials = open_set_trials(people.vectors, people.identity, enrolled)
        threshold = threshold_at(contract["gallery_thresholds"], enrolled)
        found, named = open_set_rates(trials, threshold, contract["margin"], resamples)
        if named.share == 0:  # of which resampling says nothing: each person is one trial
            named = named._replace(high=float(wilson_interval(0, count)[1]))
        rows.append({"people": enrolled, "named": list(named), "found": list(found)})
    return rows


def curve(score: np.ndarray, independent: int, sign: int = 1) -> dict:
    """Scores that one pair in N reaches or exceeds.

    N goes from 1 to a rarity that rests on at least ten of the `independent` pairs.
    """
    steps = [n for n in RARITIES if n <= max(10, independent // 10)]
    return {
        "one_in": steps,
        "score": [round(sign * float(np.quantile(score, 1 - 1 / n)), 5) for n in steps],
        "pairs": len(score),
    }


def on_made_up_people(model: Network) -> dict:
    """{"contract", "scale"} of the network that ships; minutes."""
    contract = choose_thresholds(
        made_up_people(model, CHOOSING, images=course.by_budget(quick=3, full=4))
    )
    scale = measure_scale(made_up_people(model, MEASURING, images=3), contract)
    scale["frr_by_missed_taps"] = {
        f"{off:.0%}": far_frr(
            *pairs_of(made_up_people(model, MEASURING, 3, off))[:2], contract["threshold"]
        )[1]
        for off in (0.0, 0.03, 0.06, 0.1)
    }
    return {"contract": contract, "scale": scale}


def recorded(name: str) -> dict | None:
    """{"fingerprint", "contract", "scale"} as measured on LFW; None where nothing is on record."""
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    return known.get(name)


def main() -> None:
    file = course.by_budget(quick=results_folder() / RECORD.name, full=RECORD)
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in (name for name in available_recognisers() if name != "course"):
        model = load_recogniser(name)
        choosing, judging = people_of_lfw(name, model)
        contract = choose_thresholds(choosing, app_thresholds.record(name, model))
        scale = measure_scale(judging, contract)
        known[name] = {"fingerprint": fingerprint(model), "contract": contract, "scale": scale}
        write_atomically(file, (json.dumps(known, indent=1) + "\n").encode())
        table = contract["gallery_thresholds"]
        print(f"{name}: threshold {contract['threshold']}, margin {contract['margin']}")
        print(f"  by templates {dict(zip(table['templates'], table['threshold']))}")
        for row in scale["galleries"]:
            low, high = row["named"][1:]
            print(
                f"  {row['people']} enrolled: strangers named {row['named'][0]:.2%}"
                f" ({low:.2%} to {high:.2%}), people found {row['found'][0]:.1%}"
            )


if __name__ == "__main__":
    main()
