"""`genzoo info`: what a run is, how far it got and what it can do."""

from typing import Annotated

import tyro

from genzoo.cli.options import Run


def command(
    run: Run, /, *, as_json: Annotated[bool, tyro.conf.arg(name="json", help="As JSON.")] = False
) -> None:
    """Say what a run is: its place in the tree, arguments, parameters, data, training, commands."""
    import json

    from genzoo.cli.console import out
    from genzoo.cli.opened import open_run
    from genzoo.cli.summary import summary, table

    said = summary(open_run(run, "cpu"))
    if as_json:
        out().print_json(json.dumps(said, ensure_ascii=False))
    else:
        out().print(table(said))
