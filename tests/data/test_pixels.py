"""Pixels of every kind come out as the bytes that the eye expects."""

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from genzoo.data import View, load
from genzoo.data.pixels import Frame, eight_bit, fitted, present, with_channels

WHITE = (255, 255, 255)


def _pixels(image, channels=3, background=WHITE):
    """Through a file and back, as a source would read it."""
    image = eight_bit(ImageOps.exif_transpose(image))
    return present(image, Frame((image.height, image.width), channels, "crop", background))


def _saved(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return Image.open(io.BytesIO(stream.getvalue()))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(form):
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    assert _pixels(_saved(Image.fromarray(values), form), 1).tolist() == [[[0, 1, 128, 255]]]


def test_big_endian_sixteen_bits_are_read_in_their_order():
    image = Image.frombytes("I;16B", (2, 1), np.array([0, 65535], ">u2").tobytes())
    assert _pixels(image, 1).tolist() == [[[0, 255]]]


def test_floats_in_the_unit_interval_fill_the_bytes():
    values = np.array([[0.0, 0.5, 1.0]], np.float32)
    assert _pixels(_saved(Image.fromarray(values), "TIFF"), 1).tolist() == [[[0, 128, 255]]]


def test_floats_above_one_are_bytes_already():
    values = np.array([[0.0, 128.0, 255.0]], np.float32)
    assert _pixels(_saved(Image.fromarray(values), "TIFF"), 1).tolist() == [[[0, 128, 255]]]


@pytest.mark.parametrize("values", [[-1.0, 0.0], [0.0, 300.0], [0.0, np.nan], [0.0, np.inf]])
def test_floats_of_unknown_scale_are_refused(values):
    with pytest.raises(ValueError, match="float pixels"):
        eight_bit(Image.fromarray(np.array([values], np.float32)))


def test_one_bit_is_black_and_white():
    image = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert _pixels(_saved(image, "PNG"), 1).tolist() == [[[0, 255]]]


def test_cmyk_of_a_jpeg_is_not_inverted():
    image = Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK")
    red, green, blue = _pixels(_saved(image, "JPEG", quality=95)).mean((1, 2))
    assert abs(red - 200) < 4  # JPEG at quality 95 is within a few levels on a flat colour
    assert abs(green - 40) < 4
    assert abs(blue - 40) < 4


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_composited_on_the_background(mode):
    clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0)).convert(mode)
    assert _pixels(clear, 3, (10, 20, 30)).ravel().tolist() == [10, 20, 30]
    half = Image.new("RGBA", (1, 1), (0, 0, 0, 128)).convert(mode)
    assert _pixels(half, 1, WHITE).item() == 127  # 255 * (1 - 128/255)


def test_a_palette_with_a_transparent_entry_is_composited():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    saved = _saved(image, "PNG", transparency=1)
    assert saved.mode == "P"
    assert _pixels(saved, 3, (1, 2, 3))[:, 0].T.tolist() == [[255, 0, 0], [1, 2, 3]]


def test_a_transparent_grey_level_is_composited():
    image = Image.fromarray(np.array([[7, 90]], np.uint8))
    assert _pixels(_saved(image, "PNG", transparency=7), 1).tolist() == [[[255, 90]]]


def test_alpha_is_kept_where_four_channels_are_asked():
    image = Image.new("RGBA", (1, 1), (1, 2, 3, 4))
    assert _pixels(image, 4).ravel().tolist() == [1, 2, 3, 4]
    assert _pixels(Image.new("RGB", (1, 1), (1, 2, 3)), 4).ravel().tolist() == [1, 2, 3, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_camera_rotation_comes_out_upright(orientation):
    upright = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transpose that a viewer would undo
    turned = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert _pixels(_saved(turned, "PNG", exif=exif), 1)[0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    for form in ("GIF", "PNG", "WEBP"):
        image = _saved(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
        assert _pixels(image)[:, 0, 0].tolist() == [255, 0, 0], form


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    to=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    fit=st.sampled_from(["crop", "pad"]),
    channels=st.sampled_from([1, 3, 4]),
)
def test_any_size_fits_any_frame_and_a_flat_image_stays_flat(size, to, fit, channels):
    image = Image.new("RGB", (size[1], size[0]), WHITE)
    pixels = present(image, Frame(to, channels, fit, WHITE))
    assert pixels.shape == (channels, *to)
    assert (pixels[:3] == 255).all()


def test_shrinking_is_antialiased():
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (64, 32)))
    small = np.asarray(fitted(stripes, Frame((16, 16), 1, "crop", WHITE)), float)
    assert np.abs(small[:, 2:-2] - 127.5).max() < 3  # the mean of black and white, not one of them


def test_a_crop_keeps_the_centre_and_does_not_blur():
    image = Image.fromarray(np.arange(15, dtype=np.uint8).reshape(3, 5))
    assert np.asarray(fitted(image, Frame((3, 3), 1, "crop", WHITE))).tolist() == [
        [1, 2, 3], [6, 7, 8], [11, 12, 13],
    ]  # fmt: skip


def test_padding_is_the_background_and_transparent_where_there_is_alpha():
    image = Image.new("RGB", (4, 2), "black")
    opaque = present(image, Frame((4, 4), 3, "pad", (9, 8, 7)))
    assert opaque[:, 0, 0].tolist() == [9, 8, 7]
    assert opaque[:, 1, 0].tolist() == [0, 0, 0]
    assert present(image, Frame((4, 4), 4, "pad", (9, 8, 7)))[:, 3, 3].tolist() == [9, 8, 7, 0]


def test_grey_of_red_is_its_luma():
    red = with_channels(Image.new("RGB", (1, 1), "red"), 1, WHITE)
    assert red.getpixel((0, 0)) == 76  # ITU-R 601: 0.299 * 255


def test_a_large_jpeg_read_at_reduced_scale_is_close_to_the_full_one(tmp_path):
    ramp = np.linspace(0, 255, 800).astype(np.uint8)
    image = Image.fromarray(
        np.stack([np.tile(ramp, (600, 1)), np.tile(ramp[::-1], (600, 1))] * 2, 2)[..., :3]
    )
    image.save(tmp_path / "a.jpg", quality=95)
    read = load(tmp_path / "a.jpg", View(size=(30, 40))).items[0].astype(int)
    full = present(Image.open(tmp_path / "a.jpg"), Frame((30, 40), 3, "crop", WHITE)).astype(int)
    assert np.abs(read - full).max() <= 3  # two ways to average the same smooth ramp


def test_a_file_is_opened_by_a_process_that_has_read_none_yet(tmp_path):
    """Pillow knows no format before it is told to look for them."""
    Image.new("RGB", (3, 2)).save(tmp_path / "first.png")
    said = (
        "import sys; from genzoo.data.decode import opened; "
        "print(opened(open(sys.argv[1], 'rb').read(), 'first.png', 100).size)"
    )
    run = [sys.executable, "-c", said, str(tmp_path / "first.png")]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout == "(3, 2)\n"
