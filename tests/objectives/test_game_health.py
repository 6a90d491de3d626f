"""A collapsed generator and a critic that is sure are told of, a game that goes well is not."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.game_health import FEWEST, game_health, ranked
from genzoo.types import Batch, Given


class Staged(GAN):
    """Samples and scores are what a test wants them to be."""

    samples: torch.Tensor
    verdicts: object = None

    def sample(self, n, given=None, *, temperature=1.0):
        return self.samples[:n]

    def score(self, images, given=None):
        return images.mean((1, 2, 3)) if self.verdicts is None else self.verdicts(images)


def data(n=64):
    return torch.rand(n, 1, 8, 8)


def health(samples, verdicts=None, n=64, **options):
    model = Staged((1, 8, 8), latent=2, hidden=(4,), **options)
    model.samples, model.verdicts = samples, verdicts
    return game_health(model, Batch(data(n)))


def test_a_generator_of_the_same_kind_of_items_raises_no_warning():
    found = health(data())
    assert found.warnings == {}
    numbers = found.numbers
    assert set(numbers) == {"critic_accuracy", "sample_diversity", "sample_nearest"}
    assert numbers["sample_diversity"] == pytest.approx(1, abs=0.05)
    assert numbers["sample_nearest"] == pytest.approx(1, abs=0.1)
    assert 0.3 < numbers["critic_accuracy"] < 0.7


def test_a_generator_that_makes_one_image_has_collapsed():
    found = health(data(1).expand(64, -1, -1, -1))
    assert found.numbers["sample_diversity"] == found.numbers["sample_nearest"] == 0
    assert set(found.warnings) == {"collapse"}
    assert "two of them are 0% as far apart as two real items" in found.warnings["collapse"]


def test_one_that_repeats_a_few_images_exactly_has_collapsed_though_they_are_far_apart():
    few = data(4).repeat(16, 1, 1, 1)
    found = health(few)
    assert found.numbers["sample_diversity"] > 0.5
    assert found.numbers["sample_nearest"] == 0
    assert set(found.warnings) == {"collapse"}


def test_samples_all_alike_but_for_a_little_noise_have_collapsed():
    found = health((data(1) + 0.05 * torch.randn(64, 1, 8, 8)).clamp(0, 1))
    assert 0 < found.numbers["sample_diversity"] < 0.5
    assert set(found.warnings) == {"collapse"}


def test_a_critic_that_is_sure_is_too_far_ahead():
    samples = data()

    def sure(images):
        return torch.full((len(images),), 9.0) * (-1 if torch.equal(images, samples) else 1)

    found = health(samples, sure)
    assert found.numbers["critic_accuracy"] == 1
    assert set(found.warnings) == {"critic"}
    assert "tells 100% of held-out items from samples" in found.warnings["critic"]


def test_the_accuracy_is_the_area_under_the_curve_of_ranks_with_ties_by_half():
    scores = torch.randn(2, 37)
    scores[1] -= 0.5
    scores = (4 * scores).round() / 4  # with ties
    truth = torch.cat([torch.ones(37), torch.zeros(37)])
    assert ranked(*scores) == pytest.approx(roc_auc_score(truth, scores.flatten()), abs=1e-12)
    assert len(scores.unique()) < 37


def test_distances_are_those_of_loops_over_pairs():
    samples, real = data(20), data(20)
    model = Staged((1, 8, 8), latent=2, hidden=(4,))
    model.samples = samples
    numbers = game_health(model, Batch(real)).numbers
    spreads = []
    for items in (samples, real):
        far = [[(a - b).double().norm().item() for b in items] for a in items]
        mean = sum(far[i][j] for i in range(20) for j in range(20) if i != j) / 380
        nearest = sorted(min(far[i][j] for j in range(20) if j != i) for i in range(20))
        spreads.append((mean, nearest[9]))  # torch's median of 20 is the 10th
    assert numbers["sample_diversity"] == pytest.approx(spreads[0][0] / spreads[1][0], rel=1e-6)
    assert numbers["sample_nearest"] == pytest.approx(spreads[0][1] / spreads[1][1], rel=1e-6)


def test_of_too_few_items_nothing_is_said():
    assert health(data(1).expand(64, -1, -1, -1), n=FEWEST - 1).numbers == {}
    assert health(data(1).expand(64, -1, -1, -1), n=FEWEST).warnings


@pytest.mark.parametrize(
    "options", [{"pack": 3}, {"classes": 3}, {"classes": 3, "conditioning": "auxiliary"}]
)
def test_it_is_told_of_packs_and_of_labels_too(options):
    model = GAN((1, 8, 8), latent=2, hidden=(4,), **options).eval()
    given = Given(labels=torch.arange(20) % 3) if model.requires else None
    with torch.no_grad():
        found = Adversarial().health(model, Batch(data(20), given))
    assert 0 <= found.numbers["critic_accuracy"] <= 1
    assert "collapse" in found.warnings  # an untrained generator's samples are all nearly grey
