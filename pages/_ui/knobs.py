"""Describe what a setting of the app is: its name in the link, its question, what it accepts, what it sets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.scenario import WORKER_OPTIONS, Fault

# 0.0066 s are 6.6 ms on screen, not 6.6000000000000005.
_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Knob:
    """Describe one setting: its key in the link, its label, its question, the field it sets and its value at first.

    field: such as 'workload.io_s', 'seed', or 'machine' for the whole machine.
    """

    key: str
    label: str
    question: str
    field: str
    default: Any

    @property
    def rule(self) -> str:
        """Say what the setting accepts, as in 'a number from 0 to 200'."""
        raise NotImplementedError

    def read(self, written: str) -> Any:
        """Return the value that a link names; raises ValueError for none that the setting accepts."""
        raise NotImplementedError

    def accepts(self, value: Any) -> bool:
        """Return whether a value is one of the setting's; what arrives from a browser may be anything."""
        raise NotImplementedError

    def field_value(self, shown: Any) -> Any:
        """Turn what is on screen into the field's value."""
        return shown

    def shown(self, field_value: Any) -> Any:
        """Turn the field's value into what is on screen."""
        return field_value


@dataclass(frozen=True, kw_only=True)
class Number(Knob):
    """Describe a number, whole where its default is; `scale` is one unit on screen in the field's unit.

    stops: what a slider offers and a curve is drawn over; none where neither makes sense.
    """

    low: float
    high: float
    step: float = 1.0
    scale: float | None = None
    stops: tuple[Any, ...] = ()

    @property
    def whole(self) -> bool:
        """Return whether the setting takes whole numbers only."""
        return isinstance(self.default, int)

    @property
    def rule(self) -> str:
        """Say from where to where the number goes."""
        return f"a {'whole ' if self.whole else ''}number from {plain(self.low)} to {plain(self.high)}"

    def read(self, written: str) -> Any:
        """Return the number that a link names."""
        value = int(written) if self.whole else float(written)
        if not self.accepts(value):
            raise ValueError(self.rule)
        return value

    def accepts(self, value: Any) -> bool:
        """Return whether a value is a number within the setting's limits."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and not (self.whole and isinstance(value, float))

    def field_value(self, shown: Any) -> Any:
        """Turn the number on screen into the field's, which counts in bytes or seconds."""
        if self.scale is None:
            return shown
        # A division gives the nearest number to 0.104, which a product with 0.001 misses.
        return round(shown * self.scale) if self.scale >= 1 else shown / (1 / self.scale)

    def shown(self, field_value: Any) -> Any:
        """Turn the field's number into the one on screen."""
        return field_value if self.scale is None else round(field_value / self.scale, _DIGITS)


@dataclass(frozen=True, kw_only=True)
class Switch(Knob):
    """Describe a setting that is on or off."""

    @property
    def rule(self) -> str:
        """Say which two words there are."""
        return "true or false"

    def read(self, written: str) -> bool:
        """Return what a link says: true or false."""
        if written not in ("true", "false"):
            raise ValueError(self.rule)
        return written == "true"

    def accepts(self, value: Any) -> bool:
        """Return whether a value is True or False."""
        return isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class Option:
    """Hold one thing to choose: its word in the link, its name on screen, the field's value."""

    word: str
    name: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Choice(Knob):
    """Describe a setting that is one of a few words."""

    options: tuple[Option, ...]

    @property
    def rule(self) -> str:
        """Name the words."""
        return f"one of {', '.join(one.word for one in self.options)}"

    def option(self, word: str) -> Option:
        """Return the option of a word."""
        return next(one for one in self.options if one.word == word)

    def read(self, written: str) -> str:
        """Return the word that a link names."""
        if not self.accepts(written):
            raise ValueError(self.rule)
        return written

    def accepts(self, value: Any) -> bool:
        """Return whether a value is one of the words."""
        return any(one.word == value for one in self.options)

    def field_value(self, shown: Any) -> Any:
        """Turn the word into the field's value."""
        return self.option(shown).value

    def shown(self, field_value: Any) -> Any:
        """Turn the field's value into its word."""
        return next(one.word for one in self.options if one.value == field_value)


def plain(value: Any) -> str:
    """Write a setting's value as its slider and the link do."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) and math.isfinite(value) else str(value)


def build(knobs: Sequence[Knob], values: Mapping[str, Any]) -> Scenario:
    """Return the scenario that settings describe; one without a value is at its default.

    Raises ValueError for values that do not go together, such as a fault of a batch that does not exist.
    """
    fields: dict[str, dict[str, Any]] = {"": {}, "workload": {}, "loader": {}, "machine": {}, "fault": {}}
    for knob in knobs:
        part, _, name = knob.field.rpartition(".")
        fields[part][name] = knob.field_value(values.get(knob.key, knob.default))
    # Without workers torch refuses what only workers use.
    unset = {} if fields["loader"]["num_workers"] else WORKER_OPTIONS
    machine: Machine = replace(fields[""].pop("machine"), **fields["machine"])
    return Scenario(
        workload=Workload(**fields["workload"]),
        loader=LoaderConfig(**{**fields["loader"], **unset}),
        machine=machine,
        fault=Fault(**fields["fault"]) if fields["fault"]["kind"] else None,
        **fields[""],
    )
