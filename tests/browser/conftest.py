"""What the browser tests share: the system's Chromium, driven by Playwright, and a real JupyterLab.

Nothing is downloaded: where there is no Chromium, the tests skip and say so. With
COURSE_SCREENSHOTS=folder each test leaves a picture of what its page showed last.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("COURSE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (  # Playwright itself switches off updates and other traffic in the background
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
SHOTS = os.environ.get("COURSE_SCREENSHOTS")
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
PATIENCE = 1000 * int(os.environ.get("COURSE_PATIENCE", 60))  # ms; machines are busy

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def launch():
    """Start a Chromium, with more flags.

    Package scope: Playwright keeps an event loop in this thread, and it must have ended when the
    tests of other folders run notebooks.
    """
    if CHROMIUM is None:
        pytest.skip(
            "no Chromium: install it (Debian: apt install chromium), or set COURSE_CHROMIUM"
        )
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE
        )


@pytest.fixture(scope="package")
def browser(launch):
    with launch() as browser:
        yield browser


def new_page(browser: Browser, **options) -> Page:
    """A page in a profile of its own."""
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE)
    return page


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.fixture
def page(browser, request):
    """An empty page on a desk."""
    with new_page(browser, **DESK) as page:
        yield page
        shot(page, request.node.name)


@pytest.fixture
def phone_page(browser, request):
    """An empty page on a phone: a small screen of three pixels a point, and fingers."""
    with new_page(browser, **PHONE) as page:
        yield page
        shot(page, request.node.name)


@pytest.fixture(scope="package")
def lab_folder(tmp_path_factory) -> Path:
    """A copy of the lessons beside the course's code, as a reader's checkout has it."""
    folder = tmp_path_factory.mktemp("lab")
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=ignored)
    for name in ("lib", "data", "docs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope="package")
def lab(launch, lab_folder):
    """JupyterLab on that folder, without the reader's settings: maps a lesson to its address."""
    folder = lab_folder
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"} | {
        "COURSE_BUDGET": "quick",
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "PYTHONPATH": str(ROOT / "tests" / "offline"),
        "OMP_WAIT_POLICY": "passive",
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--expose-app-in-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
        f"--IdentityProvider.token={token}",
    ]
    log = folder / "server.log"
    with open(log, "w") as out:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    origin = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{origin}/api/status?token={token}", server, log)
        yield lambda lesson: f"{origin}/lab/tree/notebooks/{lesson}.ipynb?token={token}&reset"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the server and the kernels it started
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:  # a kernel that does not end keeps the server waiting
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Return when the server answers; RuntimeError with its log if it ends or takes two minutes."""
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.4)
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()[-3000:]}")
