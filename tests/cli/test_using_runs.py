import json

import numpy as np
import pytest
from PIL import Image
from run_fakes import BrokenRun, CodeRun, UniformRun, save_images, save_run

from genzoo.data.view import View
from genzoo.files import read_json


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_samples_become_one_enlarged_picture(genzoo, uniform_run, tmp_path):
    code, out, err = genzoo("sample", uniform_run, "-n", 6, "--out", "a/b.png")
    assert (code, err) == (0, "")
    assert out == "wrote a/b.png  (6 samples)\n"
    scale = 16  # 64 / 4
    assert size_of("a/b.png") == ((2 + 3 * 6) * scale, (2 + 2 * 6) * scale)


def test_samples_become_numbered_files_at_their_own_size(genzoo, uniform_run, tmp_path):
    assert genzoo("sample", uniform_run, "-n", 11, "--out", "many")[0] == 0
    names = sorted(path.name for path in (tmp_path / "many").iterdir())
    assert names[:2] + names[-1:] == ["0000.png", "0001.png", "0010.png"]
    assert size_of("many/0000.png") == (4, 4)


def test_the_same_seed_writes_the_same_samples(genzoo, uniform_run):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        genzoo("sample", uniform_run, "-n", 3, "--seed", seed, "--out", f"{name}.npz")
    a, b, c = (np.load(f"{name}.npz")["images"] for name in "abc")
    assert a.shape == (3, 1, 4, 4)
    assert (a == b).all()
    assert (a != c).any()


def test_a_class_is_asked_for_by_number_or_by_name(genzoo, class_run):
    assert genzoo("sample", class_run, "-n", 2, "--label", "odd", "--out", "a.npz")[0] == 0
    assert genzoo("sample", class_run, "-n", 2, "--label", 1, "--out", "b.npz")[0] == 0
    for name in "ab":
        found = np.load(f"{name}.npz")
        assert found["labels"].tolist() == [1, 1]
        assert (found["images"] == 1).all()


def test_nothing_is_overwritten_unasked(genzoo, uniform_run, tmp_path):
    (tmp_path / "a.png").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("precious")
    for out in ("a.png", "full"):
        code, _, err = genzoo("sample", uniform_run, "-n", 1, "--out", out)
        assert code == 2
        assert f"--out {out}: is there already" in err
    assert (tmp_path / "a.png").read_text() == "precious"
    assert genzoo("sample", uniform_run, "-n", 1, "--out", "a.png", "--overwrite")[0] == 0
    assert size_of("a.png") == ((2 + 6) * 16, (2 + 6) * 16)


def test_reconstructions_through_the_pixels_themselves_have_no_error(genzoo, code_run):
    code, out, _ = genzoo("reconstruct", code_run, "--split", "all", "-n", 5, "--out", "r.npz")
    assert code == 0
    assert "mean squared error per image 0.0000" in out
    found = np.load("r.npz")
    assert (found["originals"] == found["reconstructions"]).all()
    assert found["squared_error"].tolist() == [0.0] * 5
    assert genzoo("reconstruct", code_run, "--split", "all", "--out", "r.png")[0] == 0


def test_other_data_is_seen_the_way_the_run_sees_data(genzoo, tmp_path, data):
    view = View(size=(2, 2), binarize="threshold")
    run = save_run(tmp_path / "half", CodeRun((1, 2, 2)), view=view, data="elsewhere")
    code, _, err = genzoo("reconstruct", run, "--data", data, "--split", "all", "--out", "r.npz")
    assert (code, err) == (0, "")
    originals = np.load("r.npz")["originals"]
    assert originals.shape == (20, 1, 2, 2)
    assert set(np.unique(originals)) == {0.0, 1.0}


def test_data_of_another_size_is_resized_to_the_models(genzoo, tmp_path, code_run):
    save_images(tmp_path / "other.npz", size=(9, 12))
    words = ("--data", "other.npz", "--split", "all", "-n", 3, "--out", "r.npz")
    assert genzoo("reconstruct", code_run, *words)[0] == 0
    assert np.load("r.npz")["originals"].shape == (3, 1, 4, 4)


