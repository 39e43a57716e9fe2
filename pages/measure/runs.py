"""Runs: what was measured, when, on which machine; open one, compare two."""

from bench import jobs
from pages._ui import frame, words
from pages.measure import _list, _pair
from pages.measure._sentence import told

frame.title("What was measured so far?", words.MEASURED)
with told():
    store = jobs.default_store()
    runs = store.runs()
    chosen = _list.choose(store, runs)
    _list.open_button(chosen)
    if len(chosen) == _pair.TWO:
        _pair.show(store, *sorted(chosen))
