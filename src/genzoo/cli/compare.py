"""`genzoo compare`: several runs on one ruler, as a table and one self-contained page."""

from pathlib import Path
from typing import Annotated

import tyro

from genzoo.cli.options import Data, Overwrite
from genzoo.cli.ruler import Flags, Ruler

Runs = Annotated[
    tuple[Path, ...], tyro.conf.arg(help="Run folders; those that differ in the seed alone share a line.")
]
Page = Annotated[Path, tyro.conf.arg(help="The page to write, .html, or the numbers alone, .json.")]
Title = Annotated[str | None, tyro.conf.arg(help="The page's headline.")]
_DEFAULT, _PAGE = Ruler(), Path("compare.html")


def command(
    runs: Runs,
    /,
    *,
    data: Data = None,
    out: Page = _PAGE,
    title: Title = None,
    overwrite: Overwrite = False,
    how: Flags = _DEFAULT,
) -> None:
    """Measure runs on the same DATA under one protocol; print one table and write one page.

    Only what is missing is measured: numbers live in each run's results folder. Where runs see the data in
    different ways, samples are compared through the coarsest view of all. Numbers of different features are
    never mixed.
    """
    from genzoo.cli.console import out as console
    from genzoo.cli.console import progress, wrote
    from genzoo.cli.measuring import compared
    from genzoo.cli.output import form_of
    from genzoo.cli.results import comparison_table
    from genzoo.files import write_json
    from genzoo.report import check_extra

    form = form_of(out, {"page", "json"}, overwrite=overwrite)
    check_extra()
    found = compared(runs, data, how)
    console().print(comparison_table(found))
    for note in found.notes:
        console().print(note, soft_wrap=True, markup=False)
    if form == "json":
        write_json(out, found.to_json())
        wrote(out, f"{len(found.entrants)} lines, {len(found.columns)} columns")
        return
    from genzoo.report.compare_page import write_comparison

    with progress("drawing", None):
        write_comparison(found, out, title=title)
    wrote(out, "open it in a browser")
