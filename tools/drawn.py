"""Controls that the site draws itself, because their pictures need arithmetic alone.

docs/book/static/drawn/<lesson>/<draw function>.js draws for the control of that function in that
lesson; no pictures of it are recorded. Its sliders and its alt text are read from the cell, without
running it. tests/test_drawn.py compares what both draw.
"""

import ast
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "docs" / "book" / "static" / "drawn"
SIZE = (7.0, 3.6)  # inches; figure.figsize of the course's style
OTHER = ("alt", "axes", "figsize")  # what `explore` takes besides ranges


def name_of(lesson: Path, source: str) -> str | None:
    """lesson/function of a cell with a control, where a script draws it; else None."""
    if not (SCRIPTS / lesson.stem).is_dir():
        return None
    function = _explore(source).args[0]
    word = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
    name = f"{lesson.stem}/{word}"
    return name if (SCRIPTS / f"{name}.js").is_file() else None


def index(notebook: dict, source: str) -> dict:
    """What a page needs to know of a cell's control, as `tools.frames` records it of others.

    controls    one a parameter: name, kind, stops, start, of; and `parameter`, `values`
    alt         alt text with the fields of str.format
    size        of the picture, in inches

    raises  ValueError where a range, the alt text or a default is not written out in the source
    """
    call = _explore(source)
    given = {word.arg: word.value for word in call.keywords}
    defaults = _defaults(notebook, source, call.args[0])
    ranges = {name: ast.literal_eval(given[name]) for name in given if name not in OTHER}
    return {
        "controls": [
            {"parameter": name, **_control(name, values, defaults.get(name))}
            for name, values in ranges.items()
        ],
        "alt": ast.literal_eval(given["alt"]),
        "size": list(ast.literal_eval(given["figsize"]) if "figsize" in given else SIZE),
    }


def _explore(source: str) -> ast.Call:
    """The call of `explore` in a cell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "explore":
            return node
    raise ValueError(f"no call of explore in {source!r}")


def _defaults(notebook: dict, source: str, function: ast.expr) -> dict[str, Any]:
    """The default values of a draw function, which its cell defines or takes from lib."""
    if isinstance(function, ast.Name):
        name, text = function.id, source
    else:
        module = _imported(notebook, function.value.id).replace(".", "/")
        name, text = function.attr, (ROOT / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            pairs = zip(reversed(node.args.args), reversed(node.args.defaults))
            return {argument.arg: ast.literal_eval(value) for argument, value in pairs}
    raise ValueError(f"no function {name} where the control takes it from")


def _imported(notebook: dict, name: str) -> str:
    """The module that a lesson imports as `name`."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or f" {name}" not in source or "import" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                for one in node.names:
                    if (one.asname or one.name) == name:
                        return f"{node.module}.{one.name}"
    raise ValueError(f"the lesson imports no {name}")


def _control(name: str, values: bool | tuple | list, default: Any) -> dict:
    """One control by the rules of `plots.explore`, as `tools.frames` describes it."""
    if isinstance(values, bool):
        kind, labels, places, start = "checkbox", ["off", "on"], [False, True], int(values)
    elif isinstance(values, list):
        options = [one if isinstance(one, tuple) else (str(one), one) for one in values]
        labels, places = ([option[i] for option in options] for i in (0, 1))
        kind, start = "choice", places.index(default) if default in places else 0
    else:
        low, high, step = values
        count = round((high - low) / step) + 1
        places = [round(low + i * step, 10) for i in range(count)]
        decimals = max(len(f"{step:g}".partition(".")[2]), 1)
        if all(isinstance(value, int) for value in values):
            decimals = 0
        labels = [f"{value:.{decimals}f}" for value in places]
        start = (count - 1) // 2 if default is None else round((default - low) / step)
        kind = "slider"
    described = {"name": name.replace("_", " "), "kind": kind, "stops": labels, "start": start}
    return described | {"of": len(places), "values": places}
