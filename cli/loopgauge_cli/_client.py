"""How commands talk to a running collector, and what they say when it does not answer."""

import os
import sys
from typing import Annotated, Any, NoReturn, Self
from urllib.parse import urlsplit

import typer

DEFAULT_URL = "http://127.0.0.1:4318"

EXIT_NEGATIVE = 1
EXIT_USAGE = 2

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"The collector. Without it LOOPGAUGE_ENDPOINT, else {DEFAULT_URL}.",
        show_default=False,
    ),
]


def stop(message: str, code: int = EXIT_USAGE) -> NoReturn:
    """Say on stderr why the command ends here, and end it."""
    sys.stderr.write(f"loopgauge: {message}\n")
    raise typer.Exit(code)


def collector_url(url: str | None) -> str:
    """The collector's address: as given, from the environment, or the default."""
    chosen = (url or os.environ.get("LOOPGAUGE_ENDPOINT") or DEFAULT_URL).rstrip("/")
    try:
        parts = urlsplit(chosen)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        stop(f"{chosen} is no address; write it as {DEFAULT_URL}")
    return chosen


class Unreachable(Exception):
    """The collector did not answer; the text is for people."""


class Client:
    """One collector's API; `with` closes its connection.

    Args:
        url: base URL; None for the environment's or the default.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str | None = None, timeout: float = 40.0) -> None:
        import httpx

        self.url = collector_url(url)
        self._http = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            # A proxy of the environment is for the web, not for a collector next door.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int | None) -> Any:
        """The JSON answer of a route; ends the command when there is none."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.answer("GET", path, params=given)

    def post(self, path: str, body: object) -> Any:
        """The same, with a JSON body."""
        return self.answer("POST", path, json=body)

    def answer(self, method: str, path: str, **given: Any) -> Any:
        """The JSON answer; a refusal or no answer at all ends the command."""
        try:
            status, body = self.exchange(method, path, **given)
        except Unreachable as error:
            stop(str(error))
        if status >= 400:
            detail = body.get("detail") if isinstance(body, dict) else None
            stop(str(detail or f"the collector answered {status} to {path}"), EXIT_NEGATIVE)
        return body

    def exchange(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Status and JSON body of an answer, whatever the status.

        Raises:
            Unreachable: nobody answered, or nobody that speaks our JSON.
        """
        import httpx

        try:
            answer = self._http.request(method, path, **given)
        except httpx.TimeoutException:
            raise Unreachable(f"the collector at {self.url} does not answer") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise Unreachable(
                f"no collector at {self.url}; start one with `loopgauge serve`, "
                "or name another with --url"
            ) from None
        try:
            return answer.status_code, answer.json()
        except ValueError:
            raise Unreachable(
                f"what answers at {self.url} is no LoopGauge collector ({path} gave "
                f"{answer.status_code}); another program may have its port"
            ) from None
