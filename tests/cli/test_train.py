"""`genzoo train`: every option is a flag, bad input is one sentence, nothing is lost."""

import numpy as np
import pytest

from genzoo.cli import main
from genzoo.cli.train import parse
from genzoo.errors import BadInput
from genzoo.training.folder import RunFolder


@pytest.fixture
def noise(tmp_path):
    path = tmp_path / "noise.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (60, 6, 6)).astype(np.uint8))
    return str(path)


@pytest.fixture
def small(noise, tmp_path):
    flags = ["--data", noise, "--binarize", "threshold", "--hidden", "8", "--latent", "2", "--batch", "8"]
    return [
        "train",
        "vae",
        *flags,
        "--images",
        "16",
        "--quiet",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "run"),
    ]


def test_flags_of_every_table_reach_the_configuration(small, tmp_path):
    assert (
        main([*small, "--lr", "0.5", "--beta", "2", "--seed", "7", "--ema", "0.5", "--free-bits", "0.1"]) == 0
    )
    config = RunFolder(tmp_path / "run").config()
    assert (config.model["hidden"], config.model["latent"]) == ([8], 2)
    assert (config.objective["beta"], config.objective["free_bits"]) == (2, 0.1)
    assert (config.settings.seed, config.settings.ema, config.settings.batch) == (7, 0.5, 8)
    assert config.optimizer_of("model").lr == 0.5
    assert config.view.binarize == "threshold"


def test_a_switch_that_a_recipe_has_on_can_be_switched_off():
    assert parse(["theis-photos"])[2] == {}
    assert parse(["theis-photos", "--neighbours"])[2] == {}  # as it is
    assert parse(["theis-photos", "--no-neighbours"])[2] == {"neighbours": False}
    with pytest.raises(BadInput, match="did you mean '--no-neighbours'"):
        parse(["theis-photos", "--no-neighbour"])


def test_only_what_was_typed_is_given():
    what, given, flags = parse(["vae", "--latent", "3", "--size", "8x9", "--out", "somewhere"])
    assert what == "vae"
    assert given["out"].name == "somewhere"
    assert flags == {"latent": 3, "size": (8, 9)}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["vea"], "did you mean 'vae'?"),
        (["vae", "--latnt", "3"], "did you mean '--latent'?"),
        (["vae", "--batch", "x"], "whole number"),
        (["vae", "--net", "mpl"], "--net"),
        (["vae", "--size", "0"], "--size"),
        (["vae", "--images", "5", "--minutes", "1"], "either --images N or --minutes M"),
        (["vae", "--images", "5", "--device", "tpu"], "'tpu'"),
        (["vae", "--images", "5", "--data", "nowhere/"], "nowhere/"),
        (["vae", "--images", "5", "--levels", "1"], "--levels"),
        (["some/folder"], "recipe"),
        ([], "name a recipe or a model"),
        (["--from", "nowhere"], "nowhere"),
        (["vae", "--resume", "--out", "nowhere"], "no run to resume"),
        (["missing.toml"], "missing.toml"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(words, says, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_run_is_kept(small, tmp_path, capsys):
    assert main(small) == 0
    weights = (tmp_path / "run/weights.safetensors").read_bytes()
    assert main([*small, "--seed", "1"]) == 2
    assert "--resume" in capsys.readouterr().err
    assert (tmp_path / "run/weights.safetensors").read_bytes() == weights


def test_a_dry_run_writes_nothing(small, tmp_path, capsys):
    assert main([*small, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "parameters" in said
    assert "expected time" in said
    assert not (tmp_path / "run").exists()


def test_a_run_can_be_begun_from_another_without_naming_its_recipe(small, noise, tmp_path, capsys):
    assert main(small) == 0
    new = ["train", "--from", str(tmp_path / "run"), "--out", str(tmp_path / "next"), "--images", "8"]
    assert main([*new, "--data", noise]) == 0
    assert "took every weight" in capsys.readouterr().err
    config = RunFolder(tmp_path / "next").config()
    assert config.model == RunFolder(tmp_path / "run").config().model
    assert config.origin == str(tmp_path / "run")


def test_a_non_finite_loss_ends_with_code_1_and_an_intact_run(small, tmp_path, capsys):
    loud = [word for word in small if word != "--quiet"]
    loud[loud.index("16")] = "800"
    assert main([*loud, "--lr", "1e18"]) == 1
    error = capsys.readouterr().err
    assert "stopped: step" in error
    assert "is intact" in error
    assert RunFolder(tmp_path / "run").log()[0]["step"] == 1


def test_the_help_of_a_model_lists_the_optimizer_that_it_is_registered_with(capsys):
    assert main(["train", "pix2pix", "--help"]) == 0
    said = capsys.readouterr().out
    assert "(default: 0.0002)" in said
    assert "(default: 0.5 0.999)" in said


def test_the_help_of_a_recipe_lists_its_own_defaults(capsys):
    assert main(["train", "vae-mnist", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--latent" in said
    assert "(default: dynamic)" in said
    assert "{None}" not in said


def test_the_overview_lists_every_recipe(capsys):
    from genzoo import recipes

    assert main(["train", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in recipes.names())
