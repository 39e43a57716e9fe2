"""No advice contradicts the bounds, and following it does no harm to the simulated run."""

from dataclasses import replace

from hypothesis import given, settings
from strategies import whole_scenarios

from dataloader_sim import bounds, judge, metrics, simulate
from dataloader_sim.costs import costs, mean_factor
from dataloader_sim.sweep import vary
from dataloader_sim.verdict.advice import NOTHING_TO_GAIN, changed
from dataloader_sim.verdict.judge import BELOW_CEILING

# Another setting lays the same samples out differently. The worst of 10,000 drawn runs lost 5 % by it.
NOISE = 0.07
OTHERS = (0, 1, 2, 4, 8, 12)


def with_work(scenario, **changes):
    return replace(scenario, workload=replace(scenario.workload, **changes))


@settings(max_examples=150, deadline=None)
@given(whole_scenarios())
def test_no_advice_slows_the_simulated_run_and_its_words_are_whole(drawn):
    # Enough batches that those loaded ahead at the start, 40 at most, do not decide the throughput; and uneven samples:
    # equal ones keep the workers in lock-step, which any change can make or break, by 7 % once in 4,000 runs.
    jitter = max(drawn.workload.jitter, 0.3)
    scenario = with_work(drawn, batches=240, epochs=min(drawn.workload.epochs, 2), jitter=jitter)
    timeline = simulate(scenario)
    seen, before = judge(timeline), metrics(timeline).samples_per_s
    for words in (seen.finding, seen.advice):
        assert words.endswith(".")
        assert not {"nan", "inf", "None"} & set(words.replace(".", " ").replace(",", " ").split())
    if seen.change:
        assert metrics(simulate(changed(scenario, seen.change))).samples_per_s >= (1 - NOISE) * before


@settings(max_examples=150, deadline=None)
@given(whole_scenarios())
def test_more_workers_are_advised_only_where_the_bounds_leave_room_for_them(drawn):
    scenario = with_work(drawn, batches=240, epochs=1)
    timeline = simulate(scenario)
    seen, limit, reached = judge(timeline), bounds(scenario), metrics(timeline).samples_per_s
    workers = scenario.loader.num_workers
    raised = seen.change is not None and seen.change.axis == "loader.num_workers" and seen.change.value > workers
    assert raised == ("Raise num_workers" in seen.advice or f"num_workers={workers + 1}" in seen.advice)
    if raised:
        then = changed(scenario, seen.change)
        assert bounds(then).ceiling >= (1 + NOTHING_TO_GAIN) * reached
        assert limit.loader < limit.without_loader or reached < BELOW_CEILING["simulated"] * limit.ceiling
        assert metrics(simulate(then)).samples_per_s >= (1 - NOISE) * reached


@settings(max_examples=80, deadline=None)
@given(whole_scenarios())
def test_where_nothing_is_to_gain_no_other_number_of_workers_gains(drawn):
    scenario = with_work(drawn, batches=60, step_s=drawn.workload.step_s + 0.2)
    timeline = simulate(scenario)
    if "Nothing to gain" in judge(timeline).advice:
        # The GPU is busy for 95 % of the time at least, and no run takes its steps faster than one after another.
        most = metrics(timeline).samples_per_s / (1 - NOTHING_TO_GAIN)
        for workers in OTHERS:
            other = vary(scenario, "loader.num_workers", workers)
            assert metrics(simulate(other)).samples_per_s <= most * (1 + 1e-9)


@settings(max_examples=80, deadline=None)
@given(whole_scenarios(iterable=False))
def test_where_more_workers_cannot_help_none_of_them_gains(drawn):
    batches = 600
    scenario = with_work(drawn, batches=batches, batch_size=1, epochs=1)
    timeline = simulate(scenario)
    if "More workers cannot help" not in judge(timeline).advice:
        return
    # A draw whose samples are cheaper than their mean lies as far above the bounds.
    ranks = range(scenario.machine.ranks)
    drawn_factor = min(costs(scenario.workload, scenario.seed, rank).factor.mean() for rank in ranks)
    cheaper = min(1.0, drawn_factor / mean_factor(scenario.workload))
    most = metrics(timeline).samples_per_s * (1 + NOTHING_TO_GAIN) / cheaper
    for workers in OTHERS:
        if workers > scenario.loader.num_workers:
            other = vary(scenario, "loader.num_workers", workers)
            # Batches that were loaded before the window begins come on top of what the bounds allow in it.
            ahead = (other.loader.capacity + workers + 3) / batches
            assert metrics(simulate(other)).samples_per_s * (1 - ahead) <= most
