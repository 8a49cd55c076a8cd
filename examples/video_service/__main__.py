"""Run the service: `python -m examples.video_service`."""

import argparse

import uvicorn

from examples.video_service.app import create_app


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m examples.video_service")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, help="how the simulated providers behave")
    parser.add_argument("--quiet", action="store_true", help="write warnings only")
    options = parser.parse_args()
    uvicorn.run(
        create_app(seed=options.seed),
        host="127.0.0.1",
        port=options.port,
        log_level="warning" if options.quiet else "info",
    )


if __name__ == "__main__":
    main()
