"""Explore one run: drag num_workers and see the GPU wait or work."""

from pages._ui import cache, controls, frame, memory, player, settings, words
from pages._ui.offered.row import WORKERS_KNOB

frame.title("How many workers does this job need?", frame.while_compiling(words.RECORDED))
with controls.row():
    scenario = controls.scenario(without=WORKERS_KNOB.key)
memory.warn(settings.scenario())
player.show(
    cache.player_runs(scenario),
    selected=controls.workers(),
    knob=WORKERS_KNOB.label,
    source=words.SIMULATED,
    key=controls.PLAYER_KEY,
    on_select=controls.remember_workers,
)
memory.line(settings.scenario())
frame.run_again_when(cache.better(scenario))
