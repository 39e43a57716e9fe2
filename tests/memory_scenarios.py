"""Build the scenarios whose memory the tests compute by hand."""

from dataloader_sim.scenario import LoaderConfig, Machine, Scenario, Workload

MB = 10**6
EIGHT = {"batch_size": 8, "sample_bytes": MB}


def scenario(workers=2, prefetch=None, *, machine=None, threads=False, pin=False, method=None, **work):
    loader = LoaderConfig(num_workers=workers, prefetch_factor=prefetch, pin_memory=pin, multiprocessing_context=method)
    return Scenario(workload=Workload(**work), loader=loader, machine=machine or Machine(), threads=threads)
