"""Networks in files: written whole or not at all, read without running code from them."""

import io
import zipfile
from pathlib import Path

import torch

from lib.course import ROOT, as_path
from lib.data.files import own_part, regular_file, write_atomically
from lib.models.dlib_resnet import DlibResNet
from lib.models.layers import Network
from lib.models.networks import MobileFaceNet, SignatureNet

FORMAT = "siamese-course model 1"
ARCHITECTURES = {one.__name__: one for one in (MobileFaceNet, DlibResNet, SignatureNet)}
COURSE_MODEL = ROOT / "data" / "course_model.pt"


def save(model: Network, path: Path | str, /, **facts) -> None:
    """Write weights, architecture and options of a network, and plain `facts` about it."""
    state = {key: value.cpu() for key, value in model.state_dict().items()}
    about = dict(architecture=type(model).__name__, options=model.options, facts=facts)
    write_file(path, dict(format=FORMAT, **about, state=state))


def load(path: Path | str, architecture: str | None = None) -> Network:
    """The network that `save` wrote, in evaluation mode, with its facts as `model.facts`.

    raises  ValueError for a damaged file, and for another architecture than the given one
    """
    content = read_file(path, FORMAT)
    name = content.get("architecture")
    if name not in ARCHITECTURES or (architecture and name != architecture):
        expected = architecture or " or ".join(ARCHITECTURES)
        raise ValueError(f"{path} holds a {name}, not a {expected}")
    try:
        model = ARCHITECTURES[name](**content["options"])
        model.load_state_dict(content["state"])
        model.facts = content["facts"]
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        why = f"its options, weights or facts are not those of a {name} ({type(error).__name__})"
        raise ValueError(f"{path} cannot be read: {why}") from error
    return model.eval()


def course_model() -> Network:
    """The model that ships: a half-width MobileFaceNet for 56x56, trained on synthetic faces."""
    return load(COURSE_MODEL, "MobileFaceNet")


def check_writable(path: Path | str) -> None:
    """ValueError, in words, where a file cannot be written: before a training, not after it."""
    path = as_path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give the name of a file in it")
    try:
        path = regular_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part, file = own_part(path, 0o666)  # its name is longer than the file's
        file.close()
        part.unlink()
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None


def write_file(path: Path | str, content: dict) -> None:
    """`torch.save` of a dict with a "format": the old file or the new one is there, whole."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def read_file(path: Path | str, form: str) -> dict:
    """What `write_file` wrote. Only tensors and plain values are read: no pickle can run code.

    form    the "format" that the file must have
    raises  FileNotFoundError; ValueError for a damaged file, and for another format
    """
    path = as_path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip():  # torch compares no checksums
                raise zipfile.BadZipFile
        content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        why = f"truncated, damaged, or not a file of weights alone ({type(error).__name__})"
        raise ValueError(f"{path} cannot be read: {why}") from None
    is_dict = isinstance(content, dict)
    found = content.get("format", "no format") if is_dict else type(content).__name__
    if found != form:
        raise ValueError(f"{path} is not a {form!r} file (found {found!r})")
    return content
