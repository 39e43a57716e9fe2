"""The process that runs one sweep for the app, `python -m bench.job`, and how it is started and stopped."""
