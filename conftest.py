"""Test set-up: one thread, shapes and types of every public signature checked as the tests run."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from jaxtyping import install_import_hook

_CACHE = TemporaryDirectory()  # what the tests decode and measure, until they end
os.environ["GENZOO_CACHE"] = _CACHE.name
# Loops are compiled once for all processes of the tests and for the next time; what is kept is found by the
# hash of its sources.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent / ".cache" / "tests"))

import genzoo.nn.replay.draws  # noqa: E402, F401  compiled loops are not for the hook below: their types are numba's

# An int may stand where a float is asked for, as everywhere in Python (PEP 484).
install_import_hook("genzoo", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)

collect_ignore_glob = ["*/conftest.py"]  # they hold no doctests, and share a name


@pytest.fixture(autouse=True)
def _own_randomness():
    """Every test starts from the same random state and leaves float32 as the default type."""
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
