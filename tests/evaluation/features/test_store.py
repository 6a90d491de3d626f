"""Extractors in files and by name: read back as they were, refused in one sentence."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.evaluation.features import (
    Extractor,
    classifier,
    extractor_for,
    load_extractor,
    random_conv,
    save_extractor,
)
from genzoo.evaluation.features.pretrained import Dinov2Features

FEW = 128 * 2


def small_dinov2():
    return Extractor("dinov2-vit64-14", Dinov2Features(64, 1, 64, grid=2).eval())


@pytest.mark.parametrize("made", [lambda: random_conv((1, 8, 8)), small_dinov2])
def test_an_extractor_is_read_back_as_it_was(made, tmp_path):
    extractor = made()
    again = load_extractor(save_extractor(extractor, tmp_path / "f.safetensors"))
    images = torch.rand(2, 1, 8, 8)
    assert again.label == extractor.label
    assert torch.equal(again(images), extractor(images))


def test_a_classifier_is_read_back_with_its_head_and_what_is_known_of_it(bars, tmp_path):
    extractor = classifier(bars(), images=FEW)
    again = load_extractor(save_extractor(extractor, tmp_path / "f.safetensors"))
    features = extractor(torch.rand(2, 1, 8, 8))
    assert again.label == extractor.label
    assert again.about == extractor.about
    assert torch.equal(again.logits(features), extractor.logits(features))


def test_only_our_own_nets_are_written(tmp_path):
    mine = Extractor("mine", nn.Sequential(nn.Flatten(), nn.Linear(64, 2)))
    with pytest.raises(BadInput, match="RandomConv"):
        save_extractor(mine, tmp_path / "f.safetensors")
    with pytest.raises(BadInput, match=r"\.safetensors"):
        save_extractor(random_conv((1, 8, 8)), tmp_path / "f.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
def test_a_pickle_is_never_read_and_the_remedy_is_said(suffix, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was loaded",))

    path = tmp_path / f"weights{suffix}"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(BadInput, match="weights_only=True") as refused:
        load_extractor(path)
    assert "weights.safetensors" in str(refused.value)


def described(path, said):
    save_file({"x": torch.ones(1)}, path, metadata={"kind": "genzoo features", "extractor": said})
    return path


def test_files_that_are_no_features_are_refused(tmp_path):
    path = tmp_path / "f.safetensors"
    with pytest.raises(BadInput, match="no such file"):
        load_extractor(path)
    path.write_bytes(b"not tensors")
    with pytest.raises(BadInput, match="not a sound"):
        load_extractor(path)
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(BadInput, match="no features that are known"):
        load_extractor(path)
    with pytest.raises(BadInput, match="description"):
        load_extractor(described(path, "{}"))
    other = json.dumps({"name": "x", "net": {"class": "VAE"}, "about": {}})
    with pytest.raises(BadInput, match="does not know"):
        load_extractor(described(path, other))
    wrong = json.dumps({"name": "x", "net": {"class": "RandomConv"}, "about": {}})
    with pytest.raises(BadInput, match="lacks convolutions"):
        load_extractor(described(path, wrong))


def test_labelled_sets_get_their_classifier_and_others_the_random_net(bars, monkeypatch):
    monkeypatch.setattr("genzoo.evaluation.features.labelled.training_budget", lambda data: FEW)
    assert extractor_for(bars()).name == "bars-cnn"
    assert extractor_for(bars(), "classifier").name == "bars-cnn"
    assert extractor_for(bars(labels=False)).name == "random-conv"
    assert extractor_for(bars(), "random-conv").name == "random-conv"


def test_a_file_a_module_and_an_extractor_are_taken_as_they_are(bars, tmp_path):
    data = bars(channels=3)
    path = save_extractor(small_dinov2(), tmp_path / "f.safetensors")
    assert extractor_for(data, path).label == extractor_for(data, f"dinov2:{path}").label
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
    assert extractor_for(data, net)(torch.rand(2, 3, 8, 8)).shape == (2, 5)
    mine = Extractor("mine", net)
    assert extractor_for(data, mine) is mine


def test_what_cannot_be_meant_is_refused_in_one_sentence(bars, tmp_path, monkeypatch):
    path = save_extractor(random_conv((1, 8, 8)), tmp_path / "f.safetensors")
    vectors = Dataset("v", "vectors", np.zeros((4, 2), np.float32), {"train": np.arange(4)})
    colour = classifier(bars(channels=3), images=FEW)
    for spec, data, said in (
        ("random-cnov", bars(), "did you mean 'random-conv'"),
        ("inception", bars(), "did you mean 'inception:FILE'"),
        ("classifier", bars(labels=False), "random-conv needs none"),
        ("nowhere/f.safetensors", bars(), "no such file"),
        (f"inception:{path}", bars(), "that file holds random-conv"),
        (None, vectors, "these items are 2"),
        (colour, bars(), "it takes images with 3 channels"),
    ):
        with pytest.raises(BadInput, match=said):
            extractor_for(data, spec)
