"""Progressive nets are at every whole stage the smaller net, and between two stages a blend of both."""

from itertools import pairwise
from math import nextafter

import pytest
import torch
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.base import parameter_count
from genzoo.nn.minibatch import MinibatchDeviation
from genzoo.nn.progressive import ProgressiveCritic, ProgressiveGenerator, at_stage, resolutions

SHAPES = [(1, 16, 16), (3, 28, 28), (2, 16, 25), (1, 13, 31), (3, 4, 4)]


def generator(shape=(2, 16, 16), width=2, top=6):
    return ProgressiveGenerator(5, shape, top, width).double()


def critic(shape=(2, 16, 16), width=2, top=6):
    return ProgressiveCritic(shape, top, width).double()


def latents(n=4):
    return torch.randn(n, 5, dtype=torch.float64)


def images(shape=(2, 16, 16), n=4):
    return 2 * torch.rand(n, *shape, dtype=torch.float64) - 1


def smaller(net, make, size, width):
    """The net for images of a smaller size with the weights that the larger one has for it."""
    small = make((2, size, size), width)
    kept = {name: value for name, value in net.state_dict().items() if name in small.state_dict()}
    small.load_state_dict(kept)
    return small


def enlarged(x, size):
    rows, columns = (torch.arange(n) * m // n for n, m in zip((size, size), x.shape[2:], strict=True))
    return x[:, :, rows][..., columns]


@pytest.mark.parametrize(("stage", "size", "width"), [(0, 4, 8), (1, 8, 4), (2, 16, 2)])
def test_a_generator_at_a_whole_stage_is_bitwise_the_smaller_one_enlarged(stage, size, width):
    net, z = generator(), latents()
    small = smaller(net, generator, size, width)
    assert torch.equal(net(z, stage), enlarged(small(z), 16))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("stage", "size", "width"), [(0, 4, 8), (1, 8, 4), (2, 16, 2)])
def test_a_critic_at_a_whole_stage_is_bitwise_the_smaller_one_of_the_averaged_images(
    stage, size, width, training
):
    net, x = critic().train(training), images()
    small = smaller(net, critic, size, width).train(training)
    averaged = x
    while averaged.shape[-1] > size:
        averaged = F.avg_pool2d(averaged, 2)
    assert torch.equal(net(x, stage).score, small(averaged).score)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_stage_that_has_just_begun_to_fade_in_changes_nothing_yet(stage):
    begun = nextafter(stage, 9.0)  # the next float64: the new layers count one part in 10¹⁵ or less
    z, x, made, judged = latents(), images(), generator(), critic().eval()
    torch.testing.assert_close(made(z, begun), made(z, stage), rtol=0, atol=1e-14)
    torch.testing.assert_close(judged(x, begun).score, judged(x, stage).score, rtol=0, atol=1e-13)


def test_between_two_stages_the_generators_colours_are_blended_before_the_tanh():
    net, z = generator(), latents()
    blend = 0.75 * net(z, 1).atanh() + 0.25 * net(z, 2).atanh()
    torch.testing.assert_close(net(z, 1.25).atanh(), blend, rtol=0, atol=1e-12)


