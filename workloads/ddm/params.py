"""Reads free-form params against a table of fields; a refusal names the field, its value, what is allowed and what to do."""

import difflib
import math
import types
from dataclasses import dataclass
from typing import Any

from atoll import ConfigurationError


@dataclass(frozen=True)
class Field:
    """One parameter: its type is the type of `default` (int, float, bool, str or a list of its first element's type)."""

    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = None
    above: bool = False  # low itself is not allowed


def read(given, fields, where="params"):
    """Returns a namespace with every field of `fields`, taken from the object `given` or its default."""
    if not isinstance(given, dict):
        raise ConfigurationError("cannot use %s: it is %s; write an object" % (where, _kind(given)))
    for name in given:
        if name not in fields:
            raise ConfigurationError(_unknown(where, name, fields))
    return types.SimpleNamespace(**{name: _one(where + "." + name, given.get(name), field) for name, field in fields.items()})


def _unknown(where, name, fields):
    close = difflib.get_close_matches(str(name), fields, n=1, cutoff=0.6)
    hint = "did you mean %s?" % close[0] if close else "remove it."
    return "cannot use %s.%s: there is no such parameter, %s Allowed: %s" % (where, name, hint, ", ".join(sorted(fields)))


def _one(path, value, field):
    if value is None:
        return field.default
    if isinstance(field.default, (list, tuple)):
        if not isinstance(value, list) or not value:
            raise ConfigurationError(
                "cannot use %s = %r: write a list with at least one entry, like %s" % (path, value, list(field.default))
            )
        element = Field(field.default[0], field.low, field.high, field.choices, field.above)
        return [_one("%s[%d]" % (path, position), item, element) for position, item in enumerate(value)]
    value = _typed(path, value, field.default)
    if field.choices is not None and value not in field.choices:
        raise ConfigurationError("cannot use %s = %r; allowed: %s" % (path, value, ", ".join(map(str, field.choices))))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _in_range(path, value, field)
    return value


def _typed(path, value, default):
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise ConfigurationError("cannot use %s = %r; write true or false" % (path, value))
    if isinstance(default, (int, float)):
        try:
            number = float(value) if not isinstance(value, bool) else None
        except (TypeError, ValueError):
            number = None
        if number is None or not math.isfinite(number):
            kind = "number" if isinstance(default, float) else "whole number"
            raise ConfigurationError("cannot use %s = %r; write a %s, like %s" % (path, value, kind, default))
        if isinstance(default, float):
            return number
        if number != int(number):
            raise ConfigurationError("cannot use %s = %r; write a whole number, like %s" % (path, value, default))
        return int(number)
    if not isinstance(value, str):
        raise ConfigurationError("cannot use %s = %r; write a string" % (path, value))
    return value


def _in_range(path, value, field):
    too_low = field.low is not None and (value < field.low or (field.above and value == field.low))
    too_high = field.high is not None and value > field.high
    if too_low or too_high:
        low = "" if field.low is None else "%s %g" % ("more than" if field.above else "at least", field.low)
        high = "" if field.high is None else "at most %g" % field.high
        raise ConfigurationError("cannot use %s = %s; allowed: %s" % (path, value, " and ".join(filter(None, (low, high)))))


def _kind(value):
    return "empty" if value is None else "a " + type(value).__name__
