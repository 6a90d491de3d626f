"""How p(x) is represented: the models by family, their contract, registry and store."""

from genzoo.models.base import Model, capabilities, parameter_count
from genzoo.models.registry import Entry, abilities, catalogue, entry_named, entry_of, register
from genzoo.models.store import load_model, read_spec, save_model

__all__ = [
    "Entry",
    "Model",
    "abilities",
    "capabilities",
    "catalogue",
    "entry_named",
    "entry_of",
    "load_model",
    "parameter_count",
    "read_spec",
    "register",
    "save_model",
]
