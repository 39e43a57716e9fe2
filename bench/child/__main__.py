"""Run a trial's process: `python -m bench.child` runs main.py as the program.

Through runpy, because a spawned worker imports the program again by its name but skips any `__main__.py`
(`multiprocessing.spawn._fixup_main_from_name`), and it must come by the last lines of main.py.
"""

import runpy

runpy.run_module("bench.child.main", run_name="__main__", alter_sys=True)
