"""What a memory that would run out is said with: sizes, what happens, and the way out."""

from dataclasses import replace

import pytest
from memory_scenarios import EIGHT, MB, scenario

from dataloader_sim.memory import predict
from dataloader_sim.memory_warnings import SHARED, size
from dataloader_sim.scenario import Machine


def warning(one):
    (sentence,) = predict(one).warnings
    assert "\n" not in sentence
    return sentence


def on(one, **sizes):
    return replace(one, machine=replace(one.machine, **sizes))


def test_a_full_dev_shm_is_said_with_sizes_what_torch_does_and_the_way_out():
    assert warning(scenario(4, machine=Machine(shm_bytes=64 * MB), **EIGHT, tensors=1)) == (
        f"{SHARED} would run out: up to 9 waiting batches of 8 MB take 72 MB, and it holds 64 MB; torch 2.10 and later "
        "then raise RuntimeError, or wait for ever without a word when a collate_fn of your own made the batch, and "
        "earlier ones die of a bus error: enlarge /dev/shm (docker run --shm-size), or use a smaller prefetch_factor "
        "or fewer workers or a smaller batch_size"
    )


def test_the_way_out_names_only_what_can_be_made_smaller():
    full = Machine(shm_bytes=1, ranks=2)
    said = warning(scenario(1, 1, machine=full, batch_size=1, sample_bytes=MB))
    assert said.endswith("(docker run --shm-size), or use num_workers=0")
    assert "up to 2 waiting batches of 1.01 MB for each of 2 ranks take 4.03 MB" in said
    timed = scenario(1, 1, machine=full, batch_size=1, sample_bytes=MB)
    timed = replace(timed, loader=replace(timed.loader, timeout=30))
    assert "made the batch (until the timeout of 30 s), and earlier" in warning(timed)
    alone = scenario(0, machine=Machine(ram_bytes=1), batch_size=1, sample_bytes=MB)
    assert warning(alone).endswith("kills one of the processes: use smaller samples")


@pytest.mark.parametrize(
    ("method", "objects", "way_out"),
    [
        ("fork", True, "hold the dataset in numpy arrays, which forked workers share, or use fewer workers"),
        ("fork", False, "use fewer workers or a smaller batch_size"),
        ("spawn", False, "let each worker open the dataset as a numpy.memmap, which all share, or use fewer workers"),
        ("forkserver", True, "let each worker open the dataset as a numpy.memmap, which all share, or use fewer"),
    ],
)
def test_too_little_memory_is_said_with_sizes_and_the_way_out(method, objects, way_out):
    machine = Machine(ram_bytes=256 * MB)
    dataset = {"dataset_bytes": 1000 * MB, "dataset_objects": objects}
    said = warning(scenario(8, 1, method=method, machine=machine, **dataset))
    assert said.startswith("memory would run out: the run takes up to ")
    assert "and the machine has 256 MB; the kernel then kills one of the processes: " + way_out in said


def test_the_parts_of_what_does_not_fit_are_named():
    machine = Machine(ram_bytes=1000 * MB, ranks=2)
    dataset = {"dataset_bytes": 500 * MB, "dataset_objects": True, "sample_bytes": 0}
    said = warning(scenario(4, machine=machine, **dataset))
    assert "takes up to 5.5 GB (training process 738 MB, 4 workers of 514 MB, in each of 2 ranks)" in said
    one = warning(scenario(1, machine=Machine(ram_bytes=MB), **dataset))
    assert "(training process 738 MB, 1 worker of 514 MB)" in one


def test_a_machine_that_only_grown_heaps_would_fill_is_warned_of_them():
    one = scenario(2, **EIGHT, tensors=1, batches=1000)
    needed = predict(one).total_bytes
    assert warning(on(one, ram_bytes=needed)) == (
        "memory may run out in a long run: up to 322 MB are in use, heaps may grow by 256 MB of holes that glibc does "
        "not fill again, and the machine has 322 MB: set MALLOC_MMAP_THRESHOLD_=131072 in the environment, or use a "
        "smaller prefetch_factor or fewer workers or a smaller batch_size"
    )
    assert predict(on(one, ram_bytes=needed + 256 * MB)).warnings == ()
    assert warning(on(one, ram_bytes=needed - 1)).startswith("memory would run out")


def test_what_just_fits_or_is_unknown_warns_of_nothing():
    one = scenario(4, **EIGHT)
    needed = predict(one)
    assert predict(on(one, shm_bytes=needed.shm_bytes)).warnings == ()
    assert warning(on(one, shm_bytes=needed.shm_bytes - 1)).startswith(SHARED)
    assert len(predict(on(one, shm_bytes=1, ram_bytes=1)).warnings) == 2
    assert predict(on(one, shm_bytes=0, ram_bytes=0)).warnings == ()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (64 * MB, "64 MB"),
        (1_284_000_000, "1.28 GB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_sizes_have_three_digits(number, text):
    assert size(number) == text
