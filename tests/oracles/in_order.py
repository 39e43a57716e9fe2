"""In order, map style, a core for everyone: the times of batch k are equations in those of earlier batches.

It rests on two facts. Batch k is always loaded by worker k mod num_workers, and is sent when batch k - capacity is
handed over; so when `next(iterator)` begins to wait for batch k, all that can arrive before it is known already.
"""

from oracles.epochs import NoWorkers, Workers
from oracles.loop import HandOver
from oracles.loop import run as run_loop

from dataloader_sim.timeline import MAIN, PIN, Activity


def run(scenario):
    """Return the Outcome of a map-style run in order."""
    assert scenario.loader.in_order
    assert not scenario.workload.iterable
    return run_loop(scenario, InOrder if scenario.loader.num_workers else NoWorkers)


class InOrder(Workers):
    """The equations of one rank."""

    def start(self, epoch, now):
        now = super().start(epoch, now)
        self.pieces = self.amounts.pieces()
        self.arrived_s, self.waiting, self.ready_s, self.wanted = [], [], {}, 0
        self.receiver_free_s = now
        for _ in range(self.amounts.loader.capacity):
            self._send(now)
        return now

    def _send(self, now):
        batch = len(self.arrived_s)
        if batch == len(self.pieces):
            return
        worker = batch % self.amounts.workers
        start_s = max(now, self.free_s[worker])
        loaded_s = start_s + self.amounts.load_s(self.pieces[batch])
        self.free_s[worker] = loaded_s + self.amounts.put_s
        self.arrived_s.append(self.free_s[worker])
        self.waiting.append(batch)
        self.note(MAIN, Activity.SEND, batch, now, now)
        self.note(worker, Activity.LOAD, batch, start_s, loaded_s)
        self.note(worker, Activity.PUT, batch, loaded_s, self.free_s[worker])

    def next(self, now):
        batch = self.wanted
        if batch == len(self.pieces):
            return HandOver(now)
        if not self.amounts.pin_thread:
            self.receiver_free_s = now
        while batch not in self.ready_s:
            self._take()
        received_s = max(now, self.ready_s[batch])
        self._send(received_s)
        self.wanted += 1
        self.note(MAIN, Activity.RECEIVE, batch, received_s, received_s)
        return HandOver(received_s, batch, self.pieces[batch])

    def _take(self):
        """Take the message that arrived first; of two at one instant, that of the lower worker."""
        batch = min(self.waiting, key=lambda one: (self.arrived_s[one], one % self.amounts.workers))
        self.waiting.remove(batch)
        others = [one for one in self.waiting if (one - batch) % self.amounts.workers]
        gaps = [self.arrived_s[one] - self.arrived_s[batch] for one in others]
        self.closest_s = min([self.closest_s, *gaps])
        start_s = max(self.receiver_free_s, self.arrived_s[batch])
        got_s = start_s + self.amounts.get_s
        pin_s = self.amounts.pin_s(self.pieces[batch])
        self.ready_s[batch] = self.receiver_free_s = got_s + pin_s
        self.note(PIN if self.amounts.pin_thread else MAIN, Activity.GET, batch, start_s, got_s)
        self.note(PIN, Activity.PIN, batch, got_s, got_s + pin_s)
