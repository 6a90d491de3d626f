"""The games: who plays, whose turn it is, what each move descends."""

import importlib
import pkgutil
from typing import Any

from genzoo.configurable import build
from genzoo.objectives.base import Health, Objective, OnePlayer, Update


def load_objectives() -> None:
    """Imports every objective, so that its class can be named."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def build_objective(spec: dict[str, Any]) -> Objective[Any]:
    """The objective that a spec such as {"class": "NegativeELBO", "beta": 1.0} describes."""
    load_objectives()
    return build(spec)


__all__ = ["Health", "Objective", "OnePlayer", "Update", "build_objective", "load_objectives"]