def test_codes_come_with_index_and_labels(genzoo, code_run, data):
    assert genzoo("encode", code_run, "--split", "all", "--out", "codes.npz")[0] == 0
    found = np.load("codes.npz")
    assert found["index"].tolist() == list(range(40))
    assert found["labels"].tolist() == [0, 1] * 20
    pixels = np.load(data)["images"].reshape(40, -1) / 255
    np.testing.assert_allclose(found["codes"], pixels, atol=1e-6)  # single precision


def test_walks_and_traversals_are_pictures(genzoo, code_run):
    walk = genzoo("interpolate", code_run, "--split", "all", "-n", 2, "--steps", 3, "--out", "w.png")
    assert walk[:2] == (0, "wrote w.png  (2 linear walks between images)\n")
    assert size_of("w.png") == ((2 + 3 * 6) * 16, (2 + 2 * 6) * 16)
    code, out, _ = genzoo("traverse", code_run, "--split", "all", "--dims", 3, "--steps", 4, "--out", "t.png")
    assert (code, out) == (0, "wrote t.png  (3 of 16 dimensions, one a row)\n")


def test_completions_keep_what_is_known(genzoo, uniform_run):
    words = ("--mask", "left", "-n", 3, "-k", 2, "--split", "all", "--out")
    assert genzoo("complete", uniform_run, *words, "c.npz")[0] == 0
    found = np.load("c.npz")
    assert found["completions"].shape == (3, 2, 1, 4, 4)
    assert (found["completions"][:, :, :, :, 2:] == found["originals"][:, None, :, :, 2:]).all()
    assert genzoo("complete", uniform_run, *words, "c.png")[0] == 0
    assert size_of("c.png") == ((2 + 4 * 6) * 16, (2 + 3 * 6) * 16)  # occluded, 2, original


def test_a_mask_may_be_an_image(genzoo, uniform_run):
    mask = np.zeros((4, 4), np.uint8)
    mask[0, 0] = 255
    Image.fromarray(mask).save("mask.png")
    assert genzoo("complete", uniform_run, "--mask", "mask.png", "--split", "all", "--out", "c.npz")[0] == 0
    assert (~np.load("c.npz")["known"]).sum() == 1


def test_uniform_images_score_eight_bits_in_table_and_json(genzoo, uniform_run):
    words = ("--split", "all", "--measure", "likelihood", "--out", "e.json")
    code, out, err = genzoo("evaluate", uniform_run, *words)
    assert (code, err) == (0, "")
    assert "exact" in out
    assert "bound" not in out
    assert "8.0000 ± 0.0000" in out
    said = read_json("e.json")
    assert [result["unit"] for result in said["results"]] == ["nats", "bits/dim"]
    assert said["results"][1]["value"] == pytest.approx(8.0, abs=1e-6)
    assert said["results"][0]["n"] == 40


def test_info_says_what_a_run_is_and_can_do(genzoo, code_run):
    (code_run / "config.json").write_text(json.dumps({"config": {"settings": {"batch": 64, "lr": None}}}))
    (code_run / "log.jsonl").write_text('{"step": 1}\n{"step": 2, "model/loss": 0.123456}\n{"st')
    code, out, _ = genzoo("info", code_run)
    assert code == 0
    assert "CodeRun" in out
    assert "step=2  model/loss=0.12346" in out
    said = json.loads(genzoo("info", code_run, "--json")[1])
    assert said["commands"] == [
        *("info", "reconstruct", "encode", "interpolate", "traverse", "edit", "scatter"),
        *("score", "cluster", "classify", "evaluate"),
    ]
    assert said["model"]["parameters"] == 1
    assert said["training"]["images_seen"] == 192
    assert said["training"]["settings"] == {"batch": 64}


def test_the_best_weights_know_the_runs_log(genzoo, code_run, data):
    save_run(code_run / "best", CodeRun((1, 4, 4)), data=data)
    (code_run / "config.json").write_text("{}")
    (code_run / "log.jsonl").write_text('{"step": 7}\n')
    said = json.loads(genzoo("info", code_run / "best", "--json")[1])
    assert said["training"]["last"] == {"step": 7}


