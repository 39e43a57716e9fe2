"""torch's protocol over known load durations, a core for everyone: both orders, map style and iterable.

When `next(iterator)` waits, every task that was sent has its worker and its place in that worker's queue, so it is
known when each message arrives; the one that arrives first is taken.
"""

from dataclasses import dataclass

from oracles.amounts import Piece
from oracles.epochs import NoWorkers, Workers
from oracles.loop import HandOver
from oracles.loop import run as run_loop
from oracles.protocol import Protocol

from dataloader_sim.timeline import MAIN, PIN, Activity


def run(scenario):
    """Return the Outcome of any run without faults."""
    return run_loop(scenario, AnyOrder if scenario.loader.num_workers else NoWorkers)


@dataclass(frozen=True, order=True)
class Message:
    """One answer of a worker; `at_once` orders what an idle worker answers after all that arrived at that instant."""

    arrived_s: float
    at_once: bool
    worker: int
    task: int
    piece: Piece | None


class AnyOrder(Workers):
    """One rank's loader."""

    def start(self, epoch, now):
        now = super().start(epoch, now)
        pieces, iterable = self.amounts.pieces(), self.amounts.work.iterable
        self.pieces = None if iterable else pieces
        self.shards = [[*shard, None] for shard in self.amounts.shards()] if iterable else None
        loader = self.amounts.loader
        tasks = None if iterable else len(pieces)
        self.protocol = Protocol(self.amounts.workers, loader.capacity, in_order=loader.in_order, tasks=tasks)
        self.messages, self.receiver_free_s = [], now
        for _ in range(loader.capacity):
            self._dispatch(now)
        return now

    def _dispatch(self, now):
        sent = self.protocol.dispatch()
        if sent is None:
            return
        task, worker = sent
        self.note(MAIN, Activity.SEND, task, now, now)
        if self.shards is None:
            self._load(task, worker, self.pieces[task], now)
        elif self.shards[worker]:
            self._load(task, worker, self.shards[worker].pop(0), now)

    def _load(self, task, worker, piece, now):
        start_s = max(now, self.free_s[worker])
        if piece is None:
            self.messages.append(Message(start_s, self.free_s[worker] <= now, worker, task, None))
            return
        loaded_s = start_s + self.amounts.load_s(piece)
        self.note(worker, Activity.LOAD, task, start_s, loaded_s)
        if piece.dropped:
            self.shards[worker].clear()
            self.messages.append(Message(loaded_s, False, worker, task, None))
            return
        self.free_s[worker] = loaded_s + self.amounts.put_s
        self.messages.append(Message(self.free_s[worker], False, worker, task, piece))
        self.note(worker, Activity.PUT, task, loaded_s, self.free_s[worker])

    def next(self, now):
        while True:
            if self.protocol.awaited() is None:
                return HandOver(now)
            delivered = self.protocol.cached()
            if delivered is None:
                message, now = self._take(now)
                if message.piece is None:
                    self.protocol.ended(message.task)
                    self._dispatch(now)
                    continue
                delivered = self.protocol.message(message.task, message)
            if delivered is not None:
                self._dispatch(now)
                self.note(MAIN, Activity.RECEIVE, delivered.task, now, now)
                return HandOver(now, delivered.task, delivered.piece)

    def _take(self, now):
        """Return the message that arrived first, and when the training process has it."""
        message = min(self.messages)
        self.messages.remove(message)
        gaps = [one.arrived_s - message.arrived_s for one in self.messages if one.worker != message.worker]
        self.closest_s = min([self.closest_s, *gaps])
        pinning = self.amounts.pin_thread
        start_s = max(self.receiver_free_s if pinning else now, message.arrived_s)
        got_s = start_s + (self.amounts.get_s if message.piece else self.amounts.marker_s)
        pinned_s = got_s + (self.amounts.pin_s(message.piece) if message.piece else 0.0)
        self.receiver_free_s = pinned_s
        self.note(PIN if pinning else MAIN, Activity.GET, message.task, start_s, got_s)
        self.note(PIN, Activity.PIN, message.task, got_s, pinned_s)
        return message, max(now, pinned_s)
