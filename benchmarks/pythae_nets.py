"""The same variational autoencoders in genzoo and in pythae 0.1.2, and its weights taken into ours."""

import torch
from pythae import models as their_models
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.models.nn.benchmarks.mnist import Decoder_Conv_AE_MNIST, Encoder_Conv_VAE_MNIST
from torch import Tensor, nn

from genzoo.models.variational.vae import VAE
from genzoo.nn.conv import ConvDecoder, ConvEncoder, Deconvolution

SHAPE, LATENT, HIDDEN, WIDTH = (1, 28, 28), 16, 512, 32
NETS = {
    "mlp": "784-512-16-512-784, pythae's default",
    "conv": "genzoo's convolutional net of width 32",
    "pythae-conv": "pythae's net for MNIST, 128 to 1024 channels with batch norm",
}


class _Encoder(BaseEncoder):
    """Our encoder under pythae's contract."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.latent_dim = net, LATENT

    def forward(self, x: Tensor) -> ModelOutput:
        mean, log_variance = self.net(x).chunk(2, 1)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class _Decoder(BaseDecoder):
    """Our decoder under pythae's contract."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.net(z).sigmoid())


def their_vae(name: str) -> their_models.VAE:
    """A net of `NETS` in pythae, with its Bernoulli loss."""
    config = their_models.VAEConfig(input_dim=SHAPE, latent_dim=LATENT, reconstruction_loss="bce")
    if name == "mlp":
        return their_models.VAE(config)
    if name == "conv":
        encoder, decoder = ConvEncoder(SHAPE, WIDTH, 2 * LATENT), ConvDecoder(LATENT, WIDTH, SHAPE)
        for layer in decoder:
            if isinstance(layer, Deconvolution):
                layer.__class__ = nn.ConvTranspose2d  # type: ignore[assignment]  # the same weights in torch's layer
        return their_models.VAE(config, encoder=_Encoder(encoder), decoder=_Decoder(decoder))
    return their_models.VAE(
        config, encoder=Encoder_Conv_VAE_MNIST(config), decoder=Decoder_Conv_AE_MNIST(config)
    )


def our_vae(name: str) -> VAE:
    """The same net in genzoo."""
    if name == "mlp":
        return VAE(SHAPE, latent=LATENT, hidden=(HIDDEN,))
    model = VAE(SHAPE, latent=LATENT, net="conv", width=WIDTH)
    if name == "pythae-conv":
        theirs = their_vae(name)
        top = nn.Linear(theirs.encoder.embedding.in_features, 2 * LATENT)
        model.encoder = nn.Sequential(*theirs.encoder.layers, nn.Flatten(), top)
        first, *middle, last = theirs.decoder.layers
        last[0].__class__ = Deconvolution
        unflatten = [nn.Unflatten(1, (1024, 4, 4)), *middle, last[0], nn.Unflatten(1, (1, 1))]
        model.decoder = nn.Sequential(first, *unflatten)
    return model


@torch.no_grad()
def taken(theirs: their_models.VAE) -> VAE:
    """The fully connected net of pythae as ours, the same function of the pixels.

    Ours gives log σ, theirs log σ².
    """
    model = our_vae("mlp")
    (_, first, _, last, _), (_, rise, _, out, _) = model.encoder, model.decoder
    first.load_state_dict(theirs.encoder.layers[0][0].state_dict())
    heads = (theirs.encoder.embedding, theirs.encoder.log_var)
    last.weight.copy_(torch.cat([heads[0].weight, heads[1].weight / 2]))
    last.bias.copy_(torch.cat([heads[0].bias, heads[1].bias / 2]))
    for ours, layer in zip((rise, out), theirs.decoder.layers, strict=True):
        ours.load_state_dict(layer[0].state_dict())
    return model


def check_taken() -> float:
    """The largest difference between the losses that both libraries give the same weights and noise, nats."""
    worst = 0.0
    for seed in range(5):
        torch.manual_seed(seed)
        theirs, x = their_vae("mlp"), torch.rand(64, *SHAPE).round()
        ours = taken(theirs)
        with torch.no_grad():
            torch.manual_seed(seed)
            expected = theirs({"data": x}).loss
            torch.manual_seed(seed)
            worst = max(worst, abs(float(expected + ours.elbo(x).mean())))
    if worst > 1e-2:
        raise SystemExit(f"the weights were not taken over: the losses differ by {worst} nats of some 540")
    return worst
