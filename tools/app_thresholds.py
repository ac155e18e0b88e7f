"""Thresholds by gallery size for each network of the Android app, and what they do on other people.

    python -m tools.app measure             every network whose weights are here
    python -m tools.app measure course      this one

The course's network is measured on made-up people, the others on LFW's photographs (COURSE_MIRROR,
or `make data ARGS=lfw`). One half of the people chooses the thresholds, the others judge them. The
results go into docs/results/app.json, a network a key, and into the page docs/android/README.md.
"""

import json
import zlib
from pathlib import Path

import numpy as np

from lib import course
from lib.data import ImageSet, load
from lib.data.files import write_atomically
from lib.evaluation import wilson_interval
from lib.export.contract import PhoneModel, fingerprint
from lib.models import RECOGNISERS, Network, load_recogniser
from lib.phone import alignment, quality
from lib.phone.__main__ import SIZES
from lib.phone.open_set import (
    OpenSetTrials,
    Share,
    choose_margin,
    open_set_rates,
    open_set_trials,
    threshold_at,
    threshold_table,
)
from lib.phone.recogniser import Phone

RECORD = course.ROOT / "docs" / "results" / "app.json"
PAGE = course.ROOT / "docs" / "android" / "README.md"
BEGIN, END = "<!-- thresholds -->\n", "<!-- /thresholds -->"  # around the tables in the page
SEED = 2  # of the made-up people: one half chooses the thresholds, the other half judges them
SHOTS = 5  # templates of one person: the guided shots of the app
People = tuple[np.ndarray, np.ndarray]  # (N, D) unit vectors, identity (N,)


