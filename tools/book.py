"""The whole course as static pages in site/book, from the notebooks as they are stored; they open from disk, without a server.

    python -m tools.book [FOLDER]       what `make book` calls, after it has installed requirements-site.txt

Sphinx builds them with the settings in docs/book/; nothing is executed and nothing fetched. A warning ends the build.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "site" / "book"
NEEDED = {
    "sphinx": "sphinx",
    "myst_nb": "myst-nb",
    "furo": "furo",
    "math_core": "math-core",
    "ziamath": "ziamath",
}


def missing() -> list[str]:
    """The packages of requirements-site.txt that are not here."""
    return [
        package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None
    ]


def build(out: Path = OUT) -> None:
    """Build every page into `out`. A build that fails leaves what was there.

    raises  RuntimeError, in words, where a package is missing or Sphinx warns
    """
    if absent := missing():
        raise RuntimeError(
            f"{', '.join(absent)} missing: run `make book`, or `pip install -c constraints.txt -r requirements-site.txt`"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=out.parent, prefix=".book-"
    ) as scratch:  # beside `out`: renaming stays on one disk
        fresh = Path(scratch) / "html"
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-b",
            "html",
            "-c",
            str(ROOT / "docs" / "book"),
            "-d",
            f"{scratch}/doctrees",
        ]
        done = subprocess.run(
            [*command, "--fail-on-warning", "--keep-going", "--quiet", str(ROOT), str(fresh)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"the pages were not built; each warning is an error:\n{done.stderr.strip()[-6000:]}"
            )
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)


def main(arguments: list[str]) -> int:
    out = Path(arguments[0]).resolve() if arguments else OUT
    try:
        build(out)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    pages = sum(1 for _ in out.rglob("*.html"))
    print(f"{pages} pages: open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
