"""One line of progress, in a shell, a log file and a notebook."""

import sys

from tqdm import tqdm


class _Line:
    """A file for tqdm that shows only its newest line, in place: one output in a notebook, with or without widgets."""

    encoding = "utf-8"

    def __init__(self) -> None:
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        if text := text.strip("\r\n\x1b[A "):
            self.handle.update({"text/plain": text}, raw=True)

    def flush(self) -> None:
        pass


class Progress:
    """A bar with the loss and, beside it, the value that it has to beat."""

    def __init__(self, steps: int, done: int, trivial: float | None, show: bool) -> None:
        ipython = sys.modules.get("IPython")
        in_notebook = show and ipython is not None and hasattr(ipython.get_ipython(), "kernel")
        self.trivial = "" if trivial is None else f" (trivial {trivial:.3g})"
        often = 0.5 if in_notebook or sys.stderr.isatty() else 10  # a log file is not flooded
        self.bar = tqdm(
            total=steps,
            initial=done,
            disable=not show,
            file=_Line() if in_notebook else None,
            mininterval=often,
            ncols=110,
            unit="step",
            bar_format="{n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}",
        )

    def tell(self, loss: float, eer: float | None, images_a_second: float) -> None:
        eer = "" if eer is None else f", EER {eer:.1%}"
        self.bar.set_postfix_str(
            f"loss {loss:.3g}{self.trivial}{eer}, {images_a_second:.0f} images/s", refresh=False
        )
        self.bar.update()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
