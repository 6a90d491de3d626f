"""Multi-scale structural similarity, from scikit-image's at one scale."""

import numpy as np
from numpy.typing import NDArray

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of each scale, the finest first
LEAST = 11 * 2 ** (len(WEIGHTS) - 1)  # pixels of an image's shorter side
_NO_LUMINANCE = 1e4  # so large a K₁ makes the luminance term 1: what is left is contrast and structure


def ms_ssim(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Π csⱼ^wⱼ over five scales, with luminance in the coarsest; the mean over colours; 1 for equal images.

    An 11×11 Gaussian window of σ 1.5, K₁ = 0.01, K₂ = 0.03; each scale is the mean of 2×2 pixels of the one
    before. In float64; a scale on which the images are anticorrelated counts as 0.

    Reference: Wang, Simoncelli & Bovik, 2003, "Multi-scale structural similarity for image quality
    assessment", equation 7 and §3.2.

    Args:
        first, second: (h, w, c), both sides at least 176 pixels.
    """
    if min(first.shape[:2]) < LEAST:
        raise ValueError(f"five scales take images of at least {LEAST} pixels, got {first.shape}")
    colours = zip(first.astype(np.float64).transpose(2, 0, 1), second.transpose(2, 0, 1), strict=True)
    return float(np.mean([_of_one(a, b.astype(np.float64)) for a, b in colours]))


def _of_one(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        product *= max(0.0, _similarity(first, second, 0.01 if last else _NO_LUMINANCE)) ** weight
        first, second = _halved(first), _halved(second)
    return product


def _similarity(first: NDArray[np.float64], second: NDArray[np.float64], k1: float) -> float:
    from skimage.metrics import structural_similarity

    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "K1": k1}
    return float(structural_similarity(first, second, data_range=255, **settings))


def _halved(image: NDArray[np.float64]) -> NDArray[np.float64]:
    h, w = (n // 2 * 2 for n in image.shape)
    return image[:h, :w].reshape(h // 2, 2, w // 2, 2).mean((1, 3))
