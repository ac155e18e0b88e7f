"""The phone page's arithmetic, run by node without a page, against numbers made in Python."""

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lib import course
from lib.data.synthetic.face_render import TEMPLATE
from lib.phone import alignment
from tools import phone

PAGE = course.ROOT / "docs" / "phone"
EYES = TEMPLATE[:2, 0] + 1j * TEMPLATE[:2, 1]


def node(script: str, **given):
    """What `script` returns under node; `given` are its variables, bytes as Uint8Array."""
    if shutil.which("node") is None:
        pytest.skip("no node here: install Node.js 18 or newer to test the phone page's arithmetic")
    packed = dict(given)
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            packed[name] = {"bytes": base64.b64encode(value.tobytes()).decode()}
    code = f"""
        import * as align from "./align.js";
        import * as pixels from "./pixels.js";
        import * as score from "./score.js";
        const fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));
        const bytes = (_, v) => v?.bytes === undefined ? v : fromBase64(v.bytes);
        const given = JSON.parse(require("fs").readFileSync(0, "utf8"), bytes);
        const {{ {", ".join(given)} }} = given;
        const result = await (async () => {{ {script} }})();
        console.log(JSON.stringify(result, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v));"""
    code = (
        'import { createRequire } from "module"; const require = createRequire(import.meta.url);'
        + code
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code],
        cwd=PAGE,
        input=json.dumps(packed),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def photograph(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Smooth noise, uint8 (height, width, 4), so that a shift of a tenth of a pixel shows."""
    coarse = np.random.default_rng(seed).random((1, 3, height // 6 + 2, width // 6 + 2))
    fine = F.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bicubic")
    fine = fine.clamp(0, 1)[0].permute(1, 2, 0).numpy()
    return np.dstack([(255 * fine).astype(np.uint8), np.full((height, width), 255, np.uint8)])


def crop_in_python(image: np.ndarray, left: complex, right: complex) -> np.ndarray:
    """The crop by its definition: each of 112x112 pixels looked up where the two eyes put it."""
    image = image[..., :3].astype(float)
    while abs(right - left) / abs(EYES[1] - EYES[0]) >= 2:
        height, width = (side // 2 for side in image.shape[:2])
        image = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean((1, 3))
        left, right = ((eye + 0.5 + 0.5j) / 2 - 0.5 - 0.5j for eye in (left, right))
    y, x = np.mgrid[:112, :112]
    share = (x + 1j * y - EYES[0]) / (EYES[1] - EYES[0])  # 0 at the left eye, 1 at the right
    at = left + share * (right - left)
    u, v = at.real.clip(0, image.shape[1] - 1), at.imag.clip(0, image.shape[0] - 1)
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    right_of, below = np.minimum(i + 1, image.shape[1] - 1), np.minimum(j + 1, image.shape[0] - 1)
    p, q = (u - i)[..., None], (v - j)[..., None]
    top, bottom = (
        image[j, i] * (1 - p) + image[j, right_of] * p,
        image[below, i] * (1 - p) + image[below, right_of] * p,
    )
    return np.rint(top * (1 - q) + bottom * q).astype(np.uint8)


def crop_in_node(image: np.ndarray, left: complex, right: complex) -> np.ndarray:
    height, width = image.shape[:2]
    rgb = node(
        "return align.cropAtEyes({width, height, data}, left, right)",
        data=image,
        width=width,
        height=height,
        left={"x": left.real, "y": left.imag},
        right={"x": right.real, "y": right.imag},
    )
    return np.array(rgb, dtype=np.uint8).reshape(112, 112, 3)


def test_the_template_eyes_of_the_page_are_those_of_the_course():
    eyes, side = node("return [align.EYES, align.SIDE]")
    assert side == 112 and [complex(eye["x"], eye["y"]) for eye in eyes] == pytest.approx(
        list(EYES), abs=1e-4
    )


@pytest.mark.parametrize(
    "left, right", [(40.3 + 61.2j, 77 + 66.8j), (70 + 90j, 60.5 + 50j), (38 + 50j, 38.5 + 90j)]
)
def test_the_similarity_takes_the_templates_eyes_to_the_marks(left, right):
    found = node(
        "return align.fromEyes({x: lx, y: ly}, {x: rx, y: ry})",
        lx=left.real,
        ly=left.imag,
        rx=right.real,
        ry=right.imag,
    )
    a, b = (complex(found[name]["x"], found[name]["y"]) for name in "ab")
    assert [a * EYES[0] + b, a * EYES[1] + b] == pytest.approx([left, right], abs=1e-3)
    if left.real < right.real:  # the course's own, where it takes the marks
        known = alignment.from_eyes([[[left.real, left.imag], [right.real, right.imag]]])
        assert known == (pytest.approx(a, abs=1e-4), pytest.approx(b, abs=1e-3))


def test_two_marks_on_one_point_are_refused_in_words():
    said = node(
        "try { align.fromEyes({x: 3, y: 4}, {x: 3, y: 4}) } catch (error) { return error.message }"
    )
    assert "one point" in said and "move" in said


@pytest.mark.parametrize(
    "left, right",
    [
        (52.25 + 48.5j, 84.5 + 55.75j),  # about as large as the crop
        (10.5 + 12.25j, 60 + 5.5j),  # the crop reaches over two borders
        (100.5 + 98j, 131.5 + 105j),  # and over the two others
        (70 + 40j, 82.5 + 44.25j),  # enlarged
    ],
)
def test_a_crop_is_pythons_to_one_grey_level(left, right):
    image = photograph(150, 131)
    ours, theirs = crop_in_node(image, left, right), crop_in_python(image, left, right)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert theirs.std() > 20, "a picture without contrast would agree with anything"


@pytest.mark.parametrize("apart", [90, 170])
def test_a_photograph_much_finer_than_the_crop_is_halved_first(apart):
    image = photograph(501, 431)
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 128, image[..., :3].shape)  # which reading single pixels would keep
    image[..., :3] = (image[..., :3] // 2 + grain).astype(np.uint8)
    left, right = 150.3 + 160.1j, 150.3 + apart + 171j
    ours, theirs = crop_in_node(image, left, right), crop_in_python(image, left, right)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_pixels_become_what_the_contract_says():
    rgb = np.arange(256, dtype=np.uint8)
    numbers = np.array(node("return pixels.toInput(rgb, {subtract: 127.5, divide: 128})", rgb=rgb))
    assert np.abs(numbers - (rgb.astype(np.float32) - 127.5) / 128).max() < 1e-7
    assert numbers[0] == -0.99609375 and numbers[255] == 0.99609375


def test_a_canvas_gets_every_colour_in_its_place():
    assert node("return pixels.toCanvas([1, 2, 3, 4, 5, 6])") == [1, 2, 3, 255, 4, 5, 6, 255]


def test_the_cosine_is_numpys():
    pairs = np.random.default_rng(1).normal(size=(5, 2, 128))
    expected = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs] + [1, 0]
    pairs = [*pairs.tolist(), [[1, 0], [1, 0]], [[0, 0], [1, 0]]]
    assert node("return pairs.map(([a, b]) => score.cosine(a, b))", pairs=pairs) == pytest.approx(
        expected, abs=1e-12
    )


def test_a_decision_changes_at_the_two_scores_of_the_contract():
    contract = {"threshold": 0.7, "reject_below": 0.5}
    scores = [-1, 0.49, 0.5, 0.69, 0.7, 1]
    assert node(
        "return scores.map((s) => score.decide(s, contract))", scores=scores, contract=contract
    ) == ["different", "different", "unsure", "unsure", "same", "same"]


@pytest.mark.parametrize(
    "contract",
    [
        {"threshold": None, "reject_below": 0.5},
        {"threshold": 70, "reject_below": 0.5},
        {"threshold": 1.1, "reject_below": 0.5},
        {"threshold": "0.7", "reject_below": 0.5},
        {"threshold": 0.7, "reject_below": -2},
        {"threshold": 0.7},
        {"threshold": 0.5, "reject_below": 0.7},
    ],
)
def test_thresholds_that_are_no_cosines_are_refused_in_words(contract):
    check = "try { score.checkThresholds(contract); } catch (error) { return error.message; }"
    assert "The contract's" in node(check, contract=contract)
    good = {"threshold": 0.7, "reject_below": 0.5}
    assert node("return score.checkThresholds(contract)", contract=good) == good


def test_how_rare_a_score_is_among_strangers_is_counted():
    rng = np.random.default_rng(2)
    strangers = rng.normal(0, 0.25, 20_000).clip(-1, 1)
    curve = phone.curve(strangers, 2000)
    assert curve["one_in"][-1] == 200  # ten of 2,000 independent pairs
    scores = [-0.2, 0.1, 0.35, 0.6]
    *read, beyond = node(
        "return [...scores, 0.9].map((s) => score.rarity(s, curve))", scores=scores, curve=curve
    )
    assert [one["oneIn"] for one in read] == pytest.approx(
        [len(strangers) / (strangers >= at).sum() for at in scores], rel=0.06
    )
    assert beyond == {"oneIn": 200, "rarer": True}


def test_how_rare_a_low_score_is_for_one_person_is_counted():
    rng = np.random.default_rng(3)
    same = rng.normal(0.8, 0.08, 20_000).clip(-1, 1)
    curve = phone.curve(-same, 500, sign=-1)
    scores = [0.85, 0.75, 0.68]
    *read, beyond = node(
        "return [...scores, 0.2].map((s) => score.rarity(s, curve))", scores=scores, curve=curve
    )
    assert [one["oneIn"] for one in read] == pytest.approx(
        [len(same) / (same <= at).sum() for at in scores], rel=0.06
    )
    assert beyond == {"oneIn": 50, "rarer": True}


def test_the_words_say_how_rare_a_score_is_and_where_measurements_end():
    curve = {"one_in": [1, 1.5, 10, 100, 1000], "score": [-1, -0.1, 0.2, 0.4, 0.5]}
    said = {
        -1.0: "Nearly every stranger would score this or more.",
        -0.1: "67 of 100 strangers would score this or more.",
        0.2: "About one stranger in 10 would score this or more.",
        0.45: "About one stranger in 320 would score this or more.",
        0.8: "Fewer than one stranger in 1,000 would score this or more.",
    }
    assert node(
        "return scores.map((s) => score.strangersInWords(s, curve))", scores=list(said), curve=curve
    ) == list(said.values())


def test_a_missing_npm_is_reported_in_words(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(phone.shutil, "which", lambda name: None)
    with pytest.raises(phone.Unavailable, match="npm is not here. Install Node.js"):
        phone.runtime()


def test_a_registry_out_of_reach_is_reported_in_words(monkeypatch, tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    for name, value in {
        "COURSE_CACHE": tmp_path / "cache",
        "npm_config_cache": tmp_path / "npm",
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_fetch_retry_mintimeout": 10,
        "npm_config_fetch_retry_maxtimeout": 20,
        "npm_config_proxy": "",
        "npm_config_https_proxy": "",
        "npm_config_noproxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, str(value))
    with pytest.raises(
        phone.Unavailable, match="could not reach its registry.*then run the same command again"
    ):
        phone.runtime()


def test_a_package_that_is_not_the_locked_one_is_reported_in_words():
    told = "npm error code EINTEGRITY\nnpm error sha512-..."
    assert "nothing of it was used" in phone.reason_of(told)


def test_the_lock_names_no_registry_and_one_exact_runtime():
    lock = (PAGE / "package-lock.json").read_text()
    assert "://" not in lock and "resolved" not in lock
    wanted = json.loads((PAGE / "package.json").read_text())["dependencies"]
    assert (
        json.loads(lock)["packages"]["node_modules/onnxruntime-web"]["version"]
        == wanted["onnxruntime-web"]
    )
    assert json.loads(lock)["packages"]["node_modules/onnxruntime-web"]["integrity"].startswith(
        "sha512-"
    )


def test_what_the_page_says_about_photographs_is_measured():
    assert "Of photographs it gets more than one pair in four wrong" in " ".join(
        (PAGE / "index.html").read_text().split()
    )
    tables = json.loads((course.ROOT / "docs" / "results" / "faces.json").read_text())["tables"]
    rows = [
        row
        for table in tables
        for row in table["rows"]
        if row.get("method", "").startswith("course model") and "people" not in row["method"]
    ]
    # (a row "from the other half's people" has learned from photographs; the page's file has not)
    assert rows and all(row["eer"] > 0.25 and row["mean"] < 0.75 for row in rows)


def test_no_file_of_the_page_names_another_address():
    for file in (
        *PAGE.glob("*.js"),
        *PAGE.glob("*.html"),
        *PAGE.glob("*.css"),
        *PAGE.glob("*.webmanifest"),
    ):
        assert "://" not in file.read_text(), file.name
