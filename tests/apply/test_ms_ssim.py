import numpy as np
import pytest
from benchmarks.ms_ssim import ms_ssim

skimage = pytest.importorskip("skimage")


def textured(seed=0, size=(180, 200)):
    rng = np.random.default_rng(seed)
    return rng.integers(60, 190, (*size, 3)).astype(np.uint8)


def test_an_image_is_wholly_similar_to_itself_and_alike_both_ways():
    a, b = textured(0), textured(1)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(a, b) == pytest.approx(ms_ssim(b, a), rel=1e-12)
    assert ms_ssim(a, b) < 0.5


def test_a_shift_of_brightness_leaves_luminance_of_the_coarsest_scale_alone():
    a = np.full((180, 200, 3), 100, np.uint8)
    b = np.full((180, 200, 3), 140, np.uint8)
    c1 = (0.01 * 255) ** 2
    luminance = (2 * 100 * 140 + c1) / (100**2 + 140**2 + c1)
    assert ms_ssim(a, b) == pytest.approx(luminance**0.1333, rel=1e-6)


def test_more_noise_is_less_similar():
    rng, a = np.random.default_rng(3), textured()
    noisy = [np.clip(a + rng.normal(0, s, a.shape), 0, 255).astype(np.uint8) for s in (2, 8, 32)]
    values = [ms_ssim(a, b) for b in noisy]
    assert values[0] > values[1] > values[2]


def test_images_too_small_for_five_scales_are_refused():
    with pytest.raises(ValueError, match="at least 176"):
        ms_ssim(textured(size=(175, 300)), textured(size=(175, 300)))
