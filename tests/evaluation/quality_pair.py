"""One of two processes that measure samples together; writes what it found (see test_quality_pair.py)."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from quality_fakes import UniformNoise, dataset, extractor

from genzoo.evaluation.quality import quality
from genzoo.files import write_json
from genzoo.training import distributed

torch.set_num_threads(1)

if __name__ == "__main__":
    with distributed.joined(torch.device("cpu")):
        found = quality(UniformNoise(), dataset(), extractor(), samples=45, batch=10)
        path = Path(sys.argv[1]) / f"{distributed.rank()}.json"
        write_json(path, [[r.to_json() for r in found.results], found.samples.ravel().tolist()])
