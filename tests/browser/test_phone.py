"""The phone page, at a phone's size: it enrols, recognises and compares, and Python confirms it.

Nothing leaves the device.
"""

import base64
import functools
import http.server
import io
import json
import os
import re
import shutil
import threading
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from lib.data import load
from lib.data.synthetic.face_render import TEMPLATE
from lib.export import PhoneModel
from lib.models import course_model
from lib.phone.detector import find_faces
from lib.phone.gallery import Gallery
from lib.phone.open_set import threshold_at
from lib.phone.people import cut
from lib.phone.recogniser import align, embed_crops
from tools import phone

from .conftest import PHONE, new_page, shot

# Each text whose contrast with the nearest opaque ground is under 4.5 to 1 (WCAG 2.2, 1.4.3).
FAINT = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = (rgb) => rgb.slice(0, 3)
        .reduce((sum, v, i) => sum + [0.2126, 0.7152, 0.0722][i] * linear(v / 255), 0);
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const colour = numbers(getComputedStyle(element).backgroundColor);
        return (colour[3] ?? 1) > 0.5 ? colour : ground(element.parentElement); };
    const ratio = (element) => {
        const colours = [numbers(getComputedStyle(element).color), ground(element)].map(light);
        return (Math.max(...colours) + 0.05) / (Math.min(...colours) + 0.05); };
    const text = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.checkVisibility({opacityProperty: true}))
        .filter((element) => [...element.childNodes].some(text) && ratio(element) < 4.5)
        .map((element) => [element.textContent.trim().slice(0, 40), ratio(element)]) }"""
OUTSIDE = """() => [...document.querySelectorAll('body *:not(.unseen)')].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
}).map((element) => element.className || element.tagName)"""
LOW = """() => [...document.querySelectorAll('button, label.way, .tab, summary')]
    .filter((element) => element.offsetWidth && element.getBoundingClientRect().height < 44)
    .map((element) => element.outerHTML)"""
NAMELESS = """() => [...document.querySelectorAll(
    'button, input, [role=img], dialog, section, figure, video')]
    .filter((element) => !(element.ariaLabel || element.getAttribute('aria-labelledby') ||
        (element.labels?.[0] ?? element).textContent.trim()))
    .map((element) => element.outerHTML)"""
FOCUSED = """() => { const element = document.activeElement;
    return [element.ariaLabel || element.labels?.[0]?.textContent || element.textContent,
        parseFloat(getComputedStyle(element.closest('.way') ?? element).outlineWidth)] }"""
# Six ways out of the page, to another origin: the parts of its policy that stop them, within 20 s.
WAYS_OUT = """async (origin) => {
    const stopped = new Set();
    const all = new Promise((resolve) => {
        setTimeout(resolve, 20_000);
        document.addEventListener('securitypolicyviolation', (event) => {
            if (stopped.add(event.effectiveDirective).size === 4) resolve(); }); });
    await fetch(origin + '/fetched').catch(() => 0);
    navigator.sendBeacon(origin + '/beacon', 'face');
    new Image().src = origin + '/image.png';
    try { new WebSocket(origin.replace('http', 'ws') + '/socket') } catch {}
    const script = document.createElement('script'), form = document.createElement('form');
    document.body.append(script, form);
    script.src = origin + '/script.js';
    Object.assign(form, {action: origin + '/form', method: 'post'}).submit();
    await all;
    return [...stopped];
}"""


@pytest.fixture(scope="package")
def site(launch, tmp_path_factory) -> Path:
    """The page as `make phone` builds it, with the quick budget's scale."""
    folder = tmp_path_factory.mktemp("phone") / "site"
    cache = os.environ.get("COURSE_TEST_CACHE") or str(tmp_path_factory.getbasetemp() / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CACHE", cache)
        try:
            phone.build(folder)
        except phone.Unavailable as reason:
            pytest.skip(str(reason))
    return folder


class Server:
    """The folder on loopback, as a static host serves it; `asked`: every path asked for."""

    def __init__(self, folder: Path) -> None:
        self.asked = asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def send_head(self):
                asked.append(self.path)
                return super().send_head()

            def do_POST(self) -> None:
                asked.append(self.path)
                self.send_error(405)

            def log_message(self, *_) -> None:
                pass

        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(site):
    server = Server(site)
    yield server
    server.stop()


class Opened:
    """The page, loaded and ready."""

    def __init__(self, page, address: str, part: str = "compare") -> None:
        self.page, self.find = page, page.locator
        page.goto(f"{address}#{part}")
        expect(self.find("#state")).to_have_attribute("data-ready", "")

    def script(self, expression: str, given=None):
        """The value of an expression of page.js's `slots`, its `phone` and what is `given`."""
        return self.page.evaluate(
            f"""async (given) => {{
                const {{slots, ready}} = await import('./page.js'), [phone] = await ready;
                const {{pixels}} = await import('./picture.js');
                return {expression} }}""",
            given,
        )

    def show(self, slot: int, picture: Path, eyes: np.ndarray) -> None:
        """Choose a file, tap on each eye and go on; then give the page the exact eyes, (2, 2).

        The detector is switched off: the page asks for the eyes where it finds no face.
        """
        self.choose(slot, picture)
        for x, y in eyes:
            self.page.touchscreen.tap(*self.on_screen(x, y))
        self.done(slot)
        exact = [{"x": float(x), "y": float(y)} for x, y in eyes]
        self.script(f"slots[{slot}].show(slots[{slot}].photo, given)", exact)

    def choose(self, slot: int, picture: Path) -> None:
        self.side = Image.open(picture).size[0]
        self.script("void (phone.find = async () => [])")
        self.page.set_input_files(f"#{('first', 'second')[slot]} input[type=file]", picture)
        expect(self.find("#eyes")).to_be_visible()

    def done(self, slot: int) -> None:
        """Use the eyes, as soon as the page allows it, and see the picture in its place."""
        self.find("#eyes-done").tap()
        expect(self.find("#eyes")).to_be_hidden()
        expect(self.find(".slot").nth(slot)).to_contain_class("filled")

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the chosen, square picture is on the screen."""
        box = self.find("#stage").bounding_box()
        scale = box["width"] / self.side
        return box["x"] + scale * (x + 0.5), box["y"] + scale * (y + 0.5)

    def drag(self, *path: tuple[float, float]) -> None:
        """With a finger, for which Playwright has taps only."""
        devtools = self.page.context.new_cdp_session(self.page)
        for kind, points in [
            ("touchStart", path[:1]),
            *(("touchMove", [point]) for point in path[1:]),
            ("touchEnd", []),
        ]:
            touches = [{"x": x, "y": y} for x, y in points]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def crop(self, slot: int) -> np.ndarray:
        rgb = self.script(
            f"Array.from(phone.cut(pixels(slots[{slot}].photo), slots[{slot}].points))"
        )
        return np.array(rgb, dtype=np.uint8).reshape(112, 112, 3)

    def embed(self, crop: np.ndarray) -> np.ndarray:
        packed = base64.b64encode(crop.tobytes()).decode()
        pixels = "Uint8Array.from(atob(given), (byte) => byte.charCodeAt(0))"
        return np.array(self.script(f"Array.from(await phone.embed({pixels}))", packed))

    def answer(self) -> dict[str, str]:
        expect(self.find("#number")).not_to_be_empty()
        said = {
            name: self.find(f"#{name}").text_content() for name in ("verdict", "number", "meaning")
        }
        return said | {
            "decision": self.find("#result").get_attribute("data-decision"),
            "scale": self.find("#scale").get_attribute("aria-label"),
        }


@pytest.fixture
def opened(phone_page, server) -> Opened:
    return Opened(phone_page, server.origin)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Three people, two pictures each, not aligned: (files, images, eyes (6, 2, 2))."""
    found = load(
        "synthetic-faces", identities=3, images=2, size=240, seed=phone.SHOWN, aligned=False
    )
    folder = tmp_path_factory.mktemp("people")
    files = [folder / f"{n}.png" for n in range(len(found))]
    for image, file in zip(found.images, files):
        Image.fromarray(image).save(file)
    return files, found.images, found.extra["landmarks"][:, :2].astype(np.float64)


@pytest.mark.parametrize("pair, decision", [((0, 1), "same"), ((0, 3), "different")])
def test_the_page_answers_what_pytorch_answers(pair, decision, people, opened, site):
    files, images, eyes = people
    crops = align(images[list(pair)], eyes[list(pair)])
    expected = embed_crops(PhoneModel(course_model()), crops)
    for slot, n in enumerate(pair):
        opened.show(slot, files[n], eyes[n])
        theirs = opened.crop(slot)
        assert np.abs(theirs.astype(int) - crops[slot]).max() <= 1, "more than a grey level"
        assert np.abs(opened.embed(crops[slot]) - expected[slot]).max() <= 1e-5, "another vector"
        assert np.abs(opened.embed(theirs) - expected[slot]).max() <= 1e-2, "more than a grey level"
    answer, score = opened.answer(), float(expected[0] @ expected[1])
    contract = json.loads((site / "model" / "face.tflite.json").read_text())
    if decision == "same":
        assert score >= contract["threshold"] and answer["verdict"] == "Same person"
    else:
        assert score < contract["reject_below"] and answer["verdict"] == "Different people"
    assert answer["decision"] == decision
    number = answer["number"].replace("−", "-")
    assert float(number) == pytest.approx(score, abs=0.0051)  # two decimals
    assert "stranger" in answer["meaning"] and number in answer["scale"]


def test_a_large_photograph_is_cut_as_python_cuts_it(opened, tmp_path):
    found = load(
        "synthetic-faces", identities=1, images=3, size=800, seed=phone.SHOWN, aligned=False
    )
    eyes = found.extra["landmarks"][:, :2].astype(np.float64)
    near = int(np.argmax(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1)))
    Image.fromarray(found.images[near]).save(tmp_path / "large.png")
    opened.show(0, tmp_path / "large.png", eyes[near])
    left, right = eyes[near] @ [1, 1j]
    assert abs(right - left) > 2 * 36, "not large enough to be reduced"
    network = types.SimpleNamespace(template=TEMPLATE)
    expected = cut(found.images[near], eyes[near], network)
    assert np.abs(opened.crop(0).astype(int) - expected).max() <= 1


