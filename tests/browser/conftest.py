"""A real JupyterLab on loopback and a headless Chromium, once for all browser tests; skipped, saying why, where there is no Chromium."""

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

from . import chromium

ROOT = Path(__file__).resolve().parent.parent.parent


def pytest_collection_modifyitems(items: list) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory) -> Path:
    """A copy of the lessons beside the course's code, as a reader's checkout has it."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(
        ROOT / "notebooks",
        folder / "notebooks",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    for room in ("lib", "data", "docs"):
        (folder / room).symlink_to(ROOT / room)
    return folder


@pytest.fixture(scope="session")
def lab(lab_folder):
    """JupyterLab on that folder: gives the address of a lesson's page. No setting of the reader's is read or written."""
    if chromium.find() is None:
        pytest.skip(
            "no Chromium here: install it (Debian: apt-get install chromium), or set COURSE_CHROMIUM to one"
        )
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
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--expose-app-in-browser",
        "--allow-root",
    ]
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(f"http://127.0.0.1:{port}/api/status?token={token}", server, folder / "server.log")
        yield (
            lambda lesson: (
                f"http://127.0.0.1:{port}/lab/tree/notebooks/{lesson}.ipynb?token={token}&reset"
            )
        )
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the server and the kernels it started
        server.wait(60)


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.4)
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture
def page(tmp_path):
    """A fresh browser."""
    with chromium.Page(tmp_path / "profile") as browser:
        yield browser
