"""Serve the app: `python -m pages._ui.server [streamlit options]`, as `dataloader-lab` starts it."""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

from pages._ui import compiling

APP = Path(__file__).parents[2] / "app.py"

if __name__ == "__main__":
    # The first request to a fresh server finds a folder named pages/ and, when it asks for any page but the first,
    # is told that there is none, until st.navigation has run once. The router is there from the start.
    PagesManager.uses_pages_directory = False
    compiling.start()
    sys.exit(main(["run", str(APP), *sys.argv[1:]]))
