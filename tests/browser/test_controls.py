"""Somebody opens a lesson in JupyterLab, runs it, and moves every control by keyboard and by mouse: each picture changes, in place."""

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tools import notebooks

PATIENCE = 240  # seconds for one cell of a lesson on a busy machine
BOOK = "[...jupyterapp.shell.widgets('main')].find(panel => panel.content?.widgets?.length)"
SHOTS = os.environ.get("COURSE_SCREENSHOTS")  # a folder, to look at what the browser saw

# In a cell's outputs: the sliders' handles, the checkboxes, and of each row of buttons the last, in the order of their display.
CONTROLS = ".noUi-handle, .widget-checkbox input, .widget-toggle-buttons button:last-of-type"

# How far the notebook's run has come, as the page knows it; `lost` when the page that was told to run has given way to another.
STATE = """(cells => ({ran: window.ran ?? null, lost: window.ran === undefined, kernel: window.book?.sessionContext.session?.kernel?.status,
    connection: window.book?.sessionContext.session?.kernel?.connectionStatus, dialog: document.querySelector('.jp-Dialog')?.innerText,
    finished: cells.filter(cell => cell.executionCount !== null && cell.executionState === 'idle').length,
    running: cells.findIndex(cell => cell.executionState === 'running'),
    errors: cells.flatMap(cell => cell.outputs.toJSON()).filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue)
}))([...window.book?.content.model.cells ?? []].filter(cell => cell.type === 'code'))"""


class Lesson:
    """One notebook, open in JupyterLab."""

    def __init__(self, page, address: str) -> None:
        self.page, self.address = page, address
        self.open()

    def open(self) -> None:
        self.page.open(self.address)
        self.page.wait(
            f"!!window.jupyterapp && !!({BOOK}) && (window.book = {BOOK}).context.isReady", 120
        )
        self.page.run("jupyterapp.shell.activateById(book.id)")

    def close(self) -> None:
        """End the notebook's kernel, so that the next lesson has the machine to itself."""
        self.page.run("book.sessionContext.shutdown().then(() => 0)")

    def run_all(self) -> None:
        """Start all cells, and wait until the last has run; a cell that fails ends the wait. A standstill is told, and tried once more with a new kernel."""
        try:
            self.connect()
            self._run_all()
        except TimeoutError as standstill:
            warnings.warn(f"{standstill}; tried once more", stacklevel=2)
            self.page.wait(
                "window.jupyterapp?.serviceManager.sessions.shutdownAll().then(() => 1)", 60
            )
            self.open()
            self.connect()
            self._run_all()

    def connect(self) -> None:
        self.page.wait(
            "window.book?.sessionContext.session?.kernel?.connectionStatus === 'connected'", 120
        )

    def _run_all(self) -> None:
        self.page.run(
            "window.ran = null; jupyterapp.commands.execute('notebook:run-all-cells').then(done => window.ran = String(done)), 0"
        )
        finished, since = -1, time.monotonic()
        while not (state := self.page.wait(STATE))["ran"]:
            if state["finished"] != finished:
                finished, since = state["finished"], time.monotonic()
            if state["lost"] or time.monotonic() - since > PATIENCE:
                self.shot("standstill")
                raise TimeoutError(
                    f"{'the page went away' if state['lost'] else f'no cell finished in {PATIENCE} s'}: {state}"
                )
            time.sleep(0.5)
        assert not state["errors"]

    def show(self, cell: int) -> None:
        self.page.run(f"book.content.scrollToItem({cell}, 'center').then(() => 0)")
        self.page.run(f"window.cell = book.content.widgets[{cell}].node, 0")

    def picture(self) -> str:
        """Address of the picture that the shown cell's control draws; JupyterLab gives each new picture a new one."""
        return self.page.wait(
            "cell.querySelector('.widget-image')?.naturalWidth > 0 && cell.querySelector('.widget-image').src",
            60,
        )

    def move(self, control: int) -> None:
        """Press the key that changes a control: an arrow for a slider, space for a checkbox or a button."""
        self.page.run(
            f"window.control = cell.querySelectorAll('{CONTROLS}')[{control}], control.focus()"
        )
        assert self.page.run("document.activeElement === control"), (
            "the control cannot be reached by keyboard"
        )
        if self.page.run("control.type === 'checkbox' || control.tagName === 'BUTTON'"):
            self.page.press(" ")
        else:
            at_end = self.page.run("control.ariaValueNow === control.ariaValueMax")
            self.page.press("ArrowLeft" if at_end else "ArrowRight")

    def point(self, control: int) -> None:
        """With the mouse: drag a slider's handle over three tenths of its track, click on a checkbox, or on a button that is not chosen."""
        self.page.run(f"""window.control = cell.querySelectorAll('{CONTROLS}')[{control}],
            control.classList.contains('mod-active') && (window.control = control.parentElement.querySelector('button')),
            control.scrollIntoView({{block: 'center'}})""")
        place = None
        while place != (
            place := self.page.run("""(() => {
            const box = control.getBoundingClientRect(), track = control.closest('.noUi-base')?.getBoundingClientRect();
            const x = box.x + box.width / 2, step = track && 0.3 * track.width;
            return [x, box.y + box.height / 2, track ? (x + step < track.right ? x + step : x - step) : null];
        })()""")
        ):
            time.sleep(0.2)  # until the page stands still
        x, y, to = place
        self.page.tap(x, y, *([] if to is None else [((x + to) / 2, y), (to, y)]))

    def move_all(self, cell: int, move: Callable[["Lesson", int], None] = move) -> None:
        """Move every control of a cell once; each must change the picture, in place, and keep the keyboard."""
        self.show(cell)
        before = self.picture()
        count = self.page.run(f"cell.querySelectorAll('{CONTROLS}').length")
        assert count, "a control shows nothing to move"
        for control in range(count):
            move(self, control)
            try:
                self.page.wait(
                    f"cell.querySelector('.widget-image').src !== {before!r}", 60, every=0.02
                )
            except TimeoutError:
                self.shot(f"cell-{cell}-control-{control}-moved-nothing")
                raise
            before = self.settled()
            assert self.page.run("cell.querySelectorAll('.widget-image').length") == 1, (
                "one picture a control, redrawn in place"
            )
            if move is Lesson.move:
                assert self.page.run("document.activeElement === control"), (
                    "the keyboard stays on the control that was moved"
                )
        assert not self.page.run(
            "[...cell.querySelectorAll('[data-mime-type*=error]')].map(error => error.innerText)"
        )

    def settled(self) -> str:
        """The picture once no redraw follows for half a second: a drag passes several values."""
        last = self.picture()
        while True:
            time.sleep(0.5)
            if (now := self.picture()) == last:
                return now
            last = now

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(Path(SHOTS) / f"{name}.png")


