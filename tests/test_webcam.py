"""The webcam widget's kernel half: messages in, a function called, an answer out, nothing kept."""

import io
import sys
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lib.plots import webcam

VIEW = "application/vnd.jupyter.widget-view+json"
RED = (200, 30, 40)


def encoded(width: int = 40, height: int = 30, kind: str = "PNG", **options) -> bytes:
    """A picture that is red in its upper left quarter and grey elsewhere, as a file."""
    pixels = np.full((height, width, 3), 128, dtype=np.uint8)
    pixels[: height // 2, : width // 2] = RED
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


class Sent(list):
    """What a widget sends to its browser: (content, buffers)."""

    def __init__(self, widget: webcam.Webcam, monkeypatch) -> None:
        super().__init__()
        keep = lambda content, buffers=None: self.append((content, list(buffers or [])))  # noqa: E731
        monkeypatch.setattr(widget, "send", keep)
        self._widget = widget

    def receive(self, kind: str, *buffers: bytes, **content) -> None:
        """Let a message from the browser arrive, as the kernel hands it over."""
        data = {"method": "custom", "content": {"kind": kind, "view": 0.5, **content}}
        parts = [memoryview(buffer) for buffer in buffers]
        self._widget._handle_msg({"content": {"data": data}, "buffers": parts})


@pytest.fixture
def shown(monkeypatch):
    """Make a widget for a function; returns it and what it sends."""

    def make(on_picture, **options):
        widget = webcam.Webcam(on_picture, **options)
        return widget, Sent(widget, monkeypatch)

    return make


def test_a_picture_reaches_the_function_and_its_words_go_back(shown):
    seen = []
    _, sent = shown(lambda photograph: seen.append(photograph) or "somebody")
    sent.receive("picture", encoded(), number=3)
    assert sent == [({"kind": "answer", "view": 0.5, "number": 3, "words": "somebody"}, [])]
    (photograph,) = seen
    assert photograph.shape == (30, 40, 3) and photograph.dtype == np.uint8
    assert tuple(photograph[5, 5]) == RED and tuple(photograph[25, 35]) == (128,) * 3


def test_a_greeting_is_answered_so_that_the_browser_knows_of_the_kernel(shown):
    _, sent = shown(len)
    sent.receive("hello")
    assert sent == [({"kind": "ready", "view": 0.5}, [])]


def test_a_figure_goes_back_as_a_png_and_no_figure_stays_open(shown):
    def drawn(photograph):
        plt.subplots()  # left open: the kernel would send it as an output, outside of the widget
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.imshow(photograph)
        return "a figure", fig

    plt.close("all")
    mine = plt.figure()
    _, sent = shown(drawn)
    sent.receive("picture", encoded(), number=1)
    [(content, [png])] = sent
    assert content["words"] == "a figure"
    width, height = Image.open(io.BytesIO(png)).size
    assert width > height > 50
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda photograph: {}["face"], "KeyError: 'face'"),
        (lambda photograph: int("no face"), "invalid literal"),
        (lambda photograph: 7, "TypeError: on_picture returns words, or (words, figure), not 7"),
        (lambda photograph: (Figure(), "no"), "TypeError: on_picture returns words"),
    ],
    ids=["an error", "words", "a number", "the other way round"],
)
def test_what_goes_wrong_in_the_function_is_said_in_the_widget(shown, answer, words):
    _, sent = shown(answer)
    sent.receive("picture", encoded())
    [(content, buffers)] = sent
    assert content["kind"] == "problem" and content["words"].startswith(words) and not buffers


def many_pixels() -> bytes:
    """A small file of a large picture."""
    buffer = io.BytesIO()
    Image.new("1", (webcam.LONGEST + 1, 8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "buffers, words",
    [
        ([], "not a picture"),
        ([b"Dear reader"], "not a picture"),
        ([encoded()[:60]], "not a picture"),
        ([encoded(kind="GIF")], "not a picture"),
        ([many_pixels()], "4097 x 8 pixels; at most 4096 a side are allowed"),
        ([bytes(webcam.LARGEST + 1)], "20 MB; at most 20 are allowed"),
    ],
    ids=["nothing", "text", "cut off", "another format", "too many pixels", "too many bytes"],
)
def test_a_message_without_a_usable_picture_is_refused_in_words(shown, buffers, words):
    called = []
    _, sent = shown(called.append)
    sent.receive("picture", *buffers)
    [(content, _)] = sent
    assert content["kind"] == "problem" and words in content["words"] and not called


def test_a_picture_is_turned_upright_and_made_smaller(shown):
    exif = Image.Exif()
    exif[0x0112] = 6  # show it turned by 90 degrees clockwise
    seen = []
    _, sent = shown(lambda photograph: seen.append(photograph) or "", size=100)
    sent.receive("picture", encoded(400, 200, "JPEG", exif=exif, quality=95))
    (photograph,) = seen
    assert photograph.shape == (100, 50, 3)
    off = np.abs(photograph[20, 35].astype(int) - RED)  # upper left went to the upper right
    assert off.max() < 12


def test_no_trait_holds_a_picture_before_or_after_one_was_taken(shown):
    widget, sent = shown(lambda photograph: ("a figure", Figure()))
    before = widget.get_state()
    sent.receive("picture", encoded(), number=1)
    assert len(sent) == 1 and widget.get_state() == before
    plain = [value for value in before.values() if not isinstance(value, str)]
    assert not any(isinstance(value, bytes | bytearray | memoryview) for value in plain)
    texts = {key for key, value in before.items() if isinstance(value, str) and len(value) > 300}
    assert texts == {"_esm", "_css"}, "long texts besides the browser's half"
    assert not any(isinstance(value, np.ndarray | bytes) for value in vars(widget).values())


def test_pages_without_a_kernel_get_a_sentence(shown, monkeypatch):
    widget, _ = shown(len)
    data, _ = widget._repr_mimebundle_()
    assert set(data) == {VIEW, "text/html", "text/plain"}
    assert (
        "needs a running kernel" in data["text/plain"] and data["text/plain"] in data["text/html"]
    )
    monkeypatch.setenv("COURSE_COLAB", "1")
    assert set(widget._repr_mimebundle_()[0]) == {VIEW, "text/plain"}


def test_colab_is_told_to_allow_widgets_of_other_makers(monkeypatch):
    from anywidget import _util

    output, told = ModuleType("google.colab.output"), []
    output.enable_custom_widget_manager = lambda: told.append(True)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    _util.enable_custom_widget_manager_once.cache_clear()
    webcam.Webcam(len)
    _util.enable_custom_widget_manager_once.cache_clear()
    assert told == [True]


@pytest.mark.parametrize("size", [63, 4097])
def test_a_size_that_no_picture_should_have_is_refused(size):
    with pytest.raises(ValueError, match=f"size={size}: .* 64 to 4096 pixels"):
        webcam.Webcam(len, size=size)
