"""The simulated protocol once more, sample by sample, as a SimPy model: the engine's yardstick and check.

One rank, one epoch, map style, worker processes or none: start, prime, dispatch, load, put, get, hand-over, touch,
launch, step. Shares no code with the engine but the drawn costs. Every station is a process, every queue a Store.
"""

from enum import Enum
from itertools import cycle
from typing import NamedTuple

import simpy
from simpy_sharing import ProcessorSharing

from dataloader_sim.costs import costs

# A host that does not wait for its steps still launches none before all but the last one have finished.
STEPS_AHEAD = 2


class BatchTimes(NamedTuple):
    """The times of one run, a list per event, each with one entry per batch; `worker` is -1 without workers."""

    worker: list
    sent_s: list
    load_start_s: list
    loaded_s: list
    received_s: list
    step_end_s: list


class Samples(NamedTuple):
    """What each sample costs, as lists: SimPy adds Python floats, and numpy's would slow it down."""

    io_s: list
    cpu_s: list


class Shortcut(Enum):
    """What the model leaves out where it changes no time."""

    NOTHING = "cores always shared"
    """Cores are shared by the books even where there is one for everyone."""
    BOOKS = "timeouts where nothing is shared"
    """What there is always enough of is a plain timeout."""
    SAMPLES = "one timeout per batch where nothing is shared"
    """Where there is always enough of everything, a batch's samples are added up: no longer sample by sample."""


def samples(scenario):
    """Draw what `run` takes as costs; raises ValueError for what this model leaves out."""
    work, loader, machine = scenario.workload, scenario.loader, scenario.machine
    left_out = (work.epochs > 1, work.iterable, loader.pin_memory, machine.ranks > 1, scenario.threads, scenario.fault)
    if any(left_out) or machine.h2d_bytes_per_s != float("inf") or loader.multiprocessing_context not in {None, "fork"}:
        raise ValueError("this model has one rank, one epoch, map style, forked workers, no pinning, copy or fault")
    drawn = costs(scenario.workload, scenario.seed)
    return Samples(drawn.io_s.tolist(), drawn.cpu_s.tolist())


def run(scenario, drawn, shortcut=Shortcut.BOOKS):
    """Return the BatchTimes of a scenario."""
    loader = Loader(scenario, drawn, shortcut)
    loader.env.run(until=loader.env.process(loader.training_process()))
    return loader.times


class Loader:
    """The training process, its workers and its GPU."""

    def __init__(self, scenario, drawn, shortcut):
        self.env = env = simpy.Environment()
        work, loader, machine = scenario.workload, scenario.loader, scenario.machine
        self.work, self.loader, self.machine, self.drawn = work, loader, machine, drawn
        self.read = self.compute = env.timeout
        if 0 < machine.storage_streams < loader.num_workers:
            self.read = ProcessorSharing(env, machine.storage_streams).use
        if machine.cores < loader.num_workers + 1 or shortcut is Shortcut.NOTHING:
            self.compute = ProcessorSharing(env, machine.cores).use
        self.adds_samples_up = shortcut is Shortcut.SAMPLES and self.read == self.compute
        batch_bytes = work.batch_size * work.sample_bytes
        self.collate_s = work.collate_s + (batch_bytes / machine.shm_bytes_per_s if loader.num_workers else 0.0)
        self.get_s = machine.get_s + work.tensors * machine.get_tensor_s
        self.touch_s = batch_bytes / machine.touch_bytes_per_s if loader.num_workers else 0.0
        self.index_queues = [simpy.Store(env) for _ in range(loader.num_workers)]
        self.result_queue, self.launched = simpy.Store(env), simpy.Store(env)
        self.outstanding = [0] * loader.num_workers
        self.cyclic = cycle(range(loader.num_workers))
        self.sent, self.delivered, self.early = 0, 0, set()
        self.times = BatchTimes(*([None] * work.batches for _ in BatchTimes._fields))

    def training_process(self):
        env, work, times = self.env, self.work, self.times
        env.process(self.gpu())
        yield from self.start()
        steps = []
        for _ in range(work.batches):
            batch = yield from self.next()
            times.received_s[batch] = env.now
            if self.touch_s:
                yield self.compute(self.touch_s)
            if len(steps) >= STEPS_AHEAD:
                yield steps[-STEPS_AHEAD]
            if work.launch_s:
                yield self.compute(work.launch_s)
            steps.append(env.event())
            self.launched.put((batch, steps[-1]))
            if work.synchronize:
                yield steps[-1]
        yield steps[-1]

    def start(self):
        """Start the workers one after the other, then give out every credit."""
        for worker in range(self.loader.num_workers):
            if self.machine.worker_spawn_s:
                yield self.compute(self.machine.worker_spawn_s)
            self.env.process(self.worker(worker))
        for _ in range(self.loader.capacity):
            self.dispatch()

    def dispatch(self):
        """Send the next batch's indices: in turn, or to the next worker in turn that has a free credit."""
        if self.sent == self.work.batches:
            return
        worker = next(self.cyclic)
        if not self.loader.in_order:
            while self.outstanding[worker] >= self.loader.capacity // self.loader.num_workers:
                worker = next(self.cyclic)
        self.times.sent_s[self.sent] = self.env.now
        self.times.worker[self.sent] = worker
        self.outstanding[worker] += 1
        self.index_queues[worker].put(self.sent)
        self.sent += 1

    def next(self):
        """Return the next batch; its hand-over sends a new index first."""
        if not self.loader.num_workers:
            batch = self.delivered
            self.times.worker[batch] = -1
            yield from self.load(batch)
        elif self.loader.in_order:
            batch = yield from self.receive_in_order()
        else:
            batch = yield from self.receive()
        self.delivered += 1
        if self.loader.num_workers:
            self.outstanding[self.times.worker[batch]] -= 1
            self.dispatch()
        return batch

    def receive_in_order(self):
        """Return the batch whose turn it is, keeping those that arrive before it."""
        while self.delivered not in self.early:
            self.early.add((yield from self.receive()))
        self.early.remove(self.delivered)
        return self.delivered

    def receive(self):
        batch = yield self.result_queue.get()
        if self.get_s:
            yield self.compute(self.get_s)
        return batch

    def worker(self, worker):
        if self.machine.worker_boot_s:
            yield self.compute(self.machine.worker_boot_s)
        while True:
            batch = yield self.index_queues[worker].get()
            yield from self.load(batch)
            if self.machine.put_s:
                yield self.compute(self.machine.put_s)
            self.result_queue.put(batch)

    def load(self, batch):
        """Fetch sample by sample, blocked and then on a core, and collate."""
        read, compute = self.read, self.compute
        first = batch * self.work.batch_size
        every = slice(first, first + self.work.batch_size)
        io_s, cpu_s = self.drawn.io_s[every], self.drawn.cpu_s[every]
        self.times.load_start_s[batch] = self.env.now
        if self.adds_samples_up:
            yield self.env.timeout(sum(io_s) + sum(cpu_s))
        else:
            for blocked_s, computing_s in zip(io_s, cpu_s, strict=True):
                if blocked_s:
                    yield read(blocked_s)
                if computing_s:
                    yield compute(computing_s)
        if self.collate_s:
            yield compute(self.collate_s)
        self.times.loaded_s[batch] = self.env.now

    def gpu(self):
        while True:
            batch, done = yield self.launched.get()
            yield self.env.timeout(self.work.step_s)
            self.times.step_end_s[batch] = self.env.now
            done.succeed()
