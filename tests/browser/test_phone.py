"""Somebody opens the phone page on a phone: two pictures, two eyes each, an answer that Python confirms, and nothing leaves the device."""

import base64
import functools
import http.server
import io
import json
import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib.data import load
from lib.export import PhoneModel
from lib.models import course_model
from lib.pipeline import aligned, vectors
from tests.test_phone_arithmetic import crop_in_python
from tools import phone

from . import chromium

SHOTS = os.environ.get("COURSE_SCREENSHOTS")  # a folder, to look at what the browser saw


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The page as `make phone` builds it, with the quick budget's scale."""
    if chromium.find() is None:
        pytest.skip(
            "no Chromium here: install it (Debian: apt-get install chromium), or set COURSE_CHROMIUM to one"
        )
    folder = tmp_path_factory.mktemp("phone") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "COURSE_CACHE",
            os.environ.get("COURSE_TEST_CACHE") or str(tmp_path_factory.getbasetemp() / "cache"),
        )
        try:
            phone.build(folder)
        except phone.Unavailable as reason:
            pytest.skip(str(reason))
    return folder


class Server:
    """The folder on loopback, as a static host serves it; `asked` is every path that somebody wanted."""

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

        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
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
    """The page, loaded and ready, at a phone's size."""

    def __init__(self, page: chromium.Page, address: str) -> None:
        self.page = page
        page.as_phone()
        page.open(address)
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait("document.querySelector('#state')?.hasAttribute('data-ready')", 60)

    def show(self, slot: int, picture: Path, eyes: np.ndarray) -> None:
        """Choose a file, accept the dialog with a tap on each eye, then put the eyes exactly where they are: (2, 2)."""
        self.choose(slot, picture)
        for x, y in eyes:
            self.page.tap(*self.on_screen(x, y))
        self.done(slot)
        exact = [{"x": float(x), "y": float(y)} for x, y in eyes]
        self.page.run(f"""import('./page.js').then(({{slots}}) =>
            slots[{slot}].show(slots[{slot}].photo, {{left: {exact[0]}, right: {exact[1]}}}))""")

    def done(self, slot: int) -> None:
        """Say that the eyes are marked, as soon as the page lets one, and see the picture in its place."""
        self.page.wait("!document.querySelector('#eyes-done').disabled")
        self.page.run("document.querySelector('#eyes-done').click()")
        self.page.wait(
            f"!document.querySelector('#eyes').open && import('./page.js').then(({{slots}}) => !!slots[{slot}].photo)"
        )

    def choose(self, slot: int, picture: Path) -> None:
        self.side = Image.open(picture).size[0]
        self.page.choose(f"#{('first', 'second')[slot]} input[type=file]", picture)
        self.page.wait("document.querySelector('#eyes').open")

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the chosen, square picture is on the screen, while the dialog shows all of it."""
        box = self.page.run("document.querySelector('#stage').getBoundingClientRect().toJSON()")
        left, top, wide = box["left"], box["top"], box["width"]
        return left + wide * (x + 0.5) / self.side, top + wide * (y + 0.5) / self.side

    def crop(self, slot: int) -> np.ndarray:
        rgb = self.page.run(
            f"import('./page.js').then(({{slots}}) => Array.from(slots[{slot}].crop()))"
        )
        return np.array(rgb, dtype=np.uint8).reshape(112, 112, 3)

    def embed(self, crop: np.ndarray) -> np.ndarray:
        packed = base64.b64encode(crop.tobytes()).decode()
        return np.array(
            self.page.run(f"""import('./page.js').then(({{ready}}) => ready).then(([network]) =>
            network.embed(Uint8Array.from(atob('{packed}'), (c) => c.charCodeAt(0)))).then((vector) => Array.from(vector))""")
        )

    def answer(self) -> dict:
        self.page.wait("document.querySelector('#number').textContent")
        return self.page.run("""({decision: document.querySelector('#result').dataset.decision,
            verdict: document.querySelector('#verdict').textContent,
            number: document.querySelector('#number').textContent, meaning: document.querySelector('#meaning').textContent,
            scale: document.querySelector('#scale').getAttribute('aria-label')})""")

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(Path(SHOTS) / f"phone-{name}.png")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Three people, two pictures each, heads somewhere in the picture: (files, images, eyes (6, 2, 2))."""
    found = load(
        "embedded-faces", identities=3, images=2, size=240, seed=phone.SHOWN, aligned=False
    )
    folder = tmp_path_factory.mktemp("people")
    files = [folder / f"{n}.png" for n in range(len(found))]
    for image, file in zip(found.images, files):
        Image.fromarray(image).save(file)
    return files, found.images, found.extra["landmarks"][:, :2].astype(np.float64)


