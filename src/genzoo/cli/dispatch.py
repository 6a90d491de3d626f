"""`genzoo VERB …`: finds the verb, runs it, and turns what went wrong into one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from genzoo import __version__
from genzoo.cli.parse import parse
from genzoo.cli.verbs import VERBS
from genzoo.errors import BadInput, nearest

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 done, 2 bad input, 130 interrupted, 1 failed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return run(arguments)
    except BadInput as error:
        return complain(f"genzoo: error: {error}", BAD_INPUT)
    except KeyboardInterrupt:
        return complain("genzoo: interrupted", INTERRUPTED)
    except ArithmeticError as error:
        return complain(f"genzoo: error: {error}", FAILED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return complain(f"genzoo: error: {error}", FAILED)


def run(arguments: list[str]) -> int:
    """Runs one command."""
    if not arguments or arguments[0] in ("-h", "--help"):
        show_help()
        return 0 if arguments else BAD_INPUT
    verb, *rest = arguments
    if verb == "--version":
        Console(emoji=False, highlight=False).print(f"genzoo {__version__}")
        return 0
    if verb not in VERBS:
        what = "option" if verb.startswith("-") else "command"
        raise BadInput(
            f"no {what} is called {verb!r}{nearest(verb, VERBS)}; genzoo --help lists the commands"
        )
    module = importlib.import_module(VERBS[verb].module)
    try:
        if VERBS[verb].own:
            return int(module.main(rest))
        parse(module.command, rest, verb=verb)()
    except SystemExit as end:  # --help was printed
        return int(end.code or 0)
    return 0


def show_help() -> None:
    """What `genzoo --help` prints."""
    console = Console(emoji=False, highlight=False)
    console.print("[bold]genzoo[/bold]: deep generative models of images: train, measure, use\n")
    console.print("usage: genzoo VERB RUN \\[--data DATA] --out PATH …\n")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, verb in VERBS.items():
        table.add_row(f"  [bold]{name}[/bold]", verb.says)
    console.print(table)
    console.print(
        "\nDATA: a folder, a zip, an idx or npz file, or a name such as mnist5k."
        "\nRUN:  a folder that `genzoo train` wrote."
        "\nFirst steps: genzoo train vae-mnist --out runs/first"
        "\n             genzoo sample runs/first --out samples.png"
        "\n`genzoo VERB --help` says more of each; `genzoo --version` prints the version.",
        soft_wrap=True,
    )


def complain(line: str, code: int) -> int:
    """Prints one line on standard error and returns the exit code."""
    text = " ".join(line.split())
    Console(emoji=False, stderr=True, highlight=False).print(escape(text), soft_wrap=True, style="red")
    return code
