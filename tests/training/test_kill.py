"""kill -9 at a random moment, then --resume: the same weights, bit for bit, as never stopped."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

FAMILIES = {  # what is trained, with its flags
    "autoencoder": ["autoencoder", "--net", "conv", "--images", "4000"],
    "vae": ["vae", "--binarize", "dynamic", "--hidden", "64", "--ema", "0.99", "--images", "24000"],
    "pixelcnn": ["pixelcnn", "--binarize", "dynamic", "--width", "8", "--blocks", "2", "--images", "2400"],
    "gan": ["gan", "--net", "dcgan", "--width", "8", "--ema", "0.99", "--images", "2400"],
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "noise.npz"
    rng = np.random.default_rng(0)
    np.savez(path, images=rng.integers(0, 256, (300, 16, 16)).astype(np.uint8))
    return path


def command(what, data, out, *more):
    flags = [
        "--batch",
        "16",
        "--data",
        str(data),
        "--out",
        str(out),
        "--save-every",
        "0.1",
        "--device",
        "cpu",
    ]
    return [sys.executable, "-m", "genzoo", "train", *what, *flags, *more]


def finish(argv, env):
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_killed_at_random_moments_it_ends_where_it_would_have(family, digits, tmp_path):
    env = os.environ | {"OMP_NUM_THREADS": "1", "GENZOO_CACHE": str(tmp_path / "cache")}
    finish(command(FAMILIES[family], digits, tmp_path / "whole"), env)
    cut, kills = tmp_path / "cut", 0
    for attempt in range(2):
        more = ["--resume"] if attempt else []
        process = subprocess.Popen(command(FAMILIES[family], digits, cut, *more), env=env)
        log = cut / "log.jsonl"
        length = log.stat().st_size if log.exists() else 0
        while process.poll() is None and (not log.exists() or log.stat().st_size <= length):
            time.sleep(0.02)
        time.sleep(random.uniform(0, 1.0))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills, "the run ended before it could be killed: make it longer"
    finish(command(FAMILIES[family], digits, cut, "--resume"), env)
    whole, resumed = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "cut"))
    assert whole.keys() == resumed.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name
