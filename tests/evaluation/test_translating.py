"""What is said of translations: errors to partners, baselines beside them, both ways where there are two."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.evaluation import Protocol, Subject, evaluate
from genzoo.evaluation.evaluate import question_of
from genzoo.evaluation.features import extractor_for
from genzoo.evaluation.similarity import ssim
from genzoo.evaluation.subject import applicable
from genzoo.evaluation.translation import matched, translation
from genzoo.models.adversarial.pix2pix import Pix2Pix
from genzoo.models.base import Model


class Negative(Model):
    """B is the negative of A."""

    kinds = 2

    def __init__(self, shape=(1, 16, 16)):
        super().__init__(shape)
        self.domains = {"A": self.shape, "B": self.shape}
        self.weight = torch.nn.Parameter(torch.ones(()))

    def translate(self, images, to="B"):
        return 1 - self.weight * images


def images(n=40, shape=(1, 16, 16)):
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)


def splits(n=40):
    return {"train": np.arange(20), "val": np.arange(20, 24), "test": np.arange(24, n)}


def negatives(shape=(1, 16, 16)):
    items = images(shape=shape)
    return Dataset("negatives", "images", 255 - items, splits(), given=items, fingerprint="negatives")


def by_name(results):
    return {r.name: r for r in results}


def test_a_translator_that_is_right_has_no_error_and_its_baselines_have():
    data = negatives()
    found = by_name(translation(Negative().eval(), data, extractor_for(data, "random-conv"), view=View()))
    for to in "AB":
        assert found[f"partner_error[to {to}]"].value == 0
        assert found[f"partner_psnr[to {to}]"].value == float("inf")
        assert found[f"partner_ssim[to {to}]"].value == pytest.approx(1, abs=1e-12)
        assert found[f"partner_error[to {to}: copy]"].value > 0.3
        assert found[f"partner_ssim[to {to}: colours]"].value < 0.5
        assert found[f"cycle_error[{to}]"].value == pytest.approx(0, abs=1e-6)
    distances = {name: r.value for name, r in found.items() if name.startswith("translated_fid[to B")}
    assert len(distances) == 3
    assert min(distances, key=distances.get).startswith("translated_fid[to B, random-conv")
    assert {r.n for r in found.values()} == {16}


def test_the_perceptual_distance_of_a_file_is_measured_where_it_is_asked_for(tmp_path):
    torch.manual_seed(0)
    alexnet = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    weights = {f"features.{i}.weight": torch.randn(o, c, k, k) for i, (o, c, k) in alexnet.items()}
    weights |= {f"features.{i}.bias": torch.zeros(o) for i, (o, _, _) in alexnet.items()}
    save_file(weights, tmp_path / "alexnet.safetensors")
    data = negatives((1, 32, 32))
    subject = Subject(Negative((1, 32, 32)).eval(), data, View(), extractor="random-conv")
    protocol = Protocol(perceptual=str(tmp_path / "alexnet.safetensors"))
    found = by_name(evaluate(subject, protocol, groups=["translation"]).results)
    mine, copied = (
        next(
            r for name, r in found.items() if name.startswith(f"partner_lpips[to B{of}, alexnet-unweighted-")
        )
        for of in ("", ": copy")
    )
    assert mine.value == 0
    assert copied.value > 0.01
    asked = [question_of(subject, p, "translation") for p in (protocol, Protocol())]
    assert asked[0] != asked[1]
    assert asked[0]["perceptual"].startswith("alexnet-unweighted-")  # wherever the file lies


def test_of_two_sets_nothing_is_said_of_partners():
    data = negatives()
    other = Dataset("a", "images", data.given, splits(), fingerprint="a")
    apart = Dataset("b", "images", data.items, splits(), other=other, fingerprint="b")
    found = by_name(translation(Negative().eval(), apart, None, view=View()))
    assert set(found) == {"cycle_error[A]", "cycle_error[B]"}


def test_a_model_that_draws_says_how_far_its_draws_are_apart():
    data = negatives()
    for dropout in (0.0, 0.5):
        net = Pix2Pix((1, 16, 16), picture=(1, 16, 16), width=4, critic_width=4, dropout=dropout).eval()
        found = by_name(translation(net, data, None, view=View()))
        assert (found["draws_apart[to B]"].value > 0) is (dropout > 0)
        assert "cycle_error[B]" not in found


def test_the_ruler_measures_it_where_there_is_something_and_says_why_where_not():
    data = negatives()
    subject = Subject(Negative().eval(), data, View(), extractor="random-conv")
    found = evaluate(subject, Protocol(), groups=["translation"])
    assert by_name(found.results)["partner_error[to B]"].value == 0
    alone = Dataset("alone", "images", images(), splits(), fingerprint="alone")
    reasons = applicable(Subject(Negative().eval(), alone), Protocol())
    assert reasons["translation"] == "alone is one set of images: give A::B, or pairs:A::B"
    drawing = Pix2Pix((1, 16, 16), picture=(1, 16, 16), width=2, critic_width=2)
    assert "does not say what is given" in applicable(Subject(drawing, alone), Protocol())["translation"]


def test_matched_images_have_the_mean_and_deviation_of_the_other_kind():
    own, others = torch.rand(50, 3, 8, 8) * 0.2 + 0.1, torch.rand(60, 3, 8, 8) * 0.4 + 0.3
    found = matched(own, own, others)
    torch.testing.assert_close(found.mean((0, 2, 3)), others.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.std((0, 2, 3)), others.std((0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_one_translation_without_an_error_leaves_the_peak_ratio_of_all_finite():
    given, items = images(), images()
    items[30:] = 255 - items[30:]  # of the test split the first six are what is given
    data = Dataset("half", "images", items, splits(), given=given, fingerprint="half")
    found = by_name(translation(Negative().eval(), data, None, view=View()))
    ratio = found["partner_psnr[to B: copy]"]
    squared = ((2.0 * given[24:40] / 255 - 1) ** 2).reshape(16, -1).mean(1)
    squared[:6] = 0
    assert ratio.value == pytest.approx(-10 * np.log10(squared.mean()), abs=1e-4)
    assert 0 < ratio.stderr < 10
    assert " ± " in str(ratio)


def test_similarity_is_that_of_scikit_image():
    from skimage.metrics import structural_similarity

    a, b = torch.rand(3, 3, 24, 20), torch.rand(3, 3, 24, 20)
    b = 0.7 * a + 0.3 * b
    ours = ssim(a, b)
    for x, y, value in zip(a.double().numpy(), b.double().numpy(), ours.tolist(), strict=True):
        how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "truncate": 10 / 3}
        _, everywhere = structural_similarity(x, y, data_range=1, channel_axis=0, full=True, **how)
        inside = everywhere[:, 5:-5, 5:-5].mean()  # where the window lies inside
        assert value == pytest.approx(inside, rel=1e-10)
    torch.testing.assert_close(ssim(a, a), torch.ones(3).double(), rtol=1e-12, atol=0)
