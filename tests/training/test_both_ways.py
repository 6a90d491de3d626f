"""A run between two sets is watched from both sides: pictures, numbers and warnings of either direction."""

import numpy as np
import torch
from PIL import Image

import genzoo
from genzoo.data.dataset import Dataset


def two_sets(held=(5, 9)):
    rng = np.random.default_rng(0)

    def images(n):
        return rng.integers(0, 256, (n, 3, 16, 16)).astype(np.uint8)

    def splits(val):
        return {"train": np.arange(24), "val": np.arange(24, 24 + val), "test": np.arange(0)}

    a = Dataset("a", "images", images(24 + held[0]), splits(held[0]), fingerprint="a")
    return Dataset("b", "images", images(24 + held[1]), splits(held[1]), other=a, fingerprint="b")


def trained(data, folder):
    torch.manual_seed(0)
    nets = {"width": 2, "blocks": 1, "critic_width": 2, "patch": 16}
    return genzoo.train("cyclegan", data, out=folder, images=8, batch=4, quiet=True, judge="none", **nets)


def test_both_kinds_are_pictured_and_measured(tmp_path):
    run = trained(two_sets(), tmp_path / "run")
    watched = [line for line in run.log if "cycle_error_A" in line][-1]
    assert {"cycle_error_B", "diversity_to_A", "diversity_to_B"} <= watched.keys()
    with Image.open(sorted((run.folder / "samples").glob("*.png"))[-1]) as page:
        tiles = [(side // 2 - 2) // (16 + 2) for side in page.size]  # twice as large, 2 pixels between tiles
    assert tiles == [12, 4]  # four items side by side, three views of each; five of each kind in two rows


def test_where_one_kind_has_none_held_out_nothing_is_shown_and_the_run_goes_on(tmp_path):
    run = trained(two_sets(held=(0, 9)), tmp_path / "run")
    assert run.log[-1]["images_seen"] == 8
    assert not any("cycle_error_A" in line for line in run.log)
