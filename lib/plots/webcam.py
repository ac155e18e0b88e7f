"""Somebody in front of the camera: `Webcam` hands a picture to a function and shows its answer.

    Webcam(lambda photograph: f"{photograph.shape[1]} pixels wide")   # last in a cell

A picture travels from the browser to the kernel as a message, and the answer travels back as one;
webcam.js draws both on a canvas. A saved notebook holds the widget's traits and the cell's outputs.
A picture is in neither, so a saved notebook holds no picture.
"""

import io
from collections.abc import Callable
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from lib import course
from lib.plots import style

LARGEST = 20 * 10**6  # bytes of one message
LONGEST = 4096  # pixels a side of the picture in it
NO_KERNEL = (
    "This needs a running kernel and a browser: run this cell in Jupyter or Colab to start the"
    " camera or to choose a picture."
)
Answer = str | tuple[str, Figure]


class Webcam(anywidget.AnyWidget):
    """A preview of the camera, a button that takes a picture, and a way to choose a file instead.

    on_picture  gets one photograph, uint8 (H, W, 3), upright and not mirrored; returns the answer
                in words, or (words, figure). What it raises is shown in the widget; of a ValueError
                the words alone
    size        the longer side of that photograph is at most `size` pixels
    raises      ValueError for a size outside of 64 to 4096
    """

    _esm = Path(__file__).with_name("webcam.js")
    _css = Path(__file__).with_name("webcam.css")

    def __init__(self, on_picture: Callable[[np.ndarray], Answer], size: int = 1280) -> None:
        if not 64 <= size <= LONGEST:
            raise ValueError(f"size={size}: the longer side has 64 to {LONGEST} pixels")
        super().__init__()  # on Colab, this allows widgets of other makers
        self.on_picture, self.size = on_picture, size
        self.on_msg(self._receive)

    def _receive(self, _, content: dict, buffers: list) -> None:
        """Answer one message of webcam.js."""
        reply = {"view": content.get("view"), "number": content.get("number")}
        if content.get("kind") == "hello":
            self.send({"kind": "ready", "view": reply["view"]})
        elif content.get("kind") == "picture":
            opened = set(plt.get_fignums())
            try:
                words, *pngs = self._answer(buffers)
                self.send(reply | {"kind": "answer", "words": words}, pngs)
            except Exception as error:  # a message has no cell that could show an error
                # A ValueError of the course says in words what was wrong with the input.
                name = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
                self.send(reply | {"kind": "problem", "words": f"{name}{error}"})
            finally:  # else the kernel would send them as an output, outside of the widget
                for number in set(plt.get_fignums()) - opened:
                    plt.close(number)

    def _answer(self, buffers: list) -> tuple[str] | tuple[str, bytes]:
        """The words, and the PNG where `on_picture` returns a figure too."""
        answer = self.on_picture(decoded(b"".join(buffers[:1]), self.size))
        match answer:
            case str(words):
                return (words,)
            case (str(words), Figure() as figure):
                return words, style.png(figure)
        raise TypeError(f"on_picture returns words, or (words, figure), not {answer!r:.60}")

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = NO_KERNEL
        if not course.on_colab():  # which does not say which form it prefers
            data["text/html"] = f"<p>{NO_KERNEL}</p>"
        return data, metadata


def decoded(message: bytes, size: int) -> np.ndarray:
    """The picture in a message, uint8 (H, W, 3), upright, its longer side at most `size`.

    message  a JPEG, PNG or WebP file
    raises   ValueError, in words, for what is no picture, or is larger than the limits above
    """
    if len(message) > LARGEST:
        megabytes = f"{len(message) / 10**6:.0f} MB; at most {LARGEST / 10**6:.0f}"
        raise ValueError(f"The picture has {megabytes} are allowed. Choose a smaller picture.")
    try:
        with Image.open(io.BytesIO(message), formats=("JPEG", "PNG", "WEBP")) as opened:
            width, height = opened.size  # from its head: nothing is decoded yet
            if max(width, height) <= LONGEST:
                upright = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception:  # Pillow raises errors of many kinds at damaged pictures
        raise ValueError(
            "This is not a picture that can be read. Choose a JPEG or PNG file."
        ) from None
    if max(width, height) > LONGEST:
        sides = f"{width} x {height} pixels; at most {LONGEST} a side"
        raise ValueError(f"The picture has {sides} are allowed. Choose a smaller picture.")
    upright.thumbnail((size, size), Image.Resampling.LANCZOS)
    return np.asarray(upright)
