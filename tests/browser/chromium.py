"""Headless Chromium by its own DevTools protocol: open a page, run a line of JavaScript, press a key, look."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import websocket  # websocket-client, which jupyter-server brings along

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
]
KEYS = {
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Home": 36,
    "End": 35,
    "Tab": 9,
    " ": 32,
    "Enter": 13,
}


def find() -> str | None:
    """Where Chromium is: `COURSE_CHROMIUM`, else one of the names it goes by; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return os.environ.get("COURSE_CHROMIUM") or next(
        (path for name in names if (path := shutil.which(name))), None
    )


class Page:
    """One browser with one page. A context manager: leaving it ends the browser."""

    def __init__(
        self, folder: Path, size: tuple[int, int] = (1280, 900), flags: Sequence[str] = ()
    ) -> None:
        self._process = subprocess.Popen(
            [
                find(),
                *FLAGS,
                *flags,
                f"--user-data-dir={folder}",
                f"--window-size={size[0]},{size[1]}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port = self._port(folder / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
            address = next(
                target["webSocketDebuggerUrl"]
                for target in json.load(answer)
                if target["type"] == "page"
            )
        self._socket = websocket.create_connection(address, timeout=120, suppress_origin=True)
        self._last, self.fingers = 0, False
        self.call("Page.enable")
        self.call(
            "Emulation.setFocusEmulationEnabled", enabled=True
        )  # headless or not, the page believes that somebody looks at it

    def _port(self, file: Path) -> str:
        for _ in range(300):
            if file.exists() and (lines := file.read_text().split()):
                return lines[0]
            if self._process.poll() is not None:
                raise RuntimeError(
                    f"Chromium ended with status {self._process.returncode} before it listened"
                )
            time.sleep(0.2)
        raise TimeoutError("Chromium did not listen within a minute")

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(30)

    def call(self, method: str, **parameters) -> dict:
        """One DevTools command and its result; events that come meanwhile are dropped."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str):
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(
                answer["exceptionDetails"]
                .get("exception", {})
                .get("description", "JavaScript failed")
            )
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60, every: float = 0.1):
        """The first true value of an expression; while one page gives way to the next there is none."""
        end = time.monotonic() + seconds
        while not (value := self._on_any_page(script)):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds:.0f} s: {script}")
            time.sleep(every)
        return value

    def _on_any_page(self, script: str):
        try:
            return self.run(script)
        except RuntimeError as error:
            if not any(
                words in str(error)
                for words in (
                    "navigated or closed",
                    "context was destroyed",
                    "Cannot find context",
                    "Cannot find default execution context",
                )
            ):
                raise
            return None

    def as_phone(self, width: int = 360, height: int = 740) -> None:
        """Look and feel like a phone from now on: a small screen of three pixels a point, and fingers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=3,
            mobile=True,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.fingers = True

    def dark(self, dark: bool = True) -> None:
        """What `prefers-color-scheme` says."""
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )

    def choose(self, selector: str, file: Path) -> None:
        """Give a file to a file input."""
        node = self.call(
            "DOM.querySelector",
            nodeId=self.call("DOM.getDocument")["root"]["nodeId"],
            selector=selector,
        )["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def tap(self, x: float, y: float, *path: tuple[float, float]) -> None:
        """Press at a point of the window, move along `path` if there is one, and let go: with a finger on a phone, else with the mouse."""
        if self.fingers:
            for kind, points in [
                ("touchStart", [(x, y)]),
                *(("touchMove", [at]) for at in path),
                ("touchEnd", []),
            ]:
                self.call(
                    "Input.dispatchTouchEvent",
                    type=kind,
                    touchPoints=[{"x": px, "y": py} for px, py in points],
                )
            return
        for kind, (px, py) in [
            ("mousePressed", (x, y)),
            *(("mouseMoved", at) for at in path),
            ("mouseReleased", (path or [(x, y)])[-1]),
        ]:
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=px,
                y=py,
                button="left",
                buttons=int(kind != "mouseReleased"),
                clickCount=1,
            )

    def press(self, key: str) -> None:
        code = KEYS[key]
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
            )

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        )
