"""One of two processes that train a feature classifier together, and writes its label."""

import sys
from pathlib import Path

import numpy as np
import torch

from genzoo.data.dataset import Dataset
from genzoo.evaluation.features import classifier, load_extractor
from genzoo.evaluation.features.labelled import cached_at
from genzoo.files import write_json
from genzoo.training import distributed

torch.set_num_threads(1)

if __name__ == "__main__":
    items = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), dtype=np.uint8)
    splits = {"train": np.arange(40), "test": np.arange(40, 60)}
    data = Dataset("noise", "images", items, splits, labels=np.arange(60) % 3, classes=("a", "b", "c"))
    with distributed.joined(torch.device("cpu")):
        found = classifier(data, images=512)
        rank = distributed.rank()
    stored = load_extractor(cached_at(data, images=512)).label if rank == 0 else found.label
    write_json(Path(sys.argv[1]) / f"{rank}.json", [found.label, stored])