def bad_inputs():
    return [
        (
            ["sample", "uniform", "--out", "a.txt"],
            "--out a.txt: expected a name ending in .png or .npz or a folder",
        ),
        (["sample", "unifrm", "--out", "a.png"], "unifrm: no such run; did you mean 'uniform'?"),
        (["sample", "toy.npz", "--out", "a.png"], "toy.npz: no saved model here"),
        (["sample", "code", "--out", "a.png"], "code: CodeRun cannot sample; models that can: "),
        (["complete", "code", "--out", "a.png"], "code: CodeRun cannot complete"),
        (
            ["encode", "uniform", "--out", "a.npz"],
            "UniformRun cannot encode (that takes encode, or features); models that can: ",
        ),
        (["reconstruct", "uniform", "--out", "a.png"], "(that takes decode and encode)"),
        (["complete", "uniform", "--mask", "botom", "--out", "a.png"], "did you mean 'bottom'?"),
        (
            ["complete", "uniform", "-k", "0", "--split", "all", "--out", "a.png"],
            "-k and --batch must be at least 1, got k=0",
        ),
        (["sample", "uniform", "--label", "1", "--out", "a.png"], "trained without labels"),
        (
            ["sample", "class", "--label", "7", "--out", "a.png"],
            "--label 7: expected a class number from 0 to 1",
        ),
        (["sample", "class", "--label", "evn", "--out", "a.png"], "did you mean 'even'?"),
        (["sample", "uniform", "--mean", "--out", "a.png"], "--mean: UniformRun has no latents"),
        (["sample", "uniform", "-n", "0", "--out", "a.png"], "n=0"),
        (["sample", "uniform", "--device", "gpu", "--out", "a.png"], "--device"),
        (["interpolate", "code", "--prior", "--out", "a.png"], "--prior: CodeRun has no prior"),
        (["interpolate", "code", "--steps", "1", "--split", "all", "--out", "a.png"], "--steps"),
        (["interpolate", "code", "--path", "round", "--out", "a.png"], "round"),
        (["reconstruct", "code", "--split", "tset", "--out", "a.png"], "did you mean 'test'?"),
        (["reconstruct", "code", "--data", "nowhere", "--out", "a.png"], "nowhere"),
        (["evaluate", "uniform", "--out", "e.txt"], "expected a name ending in .json"),
        (["evaluate", "uniform", "--limit", "0"], "--limit"),
        (["evaluate", "uniform", "--split", "all", "--batch", "0"], "--batch"),
    ]


@pytest.mark.parametrize(("words", "says"), bad_inputs())
@pytest.mark.usefixtures("uniform_run", "code_run", "class_run")
def test_bad_input_is_one_line_that_says_what_was_expected(genzoo, words, says, tmp_path):
    code, out, err = genzoo(*words)
    assert (code, out) == (2, "")
    assert err.startswith("genzoo: error: ")
    assert err.count("\n") == 1
    assert says in err
    assert not (tmp_path / words[-1]).is_file()


def test_the_runs_own_data_must_still_be_of_the_models_size(genzoo, code_run, data):
    save_images(data, size=(3, 3))
    code, _, err = genzoo("reconstruct", code_run, "--out", "a.png")
    assert code == 2
    assert "items are 1x3x3, this CodeRun takes 1x4x4" in err


def test_a_run_that_forgot_its_data_asks_for_some(genzoo, tmp_path):
    run = save_run(tmp_path / "lost", CodeRun((1, 4, 4)))
    code, _, err = genzoo("encode", run, "--out", "a.npz")
    assert code == 2
    assert "give --data DATA" in err


def test_pixels_that_a_binary_model_has_no_probability_for_are_refused(genzoo, tmp_path, data):
    run = save_run(tmp_path / "binary", UniformRun((1, 4, 4), levels=2), data=data)
    code, _, err = genzoo("evaluate", run, "--split", "all")
    assert code == 2
    assert "--binarize" in err


def test_a_value_that_is_not_finite_is_an_error_and_no_mean(genzoo, tmp_path, data):
    run = save_run(tmp_path / "broken", BrokenRun((1, 4, 4)), data=data)
    code, out, err = genzoo("evaluate", run, "--split", "all")
    assert (code, out) == (1, "")
    assert "log_prob is not finite for 40 of 40 items" in err


def test_weights_that_do_not_fit_are_refused(genzoo, uniform_run):
    (uniform_run / "weights.safetensors").write_bytes(b"broken")
    code, _, err = genzoo("sample", uniform_run, "--out", "a.png")
    assert code == 2
    assert "weights.safetensors" in err
