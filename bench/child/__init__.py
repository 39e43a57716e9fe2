"""What runs in a trial's own process, `python -m bench.child`, and nowhere else: the only place of torch."""
