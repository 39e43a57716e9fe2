"""Trace: what one traced run did, beside what the simulator makes of it."""

from pages._ui import frame, words
from pages.measure import (
    _trace_choice,
    _trace_downloads,
    _trace_pictures,
    _trace_said,
    _trace_samples,
    _trace_tables,
    _trace_what_if,
)
from pages.measure._sentence import told

PARTS = (_trace_said, _trace_pictures, _trace_what_if, _trace_tables, _trace_samples, _trace_downloads)

frame.title("What did my DataLoader do?", f"{words.MEASURED} and {words.SIMULATED}")
chosen = None
with told():
    chosen = _trace_choice.choose()
if chosen is not None:
    for part in PARTS:
        with told():
            part.show(chosen)
