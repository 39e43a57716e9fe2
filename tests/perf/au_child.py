"""Load DLIO's files with a plain DataLoader, doing the work of DLIO's reader; keep the trace, print the times as JSON.

The argument is a JSON object with the fields of `au_work.Work`, `num_workers` and `trace`, the file to write.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from au_work import PREFETCH, Work
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bench.tracing.trace import trace

# Of dlio_benchmark/reader: npz_reader.py and image_reader.py.
OPENED = {
    "npz": lambda path: np.load(path, allow_pickle=True)["x"][..., 0],
    "jpeg": lambda path: np.asarray(Image.open(path)),
}


class Files(Dataset):
    """Do for each sample what DLIO's reader does (dlio_benchmark/reader/reader_handler.py, read_index)."""

    def __init__(self, work):
        self.work, self.open = work, OPENED[work.format]
        paths = sorted(Path(work.folder, "train").iterdir())[: work.files]
        # Numpy's numbers as in DLIO's table (np.arange in its utils/config.py): their text takes longer.
        self.places = {
            index: (str(path), np.int64(0)) for index, path in zip(np.arange(len(paths)), paths, strict=True)
        }
        side = int(work.record_bytes**0.5)
        self.resized = np.random.default_rng(0).integers(255, size=(side, side), dtype=np.uint8)

    def __len__(self):
        return len(self.places)

    def __getitem__(self, index):
        # DLIO writes its whole table of places into a log line for each sample, whether that is shown or not.
        str(self.places)
        path, _ = self.places[index]
        self.open(path)
        time.sleep(self.work.preprocess_s)
        return self.resized


def main():
    """Train as DLIO does: a sleep for each step."""
    asked = json.loads(sys.argv[1])
    num_workers, kept = asked.pop("num_workers"), asked.pop("trace")
    work = Work(**asked)
    options = {"prefetch_factor": PREFETCH, "multiprocessing_context": "fork", "persistent_workers": True}
    loader = DataLoader(
        Files(work), work.batch_size, drop_last=True, num_workers=num_workers, **(options if num_workers else {})
    )
    with trace(loader) as traced:
        epochs = [train(loader, work.compute_s) for _ in range(work.epochs)]
    traced.save(kept)
    print(json.dumps(epochs))


def train(loader, compute_s):
    """Go through an epoch; return when each step's compute began and ended, and when the loop did, by DLIO's clock."""
    computed = []
    for _batch in loader:
        start_s = time.time()
        time.sleep(compute_s)
        computed.append((start_s, time.time()))
    return {"computed": computed, "ended_s": time.time()}


if __name__ == "__main__":
    main()
