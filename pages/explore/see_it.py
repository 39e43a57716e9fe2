"""Explore one run: drag num_workers and see the GPU wait or work."""

from pages._ui import cache, controls, frame, player, words

frame.title(words.QUESTION)
scenario = controls.scenario(without=controls.WORKERS_KEY)
frame.limits_of_model(scenario)
player.show(
    cache.player_runs(scenario, controls.WORKERS_KNOB.axis, controls.WORKERS),
    selected=controls.workers(),
    knob=controls.WORKERS_KNOB.label,
    source=words.SIMULATED,
    key=controls.PLAYER_KEY,
    on_select=controls.remember_workers,
)
controls.write_workers()
