"""Explore one run: drag num_workers and see the GPU wait or work."""

from pages._ui import cache, controls, frame, player, words
from pages._ui.knobs import WORKERS_KNOB

frame.title("How many workers does this job need?")
scenario = controls.scenario(without=WORKERS_KNOB.key)
frame.limits_of_model(scenario)
player.show(
    cache.player_runs(scenario, WORKERS_KNOB.axis, WORKERS_KNOB.options),
    selected=controls.workers(),
    knob=WORKERS_KNOB.label,
    source=words.SIMULATED,
    key=controls.PLAYER_KEY,
    on_select=controls.remember_workers,
)
controls.write_workers()
