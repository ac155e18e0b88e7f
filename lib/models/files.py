"""Networks in files: no pickle is trusted, and a crash leaves a whole file."""

import io
import os
from pathlib import Path

import torch
from torch import nn

from lib.course import ROOT
from lib.models.networks import MobileFaceNet, SignatureNet

FORMAT = "siamese-course model 1"


ARCHITECTURES = {"MobileFaceNet": MobileFaceNet, "SignatureNet": SignatureNet}


COURSE_MODEL = ROOT / "data" / "course_model.pt"


def save(model: nn.Module, path: Path | str, /, **facts) -> None:
    """Keep weights, architecture, options and `facts` (what it was trained on, its threshold...) in one file, written atomically."""
    state = {key: value.cpu() for key, value in model.state_dict().items()}
    write_atomically(
        dict(
            format=FORMAT,
            architecture=type(model).__name__,
            options=model.options,
            facts=facts,
            state=state,
        ),
        path,
    )


def load(path: Path | str, architecture: str | None = None) -> nn.Module:
    """The network that `save` kept, in evaluation mode, with what was told about it as `model.facts`.

    raises  ValueError for a damaged file, and for another architecture than the one asked for
    """
    content = read_file(path, FORMAT)
    name = content["architecture"]
    if name not in ARCHITECTURES or (architecture and name != architecture):
        raise ValueError(
            f"{path} holds a {name}, not a {architecture or ' or '.join(ARCHITECTURES)}"
        )
    model = ARCHITECTURES[name](**content["options"])
    model.load_state_dict(content["state"])
    model.facts = content["facts"]
    return model.eval()


def course_model() -> nn.Module:
    """The checkpoint that ships with the course: a half-width MobileFaceNet for 56x56 images, trained on embedded faces."""
    return load(COURSE_MODEL, "MobileFaceNet")


def write_atomically(content: dict, path: Path | str) -> None:
    """`torch.save` to a temporary name beside `path`, flush to disk, rename: whatever happens, a whole file is there."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        with open(partial, "wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_file(path: Path | str, form: str) -> dict:
    """What `write_atomically` wrote, checked to be of this form; ValueError in words for anything else. No pickle is trusted."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read: truncated, damaged, or not a file of weights alone ({type(error).__name__})"
        ) from None
    if not isinstance(content, dict) or content.get("format") != form:
        found = (
            content.get("format", "no format")
            if isinstance(content, dict)
            else type(content).__name__
        )
        raise ValueError(f"{path} is not a {form!r} file (found {found!r})")
    return content