def test_eyes_are_marked_by_finger_and_by_keyboard(people, opened):
    page, (files, _, eyes) = opened.page, people
    opened.choose(0, files[0])
    done, rings = page.locator("#eyes-done"), page.locator(".ring[data-placed]")
    expect(done).to_be_disabled()
    (x, y), right = (opened.on_screen(*eye) for eye in eyes[0])
    page.touchscreen.tap(*right)
    expect(rings).to_have_count(1)
    expect(done).to_be_disabled()
    opened.drag((x - 30, y + 20), (x - 10, y + 5), (x, y))
    expect(done).to_be_enabled()
    shot(page, "phone-eyes")
    expect(page.locator(".ring:focus")).to_have_count(1)  # a ring that was moved has the keyboard
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    scale = 240 / page.locator("#stage").bounding_box()["width"]
    opened.done(0)
    marked = opened.script("slots[0].points.map(({x, y}) => [x, y])")
    expected = eyes[0] + np.array([[3, -1], [0, 0]]) * scale  # the keys moved the left ring
    assert np.abs(np.array(marked) - expected).max() <= 1.5 * scale


def test_everything_can_be_done_by_keyboard_alone(opened):
    expected = [
        *("Recognise", "People", "Compare"),
        *("First picture: none yet. Choose one", "Picture, first picture", "Camera, first picture"),
        *("Second picture: none yet. Choose one", "Picture, second picture"),
        *("Camera, second picture", "Try two made-up faces"),
    ]
    for name in expected:
        opened.page.keyboard.press("Tab")
        focused, outline = opened.page.evaluate(FOCUSED)
        assert focused.strip() == name
        assert outline >= 2, f"no visible focus on {name!r}"
    opened.page.keyboard.press(" ")
    assert opened.answer()["decision"] == "same"


