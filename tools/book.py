"""The course as static pages in site/book, from the stored notebooks; they open from disk.

    python -m tools.book [FOLDER]     by `make book`, after it installed requirements-site.txt

Sphinx builds them with the settings in docs/book/. Nothing is executed and nothing is fetched. A
warning ends the build.
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
    """Build every page into `out`; what was there stays where the build fails.

    raises  RuntimeError, in words, where a package is missing or Sphinx warns
    """
    if absent := missing():
        raise RuntimeError(
            f"{', '.join(absent)} missing: run `make book`, or"
            " `pip install -c constraints.txt -r requirements-site.txt`"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside `out`, because a folder can be renamed only on its own disk.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".book-") as scratch:
        fresh, settings = f"{scratch}/html", str(ROOT / "docs" / "book")
        sphinx = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
        folders = ["-c", settings, "-d", f"{scratch}/doctrees", str(ROOT), fresh]
        done = subprocess.run([*sphinx, "-b", "html", *folders], capture_output=True, text=True)
        if done.returncode:
            errors = done.stderr.strip()[-6000:]
            raise RuntimeError(f"the pages were not built; each warning is an error:\n{errors}")
        shutil.rmtree(out, ignore_errors=True)
        Path(fresh).rename(out)


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
