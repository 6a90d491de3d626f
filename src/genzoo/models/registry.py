"""Where every model registers once: the commands, contract tests, docs and report follow from it."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from genzoo.errors import BadInput, nearest
from genzoo.models.base import Model, capabilities
from genzoo.models.taxonomy import PLACES

C = TypeVar("C", bound=type[Model])


@dataclass(frozen=True)
class Entry:
    """What the house knows of a model.

    Args:
        name: what the command line calls it.
        cls: its class.
        place: the path of its node in the taxonomy.
        title: its full name.
        formula: the one formula that defines it.
        reference: authors, year, arXiv number.
        objective: the spec of the game that trains it by default.
        tiny: constructor arguments of small variants (seconds to train), by variant name; the first
            is called "". The contract tests play them all. "shape" is among the arguments.
        optimizer: default optimizer settings, by field of `OptimizerConfig`.
        games: the objective of a tiny variant, where it is another one, by the variant's name.
    """

    name: str
    cls: type[Model]
    place: str
    title: str
    formula: str
    reference: str
    objective: Mapping[str, Any]
    tiny: Mapping[str, Mapping[str, Any]]
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    games: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def objective_of(self, variant: str) -> Mapping[str, Any]:
        """The game that a tiny variant is played with."""
        return self.games.get(variant, self.objective)


_ENTRIES: dict[str, Entry] = {}


def register(
    name: str,
    *,
    place: str,
    title: str,
    formula: str,
    reference: str,
    objective: Mapping[str, Any],
    tiny: Mapping[str, Mapping[str, Any]],
    optimizer: Mapping[str, Any] | None = None,
    games: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[C], C]:
    """Class decorator that enters a model in the catalogue; see `Entry` for the arguments."""
    if place not in PLACES:
        raise ValueError(f"no place {place!r} in the taxonomy{nearest(place, PLACES)}")
    if "" not in tiny:
        raise ValueError(f"{name}: `tiny` needs a variant named ''")
    if unknown := (games or {}).keys() - tiny.keys():
        raise ValueError(f"{name}: there is no tiny variant {unknown.pop()!r} to play")

    def enter(cls: C) -> C:
        if name in _ENTRIES and _ENTRIES[name].cls.__qualname__ != cls.__qualname__:
            raise ValueError(f"two models are called {name!r}")
        _ENTRIES[name] = Entry(
            name, cls, place, title, formula, reference, objective, tiny, optimizer or {}, games or {}
        )
        return cls

    return enter


def catalogue() -> dict[str, Entry]:
    """Every registered model by name, in the order of the taxonomy."""
    _import_all()
    order = list(PLACES)
    return dict(sorted(_ENTRIES.items(), key=lambda item: (order.index(item[1].place), item[0])))


def entry_named(name: str) -> Entry:
    """The entry called `name`; BadInput with the nearest name if there is none."""
    entries = catalogue()
    if name not in entries:
        raise BadInput(f"no model is called {name!r}{nearest(name, entries)}")
    return entries[name]


def entry_of(model: Model) -> Entry | None:
    """The entry of a model's own class, None for a class that is not registered."""
    return next((e for e in catalogue().values() if e.cls is type(model)), None)


@cache
def _import_all() -> None:
    package = importlib.import_module("genzoo.models")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


@cache
def abilities(name: str) -> tuple[str, ...]:
    """The `capabilities` of the smallest registered instance of a model."""
    entry = catalogue()[name]
    return capabilities(entry.cls(**entry.tiny[""]))