def vectors(model: Network, images: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, D) unit vectors; NaN where the quality gate refuses the photograph."""
    seen = Phone(model, threshold=0.0).prepare(images, points)
    seen.vectors[[bool(why) for why in seen.refused]] = np.nan
    return seen.vectors


def passed(found: np.ndarray, identity: np.ndarray) -> People:
    good = np.isfinite(found[:, 0])
    return found[good], identity[good]


def made_up_people(model: Network) -> tuple[People, People, dict]:
    """Those who choose, those who judge, and both in words; photographed as lesson 15 does."""
    faces = load(
        "synthetic-faces",
        identities=course.by_budget(quick=80, full=200),
        images=6,
        size=160,
        seed=SEED,
        aligned=False,
    )
    halves = faces.split_by_identity(test=0.5, seed=0)
    count = len(halves[0].identities)
    photos = f"{count} people, {len(halves[0]) // count} photographs each"
    words = {
        "chosen_on": f"half of synthetic-faces, seed {SEED}: {photos}",
        "measured_on": f"the other half: {photos}",
    }
    found = [
        passed(vectors(model, half.images, half.extra["landmarks"]), half.identity)
        for half in halves
    ]
    return found[0], found[1], words


def people_of_lfw(model: Network) -> tuple[People, People, dict]:
    """The same with press photographs: people of folds 1 and 2, and all others."""
    from tools.faces.face_alignment import compute_in_parts, load_photographs
    from tools.faces.recognisers import DEVELOPMENT, find_points

    faces, (i, j, _, fold) = load_photographs()
    own = np.isin(fold, DEVELOPMENT)
    choosing = faces[np.unique(np.r_[i[own], j[own]])]
    others = np.setdiff1d(np.arange(len(faces)), np.unique(np.r_[i[own], j[own]]))
    others = others[~np.isin(faces.identity[others], choosing.identity)]
    found = []
    for part in (choosing, several(faces[others])):
        points, _ = find_points(part.images)
        code = (alignment.__file__, quality.__file__)
        sources = [zlib.crc32(Path(file).read_bytes()) for file in code]
        key = f"app-{fingerprint(model)}-{zlib.crc32(points.tobytes()):x}-{sum(sources):x}"

        def embed(rows: np.ndarray, part: ImageSet = part, points=points) -> np.ndarray:
            return vectors(model, part.images[rows], points[rows])

        found.append(passed(compute_in_parts(key, part.images, embed), part.identity))
    words = [f"{len(np.unique(who))} people, {len(who):,} photographs" for _, who in found]
    return (
        *found,
        {
            "chosen_on": f"LFW's photographs, people of folds 1 and 2: {words[0]}",
            "measured_on": f"other people of LFW with several photographs: {words[1]}",
        },
    )


def several(people: ImageSet, more_than: int = 1) -> ImageSet:
    """The people with more photographs than so many."""
    who, counts = np.unique(people.identity, return_counts=True)
    return people[np.isin(people.identity, who[counts > more_than])]


def rates(trials: OpenSetTrials, threshold: float, margin: float) -> list[Share]:
    """[found, named] of `open_set_rates`. Of a share of 0 or 1 resampling says nothing: there each
    person is one trial (Wilson)."""
    people = [len(np.unique(trials.owner[who])) for who in (trials.enrolled, ~trials.enrolled)]
    return [
        share
        if 0 < share.share < 1
        else Share(share.share, *np.clip(wilson_interval(share.share * n, n), 0, 1).tolist())
        for share, n in zip(open_set_rates(trials, threshold, margin), people)
    ]


def measure(model: Network, photographs: bool = False) -> dict:
    """The table of thresholds and the margin, and who is named and found with them among others.

    Each row of "measured" is a gallery: with the table's threshold, and with that for one template,
    both with the margin.

    photographs  True: on LFW; False: on made-up people
    """
    choosing, (judged, who), words = (people_of_lfw if photographs else made_up_people)(model)
    count = len(np.unique(choosing[1]))
    table = threshold_table(*choosing, [size for size in SIZES if size <= count // 3])
    margin, rows = choose_margin(*choosing, table), []
    for each in (1, SHOTS):
        names, counts = np.unique(who, return_counts=True)
        enough = np.isin(who, names[counts > each])  # a photograph must be left to ask with
        for people in (1, 5, 10, 20):
            if people > len(np.unique(who[enough])) // 2:
                continue
            trials = open_set_trials(judged[enough], who[enough], enrolled=people, templates=each)
            threshold = threshold_at(table, people * each)
            found, named = rates(trials, threshold, margin)
            before = rates(trials, table["threshold"][0], margin)[1]
            rows.append(
                {
                    "people": people,
                    "templates_each": each,
                    "threshold": round(threshold, 4),
                    "strangers_named": list(named),
                    "found": list(found),
                    "strangers_named_by_one_threshold": list(before),
                }
            )
    return {
        "command": "python -m tools.app measure",
        "fingerprint": PhoneModel(model).fingerprint,
        **words,
        "gallery_thresholds": table,
        "margin": margin,
        "measured": rows,
    }


def with_table(page: str, known: dict[str, dict]) -> str:
    """The page with the tables of `measure`, a network each, in the order of RECOGNISERS."""
    lines = []
    for name in (name for name in RECOGNISERS if name in known):
        one = known[name]
        lines += [
            f"**`{name}`, {RECOGNISERS[name].title}.** Chosen on {one['chosen_on']}; measured on"
            f" {one['measured_on']}. The best person must lead by {one['margin']:.3f}.",
            "",
            "| people × templates of each | threshold | strangers who get a name"
            " | with the threshold for one template | enrolled people found |",
            "|---|---|---|---|---|",
        ]
        for row in one["measured"]:
            before = row["strangers_named_by_one_threshold"][0]
            lines.append(
                f"| {row['people']} × {row['templates_each']} | {row['threshold']:.3f}"
                f" | {Share(*row['strangers_named'])} | {before:.2%} | {row['found'][0]:.1%} |"
            )
        lines.append("")
    (head, rest), text = page.split(BEGIN), "\n".join(lines)
    return f"{head}{BEGIN}{text}{END}{rest.split(END)[1]}"


def kept() -> dict[str, dict]:
    """What was measured so far, by network."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def record(name: str, model: Network) -> dict:
    """What `measure` wrote for this network; measured now where it belongs to other weights."""
    one = kept().get(name, {})
    if one.get("fingerprint") == PhoneModel(model).fingerprint:
        return one
    print(f"no thresholds of {name} with these weights are on record: measuring them takes minutes")
    return measure(model, photographs=name != "course")


def write(names: list[str]) -> None:
    """Measure these networks anew, one after the other, and write record and page after each."""
    for name in names:
        known = kept() | {name: measure(load_recogniser(name), photographs=name != "course")}
        write_atomically(RECORD, (json.dumps(known, indent=2) + "\n").encode())
        page = with_table(PAGE.read_text(encoding="utf-8"), known)
        write_atomically(PAGE, page.encode())
        print(f"{name}: written to {RECORD.relative_to(course.ROOT)}")
