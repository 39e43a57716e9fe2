"""The GPU's times come from events that the GPU reaches when it pleases: stand-ins here, where there is no GPU."""

from bench.tracing.gpu import GpuClock


class Event:
    def __init__(self, device):
        self.device, self.at_ms, self.waited = device, None, False

    def record(self):
        self.at_ms = self.device.at_ms

    def query(self):
        return self.at_ms <= self.device.reached_ms

    def synchronize(self):
        self.waited = True
        self.device.reached_ms = max(self.device.reached_ms, self.at_ms)

    def elapsed_time(self, end):
        return end.at_ms - self.at_ms


class Device:
    ready, at_ms, reached_ms = True, 0.0, 0.0

    def is_ready(self):
        return self.ready

    def event(self):
        return Event(self)


def stepped(device, clock, task, took_ms):
    clock.handed(0, task)
    device.at_ms += took_ms
    clock.requested()


def test_steps_are_told_once_the_gpu_has_come_to_them():
    device = Device()
    clock = GpuClock(device)
    stepped(device, clock, 0, 5.0)
    stepped(device, clock, 1, 3.0)
    assert clock.finished() == []
    device.reached_ms = 5.0
    first = clock.finished()
    assert [(one.task, one.end_ns - one.start_ns) for one in first] == [(0, 5_000_000)]
    assert not clock.is_settled
    second = clock.finished(wait=True)
    assert [(one.task, one.start_ns - first[0].start_ns) for one in second] == [(1, 5_000_000)]
    assert clock.is_settled


def test_a_batch_after_which_nothing_is_requested_has_no_step():
    clock = GpuClock(Device())
    clock.handed(0, 0)
    assert clock.finished(wait=True) == []


def test_a_program_without_a_gpu_is_left_alone():
    device = Device()
    device.ready = False
    clock = GpuClock(device)
    stepped(device, clock, 0, 5.0)
    assert clock.finished(wait=True) == []
