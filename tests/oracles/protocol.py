"""torch's DataLoader without a clock: the state of `_MultiProcessingDataLoaderIter`, with its names.

`dispatch` is its `_try_put_index` (torch 2.7 and later), the others together are its `_next_data` and `_process_data`.
"""


class Protocol:
    """The training process's state for one epoch.

    tasks: how many batches the sampler yields, None: it never ends (iterable).
    """

    def __init__(self, workers, capacity, *, in_order, tasks):
        self.workers, self.capacity, self.in_order, self.tasks = workers, capacity, in_order, tasks
        self.send = self.rcvd = self.drawn = self.cyc = 0
        self.info, self.data = {}, {}
        self.alive = [True] * workers
        self.ntask = [0] * workers

    def dispatch(self):
        """Return (task, worker) for one new index, or None when nothing is sent."""
        if self.drawn == self.tasks:
            return None
        self.drawn += 1
        for _ in range(self.workers):
            worker, self.cyc = self.cyc, (self.cyc + 1) % self.workers
            if self.alive[worker] and (self.in_order or self.ntask[worker] < self.capacity // sum(self.alive)):
                task, self.send = self.send, self.send + 1
                self.info[task] = worker
                self.ntask[worker] += 1
                return task, worker
        return None

    def awaited(self):
        """Return the task that `next(iterator)` must deliver in order, or None when it raises StopIteration."""
        while self.rcvd < self.send:
            worker = self.info.get(self.rcvd)
            if worker is not None and (self.rcvd in self.data or self.alive[worker]):
                return self.rcvd
            self.rcvd += 1
        return None

    def cached(self):
        """Return the data of the awaited task if it arrived early, else None."""
        return self._deliver(self.rcvd) if self.rcvd in self.data else None

    def message(self, task, data):
        """Take a batch off the result queue; return it if it is delivered now, None if it is kept."""
        self.data[task] = data
        if task != self.rcvd and self.in_order:
            return None
        return self._deliver(task)

    def ended(self, task):
        """Take a worker's marker that its iterable is exhausted."""
        self.alive[self.info[task]] = False

    def _deliver(self, task):
        if task == self.rcvd:
            self.rcvd += 1
        self.ntask[self.info.pop(task)] -= 1
        return self.data.pop(task)
