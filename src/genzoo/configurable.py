"""Things whose constructor arguments are their configuration: remembered as JSON, rebuilt from it."""

import functools
import inspect
import typing
from typing import Any

from genzoo.errors import BadInput, nearest

_CLASSES: dict[str, type["Configurable"]] = {}


class Configurable:
    """Remembers its constructor's arguments, so that `build(x.spec)` is a fresh twin.

    Arguments are JSON values (numbers, strings, booleans, None, tuples of those) or other
    Configurables. The signature is the configuration: `*args` and `**kwargs` are refused.

    >>> class Scale(Configurable):
    ...     def __init__(self, factor: float, *, bias: float = 0.0) -> None: ...
    >>> Scale(2.0).spec
    {'class': 'Scale', 'factor': 2.0, 'bias': 0.0}
    >>> build(Scale(2.0).spec).spec == Scale(2.0).spec
    True
    """

    spec: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _CLASSES[cls.__name__] = cls
        init, signature = cls.__init__, inspect.signature(cls.__init__)
        if init is object.__init__ or getattr(init, "_remembers", False):
            return
        kinds = {p.kind for p in list(signature.parameters.values())[1:]}
        if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            raise TypeError(f"{cls.__name__}.__init__ takes *args or **kwargs: name the arguments")

        @functools.wraps(init)
        def remember(self: Any, *args: Any, **kwargs: Any) -> None:
            init(self, *args, **kwargs)
            if getattr(type(self).__init__, "__wrapped__", None) is init:
                bound = signature.bind(self, *args, **kwargs)
                bound.apply_defaults()
                values = list(bound.arguments.items())[1:]
                object.__setattr__(
                    self, "spec", {"class": type(self).__name__} | {k: _to_json(v) for k, v in values}
                )

        remember._remembers = True  # type: ignore[attr-defined]
        cls.__init__ = remember  # type: ignore[method-assign]


def _to_json(value: Any) -> Any:
    if isinstance(value, Configurable):
        return value.spec
    if isinstance(value, tuple | list):
        return [_to_json(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a constructor argument must be JSON or Configurable, got {type(value).__name__}")


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return build(value)
    return tuple(_from_json(v) for v in value) if isinstance(value, list) else value


def class_named(name: str) -> type[Configurable]:
    """The class that a spec calls `name`."""
    if name not in _CLASSES:
        raise BadInput(f"no class {name!r}{nearest(name, _CLASSES)}")
    return _CLASSES[name]


def build(spec: dict[str, Any]) -> Any:
    """A fresh twin of what `spec` describes: same arguments, new parameters."""
    arguments = dict(spec)
    cls: Any = class_named(arguments.pop("class"))
    known = inspect.signature(cls).parameters
    hints = typing.get_type_hints(cls.__init__)
    for name, value in arguments.items():
        if name not in known:
            raise BadInput(f"{cls.__name__} has no argument {name!r}{nearest(name, known)}")
        choices = typing.get_args(hints.get(name))
        if typing.get_origin(hints.get(name)) is typing.Literal and value not in choices:
            raise BadInput(f"{name} cannot be {value!r}{nearest(str(value), map(str, choices))}")
    return cls(**{name: _from_json(value) for name, value in arguments.items()})
