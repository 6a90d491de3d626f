"""`genzoo models`: the tree of generative models, and what each can do."""

import json
from typing import Annotated

import tyro


def command(
    *,
    markdown: Annotated[bool, tyro.conf.arg(help="The table of the README.")] = False,
    as_json: Annotated[bool, tyro.conf.arg(name="json", help="Everything, as JSON.")] = False,
) -> None:
    """Show the tree of generative models with those that are here: formula, capabilities, reference."""
    from genzoo.cli.catalogue import markdown_table, rows, tree
    from genzoo.cli.console import out

    if as_json:
        out().print_json(json.dumps(rows(), ensure_ascii=False))
    elif markdown:
        out().print(markdown_table(), soft_wrap=True, markup=False)
    else:
        out().print(tree())
