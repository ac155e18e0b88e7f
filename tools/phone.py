"""Build the page for a phone's browser (docs/phone) into site/phone: page, networks, runtime.

    python -m tools.phone                                          what `make phone` calls
    python -m http.server --bind 127.0.0.1 -d site/phone 8000      then open http://127.0.0.1:8000

The runtime comes from npm, exactly as docs/phone/package-lock.json names it. The page fetches
nothing else: any static host can serve the folder.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from lib import course, export
from lib.data import ImageSet, load
from lib.data.pairs import all_pairs
from lib.evaluation import bootstrap_interval, far_frr, pair_scores, tar_at_far
from lib.models import course_model
from lib.phone import detector, quality
from lib.phone.recogniser import align, embed_crops

SOURCE = course.ROOT / "docs" / "phone"
PAGE = (".html", ".css", ".js", ".webmanifest", ".svg")
PACKAGE = "@litertjs/core"
# Runs in every browser with WebAssembly's SIMD; the faster kind needs what Safari does not have.
RUNTIME = ("litert_wasm_compat_internal.js", "litert_wasm_compat_internal.wasm")
CONTENT = 'const CONTENT = { version: "not built", files: [] };'  # in sw.js, filled in by the build

FAR = 0.001  # accept: one stranger in a thousand
FRR = 0.01  # call different: below one pair in a hundred of one person
CUT = "cut where BlazeFace finds the face"
LOWEST = -0.6  # where the page's scale begins; one pair of strangers in four hundred lies below
CHOOSING, MEASURING, SHOWN = 2, 3, 11  # seeds: people who choose, who measure, whom the page shows
RARITIES = [1, 1.01, 1.03, 1.1, 1.25, 1.5, 2, 3, 5, 7] + [
    round(n * ten, 1) for ten in (10, 100, 1000, 10_000) for n in (1, 1.5, 2, 3, 5, 7)
]
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "network")
# Pictures that the page shows, by their number, and the pairs of them that it begins with. One pair
# leaves the network unsure, and one, of look-alikes, it gets wrong.
PICTURES = (0, 1, 2, 3, 5, 6, 10, 15, 16, 29)
PAIRS = ((0, 1), (4, 6), (7, 8), (0, 2), (4, 5), (3, 9), (0, 7))


class Unavailable(RuntimeError):
    """What the build needs and this machine does not have, in words."""


def runtime() -> Path:
    """The folder of LiteRT.js's packages, kept in the cache.

    npm fetches them once and checks them against the lock file.

    raises  Unavailable where there is no npm, or no registry to be reached
    """
    folder = course.cache_dir() / "phone-npm"
    packages = folder / "node_modules"
    wanted = json.loads((SOURCE / "package.json").read_text())["dependencies"][PACKAGE]
    installed = packages / PACKAGE / "package.json"
    if installed.exists() and json.loads(installed.read_text())["version"] == wanted:
        return packages
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(
            "npm is not here. Install Node.js 18 or newer (nodejs.org; Debian: apt install npm),"
            " then run the same command again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder / name)
    options = "--ignore-scripts --omit=dev --no-audit --no-fund --fetch-retries=1".split()
    done = subprocess.run([npm, "ci", *options], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(reason_of(done.stdout + done.stderr))
    return packages


def copy_runtime(packages: Path, folder: Path) -> None:
    """LiteRT.js as the page imports it: a browser finds no package by its name, but a file."""
    folder.mkdir()
    script = (packages / PACKAGE / "dist" / "index.js").read_text()
    script = script.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
    (folder / "litert.js").write_text(without_map(script))
    helpers = (packages / "@litertjs" / "wasm-utils" / "dist" / "index.js").read_text()
    (folder / "wasm-utils.js").write_text(without_map(helpers))
    for name in RUNTIME:
        shutil.copyfile(packages / PACKAGE / "wasm" / name, folder / name)


def without_map(script: str) -> str:
    """The script without the line that names a map of its source, which the page does not carry."""
    return script.partition("//# sourceMappingURL")[0]


def reason_of(output: str) -> str:
    """Why npm failed, in a sentence, from what it printed."""
    if "EINTEGRITY" in output:
        return (
            "What npm received is not what docs/phone/package-lock.json names: nothing of it was"
            " used. Try another network."
        )
    if any(sign in output for sign in NO_NETWORK):
        return (
            "npm could not reach its registry. Check the connection (behind a proxy: npm config set"
            " proxy), then run the same command again; what was fetched once is kept and needs no"
            " network."
        )
    return f"npm could not install {PACKAGE}:\n" + output.strip()[-800:]


def scores(
    model, people: ImageSet, off: float | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """(scores, same, identities) of all pairs of photographs.

    off  None: cut where the detector finds the face; photographs without one are left out. Else cut
         at the eyes, as after two taps: how far a tap misses each eye, as a share of the distance
         between them (standard deviation in x and in y)
    """
    identity = people.identity
    if off is None:
        points, found = detector.largest_faces(people.images)
        points, images, identity = points[found], people.images[found], identity[found]
    else:
        images, points = people.images, people.extra["landmarks"][:, :2].astype(np.float64)
        apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)[:, None, None]
        points = points + np.random.default_rng(0).normal(0, 1, points.shape) * off * apart
    phone = export.PhoneModel(model)
    vectors = embed_crops(phone, align(images, points, phone.template))
    i, j, same = all_pairs(identity)
    return pair_scores(vectors, i, j), same, (identity[i], identity[j])


def choose_thresholds(model) -> dict:
    """The scores between "same", "not sure" and "different", and the error rates they are for."""
    people = load(
        "synthetic-faces",
        identities=course.by_budget(quick=40, full=200),
        images=course.by_budget(quick=3, full=4),
        size=128,
        seed=CHOOSING,
        aligned=False,
    )
    score, same, _ = scores(model, people)
    threshold = tar_at_far(score, same, FAR)[1]
    low, count = min(threshold, float(np.quantile(score[same], FRR))), len(people.identities)
    return {
        "threshold": round(threshold, 4),
        "threshold_far": FAR,
        "reject_below": round(low, 4),
        "reject_below_frr": FRR,
        "data": f"synthetic-faces, seed {CHOOSING}, {count} people, {CUT}",
        "trained_on": "made-up faces only",
    }


def measure_scale(model, contract: dict) -> dict:
    """The scale of the page: how rare each score is among strangers and among pairs of one person.

    Measured on people whom the thresholds were not chosen on.
    """
    people = load(
        "synthetic-faces",
        identities=course.by_budget(quick=40, full=400),
        images=3,
        size=128,
        seed=MEASURING,
        aligned=False,
    )
    score, same, identities = scores(model, people)
    count, threshold = len(people.identities), contract["threshold"]
    resamples = course.by_budget(quick=10, full=200)

    def rate(which: int) -> dict:
        def metric(score, same) -> float:
            return far_frr(score, same, threshold)[which]

        interval = bootstrap_interval(metric, score, same, identities, resamples=resamples)
        return {"rate": metric(score, same), "interval_95": interval}

    bins = np.linspace(LOWEST, 1, 81)
    hills: dict = {"from": LOWEST, "to": 1.0}
    for name, kind in (("same", same), ("different", ~same)):
        shares = np.histogram(score[kind], bins)[0] / kind.sum()
        hills[name] = [round(float(share), 6) for share in shares]
    people_words = f"{count} people with 3 pictures each"
    return {
        "fingerprint": contract["fingerprint"],
        "data": f"synthetic-faces, seed {MEASURING}, {people_words}, {CUT}",
        "different": curve(score[~same], count * (count - 1) // 2) | {"people": count},
        "same": curve(-score[same], count, sign=-1) | {"people": count},
        "far": rate(0),
        "frr": rate(1),
        "frr_by_missed_taps": {
            f"{off:.0%}": far_frr(*scores(model, people, off)[:2], threshold)[1]
            for off in (0.0, 0.03, 0.06, 0.1)
        },
        "hills": hills,
    }


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


def examples(folder: Path) -> None:
    """Pictures of synthetic people to try the page with, their eyes, and the pairs to show."""
    people = load("synthetic-faces", identities=6, images=5, size=480, seed=SHOWN, aligned=False)
    folder.mkdir()
    shown = people[list(PICTURES)]
    for n, image in enumerate(shown.images):
        Image.fromarray(image).save(folder / f"{n}.jpg", quality=90)
    eyes = shown.extra["landmarks"][:, :2].astype(np.float64).round(2)
    content = {
        "eyes": [[{"x": x, "y": y} for x, y in pair] for pair in eyes.tolist()],
        "person": shown.identity.tolist(),
        "pairs": PAIRS,
    }
    (folder / "examples.json").write_text(json.dumps(content))


def limits() -> dict:
    """What the page's detector and quality gate take from lib.phone."""
    gate = ("DARKEST", "BRIGHTEST", "FLATTEST", "BLURRIEST", "SMALLEST", "TURNED")
    return {
        "detector": {
            "least": detector.LEAST,
            "doubt": detector.DOUBT,
            "overlap": detector.OVERLAP,
            "around": detector.AROUND,
        },
        "quality": {name.lower(): getattr(quality, name) for name in gate},
    }


