"""Pictures of the results page."""

from lib import course
from tools.cache import results_folder


def save(fig, name: str) -> str:
    """Write and close a figure of Matplotlib; returns where it is, for docs/results.md.

    Under the quick budget it is written into the cache.
    """
    import matplotlib.pyplot as plt

    folder = course.by_budget(quick=results_folder(), full=course.ROOT / "docs" / "figures")
    folder.mkdir(parents=True, exist_ok=True)
    fig.savefig(folder / name)
    plt.close(fig)
    return f"figures/{name}"
