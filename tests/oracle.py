"""Two ways to know what a run must look like that share no code with the engine.

`recurrence` has no clock and no queue: one equation per batch, for runs in which every process has a core of its own.
`stepped` moves time in small equal steps and shares cores and storage by counting, for runs in which they do not.
"""

import numpy as np

from dataloader_sim.costs import costs


def recurrence(scenario):
    """Return one dict of times per batch; assumes more cores than processes."""
    work, loader = scenario.workload, scenario.loader
    drawn = costs(work, scenario.seed)
    load = (drawn.io_s + drawn.cpu_s).reshape(work.batches, work.batch_size).sum(axis=1) + work.collate_s
    rows = []
    for batch in range(work.batches):
        before = rows[batch - 1]["step_end_s"] if batch else 0.0
        if loader.num_workers == 0:
            start = before
        else:
            sent = rows[batch - loader.capacity]["received_s"] if batch >= loader.capacity else 0.0
            free = rows[batch - loader.num_workers]["loaded_s"] if batch >= loader.num_workers else 0.0
            start = max(sent, free)
        loaded = start + load[batch]
        received = max(loaded, before)
        row = {"load_start_s": start, "loaded_s": loaded, "received_s": received, "step_end_s": received + work.step_s}
        rows.append(row)
    return rows


def stepped(scenario, tick_s):
    """Return the end of each batch's step, by steps of `tick_s`; right to a few ticks per segment."""
    work, loader, cores = scenario.workload, scenario.loader, scenario.machine.cores
    drawn = costs(work, scenario.seed)
    servers = max(loader.num_workers, 1)
    todo = [list(range(one, work.batches, servers)) for one in range(servers)]
    left = [None] * servers
    loaded, step_end, sent, in_step_until, now = set(), [], min(loader.capacity, work.batches), -1.0, 0.0
    while len(step_end) < work.batches or now < in_step_until:
        main_waits = now >= in_step_until
        if main_waits and loader.num_workers == 0:
            sent = len(step_end) + 1
        if main_waits and len(step_end) in loaded:
            in_step_until = now + work.step_s
            step_end.append(in_step_until)
            if loader.num_workers:
                sent = min(sent + 1, work.batches)
        for one in range(servers):
            if left[one] is None and todo[one] and todo[one][0] < sent:
                left[one] = _segments(work, drawn, todo[one][0])
        computing = sum(1 for segments in left if segments and segments[0][0] == "cpu")
        blocked = sum(1 for segments in left if segments and segments[0][0] == "io")
        streams = scenario.machine.storage_streams or servers
        shares = {"cpu": min(1.0, cores / max(computing, 1)), "io": min(1.0, streams / max(blocked, 1))}
        for one in range(servers):
            if left[one] is not None:
                _spend(left[one], tick_s, shares)
                if not left[one]:
                    loaded.add(todo[one].pop(0))
                    left[one] = None
        now += tick_s
    return np.array(step_end)


def _segments(work, drawn, batch):
    first = batch * work.batch_size
    segments = []
    for sample in range(first, first + work.batch_size):
        segments += [["io", drawn.io_s[sample]], ["cpu", drawn.cpu_s[sample]]]
    segments.append(["cpu", work.collate_s])
    return [one for one in segments if one[1] > 0]


def _spend(segments, tick_s, shares):
    if segments:
        kind, _ = segments[0]
        segments[0][1] -= tick_s * shares[kind]
        if segments[0][1] <= 1e-12:
            segments.pop(0)