def write_models(folder: Path, model, facts: dict) -> Path:
    """Both networks and their limits; returns the file of the one that knows faces."""
    network = export.to_tflite(model, folder / "course-face.tflite", name="course-face", **facts)
    shutil.copyfile(detector.file(), folder / "detector.tflite")
    (folder / "limits.json").write_text(json.dumps(limits()))
    return network


def icon(side: int, margin: float = 0.0, rounded: bool = True) -> Image.Image:
    """icon.svg's two circles as pixels.

    margin  how much of each side is ground only: a maskable icon may lose a fifth of each
    """
    k = 4 * side / 96  # four times as fine, then reduced; the drawing is 96 wide
    picture = Image.new("RGBA", (4 * side, 4 * side))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, 4 * side - 1, 4 * side - 1), 22 * k * rounded, "#faf8f4")

    def box(x: float, radius: float) -> tuple[float, ...]:
        middle, shrink = 48, 1 - 2 * margin
        x, radius = middle + (x - middle) * shrink, radius * shrink
        return tuple(k * v for v in (x - radius, 48 - radius, x + radius, 48 + radius))

    width = round(5 * k * (1 - 2 * margin))
    draw.ellipse(box(37, 23.5), outline="#0072b2", width=width)
    dash, gap = (length / 21 * 180 / np.pi for length in (9, 5))
    for n in range(int(360 / (dash + gap))):
        start = n * 360 / int(360 / (dash + gap))
        draw.arc(box(59, 23.5), start, start + dash, "#e69f00", width)
    draw.ellipse(box(48, 4.5), "#222222")
    return picture.reduce(4)


