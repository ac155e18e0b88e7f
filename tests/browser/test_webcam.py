"""The webcam widget: its browser half with a stand-in for the kernel, then all of it in JupyterLab.

The camera is a film of four coloured quarters. The saved notebook must hold no picture.
"""

import base64
import io
import json
import re

import nbformat
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from lib.plots import webcam
from tools import notebooks

from .conftest import DESK, PHONE, ROOT, new_page, shot
from .test_controls import Lesson
from .test_phone import FAINT, NAMELESS, OUTSIDE

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 30), "blue": (30, 30, 200), "white": (240,) * 3}
FAKE = "--use-fake-device-for-media-stream"
NIGHT = "body { background: #111; color: #eee }"
# A page with the widget in it; `sent` holds its messages, and `hear(content, ...pngs)` answers it.
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Webcam</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/webcam.css"><body><div id="widget"></div><script type="module">
import widget from "/webcam.js";
window.sent = [];
const model = {
    send: (content, _, buffers) => {
        if (window.restarted) throw new Error("Cannot send");
        sent.push([content, buffers.map((buffer) => [...new Uint8Array(buffer)])]) },
    on: (_, hear) => {
        window.hear = (content, ...pngs) => hear({view: sent[0][0].view, ...content}, pngs) },
    off: () => { delete window.hear },
};
window.close = widget.render({model, el: document.querySelector("#widget")});
</script>"""


def quarters(width: int = 640, height: int = 480) -> Image.Image:
    """Red, green / blue, white."""
    small = np.array(list(COLOURS.values()), dtype=np.uint8).reshape(2, 2, 3)
    return Image.fromarray(small).resize((width, height), Image.Resampling.NEAREST)


def names(picture: np.ndarray) -> list[str]:
    """The nearest colour in the middle of each quarter."""
    height, width = picture.shape[:2]
    middles = picture[height // 4 :: height // 2, width // 4 :: width // 2][:2, :2].reshape(4, 3)
    off = np.abs(middles[:, None].astype(int) - np.array(list(COLOURS.values()))).sum(2)
    return [list(COLOURS)[n] for n in off.argmin(1)]


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> str:
    """The flag that makes Chromium's camera show the four quarters (motion JPEG)."""
    buffer = io.BytesIO()
    quarters().save(buffer, "JPEG", quality=95, subsampling="4:2:0")
    file = tmp_path_factory.mktemp("film") / "quarters.mjpeg"
    file.write_bytes(buffer.getvalue() * 30)
    return f"--use-file-for-fake-video-capture={file}"


