"""Files that are missing in a folder that a verb filled: a table beside the others, and a few lines."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from genzoo.cli.console import out as console
from genzoo.data.dataset import Skipped
from genzoo.files import write_text

_FILE = "skipped.csv"
_SHOWN = 12  # files that are listed on the terminal


def list_skipped(bad: Sequence[Skipped], out: Path) -> None:
    """Writes OUT/skipped.csv, none if nothing is missing, and prints the first of many, and why."""
    path = out / _FILE
    if not bad:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([("file", "reason"), *((s.path, s.reason) for s in bad)])
    write_text(path, text.getvalue())
    for skipped in bad[:_SHOWN]:
        console().print(f"left out: {skipped.path}: {skipped.reason}", markup=False, soft_wrap=True)
    if len(bad) > _SHOWN:
        console().print(f"and {len(bad) - _SHOWN:,} more, in {path}", markup=False, soft_wrap=True)
