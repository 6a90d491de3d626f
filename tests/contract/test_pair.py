"""Two processes are one process on the joined batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from games import NAMES, rounding, tiny_run
from pair import STEPS
from safetensors.torch import load_file

from genzoo.models.base import uses_batch_statistics
from genzoo.training.loop import fit


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """The folder of weights that a pair of gloo processes ended with; started once for all games."""
    folder = tmp_path_factory.mktemp("pair")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    script = str(Path(__file__).parent / "pair.py")
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(folder)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [p.communicate(timeout=100)[1] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], errors
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_end_where_one_does_on_the_joined_batch(pair, name):
    one = tiny_run(name, dtype=torch.float64, images=STEPS)
    if uses_batch_statistics(one.model) or one.objective.couples:
        pytest.skip("coupled across the batch by its statistics or its loss")
    fit(one)
    first, second = (load_file(pair / f"{name}-{rank}.safetensors") for rank in range(2))
    for key, expected in one.model.state_dict().items():
        assert torch.equal(first[key], second[key]), key
        # float64 sums in another order: 1e-15 relative, grown by Adam's division over three steps
        torch.testing.assert_close(first[key], expected, rtol=1e-8, atol=rounding(one.model))
