"""Fetching bytes over https and nothing else: never more than was agreed on, with a reason for every failure.

This module is imported when something is to be fetched: the libraries that it needs take longer to load than
this whole package.
"""

import http.client
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError

from ...errors import DownloadError
from ...files import printable

Report = Callable[[int, int | None], None]  # is told the bytes so far, and in all if known

CHUNK = 1 << 16
SLOWEST = 1 << 14  # bytes a second, below which a server is given up


def fetch(
    url: str,
    *,
    limit: int,
    timeout: float,
    context: ssl.SSLContext | None = None,
    report: Report | None = None,
) -> bytes:
    """The body that is behind an address.

    Parameters
    ----------
    url : str
        Beginning with ``https://``; so must every address that it is redirected to.
    limit : int
        Bytes; a longer body is refused, before it is read if its length is declared.
    timeout : float
        Seconds to wait for a connection, and for each next piece of the answer.  All pieces together may take
        so many seconds, and one more for each 16 KiB of the limit.
    context : ssl.SSLContext, optional
        How the server's certificate is judged; the system's way by default.
    report : callable, optional
        Called with the bytes so far, and in all if known, after each piece.

    Raises
    ------
    DownloadError
        With the reason in a few words.
    """
    if not url.startswith("https://"):
        raise DownloadError("the address must begin with https://")
    clock = _Clock(timeout, timeout + limit / SLOWEST)
    try:
        with _opener(context or ssl.create_default_context(), clock).open(url, timeout=timeout) as response:
            return _body(response, limit, report)
    except DownloadError:
        raise
    except HTTPError as error:
        error.close()
        raise DownloadError(f"the server answers {error.code} {printable(str(error.reason))}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(_reason(error, clock)) from None


def _reason(error: Exception, clock: "_Clock") -> str:
    """What an error tells of a connection, in a few words."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return clock.verdict()
    if cause is not error:  # there was no connection yet
        return printable(str(cause))
    return f"the connection broke: {printable(str(error)) or type(error).__name__}"


class _Clock:
    """How long to wait for the next piece, and for all: a byte now and then does not keep it open."""

    def __init__(self, timeout: float, total: float) -> None:
        self.timeout, self.total = timeout, total
        self.end = time.monotonic() + total

    def left(self) -> float:
        """Seconds to wait for the next piece."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.timeout, left)

    def verdict(self) -> str:
        """What has taken too long."""
        if time.monotonic() >= self.end:
            return f"not complete within {self.total:g} s"
        return f"no answer within {self.timeout:g} s"


class _TimedHandler(request.HTTPSHandler):
    """Opens connections that look at a clock before they wait for more."""

    def __init__(self, context: ssl.SSLContext, clock: _Clock) -> None:
        super().__init__(context=context)
        self._tls, self._clock = context, clock

    def https_open(self, req: request.Request) -> http.client.HTTPResponse:
        clock = self._clock

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                self.timeout = clock.left()
                super().connect()
                sock: Any = self.sock
                receive = sock.recv_into

                def recv_into(*arguments: Any) -> int:
                    sock.settimeout(clock.left())
                    return receive(*arguments)

                sock.recv_into = recv_into

        return self.do_open(Connection, req, context=self._tls)


def _opener(context: ssl.SSLContext, clock: _Clock) -> request.OpenerDirector:
    """One that knows https alone: `urllib.request.build_opener` would add http, ftp, file and data."""
    opener = request.OpenerDirector()
    handlers = [request.ProxyHandler(), _TimedHandler(context, clock), request.HTTPErrorProcessor()]
    handlers += [request.HTTPDefaultErrorHandler(), _HttpsRedirects(), request.UnknownHandler()]
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class _HttpsRedirects(request.HTTPRedirectHandler):
    """Follows redirections to https addresses."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith("https://"):
            raise DownloadError(f"it is redirected to {printable(newurl)!r}, and only https is followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _body(response: Any, limit: int, report: Report | None) -> bytes:
    declared = response.headers.get("Content-Length")
    total = int(declared) if declared is not None and declared.isdecimal() else None
    if total is not None and total > limit:
        offer = printable(f"{total:,}", 40)
        raise DownloadError(f"the server offers {offer} bytes, where {limit:,} at most were expected")
    body = bytearray()
    while piece := response.read1(CHUNK):
        body += piece
        if len(body) > limit:
            raise DownloadError(f"the server sends more than the {limit:,} bytes that were expected at most")
        if report:
            report(len(body), total)
    if total is not None and len(body) < total:
        raise DownloadError(f"the connection ended after {len(body):,} of {total:,} bytes")
    return bytes(body)
