"""Build the page for a phone's browser (docs/phone) into site/phone: page, network, its scale, and the runtime that computes it.

    python -m tools.phone                                             what `make phone` calls
    python -m http.server --bind 127.0.0.1 -d site/phone 8000         then open http://127.0.0.1:8000

The runtime comes from npm, exactly as docs/phone/package-lock.json names it; afterwards nothing is fetched by anybody: the folder is
all there is, and any static host can serve it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lib import course, export
from lib.data import ImageSet, load
from lib.data.pairs import all_pairs
from lib.evaluation import bootstrap_interval, far_frr, pair_scores, tar_at_far
from lib.models import course_model
from lib.phone.recogniser import align, embed_crops

SOURCE = course.ROOT / "docs" / "phone"
PAGE = (".html", ".css", ".js", ".webmanifest", ".svg")
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
CONTENT = 'const CONTENT = { version: "not built", files: [] };'  # the line of sw.js that the build fills in

FAR, FRR = (
    0.001,
    0.01,
)  # accept: one stranger in a thousand; call different: below one pair in a hundred of one person
LOWEST = -0.6  # where the page's scale begins; one pair of strangers in four hundred lies below
CHOOSING, MEASURING, SHOWN = (
    2,
    3,
    11,
)  # seeds: whom the threshold is chosen on, whom it is measured on, whom the page shows


class Unavailable(RuntimeError):
    """What the build needs and this machine does not have, in words."""


def runtime() -> Path:
    """The folder of ONNX Runtime Web's files; npm fetches it once, checked against the lock file, and it is kept in the cache.

    raises  Unavailable where there is no npm, or no registry to be reached
    """
    folder = course.cache_dir() / "phone-npm"
    package = folder / "node_modules" / "onnxruntime-web"
    wanted = json.loads((SOURCE / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    if (package / "package.json").exists() and json.loads((package / "package.json").read_text())[
        "version"
    ] == wanted:
        return package / "dist"
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(
            "npm is not here. Install Node.js 18 or newer (nodejs.org; Debian: apt install npm), then run the same command "
            "again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder / name)
    done = subprocess.run(
        [
            npm,
            "ci",
            "--ignore-scripts",
            "--omit=dev",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=1",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Unavailable(why(done.stdout + done.stderr))
    return package / "dist"


def why(said: str) -> str:
    """The sentence for what npm said when it failed."""
    if "EINTEGRITY" in said:
        return "What npm received is not what docs/phone/package-lock.json names: nothing of it was used. Try another network."
    if any(
        sign in said
        for sign in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "network")
    ):
        return (
            "npm could not reach its registry. Check the connection (behind a proxy: npm config set proxy), then run the same command "
            "again; what was fetched once is kept and needs no network."
        )
    return "npm could not install onnxruntime-web:\n" + said.strip()[-800:]


def scores(
    model, people: ImageSet, off: float = 0.0
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Scores of all pairs as the page makes them, same, and whose: photographs cut at the eyes, embedded, compared.

    off  how far a tap misses each eye, as a share of the distance between them (standard deviation in x and in y)
    """
    eyes = people.extra["landmarks"][:, :2].astype(np.float64)
    apart = np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1)[:, None, None]
    eyes = eyes + np.random.default_rng(0).normal(0, 1, eyes.shape) * off * apart
    found = embed_crops(export.PhoneModel(model), align(people.images, eyes))
    i, j, same = all_pairs(people.identity)
    return pair_scores(found, i, j), same, (people.identity[i], people.identity[j])


def chosen(model) -> dict:
    """The two scores that part same, not sure and different, with the error rates they were chosen for."""
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
    low = min(threshold, float(np.quantile(score[same], FRR)))
    return {
        "threshold": round(threshold, 4),
        "threshold_far": FAR,
        "reject_below": round(low, 4),
        "reject_below_frr": FRR,
        "data": f"synthetic-faces, seed {CHOOSING}, {len(people.identities)} people, aligned by two eyes",
        "trained_on": "made-up faces only",
    }


