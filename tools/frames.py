"""The recorded pictures of the lessons' controls, which move them on the site, without a kernel.

docs/frames/<lesson>/<name of the cell>/ holds frames.json and 0.webp, 1.webp, ...: one picture for
each combination of the controls' stops, the last control changing fastest. `tools.notebooks`
records them in the lesson's kernel, tools/pages.py puts them into the lesson's page, and
docs/book/static/controls.js moves them. A control that a script draws (tools/drawn.py) has none.

A cell's metadata may choose the stops of some controls, by value or by a choice's label:
    "frames": {"distance": [0.2, 0.5, 1.0], "who": ["Ada", "Ben"]}
"""

import base64
import hashlib
import io
import itertools
import json
import math
import random
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from tools import drawn

FRAMES = Path(__file__).resolve().parent.parent / "docs" / "frames"
MOST = 60  # pictures a control
LARGEST_TOGETHER = 15 * 2**20
# Runs in the kernel right after a cell with a control, and prints what it took as
# (clock, processor) seconds. A function, so that it leaves no names behind.
RECORD = """
def _record():
    import sys
    sys.path.append({root!r})
    from tools import frames
    shown = get_ipython().user_ns["Out"].get({count})
    print(frames.record_timed(shown, {folder!r}, {chosen!r}, {made!r}))
_record()
del _record
"""


class Stop(NamedTuple):
    """One place of a control: the words for it, and its value there."""

    label: str
    value: Any


def name(source: str) -> str:
    """The folder of a cell's pictures: another source has another name."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def folder_of(lesson: Path) -> Path:
    """docs/frames/<lesson>, beside the folder that the notebook is in."""
    return lesson.parent.parent / "docs" / "frames" / lesson.stem


def cells(notebook: dict) -> list[dict]:
    """The cells of a notebook that show a control."""
    found = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return [cell for cell in found if "explore(" in source_of(cell)]


def recorded_cells(lesson: Path, notebook: dict) -> list[dict]:
    """The cells whose control moves through recorded pictures, those of real people among them."""
    return [cell for cell in cells(notebook) if not drawn.name_of(lesson, source_of(cell))]


def source_of(cell: dict) -> str:
    return "".join(cell["source"])  # a list of lines in the file, one text in nbformat


def read(folder: Path) -> dict | None:
    """frames.json of one cell; None where nothing is recorded."""
    path = folder / "frames.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


# -- record ----------------------------------------------------------------------------------------


def record_timed(shown, folder: str, chosen: dict, made: dict) -> str:
    """As `record`; what it took, as JSON: [clock seconds, processor seconds]."""
    import time

    before = time.perf_counter(), time.process_time()
    record(shown, Path(folder), chosen, made)
    return json.dumps([time.perf_counter() - before[0], time.process_time() - before[1]])


def record(shown, folder: Path, chosen: dict, made: dict) -> None:
    """Move a control through its stops, and write each picture and its words to `folder`.

    The control goes back to where it was, and random numbers go on as if nothing had been drawn.

    shown    what `plots.explore` returned
    chosen   stops by name, from the cell's metadata
    made     how: what else frames.json holds
    raises   ValueError where `shown` is no control, and as `stops`
    """
    import numpy as np
    import torch
    from PIL import Image

    from tools.notebook_outputs import smaller

    if not hasattr(shown, "controls"):
        raise ValueError("a cell that calls explore must end with it: the site shows its pictures")
    places, alt = stops(shown.controls, chosen), []
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    start = {key: control.value for key, control in shown.controls.items()}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, combination in enumerate(itertools.product(*places.values())):
        for key, stop in zip(places, combination):
            shown.controls[key].value = stop.value
        alt.append(shown.alt)
        png = base64.b64decode(smaller(base64.b64encode(shown.png).decode()))
        picture = Image.open(io.BytesIO(png)).convert("RGB")
        picture.save(folder / f"{number}.webp", lossless=True)
    for key, value in start.items():
        shown.controls[key].value = value
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    described = [_described(shown.controls[key], places[key]) for key in places]
    index = {**made, "controls": described, "alt": alt}
    text = json.dumps(index, indent=1, ensure_ascii=False) + "\n"
    (folder / "frames.json").write_text(text, encoding="utf-8")


def stops(controls: dict, chosen: dict) -> dict[str, list[Stop]]:
    """The stops of each control: those chosen, all of a list or checkbox, and of sliders as many
    as MOST pictures allow, evenly spread, with both ends and the start among them.

    raises  ValueError for a choice that a control does not have, and for too many combinations
    """
    if unknown := set(chosen) - set(controls):
        raise ValueError(f"metadata 'frames' names {sorted(unknown)}, which are no controls here")
    everywhere = {key: _all_stops(control) for key, control in controls.items()}
    starts = {
        key: next(i for i, stop in enumerate(everywhere[key]) if _is_at(control, stop))
        for key, control in controls.items()
    }
    found = {key: _chosen(key, everywhere[key], starts[key], chosen[key]) for key in chosen}
    found |= {
        key: everywhere[key]
        for key, control in controls.items()
        if key not in chosen and not hasattr(control, "step")
    }
    if (pictures := math.prod(map(len, found.values()))) > MOST:
        raise ValueError(
            f"{pictures} combinations of {', '.join(found)}, but a control has at most {MOST}"
            " pictures: name fewer stops under 'frames' in the cell's metadata"
        )
    counts = {key: 1 for key in controls if key not in found}
    while counts:  # one more stop for the slider with the fewest, while there is room
        for key in sorted(counts, key=lambda key: counts[key]):
            more = counts | {key: counts[key] + 1}
            if more[key] <= len(everywhere[key]) and pictures * math.prod(more.values()) <= MOST:
                counts = more
                break
        else:
            break
    for key, count in counts.items():
        found[key] = [everywhere[key][i] for i in spread(len(everywhere[key]), count, starts[key])]
    return {key: found[key] for key in controls}


def spread(steps: int, count: int, start: int) -> list[int]:
    """`count` of the places 0 to steps - 1, evenly, with both ends and `start` among them.

    With two, `start` replaces the end that is nearer to it; with one, it is `start`.
    """
    if count == 1:
        return [start]
    places = [round(i * (steps - 1) / (count - 1)) for i in range(count)]
    if start not in places:
        inner = range(1, count - 1) if count > 2 else range(count)
        places[min(inner, key=lambda i: abs(places[i] - start))] = start
    return sorted(places)


def _all_stops(control) -> list[Stop]:
    """Every place of one control of `explore`, in order."""
    if hasattr(control, "step"):
        count = round((control.max - control.min) / control.step) + 1
        values = (round(control.min + i * control.step, 10) for i in range(count))
        return [Stop(format(value, control.readout_format), value) for value in values]
    if hasattr(control, "options"):
        return [Stop(*option) for option in zip(control._options_labels, control._options_values)]
    return [Stop("off", False), Stop("on", True)]


def _chosen(key: str, everywhere: list[Stop], start: int, wanted: list) -> list[Stop]:
    """The stops that a cell's metadata asks for; the start must be one of them."""
    places = []
    for one in wanted:
        at = [i for i, stop in enumerate(everywhere) if one == stop.value or str(one) == stop.label]
        if len(at) != 1:
            raise ValueError(f"metadata 'frames': {key} has no stop {one!r}")
        places += at
    if start not in places:
        label = everywhere[start].label
        raise ValueError(f"metadata 'frames': {key} begins at {label}, which is not among {wanted}")
    return [everywhere[i] for i in sorted(set(places))]


