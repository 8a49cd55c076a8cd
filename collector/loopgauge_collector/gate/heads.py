"""The head of a request: host, media type, encoding and length, each right or refused."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from loopgauge_collector.admission.reasons import shown
from loopgauge_collector.errors import Refused
from loopgauge_collector.settings import Settings

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8"})


class Head:
    """The headers of one request."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name, []).append(value.decode("latin-1").strip())

    def one(self, name: str) -> str | None:
        """The value of a header; None when it is missing.

        Raises:
            Refused: 400, it stands there more than once.
        """
        values = self._values.get(name.encode())
        if values is None:
            return None
        if len(values) > 1:
            raise Refused(400, "bad_header", f"the header {name} stands there {len(values)} times")
        return values[0]

    def media_type(self, wanted: Sequence[str]) -> str:
        """The media type of the body, one of those wanted.

        Raises:
            Refused: 415.
        """
        header = self.one("content-type") or ""
        media_type, *parameters = (part.strip() for part in header.split(";"))
        media_type = media_type.lower()
        if media_type not in wanted:
            given = f"it is {shown(header)}" if header else "there is none"
            raise Refused(
                415, "media_type", f"the Content-Type must be {' or '.join(wanted)}; {given}"
            )
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.lower() == "charset" and value.strip('"').lower() not in _UTF8:
                raise Refused(415, "charset", f"the charset must be utf-8; it is {shown(value)}")
        return media_type

    def is_gzip(self) -> bool:
        """Whether the body is compressed with gzip; otherwise it is as it is.

        Raises:
            Refused: 415, another encoding or several.
        """
        values = self._values.get(b"content-encoding", [])
        encoding = ", ".join(values).lower()
        if encoding in ("", "identity"):
            return False
        if encoding == "gzip":
            return True
        raise Refused(
            415, "encoding", f"the Content-Encoding must be gzip or none; it is {shown(encoding)}"
        )

    def length(self) -> int | None:
        """Bytes of the body as announced; None when they are not.

        Raises:
            Refused: 400, it is no number, or contradicts the Transfer-Encoding.
        """
        length = self.one("content-length")
        if length is None:
            return None
        if b"transfer-encoding" in self._values:
            raise Refused(
                400, "bad_header", "Content-Length and Transfer-Encoding exclude each other"
            )
        if not (length.isascii() and length.isdecimal() and len(length) < 20):
            raise Refused(400, "bad_header", f"the Content-Length {shown(length)} is no length")
        return int(length)


class HostCheck:
    """Answers only requests that were meant for us: a page in a browser cannot rebind a name.

    Args:
        settings: the address that is bound, and further names.
    """

    def __init__(self, settings: Settings) -> None:
        bound = settings.host.strip("[]").lower()
        self._names = _LOCAL | {bound, *(name.lower() for name in settings.allowed_hosts)}
        # An attacker's page can point a name at us, never a bare address.
        self._takes_addresses = bound not in _LOCAL

    def check(self, head: Head) -> None:
        """Look at the Host header.

        Raises:
            Refused: 400 without one, 421 for a name that is not ours.
        """
        host = head.one("host")
        match = _HOST.fullmatch(host) if host else None
        if match is None:
            raise Refused(400, "bad_host", "the request needs one Host header with a name")
        name = (match[1] or match[2]).lower().rstrip(".")
        if name in self._names or (self._takes_addresses and _is_address(name)):
            return
        raise Refused(
            421,
            "unknown_host",
            f"the Host {shown(name)} is not answered here; LOOPGAUGE_ALLOWED_HOSTS can name it",
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
