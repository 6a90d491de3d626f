"""What a family cannot report, and why: it follows from its place in the tree."""

from collections.abc import Collection

from genzoo.models.taxonomy import Place

_NO_EXACT = {
    "likelihood/explicit/approximate": "log p(x) is an integral over all z without a closed form: there is a "
    "bound of it, and an estimate, but no exact value.",
    "likelihood/implicit": "p(x) is never written down, only drawn from: there is nothing to evaluate at an "
    "image.",
    "representation": "it is no model of p(x): a code and a way back say nothing of how likely an image is.",
}
_NO_BOUND = {
    "likelihood/explicit/tractable": "no bound is needed where log p(x) is exact.",
    "likelihood/implicit": "a bound needs a density of x given z, and a posterior; a generator has neither.",
    "representation": "there is no density to bound.",
}
_NO_SAMPLES = {
    "representation": "nothing says which codes are likely, so there is nothing to draw from.",
    "likelihood": "it needs a condition that is more than a label to draw anything.",
}
_NO_CODES = {
    "likelihood/explicit/tractable/autoregressive": "the chain rule needs no latent variable: there is no "
    "code "
    "to rebuild an image from.",
    "likelihood/implicit": "the generator goes from code to image only; no net finds the code of a given "
    "image.",
}
_NO_FEATURES = {
    "likelihood/explicit/tractable/autoregressive": "no layer of it sees a whole image at once: every "
    "activation "
    "is blind to the pixels that come after.",
}

Lack = tuple[str, str]  # what is missing, and why


def lacks(place: Place, can: Collection[str]) -> list[Lack]:
    """What a model of this family has no number for, each with the reason.

    >>> from genzoo.models.taxonomy import PLACES
    >>> [what for what, _ in lacks(PLACES["likelihood/implicit/direct"], {"sample", "decode", "features"})]
    ['exact log p(x)', 'lower bound of log p(x)', 'reconstruction']

    Args:
        can: its capabilities.
    """
    able = set(can)
    missing = [
        ("exact log p(x)", _NO_EXACT, "log_prob" in able),
        ("lower bound of log p(x)", _NO_BOUND, "elbo" in able),
        ("samples and all that is measured on them", _NO_SAMPLES, "sample" in able),
        ("reconstruction", _NO_CODES, {"encode", "decode"} <= able),
        ("features for other tasks", _NO_FEATURES, bool(able & {"encode", "features"})),
    ]
    return [(what, _why(why, place)) for what, why, there in missing if not there]


def _why(reasons: dict[str, str], place: Place) -> str:
    """The sentence of the nearest place that has one."""
    path = place.path
    while path:
        if path in reasons:
            return reasons[path]
        path = path.rpartition("/")[0]
    return "this model does not offer it."
