"""Build the page for a phone's browser (docs/phone) into site/phone: page, networks, runtime.

    python -m tools.phone                                          what `make phone` calls
    python -m tools.phone --model course                           with this network
    python -m http.server --bind 127.0.0.1 -d site/phone 8000      then open http://127.0.0.1:8000

Without --model it takes dlib's network where its weights are here, else the one that ships, which
knows made-up faces only. InsightFace's, for research only, has to be named.

The runtime comes from npm, exactly as docs/phone/package-lock.json names it. The page fetches
nothing else: any static host can serve the folder.
"""

import argparse
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
from lib.data import load
from lib.data.download import DataError
from lib.export.contract import fingerprint as fingerprint_of
from lib.models import RECOGNISERS, Network, available_recognisers, load_recogniser
from lib.models.ncnn import FACE_WEIGHTS_TERMS
from lib.phone import detector, quality
from tools import phone_scale

SOURCE = course.ROOT / "docs" / "phone"
PAGE = (".html", ".css", ".js", ".webmanifest", ".svg")
PACKAGE = "@litertjs/core"
# Runs in every browser with WebAssembly's SIMD; the faster kind needs what Safari does not have.
RUNTIME = ("litert_wasm_compat_internal.js", "litert_wasm_compat_internal.wasm")
REMINDER = "<!-- the reminder of the network; the build fills it in -->"  # in index.html
CONTENT = 'const CONTENT = { version: "not built", files: [] };'  # in sw.js, filled in by the build
SHOWN = 11  # seed of the made-up people whom the page shows
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "network")
# Pictures that the page shows, by their number, and the pairs of them that it begins with. One pair
# leaves the network unsure, and one, of look-alikes, it gets wrong.
PICTURES = (0, 1, 2, 3, 5, 6, 10, 15, 16, 29)
PAIRS = ((0, 1), (4, 6), (7, 8), (0, 2), (4, 5), (3, 9), (0, 7))
ACCURACY = course.ROOT / "docs" / "results" / "recognisers.json"  # on LFW
TRAINED_ON = {
    "course": "made-up faces only",
    "dlib": "photographs of 7,485 people",
    "insightface": "photographs of MS-Celeb-1M",
}


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


def write_models(folder: Path, model: Network, facts: dict) -> None:
    """Both networks, the contract of the one that knows faces, and the limits of detector and gate.

    The networks are packed with gzip here, because hosts compress text, but seldom a .tflite. Their
    names do not end in .gz, of which some hosts tell the browser to unpack it.
    """
    network = export.to_tflite(model, folder / "face.tflite", **{"name": "face"} | facts)
    for name, file in {"face": network, "detector": detector.file()}.items():
        packed = gzip.compress(file.read_bytes(), mtime=0)
        (folder / f"{name}.tflite.packed").write_bytes(packed)
    network.unlink()
    (folder / "limits.json").write_text(json.dumps(limits()))


def numbers(name: str, model: Network) -> dict:
    """{"contract", "scale"}: measured now on made-up people, or on record for photographs.

    raises  Unavailable where the record holds nothing of these weights
    """
    if name == "course":
        return phone_scale.on_made_up_people(model)
    known = phone_scale.recorded(name)
    if known is None or known["fingerprint"] != fingerprint_of(model):
        record = phone_scale.RECORD.relative_to(course.ROOT)
        raise Unavailable(
            f"{record} has no thresholds of {RECOGNISERS[name].title} with these weights. Measure"
            " them on LFW's photographs (python -m tools.phone_scale), or take --model course."
        )
    return known


def reminder(name: str) -> str:
    """What the page says first about its network, in HTML."""
    measured = json.loads(ACCURACY.read_text(encoding="utf-8"))["recognisers"][name]["lfw"]
    wrong = round(1000 * (1 - measured["eight"]["accuracy"]))
    about = {
        "course": "<strong>Made-up faces only.</strong> The network that ships with the course has"
        " never seen a photograph of a person.",
        "dlib": "<strong>A demonstration, no evidence.</strong> The network of dlib has learned"
        " from photographs of people who were not asked. Its maker gives it away.",
        "insightface": "<strong>For non-commercial research only.</strong> The network of"
        " InsightFace has learned from photographs of people who were not asked.",
    }
    return (
        f"{about[name]} Of 1,000 pairs of press photographs it gets {wrong} wrong; that says"
        " little about children, about groups whom the press shows less, or about your camera."
        " Look-alikes fool it, as they fool people."
    )


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


def build(out: Path, name: str = "course") -> list[str]:
    """Write the whole page to `out`, and return its files.

    An older page there is replaced when the new one is complete.

    name    of one of `RECOGNISERS`
    raises  Unavailable, or DataError where the network's weights are not here
    """
    model, one = load_recogniser(name), RECOGNISERS[name]
    parts = runtime()  # first, because it fails most often, and measuring takes minutes
    known = numbers(name, model)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write_page(part, name)
    copy_runtime(parts, part / "runtime")
    about = {"title": one.title, "licence": one.licence, "trained_on": TRAINED_ON[name]}
    write_models(part / "model", model, {"name": name} | about | known["contract"])
    (part / "model" / "scale.json").write_text(json.dumps(known["scale"]))
    examples(part / "examples")
    files = write_list(part)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(part, out)
    return files


