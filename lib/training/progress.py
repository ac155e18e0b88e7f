"""One line of progress: in a shell, a log file and a notebook."""

import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from lib.training.checkpoint import History
from lib.training.processes import join_processes

DELAY = 1.0  # seconds; a training that is shorter shows nothing


class _NotebookLine:
    """A file for tqdm that shows only its newest line: one output, with or without widgets."""

    encoding = "utf-8"
    handle: Any = None

    def write(self, text: str) -> None:
        from IPython.display import display

        text = text.strip("\r\n\x1b[A ")
        if text and self.handle is None:
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        elif text:
            self.handle.update({"text/plain": text}, raw=True)


class Progress(tqdm):
    """A bar with the loss and, beside it, the baseline.

    It appears after a second, on the first process. TQDM_DISABLE=1 in the environment hides it.
    """

    def __init__(self, history: History, batch: tuple[int, int]) -> None:
        ipython = sys.modules.get("IPython")
        in_notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
        often = in_notebook or sys.stderr.isatty()
        super().__init__(
            total=history.steps,
            initial=len(history.loss),
            file=_NotebookLine() if in_notebook else None,
            mininterval=0.5 if often else 10,  # a log file is not flooded
            delay=DELAY,
            ncols=110,
            bar_format="{n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}",
            **({"disable": True} if join_processes()[0] > 0 else {}),
        )
        self.batch_size = batch[0] * batch[1]
        self.baseline = "" if history.baseline is None else f" (baseline {history.baseline:.3g})"

    def show(self, history: History) -> None:
        """One more step is done."""
        loss = float(np.mean(history.loss[-20:]))
        eer = f", EER {history.validation[-1][1]:.1%}" if history.validation else ""
        speed = self.batch_size * len(history.loss) / history.seconds
        words = f"loss {loss:.3g}{self.baseline}{eer}, {speed:.0f} images/s"
        self.set_postfix_str(words, refresh=False)
        self.update()
