"""One trial, from the side that asks for it: what it runs, its process, the limits, and `measure`."""
