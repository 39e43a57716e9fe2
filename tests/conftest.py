"""Give every test the signals that a user's terminal gives."""

import signal

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start inherits it.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
