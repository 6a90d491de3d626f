import numpy as np
import pytest

from genzoo import recipes
from genzoo.data.dataset import Dataset
from genzoo.data.sides import sides_of
from genzoo.errors import BadInput
from genzoo.recipes.options import recipe_for
from genzoo.recipes.resolve import resolve, resolve_view


def data_for(view, channels, *, paired=False):
    size = view.size or (28, 28)
    items = np.zeros((40, view.channels or channels, *size), np.uint8)
    splits = {"train": np.arange(30), "val": np.arange(30, 35), "test": np.arange(35, 40)}
    return Dataset("blank", "images", items, splits, given=items if paired else None)


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_resolves_to_a_model_that_can_represent_its_data(name):
    recipe = recipes.read(name)
    view = resolve_view(recipe, {})
    paired = sides_of(recipe.table("data").get("data", "")) is not None
    config = resolve(recipe, data_for(view, 3 if "cifar" in name else 1, paired=paired), "blank", {})
    assert config.settings.images is not None, "a recipe's budget is in images, so that it is reproducible"
    assert config.notes.get("protocol")
    assert recipe.summary
    assert recipe.source


def test_flags_reach_the_table_they_belong_to_and_beat_the_recipe():
    recipe = recipes.parse(
        '[model]\nname = "vae"\nlatent = 5\n[data]\nbinarize = "dynamic"\n[train]\nimages = 10\n'
        "[optimizer]\nlr = 0.5\nbetas = [0.1, 0.2]\n",
        "mine",
        "mine.toml",
    )
    view = resolve_view(recipe, {"size": (8, 8)})
    flags = {"size": (8, 8), "hidden": (4,), "minutes": 2.0, "beta": 3.0, "batch": 7}
    config = resolve(recipe, data_for(view, 1), "blank", flags)
    assert config.model["latent"] == 5
    assert config.model["hidden"] == [4]
    assert config.model["shape"] == [1, 8, 8]
    assert config.objective["beta"] == 3.0
    assert (config.settings.images, config.settings.minutes, config.settings.horizon) == (None, 2.0, 2.0)
    assert config.settings.batch == 7
    assert (config.optimizer_of("model").lr, config.optimizer_of("model").betas) == (0.5, (0.1, 0.2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[model", "not valid TOML"),
        ("[model]\nlatent = 3", "needs a name"),
        ('[modle]\nname = "vae"', "'modle'.*'model'"),
        ('[model]\nname = "vae"\n[train]\nimage = 3', "'image'.*'images'"),
        ('[model]\nname = "vae"\n[data]\nsiz = 3', "'siz'.*'size'"),
        ('[model]\nname = "vae"\n[optimizer]\nlearning = 3', "'learning'"),
        ('[model]\nname = "vea"', "'vea'.*'vae'"),
        ('[model]\nname = "vae"\nlatnt = 3\n[data]\nbinarize = "dynamic"', "'latnt'.*'latent'"),
    ],
)
def test_a_wrong_key_is_named_with_the_nearest_right_one(text, says):
    def use():
        recipe = recipes.parse(text, "mine", "mine.toml")
        resolve(recipe, data_for(resolve_view(recipe, {}), 1), "blank", {})

    with pytest.raises(BadInput, match=says):
        use()


def test_levels_of_the_view_are_the_models():
    recipe = recipe_for("pixelcnn")
    flags = {"levels": 4}
    config = resolve(recipe, data_for(resolve_view(recipe, flags), 1), "blank", flags)
    assert config.model["levels"] == 4
    assert config.view.levels == 4
