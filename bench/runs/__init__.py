"""A run from its plan to its place in the store: what is swept, in which order, and what is kept of it."""