def write_page(folder: Path, name: str) -> None:
    """The page's own files, with the reminder of this network, and its icons."""
    for file in SOURCE.iterdir():
        if file.suffix in PAGE:
            shutil.copy(file, folder)
    page = folder / "index.html"
    page.write_text(replaced(page.read_text(), REMINDER, reminder(name)))
    for file_name, picture in {
        "icon-192": icon(192),
        "icon-512": icon(512),
        "icon-maskable-512": icon(512, margin=0.1, rounded=False),
    }.items():
        picture.save(folder / f"{file_name}.png")


def write_list(folder: Path) -> list[str]:
    """Tell sw.js which files it keeps, and by which name; returns them."""
    every = (file for file in folder.rglob("*") if file.is_file() and file.name != "sw.js")
    files = sorted(file.relative_to(folder).as_posix() for file in every)
    worker = (folder / "sw.js").read_text()
    version = fingerprint([folder / name for name in files], worker)
    content = json.dumps({"version": version, "files": files})
    (folder / "sw.js").write_text(replaced(worker, CONTENT, f"const CONTENT = {content};"))
    return files


def replaced(text: str, line: str, by: str) -> str:
    """The text of a source file of the page with a line that the build fills in."""
    if text.count(line) != 1:
        raise ValueError(f"docs/phone lacks the line that the build fills in: {line}")
    return text.replace(line, by)


def over_the_wire(folder: Path, files: list[str]) -> int:
    """Bytes that a host sends which compresses text and WebAssembly with gzip, as most do."""
    as_they_are = (".packed", ".png", ".jpg")

    def sent(file: Path) -> int:
        content = file.read_bytes()
        return len(content if file.suffix in as_they_are else gzip.compress(content, 6))

    return sum(sent(folder / name) for name in files)


def fingerprint(files: list[Path], worker: str) -> str:
    """Sixteen hex digits that change with any byte; the page's cache is named after them."""
    digest = hashlib.sha256(worker.encode())
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size} ".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def best_free() -> str:
    """dlib's network where its weights are here and its thresholds on record; else the course's."""
    is_here = "dlib" in available_recognisers() and phone_scale.recorded("dlib")
    return "dlib" if is_here else "course"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.phone",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", choices=list(RECOGNISERS), help="default: see above")
    asked = parser.parse_args(arguments).model
    name = asked or best_free()
    print(f"network: {RECOGNISERS[name].title}. Licence: {RECOGNISERS[name].licence}", flush=True)
    if name == "insightface":
        print(FACE_WEIGHTS_TERMS, flush=True)
    if name == "course" and not asked:
        print(
            "It has seen made-up faces only: a demonstration. `make data ARGS=dlib` brings dlib's,"
            f" for which {phone_scale.RECORD.name} must hold thresholds (docs/phone/README.md)."
        )
    out = course.ROOT / "site" / "phone"
    try:
        files = build(out, name)
    except (DataError, Unavailable) as reason:
        sys.exit(f"\nthe page was not built: {reason}")
    contract = json.loads((out / "model" / "face.tflite.json").read_text())
    scale = json.loads((out / "model" / "scale.json").read_text())
    low, high = scale["far"]["interval_95"]
    table = contract["gallery_thresholds"]
    size = sum((out / name).stat().st_size for name in files) / 1e6
    print(
        f"{len(files)} files, {size:.1f} MB, in {out.relative_to(course.ROOT)};"
        f" {over_the_wire(out, files) / 1e6:.1f} MB over the wire\n"
        f"two pictures: threshold {contract['threshold']:.3f}, chosen for one stranger in"
        f" {1 / contract['threshold_far']:,.0f}; of {scale['different']['pairs']:,} pairs of others"
        f" {scale['far']['rate']:.2%} ({low:.2%} to {high:.2%}) pass\n"
        f"a gallery: thresholds from {table['threshold'][0]:.3f} with {table['templates'][0]}"
        f" template to {table['threshold'][-1]:.3f} with {table['templates'][-1]}"
    )
    for row in scale["galleries"]:
        named, low, high = row["named"]
        print(
            f"  {row['people']} enrolled: {named:.2%} ({low:.2%} to {high:.2%}) of strangers get a"
            f" name, {row['found'][0]:.1%} of the people enrolled get theirs"
        )
    print(
        "to look at it: python3 -m http.server --bind 127.0.0.1 -d site/phone 8000, then"
        " http://127.0.0.1:8000\n"
        "on a phone the camera and offline use need https: put the folder on any static host"
        " (docs/phone/README.md says how)"
    )


if __name__ == "__main__":
    main()
