"""The phone page and lib.phone agree: detection, crop, quality, vector, decision, gallery file.

Node.js runs the page's modules and both networks without a browser.
"""

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest

from lib import course
from lib.data import load
from lib.export.contract import PhoneModel, ShortFaceNet
from lib.phone import photographs, quality
from lib.phone.alignment import point_fault
from lib.phone.detector import find_faces
from lib.phone.gallery import Gallery
from lib.phone.open_set import threshold_at
from lib.phone.people import cut, main_face
from lib.phone.recogniser import embed_crops
from tools import phone

# What two runtimes and two languages may differ by.
POINT = 0.02  # of a face's box
SCORE = 0.002  # of the detector
GREY = 1  # grey level, where both cut at the same points
VECTOR = 0.001  # of a vector's numbers, from the same crop
CONTRACT = {
    "threshold": 0.9,
    "margin": 0.02,
    "gallery_thresholds": {"one_in": 1000, "templates": [1, 2, 10], "threshold": [0.8, 0.9, 0.95]},
}
POOR = ("in the dark", "moving", "looking away", "leaning", "behind a mask")


@pytest.fixture(scope="module")
def model():
    return ShortFaceNet(load("synthetic-faces", identities=8, images=2, size=56, seed=1).images)


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    """The page's modules, runtime and networks; the tiny network in place of the shipped one."""
    pytest.importorskip("litert_torch", reason="pip install -r requirements-mobile.txt")
    if shutil.which("node") is None:
        pytest.skip("no node here: install Node.js 18 or newer")
    folder = tmp_path_factory.mktemp("page")
    try:
        packages = phone.runtime()
    except phone.Unavailable as reason:
        pytest.skip(str(reason))
    for file in phone.SOURCE.glob("*.js"):
        shutil.copy(file, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    phone.copy_runtime(packages, folder / "runtime")
    phone.write_models(folder / "model", model, CONTRACT)
    wrong = json.loads((folder / "model" / "face.tflite.json").read_text()) | {"margin": -1}
    (folder / "model" / "wrong.tflite.json").write_text(json.dumps(wrong))
    return folder


@pytest.fixture(scope="module")
def pictures():
    """Photographs of synthetic people: good, poor, small, lying on one side, two people, nobody."""
    found = [photographs.photograph(5, person, 0, 320)[0] for person in range(4)]
    found += [
        photographs.photograph(5, 0, 1, 240, **photographs.CONDITIONS[name])[0] for name in POOR
    ]
    found += [np.pad(photographs.photograph(5, 1, 2, 90)[0], ((40, 250), (300, 30), (0, 0)))]
    found += [np.rot90(found[1]).copy(), np.hstack([found[0], found[2]])]
    found += [np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)]
    return found


@pytest.fixture(scope="module")
def gallery(model, pictures):
    """The first three people, each as the course's own pipeline enrols them."""
    small = PhoneModel(model)
    gallery = Gallery(small.fingerprint, small.embedding_size)
    for name, picture in zip(("Ada", "Zoë", "李"), pictures):
        crop = cut(picture, find_faces(picture)[0].points, small)
        gallery.enrol(name, embed_crops(small, crop[None]))
    return gallery


@pytest.fixture(scope="module")
def answers(site, pictures, gallery, tmp_path_factory):
    file = tmp_path_factory.mktemp("gallery") / "gallery.txt"
    gallery.save(file)
    given = []
    for picture in pictures:
        height, width = picture.shape[:2]
        alpha = np.full((height, width, 1), 255, np.uint8)
        packed = base64.b64encode(np.dstack([picture, alpha]).tobytes()).decode()
        given.append({"width": width, "height": height, "bytes": packed})
    done = subprocess.run(
        ["node", course.ROOT / "tests" / "phone_in_node.mjs", site],
        input=json.dumps({"gallery": file.read_text(encoding="utf-8"), "pictures": given}),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"file": file.read_bytes()}


def numbers(points) -> np.ndarray:
    return np.array([[point["x"], point["y"]] for point in points])


def test_both_find_the_same_faces_at_the_same_places(answers, pictures):
    counts = []
    for picture, answer in zip(pictures, answers["results"]):
        theirs, ours = answer["faces"], find_faces(picture)
        counts.append(len(ours))
        assert len(theirs) == len(ours)
        for one, other in zip(theirs, ours):
            near = POINT * (other.box[2] - other.box[0])
            assert np.abs(np.array(one["box"]) - other.box).max() < near
            assert np.abs(numbers(one["points"]) - other.points).max() < near
            assert one["score"] == pytest.approx(other.score, abs=SCORE)
    assert counts[:4] == [1] * 4 and counts[-3:] == [1, 2, 0]


def test_both_cut_judge_embed_and_decide_alike(answers, pictures, model, gallery):
    small, kinds = PhoneModel(model), set()
    threshold = threshold_at(CONTRACT["gallery_thresholds"], len(gallery))
    assert 0.9 < threshold < 0.95
    for picture, answer in zip(pictures, answers["results"]):
        ours = find_faces(picture)
        face = main_face(ours, picture.shape[:2])
        assert answer["main"] == (None if face is None else [f is face for f in ours].index(True))
        if face is None:
            continue
        points = numbers(answer["faces"][answer["main"]]["points"])
        crop = np.frombuffer(base64.b64decode(answer["crop"]), np.uint8).reshape(112, 112, 3)
        expected = cut(picture, points, small)
        assert np.abs(crop.astype(int) - expected).max() <= GREY
        measured = quality.measure(crop, points)
        assert list(answer["quality"].values()) == pytest.approx(list(measured), rel=1e-6)
        vector = embed_crops(small, crop[None])[0]
        assert np.abs(vector - answer["vector"]).max() < VECTOR
        refused = quality.refusal(crop, points)
        decision = gallery.decide(vector, threshold, CONTRACT["margin"], refused)
        theirs = answer["decision"]
        assert (theirs["kind"], theirs["name"]) == (decision.kind, decision.name)
        kinds.add(decision.kind)
        if decision.score is None:
            assert theirs["why"] == refused
        else:
            assert theirs["score"] == pytest.approx(decision.score, abs=VECTOR)
    assert {"accepted", "poor picture"} <= kinds


def test_both_refuse_points_whose_left_and_right_are_exchanged(answers, pictures, model):
    small, said = PhoneModel(model), []
    for picture, answer in zip(pictures, answers["results"]):
        if answer["main"] is None:
            continue
        points = numbers(answer["faces"][answer["main"]]["points"])[[1, 0, 2, 3]]
        fault = point_fault(points, picture.shape[:2])
        poor = quality.refusal(cut(picture, points, small), points)
        assert answer["exchanged"] == (fault or poor)
        said.append(fault)
    assert said[:4] == ["the points fit no face: are left and right exchanged, or x and y?"] * 4


def test_the_page_opens_no_network_whose_contract_decides_nothing(answers):
    assert answers["wrong"] == "margin must be a number from 0 to 2, not -1"


def test_the_page_writes_the_gallery_that_it_read_byte_for_byte(answers):
    assert answers["gallery"].encode() == answers["file"]