def test_the_camera_takes_a_face_and_the_network_knows_it(people, server, launch, tmp_path):
    files, images, eyes = people
    film = fake_camera(images[0], eyes[0], tmp_path / "face.mjpeg")
    fake = "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"
    with launch(*fake) as browser:
        page = new_page(browser, permissions=["camera"], **PHONE)
        opened = Opened(page, server.origin)
        page.set_input_files("#second input[type=file]", files[0])
        expect(page.locator("#second")).to_contain_class("filled")
        page.locator("#first button.way").tap()
        page.locator("#shoot").tap()  # as soon as the page lets one
        expect(page.locator("#first")).to_contain_class("filled")
        on = "[...document.querySelectorAll('video')].some((video) => video.srcObject)"
        assert not page.evaluate(on), "it stays on"
        assert float(opened.answer()["number"]) > 0.9


def test_where_the_camera_saw_no_face_each_eye_is_marked_by_hand(server, launch, tmp_path):
    frame = np.random.default_rng(0).integers(0, 16, (480, 640, 3), dtype=np.uint8)
    film(frame[None], tmp_path / "dark.mjpeg")
    dark = f"--use-file-for-fake-video-capture={tmp_path / 'dark.mjpeg'}"
    with launch("--use-fake-device-for-media-stream", dark) as browser:
        opened = Opened(new_page(browser, permissions=["camera"], **PHONE), server.origin)
        opened.find("#first button.way").tap()
        opened.find("#shoot").tap()
        expect(opened.find("#eyes")).to_be_visible()
        for placed, ring in enumerate(opened.find(".ring").all()):
            expect(opened.find(".ring[data-placed]")).to_have_count(placed)
            expect(opened.find("#eyes-done")).to_be_disabled()
            ring.tap()
        opened.done(0)
        expect(opened.find("#verdict")).to_have_text("Not compared")
        expect(opened.find("#meaning")).to_have_text(f"First picture: {DARK}.")