def _is_at(control, stop: Stop) -> bool:
    """Whether a control stands at a stop; a slider's value may be a rounding error beside it."""
    if hasattr(control, "step"):
        return abs(control.value - stop.value) < control.step / 2
    return control.value == stop.value


def _described(control, places: list[Stop]) -> dict:
    """One control as frames.json holds it."""
    kind = "slider" if hasattr(control, "step") else "choice"
    if isinstance(control.value, bool):
        kind = "checkbox"
    return {
        "name": control.description,
        "kind": kind,
        "stops": [stop.label for stop in places],
        "start": next(i for i, stop in enumerate(places) if _is_at(control, stop)),
        "of": len(_all_stops(control)),
    }


# -- check -----------------------------------------------------------------------------------------


def bytes_together() -> int:
    """The size of all recorded pictures of the course."""
    return sum(path.stat().st_size for path in FRAMES.rglob("*") if path.is_file())


def problems(lesson: Path, notebook: dict, code_sha256: str) -> list[str]:
    """What is wrong with a lesson's recorded pictures, one sentence each.

    A lesson without any is not complained about: its page shows the still pictures.
    """
    folder = folder_of(lesson)
    if not folder.is_dir():
        return []
    again = f"`python -m tools.notebooks frames {lesson.name}` records them again"
    found, expected = [], {}
    for cell in recorded_cells(lesson, notebook):
        expected[name(source_of(cell))] = cell
    recorded = {path.name for path in folder.iterdir()}
    for stale in sorted(recorded - set(expected)):
        found.append(f"docs/frames/{lesson.stem}/{stale} fits no control of the lesson: {again}")
    for key, cell in expected.items():
        where = f"docs/frames/{lesson.stem}/{key}"
        if "real" in cell["metadata"].get("tags", []):
            found += [f"{where} may show a real person: delete it"] if key in recorded else []
            continue
        if (index := read(folder / key)) is None:
            found.append(f"{where} is missing: {again}")
            continue
        pictures = {f"{number}.webp" for number in range(len(index["alt"]))}
        combinations = math.prod(len(control["stops"]) for control in index["controls"])
        if {path.name for path in (folder / key).iterdir()} != pictures | {"frames.json"}:
            found.append(f"{where} lacks pictures or has too many: {again}")
        if not combinations == len(pictures) <= MOST:
            found.append(f"{where} has {len(pictures)} pictures for {combinations} stops: {again}")
        if index["code_sha256"] != code_sha256:
            found.append(f"{where} was recorded before the lesson's code changed: {again}")
        elif index["budget"] != "full":
            found.append(f"{where} was recorded with the {index['budget']} budget: {again}")
    return found