def measured(model, contract: dict) -> dict:
    """The scale of the page: how rare each score is among strangers and among pairs of one person, on people the thresholds never saw."""
    people = load(
        "synthetic-faces",
        identities=course.by_budget(quick=40, full=400),
        images=3,
        size=128,
        seed=MEASURING,
        aligned=False,
    )
    score, same, whose = scores(model, people)
    count, threshold = len(people.identities), contract["threshold"]

    def rate(which: int):
        interval = bootstrap_interval(
            lambda s, y: far_frr(s, y, threshold)[which],
            score,
            same,
            whose,
            resamples=course.by_budget(quick=10, full=200),
        )
        return {"rate": far_frr(score, same, threshold)[which], "interval_95": interval}

    bins = np.linspace(LOWEST, 1, 81)
    hills = {
        name: np.histogram(score[kind], bins)[0] / kind.sum()
        for name, kind in (("same", same), ("different", ~same))
    }
    return {
        "fingerprint": contract["fingerprint"],
        "data": f"synthetic-faces, seed {MEASURING}, {count} people with 3 pictures each, aligned by two eyes",
        "different": curve(score[~same], count * (count - 1) // 2) | {"people": count},
        "same": curve(-score[same], count, sign=-1) | {"people": count},
        "far": rate(0),
        "frr": rate(1),
        "frr_by_missed_taps": {
            f"{off:.0%}": far_frr(*scores(model, people, off)[:2], threshold)[1]
            for off in (0.0, 0.03, 0.06, 0.1)
        },
        "hills": {"from": LOWEST, "to": 1.0}
        | {name: [round(float(share), 6) for share in shares] for name, shares in hills.items()},
    }


def curve(score: np.ndarray, independent: int, sign: int = 1) -> dict:
    """Scores that one pair in N reaches or exceeds, N from 1 to a rarity that rests on ten of the `independent` pairs at least."""
    rarest = max(10, independent // 10)
    steps = [1, 1.01, 1.03, 1.1, 1.25] + [
        round(n * ten, 1) for ten in (1, 10, 100, 1000, 10_000) for n in (1, 1.5, 2, 3, 5, 7)
    ][1:]
    steps = [n for n in steps if n <= rarest]
    return {
        "one_in": steps,
        "score": [round(sign * float(np.quantile(score, 1 - 1 / n)), 5) for n in steps],
        "pairs": len(score),
    }


def examples(folder: Path) -> None:
    """Pictures of made-up people to try the page with, where their eyes are, and the pairs to show."""
    people = load("synthetic-faces", identities=6, images=5, size=480, seed=SHOWN, aligned=False)
    picked = (0, 1, 2, 3, 5, 6, 10, 15, 16, 29)
    pairs = (
        (0, 1),
        (4, 6),
        (7, 8),
        (0, 2),
        (4, 5),
        (3, 9),
        (0, 7),
    )  # one leaves the network unsure, and one it gets wrong: look-alikes
    folder.mkdir()
    for n, i in enumerate(picked):
        Image.fromarray(people.images[i]).save(folder / f"{n}.jpg", quality=90)
    eyes = people.extra["landmarks"][list(picked), :2].astype(np.float64).round(2)
    content = {
        "eyes": [[{"x": x, "y": y} for x, y in pair] for pair in eyes.tolist()],
        "person": people.identity[list(picked)].tolist(),
        "pairs": pairs,
    }
    (folder / "examples.json").write_text(json.dumps(content))


def build(out: Path, model=None) -> list[str]:
    """Write the whole page to `out`, and return its files; an older one there is replaced when the new one is complete."""
    model = model or course_model()
    parts = runtime()  # first: what most often fails, fails before minutes of measuring
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for file in SOURCE.iterdir():
        if file.suffix in PAGE:
            shutil.copy(file, part)
    (part / "runtime").mkdir()
    for name in RUNTIME:
        shutil.copy(parts / name, part / "runtime")
    network = export.to_onnx(
        model, part / "model" / "course-face.onnx", name="course-face", **chosen(model)
    )
    (part / "model" / "scale.json").write_text(
        json.dumps(measured(model, export.read_contract(network)))
    )
    examples(part / "examples")
    files = sorted(
        file.relative_to(part).as_posix()
        for file in part.rglob("*")
        if file.is_file() and file.name != "sw.js"
    )
    worker = (part / "sw.js").read_text()
    if CONTENT not in worker:
        raise ValueError(f"docs/phone/sw.js lacks the line that the build fills in: {CONTENT}")
    version = fingerprint([part / name for name in files], worker)
    (part / "sw.js").write_text(
        worker.replace(
            CONTENT, f"const CONTENT = {json.dumps({'version': version, 'files': files})};"
        )
    )
    shutil.rmtree(out, ignore_errors=True)
    os.replace(part, out)
    return files


def fingerprint(files: list[Path], worker: str) -> str:
    """Sixteen hex digits that change with any byte: a new page gets a new cache, an unchanged one keeps its own."""
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
    contract, scale = (
        json.loads((out / "model" / name).read_text())
        for name in ("course-face.onnx.json", "scale.json")
    )
    low, high = scale["far"]["interval_95"]
    print(
        f"{len(files)} files, {sum((out / name).stat().st_size for name in files) / 1e6:.1f} MB, in {out.relative_to(course.ROOT)}"
    )
    print(
        f"threshold {contract['threshold']:.3f}: chosen for one stranger in {1 / FAR:,.0f}; "
        f"of {scale['different']['pairs']:,} pairs of others {scale['far']['rate']:.2%} ({low:.2%} to {high:.2%}) pass"
    )
    print(
        "to look at it: python3 -m http.server --bind 127.0.0.1 -d site/phone 8000, then http://127.0.0.1:8000"
    )
    print(
        "on a phone the camera and offline use need https: put the folder on any static host (docs/phone/README.md says how)"
    )


if __name__ == "__main__":
    main()