def with_controls() -> list[Path]:
    return [path for path in notebooks.lessons() if "explore(" in path.read_text()]


@pytest.mark.parametrize("lesson", with_controls(), ids=lambda path: path.stem)
def test_every_control_of_a_lesson_changes_its_picture_by_keyboard_and_mouse(lesson, lab, page):
    opened = Lesson(page, lab(lesson.stem))
    opened.run_all()
    cells = [
        number
        for number, cell in enumerate(nbformat.read(lesson, as_version=4).cells)
        if cell.cell_type == "code" and "explore(" in cell.source
    ]
    assert cells
    for cell in cells:
        opened.move_all(cell)
        opened.shot(f"{lesson.stem}-{cell}-moved")
        opened.move_all(cell, Lesson.point)
        opened.shot(f"{lesson.stem}-{cell}-dragged")
    opened.close()


SMALL = """
from lib import widgets

def line(ax, slope: int = 1, colour: str = "black", thick: bool = False) -> None:
    if slope == 3:
        raise ValueError("three is one too many")
    ax.plot([0, 1], [0, slope], color=colour, lw=6 if thick else 1)

widgets.explore(line, alt="A line of slope {slope}.", slope=(0, 4, 1), colour=["black", "red"], thick=False)
"""


@pytest.fixture
def small(lab_folder) -> str:
    """A notebook with one control and stored outputs, beside the lessons; its name."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks.KERNEL})
    book.cells = [
        nbformat.v4.new_markdown_cell("# Small"),
        nbformat.v4.new_code_cell("import sys; sys.path.insert(0, '..')"),
        nbformat.v4.new_code_cell(SMALL),
    ]
    nbformat.write(book, lab_folder / "notebooks" / "small.ipynb")
    notebooks.run(lab_folder / "notebooks" / "small.ipynb", "quick")
    return "small"


def test_a_stored_lesson_shows_still_pictures_before_anything_runs(small, lab, page):
    opened = Lesson(page, lab(small))
    opened.show(2)
    assert page.wait("cell.querySelector('.jp-RenderedImage img')?.naturalWidth > 300", 60)
    opened.shot("small-still")


@pytest.mark.parametrize("move", [Lesson.move, Lesson.point], ids=["keyboard", "mouse"])
def test_every_kind_of_control_answers_keyboard_and_mouse(small, lab, page, move):
    opened = Lesson(page, lab(small))
    opened.run_all()
    opened.move_all(2, move)


def test_a_redraw_that_fails_says_so_and_keeps_the_last_good_picture(small, lab, page):
    opened = Lesson(page, lab(small))
    opened.run_all()
    opened.show(2)
    first = opened.picture()
    opened.move(0)
    page.wait(f"cell.querySelector('.widget-image').src !== {first!r}")
    good = opened.picture()
    opened.move(0)
    page.wait(
        "cell.querySelector('.jp-Cell-outputWrapper').innerText.includes('three is one too many')"
    )
    opened.shot("small-failed")
    assert opened.picture() == good
    opened.move(0)
    page.wait(
        "!cell.querySelector('.jp-Cell-outputWrapper').innerText.includes('three is one too many')"
    )
    assert opened.picture() != good
    opened.shot("small-recovered")


def test_a_run_that_stands_still_is_told_and_tried_once_more(small, lab, page):
    opened = Lesson(page, lab(small))
    run = opened._run_all
    turns = iter([lambda: page.run("setTimeout(() => location.reload(), 500)"), lambda: None])

    def first_lost() -> None:
        next(turns)()
        run()

    opened._run_all = first_lost
    with pytest.warns(UserWarning, match="tried once more"):
        opened.run_all()
    assert list(turns) == [], "tried twice"
    opened.move_all(2)
