"""Make `.venv` and install the course into it; say in words what to do where that fails.

    python3 tools/setup.py          what `make lab` and `make test` call first; on Windows: py tools\\setup.py

Uses the standard library only, and stays readable for any Python 3, so that a Python that is too old can still say so.
Safe to run again: it does nothing when the installed set is the one that the requirements name.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
STAMP = os.path.join(VENV, "course-installed")
LISTS = ["requirements.txt", "requirements-mobile.txt", "constraints.txt"]
NEEDED_GIB = 9  # on Linux torch brings its CUDA libraries along
OLDEST = (3, 11)

# What a failed installation prints, and what it means for the reader.
CAUSES = [
    (
        ["no space left", "errno 28", "os error 28", "disk quota"],
        "The disk is full. Free about {0} GiB (or clone the course to a larger disk), then run the same command again.".format(
            NEEDED_GIB
        ),
    ),
    (
        [
            "network",
            "connection",
            "dns",
            "resolve host",
            "name resolution",
            "timed out",
            "timeout",
            "failed to fetch",
            "proxy",
            "certificate",
        ],
        "The package registry could not be reached. Check the connection (behind a proxy, set HTTPS_PROXY; behind a company's "
        "certificate, set PIP_CERT), then run the same command again: what was downloaded is kept.",
    ),
    (
        [
            "no matching distribution",
            "resolutionimpossible",
            "no solution found",
            "no wheels",
            "requires-python",
        ],
        "No package fits this machine and Python. The course is tested on Python 3.11 to 3.13, 64 bit; try one of those "
        "(for example `make lab PYTHON=python3.12`).",
    ),
]


def stop(message):
    """Print what went wrong and what to do, and end with status 1."""
    sys.exit("\nset-up stopped: " + message)


def fingerprint():
    """sha256 over the requirement lists and the Python that runs them."""
    digest = hashlib.sha256(sys.version.encode())
    for name in LISTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def run(command):
    """Run a command, passing its output on line by line; returns (exit status, the output in lower case)."""
    # uv looks at its own certificates unless told to trust what this system and pip trust.
    environment = dict(os.environ, UV_SYSTEM_CERTS="true", UV_NATIVE_TLS="true")
    if os.environ.get("PIP_CERT"):
        environment.setdefault("SSL_CERT_FILE", os.environ["PIP_CERT"])
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    lines = []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        lines.append(line)
    return process.wait(), "".join(lines).lower()


def explain(output):
    """The sentence for the first known cause that `output` shows."""
    for signs, sentence in CAUSES:
        if any(sign in output for sign in signs):
            return sentence
    return "The lines above say why. If they do not help you, delete the folder .venv and run the same command again."


def main():
    if sys.version_info < OLDEST:
        stop(
            "this is Python {0}.{1}; the course needs Python 3.11 or newer. Install it (python.org, your system's packages, or "
            "conda), then run the same command with `PYTHON=python3.12`, or whatever it is called here.".format(
                *sys.version_info[:2]
            )
        )
    wanted = fingerprint()
    if os.path.exists(STAMP) and os.path.exists(PYTHON):
        with open(STAMP) as file:
            if file.read() == wanted:
                return
    else:
        free = shutil.disk_usage(ROOT).free / 2.0**30
        if free < NEEDED_GIB and not os.environ.get("COURSE_SKIP_DISK_CHECK"):
            stop(
                "{0:.1f} GiB free on this disk, {1} needed. Free some space (or clone the course to a larger disk), then run the "
                "same command again.".format(free, NEEDED_GIB)
            )
    print("Installing the course into .venv: one to ten minutes, once.")
    if os.path.exists(STAMP):
        os.remove(STAMP)
    status, output = run([sys.executable, "-m", "venv", VENV])
    if status:
        if "ensurepip" in output:
            stop(
                "this Python has no venv module. On Debian and Ubuntu: `sudo apt install python3-venv`; then run the same command again."
            )
        stop(explain(output))
    packages = ["-c", "constraints.txt", "-r", "requirements.txt", "-r", "requirements-mobile.txt"]
    # uv installs this set in about a minute, pip in several; where uv cannot be had or fails, pip has the last word.
    status, output = run(
        [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv"]
    )
    if not status:
        status, output = run(
            [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON] + packages
        )
    if status:
        print("That did not work with uv; trying pip.")
        status, more = run(
            [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"] + packages
        )
        output += more
    if status:
        stop(explain(output))
    with open(STAMP, "w") as file:
        file.write(wanted)
    print("Installed.")


if __name__ == "__main__":
    main()
