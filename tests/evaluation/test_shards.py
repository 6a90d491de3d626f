"""Two processes evaluate what one does, to the bit."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from shard_pair import found

from genzoo.evaluation.shards import gathered, share
from genzoo.files import read_json
from genzoo.types import Batch


@pytest.mark.slow
def test_two_processes_find_bit_for_bit_what_one_does(tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    script = str(Path(__file__).parent / "shard_pair.py")
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(tmp_path)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [p.communicate(timeout=100)[1] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], errors
    first, second = (read_json(tmp_path / f"{rank}.json") for rank in range(2))
    assert first == second
    assert first["results"] == found()
    assert first["index"] == [0, 1, 2]  # one row of the first process between two of the second
    assert first["rows"] == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_every_process_takes_whole_batches_in_turn_and_hears_of_all(rank, monkeypatch):
    monkeypatch.setattr("genzoo.evaluation.shards.rank", lambda: rank)
    monkeypatch.setattr("genzoo.evaluation.shards.world", lambda: 3)
    batches = [Batch(torch.full((n, 1), float(n))) for n in (4, 5, 6, 7)]
    done = []
    mine = [len(batch) for batch in share(batches, done.append)]
    assert mine == [4, 5, 6, 7][rank::3]
    assert done == [4, 5, 6, 7]


def test_one_process_gathers_its_own_rows_by_index():
    values, index = gathered(torch.tensor([3.0, 1.0, 2.0]), torch.tensor([30, 10, 20]))
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert index.tolist() == [10, 20, 30]
