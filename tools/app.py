"""Make the files that the Android app is built with, and measure its thresholds.

    python -m tools.app                     what `make app` calls: model, contract, golden files
    python -m tools.app --research          with InsightFace's network, for research only
    python -m tools.app measure [NETWORK]   thresholds by gallery size: see tools/app_thresholds.py

The app gets dlib's network where its weights are here (`make data ARGS=dlib`), and else the
course's, which has seen made-up faces only. What is written goes into docs/android/app/src and is
not committed.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from lib import course, export
from lib.data import load
from lib.data.download import DataError
from lib.export.convert import PRECISIONS
from lib.models import RECOGNISERS, Network, available_recognisers, load_recogniser
from lib.models.ncnn import FACE_WEIGHTS_TERMS
from lib.phone import detector, quality
from lib.phone.__main__ import LIMITS
from tools import android_golden, app_thresholds

APP = course.ROOT / "docs" / "android" / "app" / "src"
FLAVOURS = {"litert": ".tflite", "executorch": ".pte"}


def network(research: bool) -> str:
    """Which network the app gets, and a sentence on it."""
    if research:
        print(FACE_WEIGHTS_TERMS)
        return "insightface"
    if "dlib" in available_recognisers():
        return "dlib"
    print(
        "dlib's network is not here, so the app gets the course's, trained on"
        f" {RECOGNISERS['course'].warning}."
        " `make data ARGS=dlib` brings dlib's."
    )
    return "course"


def facts(name: str, model: Network) -> dict:
    """What the contract of the app's model says besides what lib.export knows."""
    known = app_thresholds.record(name, model)
    table = known["gallery_thresholds"]
    found = {
        "name": "face",
        "threshold": table["threshold"][0],
        "threshold_far": 1 / table["one_in"],
        "gallery_thresholds": table,
        "margin": known["margin"],
        "quality": {limit.lower(): getattr(quality, limit) for limit in LIMITS},
        "data": known["chosen_on"],
        "measured_on": known["measured_on"],
        "measured": known["measured"],
        "licence": RECOGNISERS[name].licence,
    }
    warning = RECOGNISERS[name].warning
    return found | ({"trained_on": warning} if warning else {})


def build(name: str = "course", app: Path = APP) -> None:
    """Write models, contract and golden files to where Gradle looks for them.

    raises  ImportError where the detector or a converter is not installed; DataError where the
            network's weights are not here
    """
    found = detector.file()
    model = load_recogniser(name)
    contract = facts(name, model)
    golden = load("synthetic-faces", identities=25, images=4, seed=0).images
    with tempfile.TemporaryDirectory() as folder:
        leave_out = [
            f"{precision}{suffix}"
            for suffix, precisions in PRECISIONS.items()
            for precision in precisions
            if precision != "float32" or suffix not in FLAVOURS.values()
        ]
        made = export.export_all(model, folder, golden, leave_out, **contract)
        if {path.suffix for path in made} != set(FLAVOURS.values()):
            raise ImportError(
                "the app needs both converters: pip install -r requirements-mobile.txt"
            )
        for flavour, suffix in FLAVOURS.items():
            (app / flavour / "assets").mkdir(parents=True, exist_ok=True)
            for end in (suffix, f"{suffix}.json"):
                shutil.copy(f"{folder}/face-float32{end}", app / flavour / "assets" / f"face{end}")
    (app / "main" / "assets").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(found, app / "main" / "assets" / "blaze_face_short_range.tflite")
    on_phone = app / "androidTest" / "assets" / "golden"
    export.write_golden(model, on_phone, golden[:3])
    android_golden.write_photograph(on_phone)
    android_golden.main(app / "test" / "golden")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 where it went well. What stops it is one sentence on standard error."""
    parser = argparse.ArgumentParser("python -m tools.app", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--research", action="store_true", help="InsightFace's network: research only")
    add("what", nargs="?", choices=["measure"], help="measure thresholds in place of making files")
    add("network", nargs="?", choices=list(RECOGNISERS), help="to be measured; default: all here")
    given = parser.parse_args(arguments)
    try:
        if given.what:
            app_thresholds.write([given.network] if given.network else available_recognisers())
        else:
            build(name := network(given.research))
            print(
                f"model, contracts and golden files are in {APP.relative_to(course.ROOT)};"
                f" the network is {RECOGNISERS[name].title} ({RECOGNISERS[name].licence})"
            )
    except (DataError, ImportError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