DARK = "too dark: more light on the face"


def test_two_pictures_too_poor_to_be_compared_get_the_reason_and_no_verdict(
    people, opened, tmp_path
):
    files, images, eyes = people
    rng = np.random.default_rng(0)
    for slot, name in enumerate(("First", "Second")):
        file = tmp_path / f"{name}.png"
        Image.fromarray(rng.integers(0, 2, images[0].shape, dtype=np.uint8)).save(file)
        opened.show(slot, file, eyes[slot])
        said = " ".join(f"{one} picture: {DARK}." for one in ("First", "Second")[: slot + 1])
        expect(opened.find("#meaning")).to_have_text(said)
        expect(opened.find("#verdict")).to_have_text("Not compared")
    a, b = (opened.embed(opened.crop(slot)) for slot in (0, 1))
    assert a @ b > 0.9, "the network alone takes them for one person"
    expect(opened.find("#number")).to_be_empty()
    expect(opened.find("#result")).to_have_attribute("data-decision", "none")
    opened.show(0, files[0], eyes[0])
    expect(opened.find("#meaning")).to_have_text(f"Second picture: {DARK}.")
    opened.show(1, files[1], eyes[1])
    assert opened.answer()["decision"] == "same"


def fake_camera(image: np.ndarray, eyes: np.ndarray, file: Path) -> Path:
    """A film of one picture, 640 x 480, its eyes where the page's guide has them (motion JPEG)."""
    left, right = (complex(share * 480 + 80, 0.43 * 480) for share in (0.39, 0.61))
    first, second = eyes @ [1, 1j]
    a = (second - first) / (right - left)
    b = first - a * left
    matrix = (a.real, -a.imag, b.real, a.imag, a.real, b.imag)
    frame = Image.fromarray(image).transform(
        (640, 480), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=95, subsampling="4:2:0")
    file.write_bytes(buffer.getvalue() * 30)
    return file


