"""What every ring needs."""

from __future__ import annotations

import signal

# Started in the background of a shell without job control, Ctrl-C is ignored here and in all that is started
# from here; the tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