def in_python(images, eyes) -> tuple[np.ndarray, np.ndarray]:
    """Crops by the course's alignment, and PyTorch's vectors of them."""
    crops = aligned(images, eyes)
    return crops, vectors(PhoneModel(course_model()), crops)


@pytest.mark.parametrize("pair, decision", [((0, 1), "same"), ((0, 3), "different")])
def test_the_page_answers_what_pytorch_answers(pair, decision, people, server, page, site):
    files, images, eyes = people
    opened = Opened(page, server.origin)
    crops, expected = in_python(images[list(pair)], eyes[list(pair)])
    for slot, n in enumerate(pair):
        opened.show(slot, files[n], eyes[n])
        assert np.abs(opened.crop(slot).astype(int) - crops[slot]).max() <= 1, (
            "crops differ by more than a grey level"
        )
        assert np.abs(opened.embed(crops[slot]) - expected[slot]).max() <= 1e-5, (
            "the runtime computes another vector than PyTorch"
        )
        assert np.abs(opened.embed(opened.crop(slot)) - expected[slot]).max() <= 1e-2, (
            "a grey level moves a vector by less than this"
        )
    answer, score = opened.answer(), float(expected[0] @ expected[1])
    opened.shot(decision)
    contract = json.loads((site / "model" / "course-face.onnx.json").read_text())
    assert (
        score >= contract["threshold"] if decision == "same" else score < contract["reject_below"]
    )
    assert float(answer["number"].replace("−", "-")) == pytest.approx(
        score, abs=0.0051
    )  # two decimals
    assert (
        answer["decision"] == decision
        and answer["verdict"] == {"same": "Same person", "different": "Different people"}[decision]
    )
    assert "stranger" in answer["meaning"] and answer["number"].replace("−", "-") in answer["scale"]


def test_a_large_photograph_is_cut_as_python_cuts_it(server, page, tmp_path):
    found = load(
        "embedded-faces", identities=1, images=3, size=800, seed=phone.SHOWN, aligned=False
    )
    eyes = found.extra["landmarks"][:, :2].astype(np.float64)
    near = int(np.argmax(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1)))
    Image.fromarray(found.images[near]).save(tmp_path / "large.png")
    opened = Opened(page, server.origin)
    opened.show(0, tmp_path / "large.png", eyes[near])
    (left, right) = eyes[near] @ [1, 1j]
    assert abs(right - left) > 2 * 35.3, "not large enough to be halved"
    assert (
        np.abs(opened.crop(0).astype(int) - crop_in_python(found.images[near], left, right)).max()
        <= 1
    )


def test_eyes_are_marked_by_finger_and_by_keyboard(people, server, page):
    files, _, eyes = people
    opened = Opened(page, server.origin)
    opened.choose(0, files[0])
    done = "document.querySelector('#eyes-done')"
    assert page.run(f"{done}.disabled"), "nobody can go on before both eyes are marked"
    right, left = opened.on_screen(*eyes[0, 1]), opened.on_screen(*eyes[0, 0])
    page.tap(*right)
    page.wait("document.querySelectorAll('.ring[data-placed]').length === 1")
    assert page.run(f"{done}.disabled")
    page.tap(
        left[0] - 30, left[1] + 20, (left[0] - 10, left[1] + 5), left
    )  # put down beside it, then dragged onto it
    page.wait(f"!{done}.disabled")
    opened.shot("eyes")
    ring = page.run("document.activeElement.className")
    assert ring == "ring", "a ring that was moved has the keyboard"
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.press(key)
    scale = 240 / page.run("document.querySelector('#stage').clientWidth")
    opened.done(0)
    marked = page.run(
        "import('./page.js').then(({slots}) => [slots[0].eyes.left, slots[0].eyes.right])"
    )
    assert [marked[1]["x"], marked[1]["y"]] == pytest.approx(eyes[0, 1].tolist(), abs=1.5 * scale)
    assert [marked[0]["x"], marked[0]["y"]] == pytest.approx(
        (eyes[0, 0] + np.array([3, -1]) * scale).tolist(), abs=1.5 * scale
    )


