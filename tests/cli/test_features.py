"""`genzoo features`: trains, writes, says how to use it; refuses before it trains."""

import numpy as np

from genzoo.evaluation.features import load_extractor


def test_features_are_trained_written_and_taken_from_the_cache_the_second_time(genzoo, data, tmp_path):
    code, said, err = genzoo("features", data, "--out", "f.safetensors", "--images", 256)
    assert code == 0, err
    extractor = load_extractor(tmp_path / "f.safetensors")
    assert extractor.label in said
    assert extractor.label.startswith("toy-cnn-")
    assert "(binarized)" in said
    assert "genzoo evaluate RUN --features f.safetensors" in said
    code, again, _ = genzoo("features", data, "--out", "g.safetensors", "--images", 256)
    assert code == 0
    assert extractor.label in again
    assert load_extractor(tmp_path / "g.safetensors").label == extractor.label


def test_a_set_without_labels_is_told_of_the_random_net(genzoo, tmp_path):
    np.save("plain.npy", np.zeros((40, 6, 6), np.uint8))
    code, _, err = genzoo("features", "plain.npy", "--out", "f.safetensors")
    assert code == 2
    assert "--features random-conv" in err
    assert not (tmp_path / "f.safetensors").exists()


def test_wrong_flags_are_refused_before_anything_is_read(genzoo, tmp_path):
    (tmp_path / "there.safetensors").write_text("")
    for words, expected in (
        (("--out", "f.pt"), ".safetensors"),
        (("--out", "there.safetensors"), "--overwrite"),
        (("--out", "f.safetensors", "--images", "0"), "--images"),
        (("--out", "f.safetensors", "--device", "gpu"), "--device"),
    ):
        code, _, err = genzoo("features", "nowhere.npz", *words)
        assert code == 2
        assert expected in err
