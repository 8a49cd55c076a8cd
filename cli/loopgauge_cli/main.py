"""The door of the `loopgauge` command. It opens with nothing but the standard library.

The library has no dependencies, so the command may be installed without what it needs;
then it says what to install instead of showing a traceback.
"""

import sys
from typing import NoReturn

EXIT_USAGE = 2


def main() -> NoReturn:
    """Run the command line; ends the process with its exit code."""
    try:
        from loopgauge_cli.app import app

        app(prog_name="loopgauge")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing.startswith("loopgauge") or not missing:
            raise
        sys.stderr.write(
            f"loopgauge: this command needs {missing}, which is not installed. Run:\n"
            "    pip install 'loopgauge[collector]'\n"
        )
        sys.exit(EXIT_USAGE)
    sys.exit(0)


if __name__ == "__main__":
    main()
