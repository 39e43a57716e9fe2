"""Trace a user's own DataLoader in the user's own loop, and put together the Timeline of what was seen."""
