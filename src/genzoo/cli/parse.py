"""Words of the command line to a typed call, by tyro; what does not fit is said in one sentence."""

import functools
import inspect
import io
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import redirect_stderr
from dataclasses import fields, is_dataclass
from typing import Any

import tyro

from genzoo.errors import BadInput, nearest

STYLE = (tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone, tyro.conf.PositionalMetavarFromFieldName)


def parse(command: Callable[..., None], words: Sequence[str], *, verb: str) -> Callable[[], None]:
    """The call of `command` that `words` ask for, not yet made; SystemExit(0) after `--help`.

    Args:
        command: positional-only parameters are positions, keyword-only ones are flags.
    """

    @functools.wraps(command)
    def bind(*args: Any, **kwargs: Any) -> Callable[[], None]:
        return functools.partial(command, *args, **kwargs)

    parameters = inspect.signature(command).parameters.values()
    required = [spelling for p in parameters for spelling in spelt(p) if p.default is p.empty]
    names = [spelling for p in parameters for spelling in spelt(p)]
    return typed(bind, words, verb=verb, names=names, required=required, config=STYLE)


def typed(
    target: Callable[..., Any],
    words: Sequence[str],
    *,
    verb: str,
    names: Collection[str],
    required: Collection[str] = (),
    **options: Any,
) -> Any:
    """`tyro.cli`, whose refusals become BadInput with one sentence; SystemExit(0) after `--help`.

    Args:
        names: how the flags are spelt, e.g. `--out`.
        required: those of them, and of the positions, that must be given.
        options: of `tyro.cli`.
    """
    refused = io.StringIO()
    try:
        with redirect_stderr(refused):
            return tyro.cli(target, args=list(words), prog=f"genzoo {verb}", **options)
    except SystemExit as end:
        if not end.code:
            raise
        why = sentence(refused.getvalue(), words, verb, names, required)
        raise BadInput(f"{why}; genzoo {verb} --help lists what it takes") from None


def sentence(
    refused: str, words: Sequence[str], verb: str, names: Collection[str], required: Collection[str]
) -> str:
    """What tyro refused, in one sentence."""
    flags = [name for name in names if name.startswith("--")]
    for word in words:
        flag = word.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and flag != "--" and flag not in flags:
            hint = nearest(flag, flags) if flags else "; it takes none"
            return f"{verb} has no option {flag}{hint}"
    title, body = box(refused)
    if title.startswith("Required"):
        absent = [name for name in required if re.search(rf"(^|\s){re.escape(name)}(\s|$)", body)]
        return f"{verb} needs {' and '.join(absent) or body}"
    if title.startswith("Unrecognized"):
        return f"{verb} does not understand {body.removeprefix('Unrecognized options: ')!r}"
    return f"{verb}: {_plainly(body.removeprefix('Error parsing '))}"


def _plainly(complaint: str) -> str:
    """Python's words for a failed conversion as a reader's."""
    kinds = {
        "invalid literal for int() with base 10: ": "expected a whole number, got ",
        "could not convert string to float: ": "expected a number, got ",
    }
    for theirs, ours in kinds.items():
        complaint = complaint.replace(theirs, ours)
    return re.sub(r"Expected one of \(([^)]*)\)", _in_order, complaint).removesuffix(".")


def _in_order(choices: re.Match[str]) -> str:
    """Choices, which come in any order, by name; "None" is that of leaving an option to the recipe."""
    named = sorted(set(re.findall(r"'([^']*)'", choices[1])) - {"None"})
    return f"Expected one of ({', '.join(map(repr, named))})"


def spelt(parameter: inspect.Parameter) -> list[str]:
    """How a parameter is given; one whose default is a dataclass stands for that one's fields."""
    if parameter.kind is not parameter.KEYWORD_ONLY:
        return [parameter.name.upper()]
    if is_dataclass(parameter.default):
        return ["--" + field.name.replace("_", "-") for field in fields(parameter.default)]
    said = (getattr(about, "name", None) for about in getattr(parameter.annotation, "__metadata__", ()))
    return ["--" + next(filter(None, said), parameter.name).replace("_", "-")]


def box(refused: str) -> tuple[str, str]:
    """The title and the text above the first rule of a message that tyro drew in a box.

    >>> box("╭─ Value error ──╮\\n│ not a number   │\\n│ ────────────── │\\n│ see --help     │")
    ('Value error', 'not a number')
    """
    title, body = "", []
    for line in refused.splitlines():
        text = line.strip(" │╭╮╰╯")
        if line.lstrip().startswith("╭"):
            title = text.strip("─ ")
        elif text and not text.strip("─"):
            break
        elif text:
            body.append(text)
    return title, " ".join(body)
