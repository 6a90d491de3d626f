"""One of two processes that play every game together; writes the weights they end with (see test_pair.py)."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parent))
from games import NAMES, tiny_run

from genzoo.training import distributed
from genzoo.training.loop import fit

torch.set_num_threads(1)
STEPS = 24

if __name__ == "__main__":
    with distributed.joined(torch.device("cpu")):
        for name in NAMES:
            run = tiny_run(name, dtype=torch.float64, images=STEPS)
            fit(run)
            save_file(
                dict(run.model.state_dict()), Path(sys.argv[1]) / f"{name}-{distributed.rank()}.safetensors"
            )
