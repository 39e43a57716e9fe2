"""What each process of one rank does, told as it would be to a person: each `yield` says what it needs next.

A need is `cpu`, `io` or `lock` with seconds, or `until` with a function that returns since when it is so, or None.
`sim.clock` is the asking process's own time.
"""

from oracles.protocol import Protocol

from dataloader_sim.timeline import GPU, MAIN, PIN, Activity


class Rank:
    """One rank's loader, worker queues and result queue; `steps` is shared by all ranks."""

    def __init__(self, sim, amounts, rank, steps):
        self.sim, self.amounts, self.rank, self.steps = sim, amounts, rank, steps
        self.index_queues, self.results, self.pinned, self.arrivals = [], [], [], []
        self.epoch, self.booted_s = 0, []

    def lasting(self, lane, activity, batch, segments):
        """Go through the segments, one after the other, and note them as one span."""
        # A boot may end in a later epoch than it began.
        what, began_s = (self.rank, lane, activity, self.epoch), self.sim.clock
        for kind, seconds in segments:
            if seconds > 0:
                yield kind, seconds
        self.sim.spans.note(what, batch, began_s, self.sim.clock)

    def note(self, lane, activity, batch, began_s):
        self.sim.spans.note((self.rank, lane, activity, self.epoch), batch, began_s, self.sim.clock)

    def main(self):
        for epoch in range(self.amounts.work.epochs):
            self.epoch = epoch
            yield from self._iter()
            while True:
                got = yield from self._next()
                if got is None:
                    break
                yield from self._train(*got)
            yield from self._stop()

    def _iter(self):
        amounts = self.amounts
        if self.epoch and amounts.loader.persistent_workers:
            for worker in range(amounts.workers):
                yield "until", lambda worker=worker: self.booted_s[worker]
                yield from self.lasting(MAIN, Activity.GET, worker, [("cpu", amounts.marker_s)])
                # What a worker that ended was still to skip lay before the Resume in its queue.
                self.index_queues[worker].clear()
        else:
            self.index_queues, self.booted_s = [[] for _ in range(amounts.workers)], [None] * amounts.workers
            for worker in range(amounts.workers):
                yield from self.lasting(MAIN, Activity.START, worker, [("cpu", amounts.spawn_s)])
                self.sim.start((self.rank, worker), self._worker(worker, self.index_queues[worker]))
                if amounts.one_by_one:
                    yield "until", lambda worker=worker: self.booted_s[worker]
        self.todo = list(amounts.pieces())
        self.shards = amounts.shards()
        self.finished = [False] * amounts.workers
        tasks = None if amounts.work.iterable else len(self.todo)
        capacity, in_order = amounts.loader.capacity, amounts.loader.in_order
        self.protocol = Protocol(amounts.workers, capacity, in_order=in_order, tasks=tasks)
        for _ in range(capacity):
            self._dispatch()

    def _dispatch(self):
        sent = self.protocol.dispatch()
        if sent:
            task, worker = sent
            self.index_queues[worker].append((self.sim.clock, task))
            self.note(MAIN, Activity.SEND, task, self.sim.clock)

    def _next(self):
        if not self.amounts.workers:
            return (yield from self._load_in_main())
        while self.protocol.awaited() is not None:
            got = self.protocol.cached()
            if got is None:
                task, piece = yield from self._message()
                if piece is None:
                    self.protocol.ended(task)
                    self._dispatch()
                    continue
                got = self.protocol.message(task, (task, piece))
            if got is not None:
                self._dispatch()
                self.note(MAIN, Activity.RECEIVE, got[0], self.sim.clock)
                return got
        return None

    def _load_in_main(self):
        if not self.todo:
            return None
        batch, piece = self.amounts.work.batches - len(self.todo), self.todo.pop(0)
        yield from self.lasting(MAIN, Activity.LOAD, batch, self._segments(piece))
        yield from self.lasting(MAIN, Activity.PIN, batch, [("cpu", self.amounts.pin_s(piece))])
        self.note(MAIN, Activity.RECEIVE, batch, self.sim.clock)
        return batch, piece

    def _message(self):
        queue = self.pinned if self.amounts.pin_thread else self.results
        yield "until", lambda: queue[0][0] if queue else None
        _, _, task, piece = queue.pop(0)
        if not self.amounts.pin_thread:
            yield from self._get(MAIN, task, piece)
        return task, piece

    def _get(self, lane, task, piece):
        seconds = self.amounts.marker_s if piece is None else self.amounts.get_s
        yield from self.lasting(lane, Activity.GET, task, [("cpu", seconds)])

    def pinning_thread(self):
        while True:
            yield "until", lambda: self.results[0][0] if self.results else None
            _, worker, task, piece = self.results.pop(0)
            yield from self._get(PIN, task, piece)
            if piece is not None:
                yield from self.lasting(PIN, Activity.PIN, task, [("cpu", self.amounts.pin_s(piece))])
            self.pinned.append((self.sim.clock, worker, task, piece))

    def _worker(self, worker, index_queue):
        yield from self.lasting(worker, Activity.BOOT, worker, [("cpu", self.amounts.boot_s)])
        self.booted_s[worker] = self.sim.clock
        while True:
            yield "until", lambda: index_queue[0][0] if index_queue else None
            _, task = index_queue.pop(0)
            piece = self._piece(worker, task)
            if self.finished[worker]:
                continue
            if piece is not None:
                yield from self.lasting(worker, Activity.LOAD, task, self._segments(piece))
            if piece is None or piece.dropped:
                piece, self.finished[worker] = None, True
            else:
                yield from self.lasting(worker, Activity.PUT, task, [("cpu", self.amounts.put_s)])
            self.results.append((self.sim.clock, worker, task, piece))
            self.arrivals.append((self.sim.clock, worker))
            self.results.sort(key=lambda one: one[:2])

    def _piece(self, worker, task):
        if not self.amounts.work.iterable:
            return self.todo[task]
        return self.shards[worker].pop(0) if self.shards[worker] else None

    def _segments(self, piece):
        amounts = self.amounts
        for sample in range(piece.first, piece.last):
            yield "io", amounts.drawn.io_s[sample]
            yield from self._computing(amounts.drawn.cpu_s[sample])
        if not piece.dropped:
            yield from self._computing(amounts.work.collate_s)
            yield "cpu", amounts.shm_s(piece)

    def _computing(self, seconds):
        locked = self.amounts.work.gil_share if self.sim.lock else 0.0
        yield "cpu", seconds * (1 - locked)
        yield "lock", seconds * locked

    def _train(self, batch, piece):
        amounts, steps = self.amounts, self.steps
        yield from self.lasting(MAIN, Activity.TOUCH, batch, [("cpu", amounts.touch_s(piece))])
        number, copy_s, queued_s = steps.next_of(self.rank), amounts.copy_s(piece), self.sim.clock
        if copy_s and not amounts.loader.pin_memory:
            yield "until", lambda: steps.ended(number - 1)
            began_s = self.sim.clock
            yield "until", lambda: self.sim.passed(began_s + copy_s)
            self.note(GPU, Activity.COPY, batch, began_s)
            copy_s = 0.0
        # No more than two steps are launched and not ended.
        yield "until", lambda: steps.ended(number - 2)
        needs = "lock" if self.sim.lock else "cpu"
        yield from self.lasting(MAIN, Activity.LAUNCH, batch, [(needs, amounts.work.launch_s)])
        steps.launched(self.rank, self.epoch, batch, launched_s=self.sim.clock, queued_s=queued_s, copy_s=copy_s)
        if amounts.work.synchronize:
            yield "until", lambda: steps.ended(number)

    def _stop(self):
        if self.amounts.loader.persistent_workers and self.epoch < self.amounts.work.epochs - 1:
            return
        for worker in range(self.amounts.workers):
            yield "until", lambda worker=worker: self.booted_s[worker]
            yield from self.lasting(MAIN, Activity.STOP, worker, [("cpu", self.amounts.exit_s)])
            self.sim.end((self.rank, worker))
