"""Recipes: a model, an objective, data, a budget and optimizers as TOML, with source, figure and protocol."""

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from genzoo.errors import BadInput, nearest

_TABLES = {"model", "objective", "data", "train", "optimizer", "optimizers"}
_TEXTS = {"summary", "source", "published", "protocol"}


@dataclass(frozen=True)
class Recipe:
    """What a recipe file says.

    Args:
        name: the file's stem.
        summary: one line.
        source: the paper.
        published: the published figure with its protocol, "" if there is none.
        protocol: how ours is measured.
        tables: the TOML tables `model`, `objective`, `data`, `train`, `optimizer`, `optimizers`.
    """

    name: str
    summary: str = ""
    source: str = ""
    published: str = ""
    protocol: str = ""
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def table(self, name: str) -> dict[str, Any]:
        """A table, empty if the file has none."""
        return dict(self.tables.get(name, {}))


def names() -> list[str]:
    """The recipes that come with the package."""
    folder = resources.files(__package__)
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def parse(text: str, name: str, where: str) -> Recipe:
    """The recipe that TOML text describes; BadInput names `where` and the wrong key."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where}: not valid TOML ({error})") from error
    for key in content:
        if key not in _TABLES | _TEXTS:
            raise BadInput(f"{where}: unknown key {key!r}{nearest(key, _TABLES | _TEXTS)}")
    if "name" not in content.get("model", {}):
        raise BadInput(f"{where}: the table [model] needs a name, such as name = 'vae'")
    tables = {key: value for key, value in content.items() if key in _TABLES}
    return Recipe(name, **{key: content[key] for key in _TEXTS & content.keys()}, tables=tables)


def read(name: str) -> Recipe:
    """The recipe called `name`, or in the file `name` when it ends in .toml."""
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise BadInput(f"{name}: no such recipe file")
        return parse(path.read_text(encoding="utf-8"), path.stem, name)
    if name not in names():
        raise BadInput(f"no recipe is called {name!r}{nearest(name, names())}")
    file = resources.files(__package__) / f"{name}.toml"
    return parse(file.read_text(encoding="utf-8"), name, file.name)
