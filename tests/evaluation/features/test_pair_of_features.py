"""Two processes that train a feature classifier together end with one ruler."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from genzoo.files import read_json


@pytest.mark.slow
def test_two_processes_have_the_same_weights_and_store_them_once(tmp_path, cache_root):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "features_pair.py"), str(tmp_path)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [p.communicate(timeout=100)[1] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], errors
    first, second = (read_json(tmp_path / f"{rank}.json") for rank in range(2))
    assert len({*first, *second}) == 1
    assert len(list(cache_root.iterdir())) == 1