def build(out: Path, model=None) -> list[str]:
    """Write the whole page to `out`, and return its files.

    An older page there is replaced when the new one is complete.
    """
    model = model or course_model()
    parts = runtime()  # first, because it fails most often, and measuring takes minutes
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for file in SOURCE.iterdir():
        if file.suffix in PAGE:
            shutil.copy(file, part)
    copy_runtime(parts, part / "runtime")
    for name, picture in {
        "icon-192": icon(192),
        "icon-512": icon(512),
        "icon-maskable-512": icon(512, margin=0.1, rounded=False),
    }.items():
        picture.save(part / f"{name}.png")
    network = write_models(part / "model", model, choose_thresholds(model))
    scale = measure_scale(model, export.read_contract(network))
    (part / "model" / "scale.json").write_text(json.dumps(scale))
    examples(part / "examples")
    every = (file for file in part.rglob("*") if file.is_file() and file.name != "sw.js")
    files = sorted(file.relative_to(part).as_posix() for file in every)
    worker = (part / "sw.js").read_text()
    if CONTENT not in worker:
        raise ValueError(f"docs/phone/sw.js lacks the line that the build fills in: {CONTENT}")
    version = fingerprint([part / name for name in files], worker)
    content = json.dumps({"version": version, "files": files})
    (part / "sw.js").write_text(worker.replace(CONTENT, f"const CONTENT = {content};"))
    shutil.rmtree(out, ignore_errors=True)
    os.replace(part, out)
    return files


def over_the_wire(folder: Path, files: list[str]) -> int:
    """Bytes that a host sends which compresses with gzip, as most static hosts do."""
    return sum(len(gzip.compress((folder / name).read_bytes(), 6)) for name in files)


def fingerprint(files: list[Path], worker: str) -> str:
    """Sixteen hex digits that change with any byte; the page's cache is named after them."""
    digest = hashlib.sha256(worker.encode())
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size} ".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def main() -> None:
    out = course.ROOT / "site" / "phone"
    try:
        files = build(out)
    except Unavailable as reason:
        sys.exit(f"\nthe page was not built: {reason}")
    contract = json.loads((out / "model" / "course-face.tflite.json").read_text())
    scale = json.loads((out / "model" / "scale.json").read_text())
    low, high = scale["far"]["interval_95"]
    size = sum((out / name).stat().st_size for name in files) / 1e6
    print(
        f"{len(files)} files, {size:.1f} MB, in {out.relative_to(course.ROOT)};"
        f" {over_the_wire(out, files) / 1e6:.1f} MB over the wire, compressed by gzip\n"
        f"threshold {contract['threshold']:.3f}: chosen for one stranger in {1 / FAR:,.0f}; of"
        f" {scale['different']['pairs']:,} pairs of others {scale['far']['rate']:.2%}"
        f" ({low:.2%} to {high:.2%}) pass\n"
        "to look at it: python3 -m http.server --bind 127.0.0.1 -d site/phone 8000, then"
        " http://127.0.0.1:8000\n"
        "on a phone the camera and offline use need https: put the folder on any static host"
        " (docs/phone/README.md says how)"
    )


if __name__ == "__main__":
    main()
