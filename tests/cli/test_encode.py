import sys

import numpy as np
import pytest
import torch
from run_fakes import save_run

from genzoo.models.adversarial.gan import GAN
from genzoo.models.autoencoding.autoencoder import Autoencoder

parquet = pytest.importorskip("pyarrow.parquet")


def test_a_table_has_origin_class_and_features_of_every_item(genzoo, code_run, tmp_path):
    code, out, err = genzoo("encode", code_run, "--split", "all", "--out", "codes.parquet")
    assert (code, err) == (0, "")
    assert out == "wrote codes.parquet  (40 rows, 16 features each)\n"
    table = parquet.read_table(tmp_path / "codes.parquet")
    assert table.column_names == ["index", "file", "label", "class", *[f"f{i:04d}" for i in range(16)]]
    assert table["index"].to_pylist() == list(range(40))
    assert table["class"].to_pylist() == ["0", "1"] * 20
    pixels = np.load(tmp_path / "toy.npz")["images"].reshape(40, -1) / 255
    np.testing.assert_allclose(table["f0003"].to_numpy(), pixels[:, 3], atol=1e-6)  # single precision


def test_a_critics_features_are_written_as_arrays(genzoo, tmp_path, data):
    model = GAN((1, 4, 4), latent=2, hidden=(6, 5))
    save_run(tmp_path / "gan", model, data=data)
    assert genzoo("encode", "gan", "--split", "all", "--out", "f.npz")[0] == 0
    found = np.load("f.npz")
    images = torch.from_numpy(np.load(data)["images"][:, None] / 255).float()
    expected = torch.cat(model.eval().features(images), 1).detach().numpy()
    np.testing.assert_allclose(found["codes"], expected, atol=1e-5)


def test_hidden_layers_of_an_encoder_are_written_when_asked_for(genzoo, tmp_path, data):
    save_run(tmp_path / "ae", Autoencoder((1, 4, 4), code=2, hidden=(7, 3)), data=data)
    assert genzoo("encode", "ae", "--split", "all", "--layer", "hidden", "--out", "f.npz")[0] == 0
    assert np.load("f.npz")["codes"].shape == (40, 10)


def test_without_pyarrow_the_remedy_is_named(genzoo, code_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    code, _, err = genzoo("encode", code_run, "--split", "all", "--out", "codes.parquet")
    assert code == 2
    assert "pip install 'genzoo[parquet]'" in err


def test_nothing_is_overwritten_and_other_names_are_refused(genzoo, code_run, tmp_path):
    (tmp_path / "a.parquet").write_text("precious")
    for out, says in (
        ("a.parquet", "is there already"),
        ("a.txt", "expected a name ending in .npz or .parquet"),
    ):
        code, _, err = genzoo("encode", code_run, "--out", out)
        assert code == 2
        assert says in err
    assert (tmp_path / "a.parquet").read_text() == "precious"