def test_between_two_stages_the_critics_maps_are_blended_where_both_have_the_same_size():
    net, x = critic().eval(), images()
    finer = net.blocks[1](net.from_colours[2](x))
    coarser = net.from_colours[1](F.avg_pool2d(x, 2))
    maps = net.blocks[0](0.75 * coarser + 0.25 * finer)
    expected = net.verdict(net.coarsest(maps)).squeeze(1)
    torch.testing.assert_close(net(x, 1.25).score, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_images_come_out_at_full_size_at_every_stage_and_go_in_at_it(shape):
    made, judged = generator(shape), critic(shape).eval()
    assert made.stages == judged.stages == len(resolutions(shape[1:])) - 1
    for stage in torch.arange(0, made.stages + 0.1, 0.5).tolist():
        x = made(latents(), stage)
        assert x.shape == (4, *shape)
        assert x.abs().max() <= 1
        assert judged(x, stage).score.shape == (4,)
    assert not torch.equal(made(latents()), made(latents()))
    assert torch.equal(judged(x).score, judged(x, judged.stages).score)


def test_an_image_of_a_stage_is_what_its_generator_would_show_and_stays_what_it_is():
    for shape in SHAPES:
        net = generator(shape)
        for stage in range(net.stages + 1):
            x = net(latents(), stage)
            assert torch.equal(at_stage(x, stage, net.stages), x)
    x = images()
    assert torch.equal(at_stage(x, 2, 2), x)
    halved = enlarged(F.avg_pool2d(x, 2), 16)
    torch.testing.assert_close(at_stage(x, 1.25, 2), 0.75 * halved + 0.25 * x, rtol=0, atol=1e-15)
    quartered = enlarged(F.avg_pool2d(x, 4), 16)
    torch.testing.assert_close(at_stage(x, 0.5, 2), 0.5 * quartered + 0.5 * halved, rtol=0, atol=1e-15)


def test_a_critic_of_a_stage_sees_nothing_of_images_that_the_stage_does_not_show():
    net, x = critic((3, 28, 28)).eval(), images((3, 28, 28))
    for stage in (0, 1, 2):
        torch.testing.assert_close(
            net(at_stage(x, stage, 3), stage).score, net(x, stage).score, rtol=0, atol=1e-13
        )


def test_layers_that_a_stage_does_not_use_get_no_gradient():
    net = generator()
    net(latents(), 1).sum().backward()
    unused = {name for name, p in net.named_parameters() if p.grad is None}
    assert {name.rsplit(".", 1)[0] for name in unused} == {
        *(f"blocks.2.{i}" for i in (1, 4)),
        "to_colours.0",
        "to_colours.2",
    }


def test_the_first_image_before_its_tanh_has_variance_one_at_every_stage():
    net = ProgressiveGenerator(16, (400, 16, 16), 24, 8).double()  # 400 draws of a colour's weights
    for stage in (0, 1, 2):
        x = net(torch.randn(4, 16, dtype=torch.float64), stage).atanh()
        assert x.square().mean().item() == pytest.approx(1, abs=5 * (2 / 400) ** 0.5)  # standard errors


def test_parameters_at_1024_pixels_are_the_23_million_of_table_2():
    def convolution(side, inp, out):
        return side**2 * inp * out + out

    def expected(s):  # the channels of table 2, the finest of which is s
        channels = [32 * s] * 4 + [16 * s, 8 * s, 4 * s, 2 * s, s]
        base = convolution(4, 32 * s, 32 * s)
        pairs = list(pairwise(channels))
        ups = sum(convolution(3, a, b) + convolution(3, b, b) for a, b in pairs)
        downs = sum(convolution(3, b, b) + convolution(3, b, a) for a, b in pairs)
        made = base + convolution(3, 32 * s, 32 * s) + ups + convolution(1, s, 3)
        judged = convolution(1, 3, s) + downs + convolution(3, 32 * s + 1, 32 * s) + base + 32 * s + 1
        return made, judged

    assert [round(n / 1e6, 1) for n in expected(16)] == [23.1, 23.1]
    for s in (1, 2, 3):  # the counts are quadratic in s
        nets = (
            ProgressiveGenerator(32 * s, (3, 1024, 1024), 32 * s, s),
            ProgressiveCritic((3, 1024, 1024), 32 * s, s),
        )
        coarser = [
            sum(map(parameter_count, layers[:-1])) for layers in (nets[0].to_colours, nets[1].from_colours)
        ]
        counts = tuple(parameter_count(net) - more for net, more in zip(nets, coarser, strict=True))
        assert counts == expected(s)


def test_the_critic_is_told_once_and_at_the_coarsest_map_how_much_its_items_differ():
    net = critic()
    told = [name for name, m in net.named_modules() if isinstance(m, MinibatchDeviation)]
    assert told == ["coarsest.0"]
    x = images()
    apart = torch.cat([net(item[None]).score for item in x])
    assert (net(x).score - apart).abs().max() > 1e-6
    net.eval()
    apart = torch.cat([net(item[None]).score for item in x])
    torch.testing.assert_close(net(x).score, apart, rtol=0, atol=1e-13)


def test_the_features_are_the_activations_of_every_hidden_layer_from_the_image_inwards():
    shapes = [tuple(f.shape[1:]) for f in critic()(images(), 1.5).features]
    assert shapes == [(2, 16, 16), (2, 16, 16), (4, 16, 16), (4, 8, 8), (6, 8, 8), (6, 4, 4), (6,)]
    assert [tuple(f.shape[1:]) for f in critic()(images(), 0).features] == [(6, 4, 4), (6, 4, 4), (6,)]


@pytest.mark.parametrize(("size", "power"), [((24, 24), 32), ((40, 64), 64), ((3, 9), 4), ((64, 5), 8)])
def test_a_size_that_does_not_come_from_4_is_refused_with_one_that_does(size, power):
    with pytest.raises(BadInput, match=f"got {size[0]}x{size[1]}: resize the images until it is {power}"):
        resolutions(size)


@pytest.mark.parametrize("stage", [-0.1, 2.5, float("nan")])
def test_a_stage_that_the_nets_do_not_have_is_refused(stage):
    with pytest.raises(BadInput, match=f"from 0 to 2, got {stage}"):
        generator()(latents(), stage)
