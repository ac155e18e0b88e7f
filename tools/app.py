"""Measure thresholds by gallery size, and make the files that the Android app is built with.

    python -m tools.app measure    thresholds of the model that ships, into docs/results/app.json
                                   and into the page docs/android/README.md
    python -m tools.app            what `make app` calls: model, contract and golden files

The second command measures first where the record belongs to another network. What it writes goes
into docs/android/app/src and is not committed.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from lib import course, export
from lib.data import ImageSet, load
from lib.data.files import write_atomically
from lib.evaluation import wilson_interval
from lib.export.contract import PhoneModel
from lib.export.convert import PRECISIONS
from lib.models import Network, course_model
from lib.phone import quality
from lib.phone.__main__ import LIMITS, MARGIN, SIZES
from lib.phone.open_set import (
    OpenSetTrials,
    Share,
    open_set_rates,
    open_set_trials,
    threshold_at,
    threshold_table,
)
from lib.phone.recogniser import Phone
from tools import android_golden

RECORD = course.ROOT / "docs" / "results" / "app.json"
PAGE = course.ROOT / "docs" / "android" / "README.md"
APP = PAGE.parent / "app" / "src"
BEGIN, END = "<!-- thresholds -->\n", "<!-- /thresholds -->"  # around the table in the page
SEED = 2  # of the made-up people: one half chooses the thresholds, the other half judges them
SHOTS = 5  # templates of one person: the guided shots of the app
FLAVOURS = {"litert": ".tflite", "executorch": ".pte"}


def photographs() -> ImageSet:
    """Made-up people, photographed as lesson 15 does: the head somewhere, larger or leaning."""
    return load(
        "synthetic-faces",
        identities=course.by_budget(quick=80, full=200),
        images=6,
        size=160,
        seed=SEED,
        aligned=False,
    )


def vectors(model: Network, people: ImageSet):
    """(vectors, identity) of the photographs that the quality gate lets pass."""
    seen = Phone(model, threshold=0.0).prepare(people.images, people.extra["landmarks"])
    good = [not why for why in seen.refused]
    return seen.vectors[good], people.identity[good]


def rates(trials: OpenSetTrials, threshold: float) -> list[Share]:
    """[found, named] of `open_set_rates`. Of a share of 0 or 1 resampling says nothing: there each
    person is one trial (Wilson)."""
    people = [len(np.unique(trials.owner[who])) for who in (trials.enrolled, ~trials.enrolled)]
    return [
        share
        if 0 < share.share < 1
        else Share(share.share, *np.clip(wilson_interval(share.share * n, n), 0, 1).tolist())
        for share, n in zip(open_set_rates(trials, threshold), people)
    ]


def measure(model: Network) -> dict:
    """The table of thresholds, and who is named and found with it among other people.

    Each row of "measured" is a gallery: with the table's threshold, and with that for one template.
    """
    choosing, measuring = photographs().split_by_identity(test=0.5, seed=0)
    count = len(choosing.identities)
    table = threshold_table(
        *vectors(model, choosing), [size for size in SIZES if size <= count // 3]
    )
    judged, rows = vectors(model, measuring), []
    for each in (1, SHOTS):
        for people in (1, 5, 10, 20):
            if people > count // 2:
                continue
            trials = open_set_trials(*judged, enrolled=people, templates=each)
            threshold = threshold_at(table, people * each)
            found, named = rates(trials, threshold)
            before = rates(trials, table["threshold"][0])[1]
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
    photos = f"{count} people, {len(choosing) // count} photographs each"
    source = f"half of synthetic-faces, seed {SEED}: {photos}"
    return {
        "command": "python -m tools.app measure",
        "fingerprint": PhoneModel(model).fingerprint,
        "chosen_on": source,
        "measured_on": f"the other half: {photos}",
        "gallery_thresholds": table,
        "measured": rows,
    }


def with_table(page: str, known: dict) -> str:
    """The page with the table of `measure`."""
    lines = [
        f"Chosen on {known['chosen_on']}; measured on {known['measured_on']}"
        " ([the record](../results/app.json)). 95 % intervals are over the people who ask.",
        "",
        "| people × templates of each | threshold | strangers who get a name"
        " | with the threshold for one template | enrolled people found |",
        "|---|---|---|---|---|",
    ]
    for row in known["measured"]:
        before = row["strangers_named_by_one_threshold"][0]
        lines.append(
            f"| {row['people']} × {row['templates_each']} | {row['threshold']:.3f}"
            f" | {Share(*row['strangers_named'])} | {before:.2%} | {row['found'][0]:.1%} |"
        )
    (head, rest), text = page.split(BEGIN), "\n".join(lines)
    return f"{head}{BEGIN}{text}\n{END}{rest.split(END)[1]}"


def record(model: Network) -> dict:
    """What `measure` wrote for this network; measured now where it belongs to another one."""
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if kept.get("fingerprint") == PhoneModel(model).fingerprint:
        return kept
    print("no thresholds of this network are on record: measuring them, which takes minutes")
    return measure(model)


def build(app: Path = APP) -> None:
    """Write model, contract and golden files to where Gradle looks for them."""
    model = course_model()
    known = record(model)
    table = known["gallery_thresholds"]
    facts = {
        "name": "face",
        "threshold": table["threshold"][0],
        "threshold_far": 1 / table["one_in"],
        "gallery_thresholds": table,
        "margin": MARGIN,
        "quality": {name.lower(): getattr(quality, name) for name in LIMITS},
        "data": known["chosen_on"],
    }
    golden = load("synthetic-faces", identities=25, images=4, seed=0).images
    with tempfile.TemporaryDirectory() as folder:
        leave_out = [
            f"{precision}{suffix}"
            for suffix, precisions in PRECISIONS.items()
            for precision in precisions
            if precision != "float32" or suffix not in FLAVOURS.values()
        ]
        export.export_all(model, folder, golden, leave_out, **facts)
        for flavour, suffix in FLAVOURS.items():
            (app / flavour / "assets").mkdir(parents=True, exist_ok=True)
            for end in (suffix, f"{suffix}.json"):
                shutil.copy(f"{folder}/face-float32{end}", app / flavour / "assets" / f"face{end}")
    export.write_golden(model, app / "androidTest" / "assets" / "golden", golden[:3])
    android_golden.main(app / "test" / "golden")


def main(arguments: list[str]) -> None:
    if arguments == ["measure"]:
        known = measure(course_model())
        write_atomically(RECORD, (json.dumps(known, indent=2) + "\n").encode())
        page = with_table(PAGE.read_text(encoding="utf-8"), known)
        PAGE.write_text(page, encoding="utf-8")
        print(f"written: {RECORD.relative_to(course.ROOT)}")
    elif arguments:
        sys.exit("usage: python -m tools.app [measure]")
    else:
        build()
        print(f"model, contracts and golden files are in {APP.relative_to(course.ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
