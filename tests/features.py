"""One small scenario for each thing that the simulator knows, by name; tests of whole runs take them from here."""

from dataloader_sim import Fault, LoaderConfig, Machine, Scenario, Workload

UNEVEN = Workload(batches=10, batch_size=3, jitter=0.6, slow_every=7, collate_s=0.002)
SIZED = Workload(batches=8, batch_size=4, jitter=0.4, sample_bytes=600_000, tensors=3, launch_s=0.004, step_s=0.02)
PLUMBING = Machine(
    cores=2.5,
    worker_spawn_s=0.01,
    worker_boot_s=0.02,
    worker_import_s=0.3,
    worker_exit_s=0.005,
    put_s=0.001,
    get_s=0.0008,
    get_tensor_s=0.0002,
    shm_bytes_per_s=1.2e9,
    touch_bytes_per_s=1.3e9,
    pin_bytes_per_s=4e9,
    h2d_bytes_per_s=12e9,
)
WAYS = Workload(batches=9, batch_size=2, slow_every=5, step_s=0.003)
STREAMS = Workload(batches=7, batch_size=4, jitter=0.3, iterable=True, shard_skew=0.6, epochs=2)

FEATURES = {
    "no_workers": Scenario(workload=UNEVEN),
    "shared_cores_and_storage": Scenario(
        workload=UNEVEN, loader=LoaderConfig(num_workers=4), machine=Machine(cores=2, storage_streams=3), seed=7
    ),
    "plumbing": Scenario(workload=SIZED, loader=LoaderConfig(num_workers=3, prefetch_factor=1), machine=PLUMBING),
    "pinned_and_running_ahead": Scenario(
        workload=Workload(**{**vars(SIZED), "synchronize": False}),
        loader=LoaderConfig(num_workers=3, pin_memory=True),
        machine=PLUMBING,
    ),
    "out_of_order": Scenario(
        workload=WAYS, loader=LoaderConfig(num_workers=3, in_order=False), machine=Machine(cores=8, put_s=0.001)
    ),
    "restarted_epochs": Scenario(
        workload=Workload(**{**vars(WAYS), "epochs": 2, "dataset_bytes": 100_000}),
        loader=LoaderConfig(num_workers=2, multiprocessing_context="spawn"),
        machine=PLUMBING,
    ),
    "kept_workers": Scenario(
        workload=Workload(**{**vars(WAYS), "epochs": 2}),
        loader=LoaderConfig(num_workers=2, persistent_workers=True),
        machine=PLUMBING,
    ),
    "streams": Scenario(workload=STREAMS, loader=LoaderConfig(num_workers=3), machine=Machine(get_s=0.001)),
    "streams_without_rests": Scenario(
        workload=STREAMS, loader=LoaderConfig(num_workers=3, drop_last=True, in_order=False, pin_memory=True)
    ),
    "two_ranks": Scenario(
        workload=SIZED, loader=LoaderConfig(num_workers=2), machine=Machine(**{**vars(PLUMBING), "ranks": 2}), seed=5
    ),
    "threads_under_the_lock": Scenario(
        workload=Workload(**{**vars(UNEVEN), "gil_share": 0.7}), loader=LoaderConfig(num_workers=3), threads=True
    ),
    "free_threads": Scenario(
        workload=UNEVEN,
        loader=LoaderConfig(num_workers=3),
        machine=Machine(cores=2, free_threaded=True),
        threads=True,
    ),
    "killed": Scenario(workload=WAYS, loader=LoaderConfig(num_workers=2), fault=Fault(kind="killed", batch=5)),
    "raises": Scenario(workload=WAYS, loader=LoaderConfig(num_workers=2), fault=Fault(kind="raises", batch=5)),
    "timed_out": Scenario(
        workload=WAYS, loader=LoaderConfig(num_workers=2, timeout=0.5), fault=Fault(kind="hangs", batch=5)
    ),
    "hangs": Scenario(workload=WAYS, loader=LoaderConfig(num_workers=2), fault=Fault(kind="lost", batch=5)),
}
