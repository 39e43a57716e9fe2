"""Choose a trace: one that is kept, or a file that is dropped on the page and only looked at."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import streamlit as st

from bench import traces
from dataloader_sim import Timeline
from pages._ui import format as fmt
from pages._ui import trace_file
from pages.measure._trace_chosen import Chosen

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

PARAMETER = "trace"
# Always there to be looked at; `tests/perf/example_trace.py` recorded it.
EXAMPLE = "example"
_EXAMPLE_FILE = Path(__file__).parents[2] / "assets" / "recorded" / "example.trace"
_CHOICE, _DROPPED, _LOOKED_AT = "trace_choice", "trace_file", "trace_looked_at"
_READ = "trace_read"
SCRIPT = "dataloader-lab trace train.py"
LINES = """\
from bench import trace

with trace(loader) as traced:
    for batch in traced:
        ...
traced.save("run.trace")"""


def choose() -> Chosen:
    """Show what there is to choose from and return the trace, the example where none is kept; raises ValueError."""
    names = [*(name for name in traces.names() if name != EXAMPLE), EXAMPLE]
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="bottom")
    with left:
        name = _pick(names)
    with right:
        dropped = st.file_uploader("Look at a trace file", ["trace"], key=_DROPPED, on_change=_look_at, args=("file",))
    if dropped is not None and st.session_state.get(_LOOKED_AT) != "kept":
        return _look_into(dropped, names)
    if name == EXAMPLE:
        _say_what_to_do(any_kept=len(names) > 1)
    return Chosen(name=name, timeline=kept(name), kept=name != EXAMPLE)


def kept(name: str) -> Timeline:
    """Return a kept trace, or the example, read once; raises ValueError for one that is damaged or gone."""
    try:
        return _load(_path(name), _stamp(name))
    except OSError as error:
        raise ValueError(f"the trace {name} cannot be read: {error.strerror}") from error


def _pick(names: list[str]) -> str:
    """Show the traces and keep the link at the chosen one; a link to none says so."""
    wanted = st.query_params.get(PARAMETER)
    if wanted is not None and wanted not in names:
        st.warning(fmt.sentence(f"no trace named {wanted[:60]!r} is kept here: choose one, or drop its file"))
    # The link is the choice: a change of the widget is written into it before the page is run.
    kept_choice = st.session_state.get(_CHOICE)
    st.session_state[_CHOICE] = next((one for one in (wanted, kept_choice) if one in names), names[0])
    name: str = st.selectbox("Kept traces", names, key=_CHOICE, on_change=_look_at, args=("kept",))
    if wanted is None:
        st.query_params[PARAMETER] = name
    return name


def _look_at(what: str) -> None:
    """Show from now on what the visitor touched last: a kept trace, or the dropped file."""
    st.session_state[_LOOKED_AT] = what
    if what == "kept":
        st.query_params[PARAMETER] = st.session_state[_CHOICE]


def _look_into(dropped: UploadedFile, names: list[str]) -> Chosen:
    """Read a dropped file, once, and offer to keep it; raises ValueError for one that is no trace."""
    most_mb = st.get_option("server.maxUploadSize")
    if dropped.size > most_mb << 20:
        raise ValueError(f"a trace file must be of {most_mb} MB or less, got {fmt.size(dropped.size)}")
    known, timeline = st.session_state.get(_READ, (None, None))
    if known != dropped.file_id:
        try:
            timeline = trace_file.read(dropped.getvalue())
        except ValueError as error:
            way_out = "fetch the file again, or trace the run again"
            raise ValueError(f"{dropped.name[:60]} is not a trace that can be shown ({error}): {way_out}") from None
        st.session_state[_READ] = (dropped.file_id, timeline)
    name = _free_name(dropped.name, names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{fmt.literal(dropped.name)} is only looked at: it is not kept.")
        st.button("Keep", key="keep_trace", on_click=_keep, args=(name, timeline), help=f"Keep it here as {name}.")
    if "trace_not_kept" in st.session_state:
        st.error(st.session_state.pop("trace_not_kept"))
    return Chosen(name=name, timeline=timeline, kept=False)


def _keep(name: str, timeline: Timeline) -> None:
    try:
        traces.save(name, timeline)
    except (ValueError, OSError) as error:
        st.session_state["trace_not_kept"] = fmt.sentence(error)
        return
    st.session_state.update({_CHOICE: name, _LOOKED_AT: "kept"})
    st.query_params[PARAMETER] = name


def _free_name(file: str, names: list[str]) -> str:
    """Return a plain name for a file that came from anywhere, one that no kept trace has."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", PurePath(file).stem)[:40].strip("-") or "trace"
    tried = (plain, *(f"{plain}-{number}" for number in range(2, len(names) + 3)))
    return next(name for name in tried if name not in names)


@lru_cache(maxsize=8)
def _load(path: Path, _stamp: tuple[int, int]) -> Timeline:
    return trace_file.checked(traces.read(path))


def _path(name: str) -> Path:
    return _EXAMPLE_FILE if name == EXAMPLE else traces.path_of(name)


def _stamp(name: str) -> tuple[int, int]:
    """Return what changes when a kept trace is written again under its name."""
    about = _path(name).stat()
    return (about.st_mtime_ns, about.st_size)


def _say_what_to_do(*, any_kept: bool) -> None:
    own = "." if any_kept else f": no trace of your own is kept yet, `{SCRIPT}` makes one."
    st.info(f"An example, traced on a machine with 2 cores{own}")
    with st.expander("How to trace your own"):
        st.code(SCRIPT, language="bash")
        st.code(LINES, language="python")
        st.caption(
            "The first runs your script as it is and keeps its trace here. The second writes a file: drop it above. "
            "A dropped file is only looked at, unless you keep it."
        )