def opened(browser, host: str = "localhost", **options):
    """A page of that host with the widget in it; no request leaves the browser."""
    page = new_page(browser, **(DESK | options))
    kinds = {"js": "text/javascript", "css": "text/css"}

    def serve(route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name.startswith("webcam."):
            text, kind = (ROOT / "lib" / "plots" / name).read_text(), kinds[name.split(".")[1]]
            route.fulfill(body=text, content_type=kind)
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page.route(f"http://{host}/**", serve)
    page.goto(f"http://{host}/")
    page.wait_for_function("!!window.hear")
    return page


def button(page, name: str):
    return page.get_by_role("button", name=name)


def test_the_camera_gives_one_picture_as_it_is_and_goes_off_again(launch, film):
    with launch(FAKE, film) as browser:
        page = opened(browser, permissions=["camera"])
        button(page, "Start camera").press("Enter")
        take = button(page, "Take picture")
        expect(take).to_be_focused()
        assert (
            page.locator("video").evaluate("video => getComputedStyle(video).transform[7]") == "-"
        )
        take.press(" ")
        page.wait_for_function("sent.length === 2")
        content, [jpeg] = page.evaluate("sent[1]")
        assert content["kind"] == "picture" and content["number"] == 1
        picture = webcam.decoded(bytes(jpeg), 1280)
        assert picture.shape == (480, 640, 3)
        assert names(picture) == list(COLOURS), "mirrored or cut"
        button(page, "Stop camera").press("Enter")
        expect(button(page, "Start camera")).to_be_focused()
        assert page.evaluate("document.querySelector('video').srcObject") is None


def test_the_reader_chooses_among_several_cameras(launch):
    with launch(FAKE + "=device-count=2") as browser:
        page = opened(browser, permissions=["camera"])
        button(page, "Start camera").click()
        cameras = page.get_by_label("Camera", exact=True)
        expect(cameras.locator("option")).to_have_count(2)
        chosen = cameras.locator("option").nth(1).get_attribute("value")
        cameras.select_option(index=1)
        page.wait_for_function(
            """chosen => document.querySelector('video').srcObject
                ?.getVideoTracks()[0].getSettings().deviceId === chosen""",
            arg=chosen,
        )
        expect(cameras).to_have_value(chosen)


@pytest.mark.parametrize(
    "why, flags, options, script, words",
    [
        ("refused", [FAKE], {}, "", "was not allowed"),
        ("none", [], {"permissions": ["camera"]}, "", "no camera here"),
        ("insecure", [FAKE], {"host": "course.example"}, "", "only to pages over https"),
        ("busy", [FAKE], {}, "NotReadableError", "Another program is using the camera"),
    ],
    ids=["refused", "no camera", "not secure", "in use"],
)
def test_without_a_camera_it_says_why_and_what_to_do(launch, why, flags, options, script, words):
    with launch(*flags) as browser:
        page = opened(browser, **options)
        if script:
            page.evaluate(
                """name => { navigator.mediaDevices.getUserMedia = async () => {
                    throw new DOMException("", name) } }""",
                script,
            )
        button(page, "Start camera").click()
        state = page.get_by_role("status")
        expect(state).to_contain_text(words)
        expect(state).to_contain_text("choose a picture")
        expect(button(page, "Start camera")).to_be_visible()
        shot(page, f"webcam-{why}")


def test_a_chosen_picture_is_turned_upright_made_smaller_and_sent(browser, tmp_path):
    turned, exif = quarters(3000, 2000).transpose(Image.Transpose.ROTATE_90), Image.Exif()
    exif[0x0112] = 6  # show it turned by 90 degrees clockwise
    turned.save(tmp_path / "turned.jpg", exif=exif)
    page = opened(browser)
    page.get_by_label("Choose a picture").set_input_files(tmp_path / "turned.jpg")
    page.wait_for_function("sent.length === 2")
    _, [jpeg] = page.evaluate("sent[1]")
    picture = webcam.decoded(bytes(jpeg), webcam.LONGEST)
    assert picture.shape == (1067, 1600, 3)
    assert names(picture) == list(COLOURS)


def test_a_file_that_is_no_picture_is_refused_in_words(browser):
    page = opened(browser)
    letter = {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear reader"}
    page.get_by_label("Choose a picture").set_input_files(letter)
    expect(page.get_by_role("status")).to_contain_text("cannot read the file as a picture")
    assert page.evaluate("sent.length") == 1


def choose(page) -> None:
    """Choose a picture of four quarters; it is sent."""
    buffer = io.BytesIO()
    quarters().save(buffer, "PNG")
    file = {"name": "four.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    before = page.evaluate("sent.length")
    page.get_by_label("Choose a picture").set_input_files(file)
    page.wait_for_function("before => sent.length > before", arg=before)


def test_an_answer_is_shown_and_one_to_an_older_picture_or_another_view_is_not(browser):
    page = opened(browser)
    choose(page)
    choose(page)
    caption, canvas = page.locator("figcaption"), page.locator("canvas")
    for other in ({"number": 1}, {"number": 2, "view": 0}):
        page.evaluate("other => hear({kind: 'answer', words: 'Eve', ...other})", other)
    page.evaluate("hear({kind: 'answer', number: 2, words: 'Ada, with 0.91'})")
    expect(caption).to_have_text("Ada, with 0.91")
    buffer = io.BytesIO()
    quarters(300, 100).save(buffer, "PNG")
    page.evaluate(
        "png => hear({kind: 'answer', number: 2, words: 'A figure'}, new Uint8Array(png))",
        list(buffer.getvalue()),
    )
    expect(caption).to_have_text("A figure")
    assert canvas.evaluate("canvas => [canvas.width, canvas.height]") == [300, 100]
    page.evaluate("hear({kind: 'problem', number: 2, words: 'KeyError: no face'})")
    expect(page.get_by_role("status")).to_have_text("KeyError: no face")


def test_a_kernel_that_does_not_answer_is_missed_in_words(browser):
    page = opened(browser)
    state = page.get_by_role("status")
    expect(state).to_contain_text("needs a running kernel")
    page.evaluate("hear({kind: 'ready'})")
    expect(state).to_be_empty()
    choose(page)
    expect(state).to_contain_text("has not answered yet")
    page.evaluate("window.restarted = true")
    page.get_by_label("Choose a picture").set_input_files(ROOT / "docs" / "first_page.png")
    expect(state).to_contain_text("needs a running kernel")


def test_the_camera_goes_off_where_the_output_is_cleared(launch):
    with launch(FAKE) as browser:
        page = opened(browser, permissions=["camera"])
        button(page, "Start camera").click()
        expect(button(page, "Take picture")).to_be_visible()
        page.evaluate("window.track = document.querySelector('video').srcObject.getTracks()[0]")
        page.evaluate("window.close()")
        assert page.evaluate("[track.readyState, 'hear' in window]") == ["ended", False]


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_it_is_readable_at_any_size_by_day_and_by_night(launch, film, size):
    with launch(FAKE, film) as browser:
        page = opened(browser, permissions=["camera"], **(PHONE if size == "phone" else {}))
        button(page, "Start camera").click()
        button(page, "Take picture").click()
        page.wait_for_function("sent.length === 2")
        page.evaluate("hear({kind: 'answer', number: 1, words: 'Ada: 0.91 reaches 0.80'})")
        for scheme, style in (("day", "/**/"), ("night", NIGHT)):
            page.add_style_tag(content=style)
            assert page.evaluate(FAINT) == [] and page.evaluate(OUTSIDE) == []
            assert page.evaluate(NAMELESS) == []
            shot(page, f"webcam-{size}-{scheme}")


# -- in JupyterLab ---------------------------------------------------------------------------------

START = """
import sys; sys.path.insert(0, "..")
import matplotlib.pyplot as plt
plt.close(plt.figure())  # from now on each cell shows the figures that are open
"""
CELL = """
from IPython.display import display
from lib.plots.webcam import Webcam

def look(photograph):
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.imshow(photograph)
    display(fig)
    print(photograph[0, 0])
    plt.subplots()
    return f"{photograph.shape}, at the top left {photograph[100, 100]}", fig

Webcam(look)
"""
THEME = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
RUN_NEXT_AND_SAVE = """async () => {
    book.content.activeCellIndex = 2;
    await jupyterapp.commands.execute("notebook:run-cell");
    await jupyterapp.commands.execute("docmanager:save") }"""


@pytest.fixture
def stored(lab_folder):
    """A notebook with the widget, run headless and stored; JupyterLab stores widgets' state too."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks.KERNEL})
    sources = START, CELL, "'the next cell'"
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = lab_folder / "notebooks" / "camera.ipynb"
    nbformat.write(book, path)
    notebooks.run(path, "quick")
    settings = lab_folder / "settings" / "@jupyter-widgets" / "jupyterlab-manager"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"saveState": True}))
    yield path
    (settings / "plugin.jupyterlab-settings").unlink()


def test_a_picture_is_answered_in_jupyterlab_and_the_saved_notebook_holds_none(
    launch, film, lab, stored
):
    with launch(FAKE, film) as browser:
        page = new_page(browser, permissions=["camera"], **DESK)
        lesson = Lesson(page, lab("camera"))
        lesson.show(1)
        expect(lesson.cell.locator(".jp-OutputArea-output")).to_contain_text(
            "needs a running kernel"
        )
        lesson.run_all()
        lesson.show(1)
        button(lesson.cell, "Start camera").press("Enter")
        button(lesson.cell, "Take picture").press("Enter")
        caption = lesson.cell.locator("figcaption")
        expect(caption).to_contain_text("(480, 640, 3), at the top left")
        red = np.array(re.findall(r"\d+", caption.text_content())[3:], dtype=int)
        assert np.abs(red - COLOURS["red"]).max() < 30
        expect(lesson.cell.locator("figure canvas")).not_to_have_js_property("width", 640)
        ours = caption.text_content(), "Take picture", "Stop camera", "Choose a picture"
        for theme in ("Dark", "Light"):
            page.evaluate(THEME, f"JupyterLab {theme}")
            faint = [text for text, _ in page.evaluate(FAINT)]
            assert not any(text.startswith(tuple(faint)) for text in ours if faint), theme
            shot(page, f"webcam-lab-{theme}")
        page.evaluate(RUN_NEXT_AND_SAVE)
        lesson.close()
    text = stored.read_text()
    book = nbformat.reads(text, as_version=4)
    state = book.metadata.widgets[notebooks.VIEW.replace("-view", "-state")]["state"]
    assert any("course-webcam" in json.dumps(model) for model in state.values()), "no state at all"
    assert not any(model.get("buffers") for model in state.values())
    _, [widget], [after] = (cell.outputs for cell in book.cells)
    assert set(widget.data) == {notebooks.VIEW, "text/html", "text/plain"}
    assert after.data == {"text/plain": "'the next cell'"}
    assert all(mark not in text for mark in ("data:image", "iVBORw0KGgo", "/9j/"))
    for run in re.findall(r"[A-Za-z0-9+/]{400,}", text):
        assert base64.b64decode(run[:400])[:2] not in (b"\x89P", b"\xff\xd8")
