"""Images from anywhere → named uint8 arrays → batches whose order is a pure function of (seed, moves).

>>> import numpy as np
>>> digits = load(np.zeros((100, 28, 28), np.uint8), View(size=(14, 14)))
>>> digits.shape, sorted(digits.splits)
((1, 14, 14), ['test', 'train', 'val'])
"""

from genzoo.data.batches import Batches, in_order
from genzoo.data.builtin import BUILTIN
from genzoo.data.cache import cache_size, clear_cache
from genzoo.data.dataset import Dataset, Skipped
from genzoo.data.sheet import sheet
from genzoo.data.sizes import parse_size
from genzoo.data.sources import ALIASES, load
from genzoo.data.view import View

__all__ = [
    "ALIASES",
    "BUILTIN",
    "Batches",
    "Dataset",
    "Skipped",
    "View",
    "cache_size",
    "clear_cache",
    "in_order",
    "load",
    "parse_size",
    "sheet",
]
