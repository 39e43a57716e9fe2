"""Say what went wrong in one sentence, whatever part of a live run it comes from."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from bench import jobs
from pages._ui import format as fmt

_LOG = logging.getLogger(__name__)


@contextmanager
def told() -> Iterator[None]:
    """Show an error of the block as one sentence and go on after it; its traceback goes to the server's log."""
    try:
        yield
    except (ValueError, jobs.Busy, jobs.StoreError) as error:
        _LOG.info("told the visitor", exc_info=error)
        st.error(fmt.sentence(error))
