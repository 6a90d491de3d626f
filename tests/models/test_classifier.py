import pytest
import torch
from torch import nn

from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.models import capabilities, catalogue, load_model, save_model
from genzoo.models.adversarial.gan import GAN
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.classifier import Classifier, hidden_layers
from genzoo.models.variational.vae import VAE

SHAPE = (1, 12, 12)
ENCODERS = {
    "autoencoder": Autoencoder(SHAPE, code=3, hidden=(8,)),
    "vae": VAE(SHAPE, latent=3, net="conv", width=2),
    "critic": GAN(SHAPE, latent=2, net="dcgan", width=2),
    "pixels": None,
}
every_encoder = pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)


@every_encoder
def test_logits_are_a_linear_map_of_standardised_features(encoder):
    model = Classifier(SHAPE, classes=4, encoder=encoder).eval()
    nn.init.normal_(model.head.weight)
    model.mean.fill_(0.5)
    model.scale.fill_(2.0)
    images = torch.rand(3, *SHAPE)
    features = model.represented(images)
    torch.testing.assert_close(
        model.class_logits(images), (features - 0.5) / 2 @ model.head.weight.T + model.head.bias
    )
    assert capabilities(model) == ("classify",)


@every_encoder
def test_its_store_gives_back_every_bit_with_the_encoder_inside(encoder, tmp_path):
    model = Classifier(SHAPE, classes=4, encoder=encoder, layer="hidden").eval()
    nn.init.normal_(model.head.weight)
    save_model(model, tmp_path / "saved")
    again = load_model(tmp_path / "saved")
    images = torch.rand(3, *SHAPE)
    assert torch.equal(again.class_logits(images), model.class_logits(images))
    assert build(again.spec).spec == model.spec


def test_what_takes_no_part_is_dropped_from_a_copy_and_the_model_keeps_it():
    vae, gan = ENCODERS["vae"], ENCODERS["critic"]
    assert Classifier(SHAPE, classes=2, encoder=vae).encoder.decoder is None
    assert Classifier(SHAPE, classes=2, encoder=gan).encoder.generator is None
    assert vae.decoder is not None
    assert gan.generator is not None


def test_it_begins_with_the_encoders_weights_and_leaves_its_batch_statistics_alone():
    gan = GAN(SHAPE, latent=2, net="dcgan", width=2)
    model = Classifier(SHAPE, classes=2, encoder=gan)
    ours, theirs = model.encoder.critic.state_dict(), gan.critic.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert model.encoder.training


def test_hidden_layers_leave_no_hooks_behind():
    model = ENCODERS["autoencoder"]
    first = hidden_layers(model, torch.rand(2, *SHAPE))
    assert [tuple(h.shape) for h in first] == [(2, 8)]
    assert not any(m._forward_hooks for m in model.modules())


def test_it_is_no_generative_model_of_the_catalogue():
    assert Classifier not in {entry.cls for entry in catalogue().values()}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"classes": 1}, "at least 2 classes"),
        ({"classes": 2, "encoder": Autoencoder((6,), code=2, hidden=(4,))}, "shape"),
        ({"classes": 2, "encoder": VAE(SHAPE, latent=2, hidden=(4,), classes=2)}, "told the class"),
    ],
)
def test_what_cannot_classify_is_refused(arguments, says):
    with pytest.raises(BadInput, match=says):
        Classifier(SHAPE, **arguments)
