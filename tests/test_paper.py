"""The bibliography holds what lessons cite, the table names every guide, downloads are whole."""

import json
import re
from pathlib import Path

import pytest

from tools import papers

ROOT = Path(__file__).resolve().parent.parent
PAPER = ROOT / "paper"
BIBLIOGRAPHY = (PAPER / "references.bib").read_text()


def cited(path: Path) -> set[str]:
    """arXiv numbers in a lesson's text."""
    cells = json.loads(path.read_text())["cells"]
    return set(
        re.findall(
            r"arXiv:(\d{4}\.\d{4,5})",
            "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"),
        )
    )


@pytest.mark.parametrize(
    "lesson", sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), ids=lambda path: path.stem
)
def test_what_a_lesson_cites_is_in_the_bibliography(lesson):
    assert cited(lesson) <= set(papers.arxiv_numbers(BIBLIOGRAPHY))


def test_every_guide_in_the_table_exists_and_every_guide_is_in_the_table():
    listed = set(re.findall(r"\]\(([\w.]+\.md)\)", (PAPER / "README.md").read_text()))
    assert listed == {path.name for path in PAPER.glob("*.md")} - {"README.md"}
    for number in re.findall(r"^(\d{4}\.\d{4,5})\.md$", "\n".join(listed), re.MULTILINE):
        assert number in papers.arxiv_numbers(BIBLIOGRAPHY)


def test_entries_have_what_a_reader_needs_to_find_them():
    entries = re.findall(r"(?ms)^@\w+\{(\w+),(.*?)\}$", BIBLIOGRAPHY)
    assert len(entries) == BIBLIOGRAPHY.count("\n@") and len({key for key, _ in entries}) == len(
        entries
    )
    for key, body in entries:
        assert (
            re.search(r"title=\{", body)
            and re.search(r"author=\{", body)
            and re.search(r"year=\{\d{4}\}", body)
        ), key


def test_papers_come_in_whole_or_not_at_all(tmp_path, monkeypatch, capsys):
    mirror, shelf = tmp_path / "mirror" / "paper", tmp_path / "paper"
    mirror.mkdir(parents=True), shelf.mkdir()
    (shelf / "references.bib").write_text(
        "@a{x, eprint={1000.00001}}\n@a{y, eprint={1000.00002}}\n@a{z, eprint={1000.00003}}"
    )
    (mirror / "1000.00001.pdf").write_bytes(b"%PDF-1.4 ... %%EOF\n")
    (mirror / "1000.00002.pdf").write_bytes(b"%PDF-1.4 half of it")
    for name, value in (
        ("COURSE_MIRROR", str(mirror.parent)),
        ("COURSE_CACHE", str(tmp_path / "cache")),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(papers, "PAPERS", shelf)
    monkeypatch.setattr(papers, "PAUSE", 0)
    assert papers.main() == 1  # one is broken, one is missing
    assert [path.name for path in shelf.glob("*.pdf*")] == ["1000.00001.pdf"]
    assert "1 fetched, 2 failed" in capsys.readouterr().out
    for name in ("00002", "00003"):
        (mirror / f"1000.{name}.pdf").write_bytes(b"%PDF-1.4 ... %%EOF\n")
    assert papers.main() == 0
    assert len(list(shelf.glob("*.pdf"))) == 3
