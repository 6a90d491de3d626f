"""Two processes measure what one does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from quality_fakes import UniformNoise, dataset, extractor

from genzoo.evaluation.quality import quality
from genzoo.files import read_json


@pytest.mark.slow
def test_two_processes_measure_what_one_does(tmp_path, monkeypatch):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = str(s.getsockname()[1])
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common |= {"GENZOO_CACHE": str(tmp_path / "two"), "OMP_NUM_THREADS": "1"}
    script = str(Path(__file__).parent / "quality_pair.py")
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(tmp_path)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [p.communicate(timeout=100)[1] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], errors
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "one"))
    one = quality(UniformNoise(), dataset(), extractor(), samples=45, batch=10)
    for rank in range(2):
        results, samples = read_json(tmp_path / f"{rank}.json")
        assert results == [r.to_json() for r in one.results]  # whole batches each: the same bits
        assert samples == one.samples.ravel().tolist()
