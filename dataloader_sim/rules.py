"""State what each field of a dataclass accepts, beside the field, and check it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any

_KEY = "rule"
LONGEST_ECHO = 200


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One field's accepted values: its kind, its bounds, and the way out of an error."""

    kind: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    finite: bool = True
    optional: bool = False
    choices: tuple[str, ...] = ()
    hint: str = ""


def whole(default: int | None, *, low: int, high: int, optional: bool = False, hint: str = "") -> Any:
    """Declare a whole-number field; `optional` also accepts None."""
    rule = Rule(kind="a whole number", low=low, high=high, optional=optional, hint=hint)
    return field(default=default, metadata={_KEY: rule})


def number(
    default: float,
    *,
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
    finite: bool = True,
    hint: str = "",
) -> Any:
    """Declare a real-number field; `above` leaves out `low` itself, `finite=False` accepts infinity."""
    rule = Rule(kind="a number", low=low, high=high, above=above, finite=finite, hint=hint)
    return field(default=default, metadata={_KEY: rule})


def switch(*, default: bool) -> Any:
    """Declare a True or False field."""
    return field(default=default, metadata={_KEY: Rule(kind="True or False")})


def choice(default: str | None, *, choices: tuple[str, ...]) -> Any:
    """Declare a field that takes one of `choices`, or None when that is its default."""
    rule = Rule(kind="one of", choices=choices, optional=default is None)
    return field(default=default, metadata={_KEY: rule})


def numbers(*, most: int, hint: str = "") -> Any:
    """Declare a field that takes a sequence of at most `most` numbers from 0 up, none unless given."""
    return field(default=(), metadata={_KEY: Rule(kind="a list of numbers", low=0.0, high=most, hint=hint)})


def limits(owner: type, name: str) -> tuple[float, float]:
    """Return the lowest and the highest value that a field accepts."""
    for item in fields(owner):
        if item.name == name:
            return item.metadata[_KEY].low, item.metadata[_KEY].high
    message = f"{owner.__name__} has no field {name!r}: its fields are {', '.join(f.name for f in fields(owner))}"
    raise ValueError(message)


def check(instance: Any) -> None:
    """Check every declared field of a dataclass instance; raise ValueError naming rule, value and way out.

    Accepted numbers are stored as plain int and float, so that equal settings compare and serialise equally.
    """
    for item in fields(instance):
        rule = item.metadata.get(_KEY)
        if rule is not None:
            value = _checked(item.name, getattr(instance, item.name), rule)
            object.__setattr__(instance, item.name, value)


def refuse(name: str, rule: str, value: object, hint: str = "") -> ValueError:
    """Build the ValueError that every wrong value gets: rule, value, way out; a long value is cut short."""
    got = repr(value)
    got = got if len(got) <= LONGEST_ECHO else f"{got[:LONGEST_ECHO]}..."
    return ValueError(f"{name} must be {rule}, got {got}" + (f": {hint}" if hint else ""))


def _checked(name: str, value: Any, rule: Rule) -> Any:
    if value is None and rule.optional:
        return None
    if rule.kind == "True or False":
        if not isinstance(value, bool):
            raise refuse(name, rule.kind, value)
        return value
    if rule.kind == "one of":
        if value not in rule.choices:
            raise refuse(name, f"one of {', '.join(rule.choices)}", value)
        return value
    if rule.kind == "a list of numbers":
        return _checked_numbers(name, value, rule)
    return _checked_number(name, value, rule)


def _checked_numbers(name: str, value: Any, rule: Rule) -> tuple[float, ...]:
    if not isinstance(value, list | tuple):
        raise refuse(name, rule.kind, type(value).__name__, rule.hint)
    if len(value) > rule.high:
        raise refuse(name, f"at most {rule.high:,.0f} numbers", len(value), rule.hint)
    # Thousands are checked at once: a scenario is copied at every turn of a knob.
    if all(type(each) is float for each in value) and all(rule.low <= each < math.inf for each in value):
        return tuple(value)
    one = Rule(kind="a number", low=rule.low, hint=rule.hint)
    return tuple(float(_checked_number(name, each, one)) for each in value)


def _checked_number(name: str, value: Any, rule: Rule) -> int | float:
    integral = rule.kind == "a whole number"
    accepted = isinstance(value, Integral if integral else Real) and not isinstance(value, bool)
    if not accepted:
        raise refuse(name, rule.kind, value, rule.hint)
    plain = int(value) if integral else _as_float(name, value, rule)
    if isinstance(plain, float) and (math.isnan(plain) or (rule.finite and math.isinf(plain))):
        raise refuse(name, "a finite number", value, rule.hint)
    if plain < rule.low or (rule.above and plain == rule.low):
        raise refuse(name, f"more than {rule.low:g}" if rule.above else f"{rule.low:g} or more", value, rule.hint)
    if plain > rule.high:
        most = f"{rule.high:,.0f}" if rule.high >= 1 else f"{rule.high:g}"
        raise refuse(name, f"{most} or less", value, "use a smaller value")
    return plain


def _as_float(name: str, value: Any, rule: Rule) -> float:
    try:
        return float(value)
    except OverflowError:
        raise refuse(name, "a finite number", value, rule.hint) from None
