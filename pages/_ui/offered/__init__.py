"""Offer the settings of the app: a row for everybody, the rest in named groups."""

from pages._ui.knobs import Choice, Knob, Number, Option, build
from pages._ui.offered.loader import LOADER
from pages._ui.offered.machine import MACHINE
from pages._ui.offered.row import ROW, WORKERS_KNOB
from pages._ui.offered.what_if import WHAT_IF
from pages._ui.offered.workload import WORKLOAD

GROUPS: dict[str, tuple[Knob, ...]] = {
    "Loader": LOADER,
    "Workload": WORKLOAD,
    "Machine": MACHINE,
    "What if": WHAT_IF,
}
MORE = tuple(knob for group in GROUPS.values() for knob in group)
ALL: tuple[Knob, ...] = (WORKERS_KNOB, *ROW, *MORE)
AXES: dict[str, Number] = {knob.key: knob for knob in ALL if isinstance(knob, Number) and knob.stops}
# What a curve is drawn along; no part of the scenario.
AXIS = Choice(
    key="axis",
    label="Vary",
    question="Which setting is drawn from its lowest to its highest value? The others stay where they stand.",
    field="axis",
    default=WORKERS_KNOB.key,
    options=tuple(Option(word=key, name=knob.label, value=knob) for key, knob in AXES.items()),
)
BASE = build(ALL, {})
