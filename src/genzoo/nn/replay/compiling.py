"""Compiling loops, once: what was compiled is kept and found again by the hash of all their sources."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit
from numba.core import config as numba_config

from genzoo.files import cache_folder

config: Any = numba_config
SOURCES = ("activations", "compiling", "draws", "kernels", "outer")


def _folder() -> Path:
    # numba looks at the file of a function alone, not at those whose functions it was compiled with
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for name in SOURCES:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    chosen = config.CACHE_DIR
    return (Path(chosen) if chosen else cache_folder("compiled")) / digest.hexdigest()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


_FOLDER = _folder()
_KEEP = _writable(_FOLDER)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a loop at its first call in a process, or takes what an earlier process has compiled."""
    chosen, config.CACHE_DIR = config.CACHE_DIR, str(_FOLDER)  # read when it is decorated
    try:
        return njit(nogil=True, cache=_KEEP, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = chosen
