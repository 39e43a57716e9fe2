"""Say how large the pickle of a list of Python objects is beside the objects: memory_facts.py runs it once per kind."""

import gc
import io
import os
import sys
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

COUNT = 500_000
KINDS = {
    "strings of 20": lambda: [f"img_{number:012}.jpg" for number in range(COUNT)],
    "strings of 63": lambda: [f"/data/train/n01440764/n01440764_{number:032}" for number in range(COUNT)],
    "strings of 200": lambda: [f"{'x' * 170}{number:030}" for number in range(COUNT)],
    "path and label": lambda: [(f"/data/train/n01440764_{number:08}.JPEG", number % 1000) for number in range(COUNT)],
    "dicts": lambda: [
        {"path": f"/data/{number:020}", "label": number % 1000, "box": [number, number + 1]} for number in range(COUNT)
    ],
    "lists of numbers": lambda: [list(range(number, number + 50)) for number in range(COUNT // 20)],
}


class Watched(io.BytesIO):
    """Note the most memory that the process has whenever the pickler writes."""

    peak = 0

    def write(self, data):
        self.peak = max(self.peak, resident_bytes())
        return super().write(data)


def resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def main():
    gc.collect()
    before = resident_bytes()
    made = KINDS[sys.argv[1]]()
    built = resident_bytes()
    target = Watched()
    ForkingPickler(target).dump(made)
    peak = max(target.peak, resident_bytes())
    print(target.tell() / (built - before), (peak - built) / (built - before))


if __name__ == "__main__":
    main()
