"""Processor sharing for SimPy, which has none of its own."""

from heapq import heappop, heappush
from itertools import count


class ProcessorSharing:
    """A resource that `n` users share equally, each with at most one unit of it.

    Its clock is the work that a user of all along would have got done. Only one wake-up is pending: an arrival that
    slows the others down lets it come too early, and it is then set again.
    """

    def __init__(self, env, capacity):
        self.env, self.capacity = env, capacity
        self.clock = self.since = 0.0
        self.rate = 1.0
        self.users, self.serial = [], count()
        self.wake, self.wake_at, self.too_early = None, float("inf"), False

    def use(self, work):
        """Return the event that `work` seconds on an unshared unit are done."""
        self._advance()
        done = self.env.event()
        due = self.clock + work
        heappush(self.users, (due, next(self.serial), done))
        before = self.rate
        self._set_rate()
        if self.users[0][2] is done and self.env.now + work / self.rate < self.wake_at:
            self._set_wake()
        elif self.rate != before:
            self.too_early = True
        return done

    def _advance(self):
        now = self.env.now
        self.clock += (now - self.since) * self.rate
        self.since = now

    def _set_rate(self):
        self.rate = self.capacity / len(self.users) if len(self.users) > self.capacity else 1.0

    def _set_wake(self):
        delay = max(0.0, (self.users[0][0] - self.clock) / self.rate)
        self.wake = self.env.timeout(delay)
        self.wake.callbacks.append(self._on_wake)
        self.wake_at, self.too_early = self.env.now + delay, False

    def _on_wake(self, wake):
        if wake is not self.wake:
            return
        self._advance()
        users = self.users
        if not self.too_early:
            self.clock = users[0][0]
        while users and users[0][0] <= self.clock:
            heappop(users)[2].succeed()
        self.wake, self.wake_at = None, float("inf")
        if users:
            self._set_rate()
            self._set_wake()
