"""Runs a module that ends when its standard input does: `python -m loopgauge_demo.tethered …`.

A server does not look at its input. Tethered to the demo it ends with it in any case, also
when the demo was killed and could not say a word.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the module that the first argument names, with the others as its own."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