def test_everything_can_be_done_by_keyboard_alone(server, page):
    opened = Opened(page, server.origin)
    seen = []
    for _ in range(12):
        page.press("Tab")
        seen.append(
            page.run(
                "(({ariaLabel, labels, textContent: text}) => ariaLabel || labels?.[0]?.textContent || text)(document.activeElement)"
            )
        )
        width = page.run(
            "parseFloat(getComputedStyle(document.activeElement.closest('.way') ?? document.activeElement).outlineWidth)"
        )
        assert width >= 2, f"no visible focus on {seen[-1]!r}"
        if seen[-1] == "Try two made-up faces":
            break
    assert [name.strip() for name in seen] == [
        "First picture: none yet. Choose one",
        "Picture, first picture",
        "Camera, first picture",
        "Second picture: none yet. Choose one",
        "Picture, second picture",
        "Camera, second picture",
        "Try two made-up faces",
    ]
    page.press(" ")
    assert opened.answer()["decision"] == "same"


def test_the_camera_takes_a_face_and_the_network_knows_it(people, server, tmp_path):
    files, images, eyes = people
    film = fake_camera(images[0], eyes[0], tmp_path / "face.mjpeg")
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with chromium.Page(tmp_path / "profile", flags=flags) as page:
        opened = Opened(page, server.origin)
        opened.show(1, files[0], eyes[0])
        page.run("document.querySelector('#first button.way').click()")
        page.wait(
            "document.querySelector('#camera').open && !document.querySelector('#shoot').disabled",
            30,
        )
        opened.shot("camera")
        page.run("document.querySelector('#shoot').click()")
        page.wait("document.querySelector('#eyes').open")
        opened.shot("camera-eyes")
        opened.done(0)
        assert page.run("document.querySelector('video').srcObject") is None, "the camera stays on"
        assert float(opened.answer()["number"]) > 0.9


def fake_camera(image: np.ndarray, eyes: np.ndarray, file: Path) -> Path:
    """A film of one picture, 640 x 480, its eyes where the page's guide has them: JPEGs, one after the other."""
    left, right = (complex(0.39 * 480 + 80, 0.43 * 480), complex(0.61 * 480 + 80, 0.43 * 480))
    w = eyes @ [1, 1j]
    a = (w[1] - w[0]) / (right - left)
    b = w[0] - a * left
    frame = Image.fromarray(image).transform(
        (640, 480),
        Image.Transform.AFFINE,
        (a.real, -a.imag, b.real, a.imag, a.real, b.imag),
        Image.Resampling.BICUBIC,
    )
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=95, subsampling="4:2:0")
    file.write_bytes(buffer.getvalue() * 30)
    return file


def test_it_says_in_words_that_there_is_no_camera(server, page):
    opened = Opened(page, server.origin)
    page.run("document.querySelector('#first button.way').click()")
    page.wait("!document.querySelector('#problem').hidden")
    assert "Choose a picture instead" in page.run("document.querySelector('#problem').textContent")
    opened.shot("no-camera")


def test_a_file_that_is_no_picture_is_refused_in_words(server, page, tmp_path):
    Opened(page, server.origin)
    (tmp_path / "letter.txt").write_text("Dear reader")
    page.choose("#first input[type=file]", tmp_path / "letter.txt")
    page.wait("!document.querySelector('#problem').hidden")
    assert "not a picture" in page.run("document.querySelector('#problem').textContent")


def test_it_works_without_a_network_once_it_was_loaded(server, page):
    opened = Opened(page, server.origin)
    page.wait("document.querySelector('#state').textContent.includes('without a network')", 60)
    server.stop()
    page.open(f"{server.origin}/?again")
    opened.wait_ready()
    page.run("document.querySelector('#example').click()")
    assert opened.answer()["decision"] == "same"


def test_no_request_leaves_the_origin(people, server, site, tmp_path):
    elsewhere = Server(site)  # another port is another origin
    log = tmp_path / "net.json"
    files, _, eyes = people
    with chromium.Page(
        tmp_path / "profile", flags=[f"--log-net-log={log}", "--net-log-capture-mode=Default"]
    ) as page:
        opened = Opened(page, server.origin)
        page.wait("document.querySelector('#state').textContent.includes('without a network')", 60)
        for slot in (0, 1):
            opened.show(slot, files[slot], eyes[slot])
        opened.answer()
        page.run("""window.broken = [],
            document.addEventListener('securitypolicyviolation', (event) => window.broken.push(event.effectiveDirective))""")
        page.run(f"""(async () => {{
            await fetch('{elsewhere.origin}/fetched').catch(() => 0);
            navigator.sendBeacon('{elsewhere.origin}/beacon', 'face');
            new Image().src = '{elsewhere.origin}/image.png';
            try {{ new WebSocket('{elsewhere.origin.replace("http", "ws")}/socket') }} catch {{}}
            const script = document.createElement('script'); script.src = '{elsewhere.origin}/script.js'; document.head.append(script);
            const form = Object.assign(document.createElement('form'), {{action: '{elsewhere.origin}/form', method: 'post'}});
            document.body.append(form); form.submit();
        }})()""")
        page.wait("new Set(window.broken).size >= 4", 20)
        assert set(page.run("window.broken")) >= {
            "connect-src",
            "img-src",
            "script-src-elem",
            "form-action",
        }
    elsewhere.stop()
    assert elsewhere.asked == [], "the page's policy let something out"
    requests = by_the_page(log, server.origin)
    assert any(url.endswith("ort-wasm-simd-threaded.wasm") for url in requests), (
        "the log does not show the page's own requests"
    )
    assert [url for url in requests if not url.startswith(server.origin + "/")] == []


