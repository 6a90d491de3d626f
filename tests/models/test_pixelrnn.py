import pytest
import torch
from causal_truths import dependence, may_depend, total_probability
from torch import Tensor

from genzoo.images import bits_per_dim
from genzoo.models.autoregressive.diagonal_bilstm import DiagonalBiLSTM
from genzoo.models.autoregressive.pixelrnn import PixelRNN
from genzoo.models.autoregressive.row_lstm import RowLSTM
from genzoo.random import seeded

NETS = [RowLSTM, DiagonalBiLSTM]


def tiny(net: type[PixelRNN], shape: tuple[int, ...] = (1, 4, 5), **arguments: int | str) -> PixelRNN:
    defaults = {"levels": 2, "width": 6, "layers": 1, "kernel": 3, "head": 12}
    return net(shape, **(defaults | arguments)).double()


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((1, 3, 3), {"output": "binary"}),
        ((1, 3, 3), {"layers": 2, "kernel": 7}),
        ((3, 1, 2), {"levels": 3}),
        ((3, 2, 1), {"levels": 3}),
        ((3, 2, 1), {"levels": 3, "output": "mixture", "components": 2}),
    ],
)
def test_probabilities_of_all_images_sum_to_one(net, shape, arguments):
    assert total_probability(tiny(net, shape, **arguments)) == pytest.approx(1, abs=1e-12)


def triangle(model: RowLSTM, kernel: int, layers: int) -> Tensor:
    """What kernel×kernel with mask A, then the Row LSTMs see: earlier pixels by their offsets."""
    c, h, w = model.shape
    window = range(-(kernel // 2), kernel // 2 + 1)
    row = (0, -1)  # the input's 3×1, masked
    taps = {(-up, b + along) for up in range(h) for b in range(-up, up + 1) for along in row}
    seen = torch.zeros(c, h, w, c, h, w, dtype=torch.bool)
    for channel in range(c):
        # Mask A hides a pixel from the first maps at it; but those of a later colour see the earlier ones.
        reach = {(a, b) for a in window for b in window if (a, b) < (0, 0 if channel == c - 1 else 1)}
        for _ in range(layers):
            reach = {(a + down, b + along) for a, b in reach for down, along in taps}
        for i, j in torch.cartesian_prod(torch.arange(h), torch.arange(w)).tolist():
            for down, along in reach:
                if i + down >= 0 and 0 <= j + along < w:
                    seen[:, i, j, channel, i + down, j + along] = True
            seen[:, i, j, channel, i, j] = torch.arange(c) > channel
    return seen


@pytest.mark.parametrize(
    ("shape", "kernel", "layers"),
    [((1, 4, 9), 3, 1), ((1, 4, 9), 3, 2), ((3, 3, 6), 3, 1), ((1, 4, 9), 7, 1)],
)
def test_a_row_lstm_net_sees_exactly_the_triangle_and_the_earlier_colours(shape, kernel, layers):
    model = tiny(RowLSTM, shape, kernel=kernel, layers=layers, levels=3)
    expected = triangle(model, kernel, layers)
    assert torch.equal(dependence(model, tries=6), expected)
    assert (may_depend(model) & ~expected).any()  # the upper right corner is out of sight


@pytest.mark.parametrize(
    ("shape", "kernel", "layers"),
    [((1, 4, 9), 3, 1), ((3, 3, 4), 3, 1), ((3, 2, 3), 3, 2), ((1, 3, 6), 7, 3)],
)
def test_a_diagonal_bilstm_net_sees_all_before_but_the_last_pixel_of_the_row_above(shape, kernel, layers):
    # Mask A of the first layer hides the last pixel of a row, in its last colour, from all maps of that row;
    # in the row below, it is seen as far as the kernel reaches. All else is seen, nothing later is.
    model = tiny(DiagonalBiLSTM, shape, kernel=kernel, layers=layers, levels=3)
    expected, (_, h, w) = may_depend(model), shape
    for i in range(1, h):
        expected[:, i, : max(0, w - 1 - kernel // 2), -1, i - 1, w - 1] = False
    assert torch.equal(dependence(model, tries=6), expected)


@pytest.mark.parametrize("net", NETS)
def test_uniform_logits_score_exactly_eight_bits_per_dimension(net):
    model = tiny(net, (3, 4, 3), levels=256, head=6)
    for parameter in model.head[-1].parameters():
        torch.nn.init.zeros_(parameter)
    bits = bits_per_dim(model.log_prob(torch.randint(256, (2, 3, 4, 3)).double() / 255), model.shape)
    torch.testing.assert_close(bits, torch.full((2,), 8.0, dtype=torch.float64), rtol=1e-12, atol=0)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("shape", [(1, 6, 1), (1, 1, 6), (2, 7, 3), (3, 3, 7)])
def test_samples_of_any_shape_have_a_finite_score(net, shape):
    model = tiny(net, shape, levels=4, layers=2)
    with seeded(1):
        images = model.sample(3)
    assert images.shape == (3, *shape)
    assert model.log_prob(images).isfinite().all()


@pytest.mark.parametrize("net", NETS)
def test_a_few_steps_of_descent_learn_that_all_pixels_of_an_image_are_equal(net):
    # Two images, all black and all white: the best is log 2 = 0.69 nats; an untrained net has 12·log 2.
    with seeded(0):
        model = tiny(net, (1, 3, 4))
        images = torch.stack([torch.zeros(1, 3, 4), torch.ones(1, 3, 4)]).double()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
        for _ in range(40):
            optimizer.zero_grad()
            loss = -model.log_prob(images).mean()
            loss.backward()
            optimizer.step()
    assert 0.69 < loss.item() < 1.0


@pytest.mark.parametrize("net", NETS)
def test_bad_arguments_say_what_was_expected(net):
    with pytest.raises(ValueError, match=r"kernel must be odd.*got 4"):
        tiny(net, kernel=4)
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        tiny(net, layers=0)
    with pytest.raises(ValueError, match="2 feature maps cannot be shared by 3 colours"):
        tiny(net, (3, 2, 2), width=2)
    with pytest.raises(ValueError, match="levels must be from 2 to 256, got 1"):
        tiny(net, levels=1)
