import numpy as np
import pytest
import torch
from quality_fakes import dataset, extractor
from torch import nn

from genzoo.data.cache import features_root
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.reference import as_files, real_features


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path))


class Counting(nn.Module):
    """The pixels, and how many images were seen."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        return images.flatten(1)


def test_features_are_those_of_the_images_in_order():
    data, net = dataset(), Counting()
    features = real_features(data, Extractor("pixels", net), split="val", batch=5)
    expected = torch.from_numpy(data.items[60:72]).flatten(1).float() / 255
    assert torch.equal(features, expected)


def test_features_are_computed_once_for_the_same_content():
    net, done = Counting(), []
    first = real_features(dataset(), Extractor("pixels", net), tick=done.append, batch=20)
    again = real_features(dataset(), Extractor("pixels", net), tick=done.append)
    assert torch.equal(first, again)
    assert net.seen == 1 + 48  # the first says how wide features are
    assert sum(done) == 2 * 48
    assert len(list(features_root().iterdir())) == 1


def test_other_content_is_computed_anew():
    net = Counting()
    pixels = Extractor("pixels", net)
    other = Extractor("pixels", Counting())
    nn.init.ones_(other.net.unused)
    real_features(dataset(), pixels)
    for data, eye, how in [
        (dataset(seed=1), pixels, {}),
        (dataset(), pixels, {"split": "val"}),
        (dataset(), pixels, {"split": np.arange(60, 72)}),  # the same positions as val: cached
        (dataset(), pixels, {"view": View(binarize="static")}),
        (dataset(), pixels, {"view": View(binarize="static"), "seed": 1}),
        (dataset(), pixels, {"view": View(levels=4)}),
        (dataset(), pixels, {"seed": 1}),  # nothing is drawn: cached
        (dataset(), other, {}),
    ]:
        real_features(data, eye, **how)
    assert len(list(features_root().iterdir())) == 7


def test_a_broken_file_is_made_anew():
    net = Counting()
    whole = real_features(dataset(), Extractor("pixels", net))
    path = next(features_root().iterdir())
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[-1] ^= 1
    for broken in (good[: len(good) // 2], bytes(flipped), b""):
        path.write_bytes(broken)
        assert torch.equal(real_features(dataset(), Extractor("pixels", net)), whole)
        assert path.read_bytes() == good


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="GENZOO_CACHE"):
        real_features(dataset(), extractor())


def test_images_are_rounded_to_the_levels_of_a_file_and_a_file_stays_itself():
    images = torch.tensor([-1.0, 0.0, 0.1, 0.5, 2.0]).view(1, 1, 1, 5)
    files = as_files(images)
    torch.testing.assert_close(files * 255, torch.tensor([0.0, 0, 26, 128, 255]).view(1, 1, 1, 5))
    assert torch.equal(as_files(files), files)