def by_the_page(log: Path, origin: str) -> list[str]:
    """Addresses of all requests that Chromium's own log ascribes to the page or its service worker, one event a line."""
    first, _, *lines = log.read_text().splitlines()
    start = json.loads(first.rstrip(",") + "}")["constants"]["logEventTypes"][
        "URL_REQUEST_START_JOB"
    ]
    found = []
    for line in lines:
        if f'"type":{start}' in line and f'"initiator":"{origin}"' in line:
            found.append(json.loads(line.rstrip(",]}") + "}")["params"]["url"])
    return found


@pytest.mark.parametrize("width, height", [(360, 740), (320, 640), (1280, 800)])
def test_nothing_sticks_out_at_any_size_by_day_and_by_night(width, height, server, page):
    opened = Opened(page, server.origin)
    page.as_phone(width, height)
    page.run(
        "document.querySelector('#example').click(), document.querySelector('details').open = true"
    )
    opened.answer()
    for dark in (False, True):
        page.dark(dark)
        assert page.run("document.documentElement.scrollWidth") <= width
        outside = page.run("""[...document.querySelectorAll('body *:not(.unseen)')].filter((element) => {
            const box = element.getBoundingClientRect();
            return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
        }).map((element) => element.className || element.tagName)""")
        assert outside == []
        assert page.run(CONTRAST) == [], "text too faint to read"
        opened.shot(f"{width}-{'dark' if dark else 'light'}")
    small = page.run("""[...document.querySelectorAll('button, label.way, summary')].map((element) => element.getBoundingClientRect())
        .filter((box) => box.width && box.height < 44).length""")
    assert small == 0, "something to tap is lower than a finger"


# Each text whose contrast with the nearest opaque ground is under 4.5 to 1 (WCAG 2.2, 1.4.3): [words, ratio].
CONTRAST = """(() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => { const [r, g, b] = rgb.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = (element) => { const colour = numbers(getComputedStyle(element).backgroundColor);
        return (colour[3] ?? 1) > 0.5 ? colour : element.parentElement ? ground(element.parentElement) : [255, 255, 255]; };
    const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility({opacityProperty: true}) &&
        [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
    return texts.map((element) => {
        const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
        return [element.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]; }).filter(([, ratio]) => ratio < 4.5);
})()"""


def test_everything_that_is_shown_is_also_said(server, page):
    opened = Opened(page, server.origin)
    page.run("document.querySelector('#example').click()")
    opened.answer()
    assert page.run("document.documentElement.lang") == "en" and page.run("document.title")
    assert page.run("[...document.querySelectorAll('h1, h2')].map((h) => h.tagName)")[0] == "H1"
    names = page.run("""[...document.querySelectorAll('button, input, [role=img], dialog, section, figure, video')].filter((element) =>
        !(element.ariaLabel || element.getAttribute('aria-labelledby') || (element.labels?.[0] ?? element).textContent.trim()))
        .map((element) => element.outerHTML)""")
    assert names == [], "these have no name"
    assert "stand at" in page.run("document.querySelector('#scale').getAttribute('aria-label')")


def test_an_example_that_it_gets_wrong_is_said_to_be_wrong(server, site, page):
    opened = Opened(page, server.origin)
    examples = json.loads((site / "examples" / "examples.json").read_text())
    said = []
    for a, b in examples["pairs"]:
        page.run(
            "document.querySelector('#number').textContent = '', document.querySelector('#example').click()"
        )
        decision = opened.answer()["decision"]
        truth = page.run("document.querySelector('#truth').textContent")
        one = examples["person"][a] == examples["person"][b]
        assert ("one made-up person" if one else "two made-up people") in truth
        assert ("wrong" in truth) == (decision == ("different" if one else "same"))
        said.append("wrong" if "wrong" in truth else decision)
    assert {"same", "different", "wrong"} <= set(said)


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
