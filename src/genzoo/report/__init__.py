"""One self-contained HTML page about any set of runs: sections follow from what each model can do."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from genzoo.data import Dataset
from genzoo.errors import BadInput

__all__ = ["build", "check_extra"]


def check_extra() -> None:
    """BadInput with the remedy unless matplotlib and Jinja2 are installed."""
    missing = [name for name in ("matplotlib", "jinja2") if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(f"a report needs {' and '.join(missing)}: pip install 'genzoo[report]'")


def build(
    runs: Sequence[str | Path],
    data: str | Path | Dataset | None = None,
    out: str | Path = "report.html",
    *,
    title: str | None = None,
    device: str = "auto",
    began: float | None = None,
) -> Path:
    """Writes the report of some runs as one HTML file that asks for nothing outside itself.

    >>> import genzoo
    >>> genzoo.report.build(["runs/vae", "runs/gan"], out="report.html")  # doctest: +SKIP

    Args:
        runs: run folders, in the order in which they are shown.
        data: what to measure and picture with; by default each run's own data.
        out: the file; one that is there is replaced.
        title: the headline.
        device: where the models draw and are measured: auto, cpu, cuda or mps.
        began: when the work began that this report ends (seconds since the epoch), to say how long it took.

    Raises:
        BadInput: without matplotlib and Jinja2, without runs, or for a folder that is no run.
    """
    check_extra()
    from genzoo.report.page import write_page

    return write_page(runs, data, Path(out), title=title, device=device, began=began)
