"""How an epoch starts and ends with a core for everyone, and a loader without workers."""

import math

from oracles.loop import HandOver

from dataloader_sim.timeline import MAIN, Activity


class Workers:
    """Start, resume and stop the workers of one rank; `booted_s` and `free_s` are when each is ready."""

    def __init__(self, amounts, rank, spans):
        self.amounts, self.rank, self.spans = amounts, rank, spans
        self.epoch, self.closest_s = -1, math.inf
        self.booted_s, self.free_s = [0.0] * amounts.workers, [0.0] * amounts.workers

    def start(self, epoch, now):
        """Return when `iter(loader)` has got as far as sending the first index."""
        self.epoch = epoch
        if epoch and self.amounts.loader.persistent_workers:
            return self._each(Activity.GET, self.amounts.marker_s, now)
        for worker in range(self.amounts.workers):
            began_s, now = now, now + self.amounts.spawn_s
            self.note(MAIN, Activity.START, worker, began_s, now)
            self.booted_s[worker] = self.free_s[worker] = now + self.amounts.boot_s
            self.note(worker, Activity.BOOT, worker, now, self.booted_s[worker])
            if self.amounts.one_by_one:
                now = self.booted_s[worker]
        return now

    def stop(self, now):
        """Return when the `next(iterator)` that raises StopIteration does so."""
        if self.amounts.loader.persistent_workers and self.epoch < self.amounts.work.epochs - 1:
            return now
        return self._each(Activity.STOP, self.amounts.exit_s, now)

    def note(self, lane, activity, batch, start_s, end_s):
        self.spans.note((self.rank, lane, activity, self.epoch), batch, start_s, end_s)

    def _each(self, activity, seconds, now):
        for worker in range(self.amounts.workers):
            # A worker neither answers nor ends before it has booted.
            start_s = max(now, self.booted_s[worker])
            now = start_s + seconds
            self.note(MAIN, activity, worker, start_s, now)
        return now


class NoWorkers(Workers):
    """The training process loads each batch itself, inside `next(iterator)`."""

    def start(self, epoch, now):
        self.todo = list(enumerate(self.amounts.pieces()))
        return super().start(epoch, now)

    def next(self, now):
        if not self.todo:
            return HandOver(now)
        batch, piece = self.todo.pop(0)
        loaded_s = now + self.amounts.load_s(piece)
        received_s = loaded_s + self.amounts.pin_s(piece)
        self.note(MAIN, Activity.LOAD, batch, now, loaded_s)
        self.note(MAIN, Activity.PIN, batch, loaded_s, received_s)
        self.note(MAIN, Activity.RECEIVE, batch, received_s, received_s)
        return HandOver(received_s, batch, piece)
