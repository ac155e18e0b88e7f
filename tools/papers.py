"""Fetch the papers of paper/references.bib that have an arXiv number: `make papers`.

Files that are there are kept; a file appears when it is whole. arXiv asks for the pause between two
downloads. COURSE_MIRROR serves this download like every other (paper/NUMBER.pdf there).
"""

import re
import sys
import time
from pathlib import Path

from lib.data.download import DataError, fetch
from lib.data.files import write_atomically

PAPERS = Path(__file__).resolve().parent.parent / "paper"
ADDRESS = "https://arxiv.org/pdf/"
PAUSE = 3  # seconds


def arxiv_numbers(bibliography: str) -> list[str]:
    """The arXiv numbers in a .bib file, in order, each once."""
    return list(dict.fromkeys(re.findall(r"eprint=\{(\d{4}\.\d{4,5})\}", bibliography)))


def is_pdf(path: Path) -> None:
    """Raise DataError where a file is no whole PDF, such as an error page."""
    content = path.read_bytes()
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        raise DataError("it is no whole PDF; try again later")


def main() -> int:
    numbers = [
        number
        for number in arxiv_numbers((PAPERS / "references.bib").read_text())
        if not (PAPERS / f"{number}.pdf").exists()
    ]
    failed = 0
    for count, number in enumerate(numbers):
        print(f"{count + 1}/{len(numbers)}  {number}", flush=True)
        try:
            cached = fetch(f"paper/{number}.pdf", ADDRESS + number, check=is_pdf)
        except DataError as error:
            failed += 1
            print(f"  not fetched: {error}")
            continue
        write_atomically(PAPERS / f"{number}.pdf", cached.read_bytes())
        time.sleep(PAUSE)
    print(f"{len(numbers) - failed} fetched, {failed} failed; the guides are in paper/README.md")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
