"""The phone page's arithmetic, run by node without a page, against numbers made in Python."""

import base64
import json
import shutil
import subprocess
import types

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.ops import nms

from lib import course
from lib.data.synthetic.face_render import TEMPLATE
from lib.phone import alignment
from lib.phone.detector import _squares
from lib.phone.gallery import Gallery, decision, usable_name
from lib.phone.open_set import threshold_at
from lib.phone.people import cut
from tools import phone, phone_scale

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
        import * as detector from "./detector.js";
        import * as gallery from "./gallery.js";
        import * as kept from "./people.js";
        import * as pixels from "./pixels.js";
        import * as place from "./points.js";
        import * as score from "./score.js";
        import * as thresholds from "./thresholds.js";
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


def cut_in_python(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The crop by its definition: each of 112x112 pixels looked up where the two eyes put it."""
    image, (left, right) = image[..., :3].astype(float), points @ [1, 1j]
    times = max(1, int(abs(right - left) / 36))
    if times > 1:  # means of times x times pixels, counted from four eye distances around the eyes
        low = np.floor(points.min(0) - 4 * abs(right - left)).clip(0).astype(int)
        high = (
            np.ceil(points.max(0) + 4 * abs(right - left)).clip(0, image.shape[1::-1]).astype(int)
        )
        part = image[low[1] : high[1], low[0] : high[0]]
        height, width = -(-part.shape[0] // times), -(-part.shape[1] // times)
        image = np.zeros((height, width, 3))
        for y, x in np.ndindex(height, width):
            block = part[times * y : times * (y + 1), times * x : times * (x + 1)]
            image[y, x] = np.floor(block.mean((0, 1)) + 0.5)
        corner, half = complex(*low), 0.5 + 0.5j
        left, right = ((eye - corner + half) / times - half for eye in (left, right))
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


def as_points(points) -> list[dict]:
    return [{"x": float(x), "y": float(y)} for x, y in points]


def cut_in_node(image: np.ndarray, points) -> np.ndarray:
    height, width = image.shape[:2]
    rgb = node(
        "return align.cut({width, height, data}, points, template)",
        data=image,
        width=width,
        height=height,
        points=as_points(points),
        template=TEMPLATE.tolist(),
    )
    return np.array(rgb, dtype=np.uint8).reshape(112, 112, 3)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize(
    "left, right", [(40.3 + 61.2j, 77 + 66.8j), (70 + 90j, 60.5 + 50j), (38 + 50j, 38.5 + 90j)]
)
def test_the_similarity_is_the_courses(left, right, count):
    z = np.array([left, right, left + 20 + 25j, left + 15 + 40j])[:count]
    points = np.stack([z.real, z.imag], -1)
    found = node(
        "return align.toTemplate(points, template)",
        points=as_points(points),
        template=TEMPLATE.tolist(),
    )
    a, b = (complex(found[name]["x"], found[name]["y"]) for name in "ab")
    expected = alignment.to_template(points[None])
    assert a == pytest.approx(expected[0][0], abs=1e-9)
    assert b == pytest.approx(expected[1][0], abs=1e-6)
    if count == 2:
        assert [a * EYES[0] + b, a * EYES[1] + b] == pytest.approx([left, right], abs=1e-6)


def test_two_marks_on_one_point_are_refused_in_words():
    said = node(
        """const eye = {x: 3, y: 4};
        try { align.toTemplate([eye, eye], template) } catch (error) { return error.message }""",
        template=TEMPLATE.tolist(),
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
    image, points = photograph(150, 131), np.array([[z.real, z.imag] for z in (left, right)])
    ours, theirs = cut_in_node(image, points), cut_in_python(image, points)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert theirs.std() > 20, "a picture without contrast would agree with anything"


@pytest.mark.parametrize("apart", [90, 170])
def test_a_photograph_much_finer_than_the_crop_is_reduced_first(apart):
    image = photograph(501, 431)
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 128, image[..., :3].shape)  # which reading single pixels would keep
    image[..., :3] = (image[..., :3] // 2 + grain).astype(np.uint8)
    points = np.array([[150.3, 160.1], [150.3 + apart, 171]])
    ours, theirs = cut_in_node(image, points), cut_in_python(image, points)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    course_own = cut(image[..., :3], points, types.SimpleNamespace(template=TEMPLATE))
    assert np.abs(ours.astype(int) - course_own).max() <= 1


@pytest.mark.parametrize("k", [2, 3, 7])
def test_a_photograph_is_reduced_as_pillow_reduces_it(k):
    image = photograph(101, 67)
    found = node("return align.reduce({width: 101, height: 67, data}, k)", data=image.ravel(), k=k)
    expected = np.asarray(Image.fromarray(image[..., :3]).reduce(k))
    assert (found["height"], found["width"]) == expected.shape[:2]
    ours = np.array(found["data"]).reshape(*expected.shape[:2], 4)
    np.testing.assert_array_equal(ours[..., :3], expected)


def test_the_detectors_squares_are_the_courses():
    for width, height in ((640, 480), (300, 300), (128, 128), (90, 1000), (1600, 1200)):
        found = node("return detector.squares(width, height)", width=width, height=height)
        ours = [(complex(s["centre"]["x"], s["centre"]["y"]), s["side"]) for s in found]
        expected = list(_squares(width, height))
        assert len(ours) == len(expected)
        np.testing.assert_allclose(np.array(ours), np.array(expected), atol=1e-9)


@pytest.mark.parametrize("turn", [0, 0.3, -2])
def test_the_detector_is_shown_what_pillow_cuts(turn):
    image = photograph(150, 131)
    a = 1.7 * np.exp(1j * turn)
    b = 70 + 60j - a * (64 + 64j)  # some of it lies outside
    found = node(
        "return detector.square({width: 150, height: 131, data}, a, b)",
        data=image.ravel(),
        a={"x": a.real, "y": a.imag},
        b={"x": b.real, "y": b.imag},
    )
    place = (a.real, -a.imag, b.real, a.imag, a.real, b.imag)
    expected = np.asarray(
        Image.fromarray(image[..., :3]).transform(
            (128, 128), Image.Transform.AFFINE, place, Image.Resampling.BILINEAR
        )
    )
    ours = np.array(found).reshape(128, 128, 3)
    assert np.abs(ours - expected).max() <= 1 and (ours != expected).mean() < 0.001
    assert (expected == 0).all(2).any() and (expected > 0).all(2).any()


def test_boxes_that_overlap_are_one_face():
    rng = np.random.default_rng(4)
    seen = [
        {"centre": {"x": x, "y": y}, "size": size, "score": score}
        for x, y, size, score in rng.uniform((0, 0, 20, 0), (100, 100, 60, 1), (60, 4)).tolist()
    ]
    boxes = [
        [s["centre"][axis] + half * s["size"] / 2 for half in (-1, 1) for axis in "xy"]
        for s in seen
    ]
    scores = torch.tensor([s["score"] for s in seen])
    expected = [seen[n] for n in nms(torch.tensor(boxes), scores, 0.3)]
    assert node("return detector.distinct(seen, 0.3)", seen=seen) == expected
    assert 1 < len(expected) < 60


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
    curve = phone_scale.curve(strangers, 2000)
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
    curve = phone_scale.curve(-same, 500, sign=-1)
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
    package = json.loads(lock)["packages"][f"node_modules/{phone.PACKAGE}"]
    assert package["version"] == wanted[phone.PACKAGE]
    assert package["integrity"].startswith("sha512-")


def test_icons_have_the_sizes_that_the_manifest_names_and_a_maskable_one_keeps_its_middle():
    manifest = json.loads((PAGE / "manifest.webmanifest").read_text())
    assert manifest["id"] and {icon["sizes"] for icon in manifest["icons"]} >= {
        "192x192",
        "512x512",
    }
    plain, maskable = phone.icon(192), phone.icon(512, margin=0.1, rounded=False)
    assert plain.size == (192, 192) and plain.getpixel((0, 0))[3] == 0
    drawn = np.asarray(maskable.convert("L")) < 230
    y, x = np.argwhere(drawn).T
    assert np.hypot(x - 255.5, y - 255.5).max() < 0.4 * 512, "a launcher may cut it off"


GALLERY = """
    const bytes = (text) => Array.from(new TextEncoder().encode(text));
    const read = async (text) => {
        try { return await gallery.Gallery.fromText(text, fingerprint, 4) }
        catch (error) { return error.message } };"""


def some_gallery() -> Gallery:
    found, rng = Gallery("0123456789abcdef", 4), np.random.default_rng(5)
    for name, count in (("Zoë", 2), ("李", 1), ("Ada", 3)):
        vectors = rng.normal(size=(count, 4))
        found.enrol(name, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return found


def test_python_reads_what_the_page_changed_and_the_page_what_python_wrote(tmp_path):
    found, file = some_gallery(), tmp_path / "gallery.txt"
    found.save(file)
    text = node(
        GALLERY
        + """
        const found = await read(text);
        found.rename("Zoë", "Zoe"); found.delete("李"); found.enrol("Grace", [[0, 0, 0.6, 0.8]]);
        return found.toText();""",
        text=file.read_text(encoding="utf-8"),
        fingerprint=found.fingerprint,
    )
    file.write_text(text, encoding="utf-8")
    changed = Gallery.load(file, found.fingerprint, 4)
    assert changed.names == ["Zoe", "Ada", "Grace"]
    np.testing.assert_array_equal(changed.templates("Zoe"), found.templates("Zoë"))
    np.testing.assert_array_equal(changed.templates("Ada"), found.templates("Ada"))
    np.testing.assert_allclose(changed.templates("Grace"), [[0, 0, 0.6, 0.8]], atol=1e-7)


def test_the_page_refuses_a_gallery_that_is_damaged_or_another_networks(tmp_path):
    found, file = some_gallery(), tmp_path / "gallery.txt"
    found.save(file)
    text, other = file.read_text(encoding="utf-8"), Gallery("f" * 16, 4)
    other.save(file)
    texts = {
        text: "",
        text[:-20]: "cut short or edited",
        text.replace("Ada", "Eve"): "cut short or edited",
        "hello": "no gallery",
        "siamese-gallery 2\n": "another version",
        file.read_text(encoding="utf-8"): "another network",
    }
    said = node(
        GALLERY + "return Promise.all(texts.map(read))",
        texts=list(texts),
        fingerprint=found.fingerprint,
    )
    for one, words in zip(said, texts.values()):
        assert (words in one) if words else not isinstance(one, str)


def test_the_page_decides_as_python_decides():
    found, rng = some_gallery(), np.random.default_rng(6)
    probes = rng.normal(size=(60, 4))
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    rules = {"threshold": 0.6, "margin": 0.3}
    expected = [found.decide(probe, **rules) for probe in probes]
    said = node(
        """const one = new gallery.Gallery("0123456789abcdef", 4);
        people.forEach(([name, vectors]) => one.enrol(name, vectors));
        return probes.map((probe) => one.decide(probe, threshold, margin))""",
        people=[[name, found.templates(name).tolist()] for name in found.names],
        probes=probes.tolist(),
        **rules,
    )
    assert {one.kind for one in expected} == {"accepted", "unsure", "unknown"}
    for one, other in zip(said, expected):
        assert (one["kind"], one["name"], one["why"]) == (other.kind, other.name, other.why)
        assert one["score"] == pytest.approx(other.score, abs=1e-6)


def test_the_threshold_rises_with_the_gallery_along_the_logarithm_of_its_size():
    table = {"one_in": 1000, "templates": [1, 10, 100], "threshold": [0.6, 0.7, 0.75]}
    counts = [1, 3, 10, 50, 100, 1000, 10**9]
    said = node(
        "return counts.map((n) => thresholds.thresholdAt(table, n))", counts=counts, table=table
    )
    expected = np.interp(np.log(counts[:5]), np.log(table["templates"]), table["threshold"])
    assert said == pytest.approx([*expected, 0.8, 1])


TRY = """const asked = (act) => { try { return act() } catch (error) { return error.message } };
    const number = (text) => text === null ? null : Number(text);"""


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-5", "1.5"])
def test_a_threshold_that_is_no_cosine_is_refused_before_anybody_gets_a_name(number):
    said = node(
        TRY
        + """const one = new gallery.Gallery("0123456789abcdef", 4);
        one.enrol("Ada", [[1, 0, 0, 0]]);
        return [asked(() => gallery.decision(["Ada"], [0.9], number(value))),
            asked(() => one.decide([1, 0, 0, 0], number(value))),
            asked(() => one.decide([], number(value), 0, "too dark"))];""",
        value=number,
    )
    for ours in said:
        assert str(ours).startswith("threshold must be a cosine, a number from -1 to 1, not ")
    with pytest.raises(ValueError, match="threshold must be a cosine, a number from -1 to 1"):
        decision(["Ada"], [0.9], float(number))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-0.1", "2.1"])
def test_a_margin_that_two_cosines_cannot_have_is_refused(number):
    said = node(
        TRY
        + """const one = new gallery.Gallery("0123456789abcdef", 4);
        return [asked(() => gallery.decision(["Ada"], [0.9], 0.5, number(value))),
            asked(() => one.decide([1, 0, 0, 0], 0.5, number(value)))];""",
        value=number,
    )
    for ours in said:
        assert str(ours).startswith("margin must be a number from 0 to 2, not ")
    with pytest.raises(ValueError, match="margin must be a"):
        decision(["Ada"], [0.9], 0.5, float(number))


@pytest.mark.parametrize(
    "names, scores",
    [
        (["Ada"], ["NaN"]),
        (["Ada", "Tom"], ["0.9", "NaN"]),
        (["Ada"], ["Infinity"]),
        ([], []),
        (["Ada"], ["0.9", "0.8"]),
        (["Ada", "Tom"], ["0.9"]),
    ],
)
def test_a_decision_needs_one_finite_score_a_name(names, scores):
    said = node(
        TRY + "return asked(() => gallery.decision(names, scores.map(Number), 0.5))",
        names=names,
        scores=scores,
    )
    words = f"one finite score a name is needed, {len(names)}, not "
    assert str(said).startswith(words)
    with pytest.raises(ValueError, match=words):
        decision(names, [float(score) for score in scores], 0.5)


TABLES = [
    ([5, 5], [0.7, 0.7]),
    ([], []),
    ([1, 2], [0.5]),
    ([0, 2], [0.5, 0.6]),
    ([2, 1], [0.5, 0.6]),
    ([1, 2], [0.6, 0.5]),
    ([1, 2], [0.6, 1.1]),
    ([1, 2], [-1.1, 0.5]),
    ([1], ["NaN"]),
    ([1, 5], [0.6, "NaN"]),
]


@pytest.mark.parametrize("sizes, values", TABLES)
def test_a_table_of_thresholds_that_python_refuses_the_page_refuses(sizes, values):
    said = node(
        TRY
        + """const table = {templates: sizes, threshold: values.map(Number)};
        const contract = {threshold: 0.5, gallery_thresholds: table};
        return [1, 6].map((n) => asked(() => thresholds.thresholdAt(table, n))).concat(
            asked(() => thresholds.checkContract(contract)));""",
        sizes=sizes,
        values=values,
    )
    words = "a table of thresholds has a cosine for each number of templates, both rising"
    assert all(str(one).startswith(words) for one in said), said
    with pytest.raises(ValueError, match=words):
        threshold_at({"templates": sizes, "threshold": [float(value) for value in values]}, 6)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"threshold": None}, "threshold must be a cosine"),
        ({"threshold": 70}, "threshold must be a cosine"),
        ({"margin": None}, "margin must be a number from 0 to 2"),
        ({"margin": -1}, "margin must be a number from 0 to 2"),
        ({"gallery_thresholds": {"templates": [1]}}, "a table of thresholds"),
        ({"reject_below": 0.9}, "reject_below is above its threshold"),
    ],
)
def test_a_contract_that_decides_nothing_is_refused_before_it_is_used(wrong, words):
    table = {"templates": [1, 10], "threshold": [0.7, 0.8]}
    good = {"threshold": 0.7, "margin": 0.05, "gallery_thresholds": table, "reject_below": 0.5}
    check = "return contracts.map((one) => asked(() => thresholds.checkContract(one)) ?? null)"
    contracts = [good, {"threshold": 0.7}, good | wrong]
    *taken, refused = node(TRY + check, contracts=contracts)
    assert taken == [None, None] and words in str(refused)


KEPT = """
    const store = {}, locks = [];
    globalThis.localStorage = { getItem: (key) => store[key] ?? null,
        setItem: (key, text) => {
            if (text.includes("full")) throw new Error();
            store[key] = text } };
    const value = locking ? { locks: { request: (key, act) => (locks.push(key), act()) } } : {};
    Object.defineProperty(globalThis, "navigator", { value });
    const tab = () => new kept.People("0123456789abcdef", 2, () => {});
    const enrol = (people, name) => people.change((one) => one.enrol(name, [[0, 1]]));
    const again = async () => { const people = tab(); await people.load(); return people };"""


@pytest.mark.parametrize("locking", [True, False])
def test_changes_at_once_are_all_kept(locking):
    names, there, refused, locks = node(
        KEPT
        + """const people = tab();
        const wrong = people.change((one) => one.rename("nobody", "Eve")).catch(String);
        const full = enrol(people, "full").catch(String);
        await Promise.all(["Ada", "Tom", "Zoë"].map((name) => enrol(people, name)));
        const said = [await wrong, await full];
        return [(await again()).gallery.names, people.gallery.names, said, locks]""",
        locking=locking,
    )
    assert names == there == ["Ada", "Tom", "Zoë"]
    assert refused[0] == "Error: nobody is not enrolled" and "Nothing was changed" in refused[1]
    assert set(locks) == ({"gallery-0123456789abcdef.txt"} if locking else set())


def test_a_change_begins_with_what_another_tab_has_kept():
    names = node(
        KEPT
        + """const one = await again(), other = await again();
        await enrol(one, "Ada");
        await enrol(other, "Tom");
        await one.change((gallery) => gallery.rename("Tom", "Tim"));
        return (await again()).gallery.names""",
        locking=True,
    )
    assert names == ["Ada", "Tim"]


def test_only_who_is_enrolled_is_renamed_or_deleted():
    said = node(
        TRY
        + """const one = new gallery.Gallery("0123456789abcdef", 2);
        return [asked(() => one.rename("Ada", "Eve")), asked(() => one.delete("Ada"))]"""
    )
    assert said == ["Ada is not enrolled"] * 2


def test_the_page_takes_the_names_that_python_takes():
    names = ["Ada", "Zoe\u0308", "", "a\tb", "a\nb", "a\u2028b", "x" * 200, "x" * 201, "😀" * 200]
    said = node(
        """return names.map((name) => {
            try { return gallery.usableName(name) } catch { return null } })""",
        names=names,
    )
    for name, one in zip(names, said):
        try:
            assert one == usable_name(name)
        except ValueError:
            assert one is None


def test_the_runtimes_table_says_what_was_recorded():
    text = " ".join((PAGE / "README.md").read_text().split())
    record = json.loads((course.ROOT / "docs" / "results" / "browser_runtimes.json").read_text())
    chosen, other = record["LiteRT.js 2.5.3"], record["ONNX Runtime Web 1.30.0"]
    for name in ("bytes", "over_the_wire"):
        assert f"| {chosen[name] / 1e6:.1f} MB | {other[name] / 1e6:.1f} MB |" in text
    for name in ("course_ms", "dlib_ms"):
        assert f"| {chosen[name]:.1f} ms | {other[name]:.1f} ms |" in text
    assert f"| {chosen['opens_ms'] / 1000:.1f} s | {other['opens_ms'] / 1000:.1f} s |" in text
    assert f"| {chosen['detector_ms']:.1f} ms |" in text
    networks = {name: one["over_the_wire"] for name, one in record["networks"].items()}
    for name, most in (("course", 6), ("dlib", 12)):
        total = (chosen["over_the_wire"] + networks["detector"] + networks[name]) / 1e6
        assert f"{total:.1f} MB" in text and total < most
    assert chosen["over_the_wire"] < other["over_the_wire"]


def test_no_file_of_the_page_names_another_address():
    for file in (
        *PAGE.glob("*.js"),
        *PAGE.glob("*.html"),
        *PAGE.glob("*.css"),
        *PAGE.glob("*.webmanifest"),
    ):
        assert "://" not in file.read_text(), file.name
