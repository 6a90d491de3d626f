"""What the commands say: results on standard output, progress on standard error if it is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def out() -> Console:
    """Standard output."""
    return Console(emoji=False, highlight=False)


def wrote(path: Path, what: str) -> None:
    """Says what was written, and where."""
    out().print(f"wrote {escape(str(path))}  ({escape(what)})", soft_wrap=True)


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar for work on `total` items while the body runs; gives the function to tell how many are done.

    Args:
        total: None if that is not known.
    """
    console = Console(emoji=False, stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=total)

        def advance(n: int) -> None:
            bars.advance(task, n)

        yield advance
