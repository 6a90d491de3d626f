"""One of two processes that evaluate a model together; writes what it found (see test_shards.py)."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from linear_truth import linear_vae, point_set

from genzoo.evaluation.measured import likelihood
from genzoo.evaluation.shards import gathered
from genzoo.files import write_json
from genzoo.training import distributed

torch.set_num_threads(1)


def found():
    """Seven items in batches of three: one process has two batches, the other one; then one item alone."""
    model = linear_vae()
    options = {"samples": 2, "iwae": 3, "naive": 3, "ais": 3, "ais_chains": 2}
    seven = likelihood(model, point_set(model, 14), batch=3, **options)
    one = likelihood(model, point_set(model, 14), batch=3, limit=1, **options)
    return [result.to_json() for result in seven + one]


if __name__ == "__main__":
    with distributed.joined(torch.device("cpu")):
        rank = distributed.rank()
        rows, index = gathered(torch.full((rank + 1, 2), float(rank)), torch.arange(rank + 1) * 2 + 1 - rank)
        shared = {"results": found(), "rows": rows.tolist(), "index": index.tolist()}
    write_json(Path(sys.argv[1]) / f"{rank}.json", shared)
