"""Every option of a run by its flat name: what table it belongs to, its type, default and meaning."""

import inspect
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from genzoo.configurable import class_named
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest
from genzoo.models import catalogue, entry_named
from genzoo.objectives import load_objectives
from genzoo.recipes import Recipe, names, read
from genzoo.training.settings import OptimizerSettings, Settings

FROM_DATA = {"shape", "levels", "picture"}  # a model's arguments that its data decide
_NOT_FLAGS = {"horizon"}


@dataclass(frozen=True)
class Option:
    """One flat name.

    Args:
        table: `view`, `train`, `optimizer`, `model` or `objective`.
        field: the name inside its table.
        type: as annotated.
        default: before the recipe.
        help: the meaning, from the docstring.
    """

    table: str
    field: str
    type: Any
    default: Any
    help: str


def argument_docs(doc: str | None) -> dict[str, str]:
    """The meanings that a docstring's "Args:" section gives.

    >>> argument_docs('''Sum.
    ...
    ...     Args:
    ...         a: the first,
    ...             and more.
    ...         b: the second.
    ... ''')
    {'a': 'the first, and more.', 'b': 'the second.'}
    """
    section = re.split(r"\n *Args:\n", inspect.cleandoc(doc or ""))
    if len(section) < 2:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in section[1].split("\n"):
        start = re.match(r"    (\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        else:
            break
    return found


def recipe_for(what: str) -> Recipe:
    """The recipe called `what`, or a bare one for the model called `what`."""
    if what.endswith(".toml") or what in names():
        return read(what)
    if "/" in what or "\\" in what:
        raise BadInput(f"{what}: not a recipe file (*.toml); train takes a recipe or a model")
    if what not in catalogue():
        raise BadInput(f"no recipe or model is called {what!r}{nearest(what, [*names(), *catalogue()])}")
    return Recipe(what, tables={"model": {"name": what}})


def objective_spec(recipe: Recipe) -> dict[str, Any]:
    """The objective of a recipe: its own, over the one that its model is registered with."""
    registered = dict(entry_named(recipe.table("model")["name"]).objective)
    own = recipe.table("objective")
    return own if own.get("class", registered["class"]) != registered["class"] else registered | own


def _of_class(cls: Any, table: str, skip: set[str]) -> dict[str, Option]:
    hints, docs = typing.get_type_hints(cls.__init__), argument_docs(cls.__doc__)
    parameters = list(inspect.signature(cls).parameters.values())
    return {
        p.name: Option(table, p.name, hints.get(p.name, str), p.default, docs.get(p.name, ""))
        for p in parameters
        if p.name not in skip
    }


def _of_dataclass(cls: type, table: str) -> dict[str, Option]:
    hints, docs = typing.get_type_hints(cls), argument_docs(cls.__doc__)
    return {
        f.name: Option(table, f.name, hints[f.name], f.default, docs.get(f.name, "")) for f in fields(cls)
    }


def options(model: str, objective: str) -> dict[str, Option]:
    """Every flat name for a model (as registered) and an objective (a class name).

    Raises:
        ValueError: if a name would have two meanings.
    """
    load_objectives()
    optimizer = _of_dataclass(OptimizerSettings, "optimizer")
    optimizer["optimizer"] = optimizer.pop("name")
    tables: list[Mapping[str, Option]] = [
        _of_dataclass(View, "view"),
        {k: v for k, v in _of_dataclass(Settings, "train").items() if k not in _NOT_FLAGS},
        optimizer,
        _of_class(entry_named(model).cls, "model", FROM_DATA),
        _of_class(class_named(objective), "objective", set()),
    ]
    found: dict[str, Option] = {}
    for table in tables:
        for name, option in table.items():
            if name in found:
                here, there = option.table, found[name].table
                raise ValueError(f"{model}: {name!r} is an argument of both the {there} and the {here}")
            found[name] = option
    return found
