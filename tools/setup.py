"""Make `.venv` and install the course into it; where that fails, say why and what to do.

    python3 tools/setup.py          `make lab` and `make test` call it first
    py tools\\setup.py               the same on Windows

Uses the standard library only, and syntax that every Python 3 can read (no f-strings), so that a
Python that is too old can still say so. A second run does nothing while the requirements and the
Python are the same.
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
ALONE = "requirements-alone.txt"  # installed without dependencies
LISTS = ["requirements.txt", "requirements-mobile.txt", ALONE, "constraints.txt"]
NEEDED_GIB = 9  # enough for the registry's torch for Linux, which brings the CUDA libraries along
OLDEST = (3, 11)

# PyTorch's own index has builds without CUDA libraries for Linux. uv's other choice, `auto`, takes
# the XPU build, with libraries of several GB, on every computer with Intel graphics.
CPU_BUILD = ["--torch-backend=cpu"]
TORCH = ["torch", "torchvision", "torchao"]  # packages of the lists that uv then takes from there
INDEX_SECONDS = 8  # time for that index to answer
GPU_SECONDS = 8  # time for nvidia-smi to answer

# (what a failed installation prints, what it means for the reader)
CAUSES = [
    (
        ["no space left", "errno 28", "os error 28", "disk quota"],
        (
            "The disk is full. Free about {0} GiB (or clone the course to a larger disk), "
            "then run the same command again."
        ).format(NEEDED_GIB),
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
        (
            "The package registry could not be reached. Check the connection (behind a proxy, set "
            "HTTPS_PROXY; behind a company's certificate, set PIP_CERT), then run the same command "
            "again: what was downloaded is kept."
        ),
    ),
    (
        [
            "no matching distribution",
            "resolutionimpossible",
            "no solution found",
            "no wheels",
            "requires-python",
        ],
        (
            "No package fits this machine and Python. The course is tested on Python 3.11 to 3.13, "
            "64 bit; try one of those (for example `make lab PYTHON=python3.12`)."
        ),
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


def environment():
    """The environment for pip and uv."""
    # uv reads its own certificates unless told to trust those that the system and pip trust.
    variables = dict(os.environ, UV_SYSTEM_CERTS="true", UV_NATIVE_TLS="true")
    if os.environ.get("PIP_CERT"):
        variables.setdefault("SSL_CERT_FILE", os.environ["PIP_CERT"])
    return variables


def run(command):
    """Run a command and print its output; returns (exit status, that output in lower case)."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
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


def answers(command, seconds, text="", **variables):
    """Whether `command` with `text` as its input ends with status 0; None if it takes longer."""
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment(), **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
        )
    except OSError:
        return False
    try:
        process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    return process.returncode == 0


def torch_options():
    """uv's options for torch: [] for the registry's, or CPU_BUILD where that is enough.

    It is enough on Linux without an NVIDIA GPU (elsewhere the registry's torch is without CUDA
    anyway). PyTorch's index is asked for the versions of constraints.txt first; uv's own attempts
    to reach it would take longer. A backend that the reader chose in UV_TORCH_BACKEND is kept.
    """
    if not sys.platform.startswith("linux") or os.environ.get("UV_TORCH_BACKEND"):
        return []
    if answers(["nvidia-smi", "-L"], GPU_SECONDS) is not False:  # slow drivers count as a GPU
        return []
    print("No NVIDIA GPU found: asking PyTorch's index for torch without the CUDA libraries.")
    resolve = [PYTHON, "-m", "uv", "pip", "compile", "--no-deps", "-c", "constraints.txt", "-"]
    names = "\n".join(TORCH)
    if answers(resolve + CPU_BUILD, INDEX_SECONDS, names, UV_HTTP_RETRIES="1"):
        return CPU_BUILD
    print("That index cannot be reached or lacks these versions: taking the registry's torch.")
    return []


def explain(output):
    """The sentence for the first known cause that `output` shows."""
    for signs, sentence in CAUSES:
        if any(sign in output for sign in signs):
            return sentence
    return (
        "The lines above say why. If they do not help you, delete the folder .venv and run the "
        "same command again."
    )


def check_python():
    """Stop if this Python is too old for the course."""
    if sys.version_info < OLDEST:
        stop(
            "this is Python {0}.{1}; the course needs Python 3.11 or newer. Install it "
            "(python.org, your system's packages, or conda), then run the same command with "
            "`PYTHON=python3.12`, or whatever it is called here.".format(*sys.version_info[:2])
        )


def check_disk():
    """Stop if the disk has less than NEEDED_GIB free."""
    free = shutil.disk_usage(ROOT).free / 2.0**30
    if free < NEEDED_GIB and not os.environ.get("COURSE_SKIP_DISK_CHECK"):
        stop(
            "{0:.1f} GiB free on this disk, {1} needed. Free some space (or clone the course to a "
            "larger disk), then run the same command again.".format(free, NEEDED_GIB)
        )


def make_venv():
    """Make `.venv` with the Python that runs this script."""
    status, output = run([sys.executable, "-m", "venv", VENV])
    if status and "ensurepip" in output:
        stop(
            "this Python has no venv module. On Debian and Ubuntu: `sudo apt install "
            "python3-venv`; then run the same command again."
        )
    if status:
        stop(explain(output))


def install():
    """Install the lists into `.venv`: with uv in about a minute, else with pip in several."""
    packages = ["-c", "constraints.txt", "-r", "requirements.txt", "-r", "requirements-mobile.txt"]
    alone = ["--no-deps", "-r", ALONE]
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    uv = [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON]
    status, output = run(pip + ["uv"])
    if not status:
        options = torch_options()
        status, output = run(uv + options + packages)
        if status and options:
            print("That did not work with PyTorch's index; taking the registry's torch.")
            status, more = run(uv + packages)
            output += more
    if not status:
        status, more = run(uv + alone)
        output += more
    if status:
        print("That did not work with uv; trying pip.")
        status, more = run(pip + packages)
        output += more
        if not status:
            status, more = run(pip + alone)
            output += more
    if status:
        stop(explain(output))


def main():
    check_python()
    wanted = fingerprint()
    if os.path.exists(STAMP) and os.path.exists(PYTHON):
        with open(STAMP) as file:
            if file.read() == wanted:
                return
    else:
        check_disk()
    print("Installing the course into .venv: one to ten minutes, once.")
    if os.path.exists(STAMP):
        os.remove(STAMP)
    make_venv()
    install()
    with open(STAMP, "w") as file:
        file.write(wanted)
    print("Installed.")


if __name__ == "__main__":
    main()