def test_a_face_is_found_without_a_tap_and_where_python_finds_it(people, opened):
    files, images, _ = people
    opened.page.set_input_files("#first input[type=file]", files[0])
    expect(opened.find("#first")).to_contain_class("filled")
    points = opened.script("slots[0].points.map(({x, y}) => [x, y])")
    assert np.abs(np.array(points) - find_faces(images[0])[0].points).max() < 0.5
    opened.page.locator("#first .frame").tap()  # the eyes can still be moved
    expect(opened.find("#eyes")).to_be_visible()
    expect(opened.find(".ring[data-placed]")).to_have_count(2)
    opened.find("#eyes-done").tap()
    assert len(opened.script("slots[0].points")) == 2


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Four people: a film of five pictures to enrol from, and one of a sixth (motion JPEG)."""
    found = load(
        "synthetic-faces", identities=4, images=6, size=480, seed=phone.SHOWN, aligned=False
    )
    folder = tmp_path_factory.mktemp("films")
    frames = np.pad(found.images, ((0, 0), (0, 0), (80, 80), (0, 0)), mode="edge")
    for person in range(4):
        own = frames[found.identity == person]
        for name, pictures in (("enrol", own[:5]), ("probe", own[5:])):
            film(pictures, folder / f"{name}-{person}.mjpeg")
    return folder


def film(pictures: np.ndarray, file: Path) -> None:
    """Each picture for half a second."""
    frames = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling="4:2:0")
        frames.append(buffer.getvalue() * 15)
    file.write_bytes(b"".join(frames))


NAMES = ("Ada", "Zoë", "李")


def test_it_enrols_three_people_and_tells_a_fourth_from_them_without_a_network(
    films, site, server, launch, tmp_path
):
    contract = json.loads((site / "model" / "face.tflite.json").read_text())
    by_size = threshold_at(contract["gallery_thresholds"], 15)
    assert by_size > contract["threshold"] + 0.02
    film = tmp_path / "film.mjpeg"  # the fake camera reads it whenever it starts
    shutil.copy(films / "enrol-0.mjpeg", film)
    fake = "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"
    with launch(*fake) as browser:
        page = new_page(browser, permissions=["camera"], **PHONE)
        opened = Opened(page, server.origin, "people")
        expect(opened.find("#state")).to_contain_text("without a network")
        server.stop()
        page.reload()
        expect(opened.find("#state")).to_have_attribute("data-ready", "")
        for person, name in enumerate(NAMES):
            shutil.copy(films / f"enrol-{person}.mjpeg", film)
            enrol(opened, name)
        shot(page, "phone-people")
        kept = tmp_path / "gallery.txt"
        with page.expect_download() as download:
            opened.find("#export").tap()
        download.value.save_as(kept)
        network = PhoneModel(course_model())
        gallery = Gallery.load(kept, network.fingerprint, network.embedding_size)
        assert gallery.names == list(NAMES) and len(gallery) == 15
        page.goto(f"{server.origin}#recognise")
        said_of = [*(f"{name}: " for name in NAMES), f"unknown: nobody reaches {by_size:.2f}"]
        for person, said in enumerate(said_of):
            shutil.copy(films / f"probe-{person}.mjpeg", film)
            opened.find("#live-start").tap()
            expect(opened.find("#live-says li")).to_contain_text(said)
            expect(opened.find("#live-time")).to_contain_text("to find the faces")
            shot(page, f"phone-live-{person}")
            opened.find("#live-start").tap()
            expect(opened.find("#live-says li")).to_have_count(0)


def enrol(opened: Opened, name: str) -> None:
    """Five shots, each as soon as the page lets one."""
    opened.find("#name").fill(name)
    opened.find("#enrol button").tap()
    for n in range(5):
        expect(opened.find("#shots-title")).to_have_text(f"{name}: shot {n + 1} of 5")
        expect(opened.find("#shots-take")).to_be_enabled()
        if n == 3:
            shot(opened.page, "phone-shots")
        opened.find("#shots-take").tap()
    expect(opened.find("#shots")).to_be_hidden()
    expect(opened.find("#told")).to_have_text(f"{name} is enrolled with 5 pictures.")


def test_people_come_from_pictures_and_files_and_are_renamed_and_deleted(
    people, phone_page, server, tmp_path
):
    files, images, _ = people
    opened = Opened(phone_page, server.origin, "people")
    dark = tmp_path / "dark.png"
    Image.fromarray(images[0] // 8).save(dark)
    opened.find("#name").fill("Ada")
    phone_page.set_input_files("#pictures", [files[0], files[1], dark])
    expect(opened.find("#told")).to_contain_text("Ada is enrolled with 2 pictures. Left out: dark")
    phone_page.set_input_files("#pictures", files[2])
    expect(opened.find("#problem")).to_have_text("Type a name first.")
    answers = iter(["  ", "Grace", None])
    phone_page.on("dialog", lambda dialog: dialog.accept(next(answers) or ""))
    opened.find("#name").fill("Ada")
    phone_page.set_input_files("#pictures", files[2])
    expect(opened.find("#told")).to_have_text("Ada is enrolled with 1 picture.")
    opened.find("[aria-label='Rename Ada']").tap()
    expect(opened.find("#problem")).to_have_text("Type a name first.")
    expect(opened.find("#problem")).to_be_visible()
    opened.find("[aria-label='Rename Ada']").tap()
    expect(opened.find("#problem")).to_be_hidden()
    expect(opened.find("#list li")).to_contain_text("Grace · 3 pictures")
    network = PhoneModel(course_model())
    gallery = Gallery(network.fingerprint, network.embedding_size)
    gallery.enrol("Zoë", np.eye(1, network.embedding_size))
    gallery.save(tmp_path / "gallery.txt")
    phone_page.set_input_files("#import", tmp_path / "gallery.txt")
    expect(opened.find("#list li")).to_have_count(2)
    opened.find("[aria-label='Delete Grace']").tap()
    expect(opened.find("#told")).to_have_text("Grace is deleted.")
    phone_page.reload()
    expect(opened.find("#list li")).to_have_text("Zoë · 1 pictureRenameDelete")
    (tmp_path / "gallery.txt").write_text("siamese-gallery 1\nhello\n")
    phone_page.set_input_files("#import", tmp_path / "gallery.txt")
    expect(opened.find("#problem")).to_contain_text("cut short or edited")
    expect(opened.find("#list li")).to_have_count(1)


def test_two_tabs_that_enrol_at_once_lose_nobody(browser, server):
    context = browser.new_context(**PHONE)
    tabs = [Opened(context.new_page(), server.origin, "people") for _ in range(2)]
    for number, tab in enumerate(tabs):
        tab.page.evaluate(
            """async (names) => {
            const people = await (await import('./page.js')).people;
            const vector = Float32Array.from({length: people.gallery.size}, (_, n) => +(n === 0));
            const enrol = (name) => people.change((gallery) => gallery.enrol(name, [vector]));
            window.enrolled = Promise.all(names.map(enrol)); window.enrolled.catch(() => 0); }""",
            [f"person {number} {n}" for n in range(20)],
        )
    for tab in tabs:
        tab.page.evaluate("window.enrolled.then(() => 0)")
    for tab in tabs:
        expect(tab.find("#list li")).to_have_count(40)
    context.close()


def test_a_new_version_is_announced_and_taken_when_asked_for(site, launch, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    server = Server(folder)
    with launch() as browser:
        opened = Opened(new_page(browser, **PHONE), server.origin)
        expect(opened.find("#state")).to_contain_text("without a network")
        expect(opened.find("#update")).to_be_hidden()
        worker, html = (folder / name for name in ("sw.js", "index.html"))
        html.write_text(html.read_text().replace("<h1>Faces", "<h1>New faces"))
        worker.write_text(re.sub(r'"version": "\w+"', '"version": "another"', worker.read_text()))
        opened.page.evaluate(
            "navigator.serviceWorker.getRegistration().then((one) => void one.update())"
        )
        expect(opened.find("#update")).to_be_visible()
        opened.find("#use-update").tap()
        expect(opened.find("h1")).to_have_text("New faces, on this device")
    server.stop()


def test_the_browser_would_install_it(opened, server):
    expect(opened.find("#state")).to_contain_text("without a network")
    devtools = opened.page.context.new_cdp_session(opened.page)
    faults = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {fault["errorId"] for fault in faults} <= {"in-incognito"}, faults
    assert devtools.send("Page.getAppManifest")["errors"] == []
    name = json.loads((phone.SOURCE / "manifest.webmanifest").read_text())["id"]
    assert devtools.send("Page.getAppId")["appId"] == f"{server.origin}/{name}"


def test_it_says_in_words_that_there_is_no_camera(opened):
    opened.find("#first button.way").tap()
    expect(opened.find("#problem")).to_contain_text("Choose a picture instead")


def test_a_file_that_is_no_picture_is_refused_in_words(opened):
    letter = {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear reader"}
    opened.page.set_input_files("#first input[type=file]", letter)
    expect(opened.find("#problem")).to_contain_text("not a picture")


def test_it_works_without_a_network_once_it_was_loaded(opened, server):
    expect(opened.find("#state")).to_contain_text("without a network")
    server.stop()
    again = Opened(opened.page, f"{server.origin}/?again")
    again.find("#example").tap()
    assert again.answer()["decision"] == "same"


def test_no_request_leaves_the_origin(people, server, site, launch, tmp_path):
    files, _, eyes = people
    elsewhere = Server(site)  # another port is another origin
    log = tmp_path / "net.json"
    with launch(f"--log-net-log={log}", "--net-log-capture-mode=Default") as browser:
        page = new_page(browser, **PHONE)
        opened = Opened(page, server.origin)
        expect(opened.find("#state")).to_contain_text("without a network")
        for slot in (0, 1):
            opened.show(slot, files[slot], eyes[slot])
        opened.answer()
        stopped = page.evaluate(WAYS_OUT, elsewhere.origin)
    elsewhere.stop()
    assert set(stopped) == {"connect-src", "img-src", "script-src-elem", "form-action"}
    assert elsewhere.asked == [], "the page's policy let something out"
    # Chromium's own log: all requests of the page or its service worker
    noted = json.loads(log.read_text())
    start = noted["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    started = [event.get("params", {}) for event in noted["events"] if event["type"] == start]
    urls = [request["url"] for request in started if request.get("initiator") == server.origin]
    assert any(url.endswith("litert_wasm_compat_internal.wasm") for url in urls)
    assert [url for url in urls if not url.startswith(server.origin + "/")] == []


@pytest.mark.parametrize("width, height", [(360, 740), (320, 640), (1280, 800)])
def test_nothing_sticks_out_at_any_size_by_day_and_by_night(width, height, opened):
    page = opened.page
    page.set_viewport_size({"width": width, "height": height})
    page.locator("#example").tap()
    page.locator("summary").tap()
    opened.answer()
    for part in ("recognise", "people", "compare"):
        page.locator(f"[href='#{part}']").tap()
        expect(page.locator(f"[data-part={part}]")).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(OUTSIDE) == []
            assert page.evaluate(FAINT) == [], "text too faint to read"
            shot(page, f"phone-{part}-{width}-{scheme}")
        assert page.evaluate(LOW) == [], "something to tap is lower than a finger"


def test_everything_that_is_shown_is_also_said(opened):
    opened.find("#example").tap()
    assert "stand at" in opened.answer()["scale"]
    assert opened.find("html").get_attribute("lang") == "en" and opened.page.title()
    headings = opened.find("h1, h2").evaluate_all("all => all.map((heading) => heading.tagName)")
    assert headings[0] == "H1"
    assert opened.page.evaluate(NAMELESS) == [], "these have no name"


def test_an_example_that_it_gets_wrong_is_said_to_be_wrong(opened, site):
    examples = json.loads((site / "examples" / "examples.json").read_text())
    said = []
    for a, b in examples["pairs"]:
        opened.page.evaluate("document.querySelector('#number').textContent = ''")
        opened.find("#example").tap()
        decision = opened.answer()["decision"]
        truth = opened.find("#truth").text_content()
        same = examples["person"][a] == examples["person"][b]
        assert ("one made-up person" if same else "two made-up people") in truth
        assert ("wrong" in truth) == (decision == ("different" if same else "same"))
        said.append("wrong" if "wrong" in truth else decision)
    assert {"same", "different", "wrong"} <= set(said)


def test_the_page_is_small_enough_for_a_phone(site):
    files = [file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()]
    assert phone.over_the_wire(site, files) < 6e6


def test_the_page_with_the_free_network_is_small_enough_too(tmp_path):
    if phone.best_free() != "dlib":
        pytest.skip("dlib's weights or their thresholds are not here: docs/phone/README.md")
    files = phone.build(tmp_path / "site", "dlib")
    assert phone.over_the_wire(tmp_path / "site", files) < 12e6


def test_another_build_gets_another_cache(site, tmp_path):
    worker = (site / "sw.js").read_text()
    version, files = (
        re.search(pattern, worker).group(1)
        for pattern in (r'"version": "(\w+)"', r'"files": (\[.*?\])')
    )
    listed = json.loads(files)
    assert len(version) == 16
    there = [file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()]
    assert sorted([*listed, "sw.js"]) == sorted(there)
    copies = [tmp_path / Path(name).name for name in listed]
    for name, copy in zip(listed, copies):
        copy.write_bytes((site / name).read_bytes())
    before = phone.fingerprint(copies, "worker")
    copies[0].write_bytes(copies[0].read_bytes() + b" ")
    assert phone.fingerprint(copies, "worker") != before != phone.fingerprint(copies, "another")
