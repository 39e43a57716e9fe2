"""Say what is loaded and computed through DLIO and through us; run DLIO on it."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

# Batches ahead of each worker; DLIO divides its prefetch_size by their number (data_loader/torch_data_loader.py).
PREFETCH = 2
# First steps of an epoch that AU leaves out: DLIO's default (metric_exclude_start_steps in utils/config.py).
EXCLUDED_STEPS = 1


@dataclass(frozen=True, kw_only=True)
class Work:
    """Hold what both do: files of one record each, read in order, and an emulated accelerator that sleeps.

    folder: with the folder `train` that DLIO generates. preprocess_s: a sleep for each sample, in the worker.
    """

    folder: str
    format: str = "npz"
    files: int = 256
    record_bytes: int = 512 * 512
    batch_size: int = 8
    epochs: int = 3
    preprocess_s: float = 0.002
    compute_s: float = 0.016


def is_installed(python):
    """Return whether an interpreter can import DLIO."""
    try:
        return not subprocess.run([python, "-c", "import dlio_benchmark"], capture_output=True, check=False).returncode
    except OSError:
        return False


class Dlio:
    """Run DLIO by the Python that has it."""

    def __init__(self, python, work):
        self.python, self.work = python, work

    def generate(self):
        """Write the files, unless they are there."""
        if not Path(self.work.folder, "train").is_dir():
            self._run("generate", {"workflow.generate_data": True, "workflow.train": False})

    def utilization(self, num_workers):
        """Return the AU of each epoch as DLIO says it, between 0 and 1."""
        found = self._run(
            "run",
            {
                "reader.read_threads": num_workers,
                "reader.prefetch_size": PREFETCH * num_workers,
                "reader.batch_size": self.work.batch_size,
                "reader.preprocess_time": self.work.preprocess_s,
                "reader.pin_memory": False,
                "reader.multiprocessing_context": "fork",
                "train.computation_time": self.work.compute_s,
                "train.epochs": self.work.epochs,
                "output.metric.exclude_start_steps": EXCLUDED_STEPS,
                "output.metric.exclude_end_steps": 0,
            },
        )
        return [percent / 100 for percent in found["metric"]["train_au_percentage"]]

    def _run(self, name, settings):
        out = Path(self.work.folder, name)
        dataset = {
            "data_folder": self.work.folder,
            "format": self.work.format,
            "num_files_train": self.work.files,
            "num_files_eval": 0,
            "num_subfolders_train": 0,
            "num_subfolders_eval": 0,
            "record_length_bytes": self.work.record_bytes,
        }
        settings = (
            {f"dataset.{key}": value for key, value in dataset.items()} | {"workflow.evaluation": False} | settings
        )
        settings["output.folder"] = out
        command = [self.python, "-m", "dlio_benchmark.main", "workload=default", f"hydra.run.dir={out}"]
        command += [f"++workload.{key}={value}" for key, value in settings.items()]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=self.work.folder, check=False)
        if ran.returncode:
            raise RuntimeError(f"DLIO failed:\n{ran.stderr}")
        summary = out / "summary.json"
        return json.loads(summary.read_text(encoding="utf-8")) if summary.exists() else {}


def asked(work, num_workers, trace):
    """Return the argument of `au_child.py`."""
    return json.dumps(asdict(work) | {"num_workers": num_workers, "trace": str(trace)})
