"""Name machines and workloads to start from; `SOURCES` says of each where its figures come from."""

from __future__ import annotations

from dataclasses import replace

from dataloader_sim.scenario import Machine, Workload

_VM = Machine(
    cores=2.0,
    worker_spawn_s=0.0067,
    worker_boot_s=0.0131,
    worker_import_s=0.98,
    worker_exit_s=0.0072,
    put_s=0.00089,
    get_s=0.00079,
    get_tensor_s=0.00017,
    shm_bytes_per_s=1.48e9,
    # Giving the memory back is in it: the training process pays for both.
    touch_bytes_per_s=2.3e9,
    ram_bytes=25_276_502_016,
    shm_bytes=25_276_502_016,
)
MACHINES: dict[str, Machine] = {
    "ideal": Machine(),
    "2-core VM": _VM,
    "2-core VM, PCIe 4 nominal": replace(_VM, h2d_bytes_per_s=31.5e9),
}

_IMAGENET = Workload(
    batch_size=256,
    io_s=0.0004,
    cpu_s=0.0024,
    jitter=0.13,
    sample_bytes=602_120,
    tensors=2,
    step_s=0.104,
)
WORKLOADS: dict[str, Workload] = {
    "ImageNet on disk": _IMAGENET,
    "ImageNet on network storage": replace(_IMAGENET, io_s=0.015, jitter=0.5),
    "token sequences": Workload(
        batch_size=16, io_s=0.0, cpu_s=6e-6, collate_s=18e-6, sample_bytes=32_768, tensors=2, step_s=0.250
    ),
    "table rows": Workload(
        batch_size=1024, io_s=0.0, cpu_s=1.5e-6, collate_s=470e-6, sample_bytes=408, tensors=2, step_s=0.002
    ),
    "small images in memory": Workload(
        batch_size=64, io_s=0.0, cpu_s=11e-6, collate_s=31e-6, sample_bytes=3_144, tensors=2, step_s=0.001
    ),
}

_VM_SOURCE = (
    "measured on a 2-core virtual machine (AMD EPYC), Linux, Python 3.11, torch 2.13, fork, "
    "by tests/perf/plumbing.py, 2026-11-22"
)
SOURCES: dict[str, str] = {
    "ideal": "no plumbing costs anything: what the protocol alone does",
    "2-core VM": f"{_VM_SOURCE}; pinning and copies to a GPU cost nothing, as it has none",
    "2-core VM, PCIe 4 nominal": (
        f"{_VM_SOURCE}; copies to a GPU at the nominal 31.5 GB/s of PCIe 4.0 x16, not measured; pinning costs nothing"
    ),
    "ImageNet on disk": (
        "decoding and augmenting measured (Pillow, one core, JPEG files of about 100 KB); 602,120 bytes are "
        "3 x 224 x 224 float32 and a label; step: ResNet-50 at 2,470 images/s on an A100 (NVIDIA DeepLearningExamples, "
        "mixed precision); reads assumed"
    ),
    "ImageNet on network storage": "as on disk, with reads of 15 ms and more jitter assumed",
    "token sequences": "2,048 tokens and their successors from a memory map, measured; step assumed",
    "table rows": "100 float32 columns and a label indexed one row at a time, measured; step assumed",
    "small images in memory": "28 x 28 float32, scaled and normalised, and a label, measured; step assumed",
}
