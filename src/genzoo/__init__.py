"""genzoo: deep generative models of images, trained by one loop and measured on one ruler.

>>> import genzoo
>>> run = genzoo.train("vae-mnist", data="photos/", images=200_000)  # doctest: +SKIP
>>> run.model.sample(64)  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "train": "genzoo.api",
    "load": "genzoo.api",
    "evaluate": "genzoo.api",
    "Protocol": "genzoo.evaluation",
    "Model": "genzoo.models",
    "register": "genzoo.models",
    "Batch": "genzoo.types",
    "Given": "genzoo.types",
    "Loss": "genzoo.types",
    "BadInput": "genzoo.errors",
    "seeded": "genzoo.random",
}

if TYPE_CHECKING:
    from genzoo.api import evaluate, load, train
    from genzoo.errors import BadInput
    from genzoo.evaluation import Protocol
    from genzoo.models import Model, register
    from genzoo.random import seeded
    from genzoo.types import Batch, Given, Loss

__all__ = [
    "BadInput",
    "Batch",
    "Given",
    "Loss",
    "Model",
    "Protocol",
    "__version__",
    "evaluate",
    "load",
    "register",
    "seeded",
    "train",
]


def __getattr__(name: str) -> Any:
    """Imports on first use, so that `import genzoo` and `genzoo --help` do not import torch."""
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'genzoo' has no attribute {name!r}")
