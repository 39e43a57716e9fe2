"""Tie a fork server to its trial; multiprocessing imports this module in it before anything else.

Without it the fork server and its workers outlive a killed trial for ever.
"""

from bench.trial.lifeline import follow_parent, lead_children

follow_parent()
lead_children()
