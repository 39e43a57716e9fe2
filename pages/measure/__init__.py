"""Hold the pages that measure this machine."""
