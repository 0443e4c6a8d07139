"""Fetching bytes over https and nothing else, never more than was agreed on, with a timeout and a reason for every failure.

This module is imported when something is to be fetched: the libraries that it needs take longer to load than this whole package.
"""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from ..errors import DownloadError

CHUNK = 1 << 16


def fetch(
    url: str, *, limit: int, timeout: float, context: ssl.SSLContext | None = None, report: Callable[[int, int | None], None] | None = None
) -> bytes:
    """The body that is behind an address.

    Parameters
    ----------
    url : str
        Beginning with ``https://``; so must every address that it is redirected to.
    limit : int
        Bytes; a longer body is refused, before it is read if its length is declared.
    timeout : float
        Seconds to wait for a connection, and for each next piece of the answer.
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
    try:
        with _opener(context or ssl.create_default_context()).open(url, timeout=timeout) as response:
            return _body(response, limit, report)
    except DownloadError:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"the server answers {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise DownloadError(f"no answer within {timeout:g} s") from error
    except urllib.error.URLError as error:
        reason = f"no answer within {timeout:g} s" if isinstance(error.reason, TimeoutError) else str(error.reason)
        raise DownloadError(reason) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(f"the connection broke: {error or type(error).__name__}") from error


def _opener(context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    """One that knows https alone: `urllib.request.build_opener` would add http, ftp, file and data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _HttpsRedirects(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https addresses."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> urllib.request.Request | None:
        if not newurl.lower().startswith("https://"):
            raise DownloadError(f"it is redirected to {newurl!r}, and only https is followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _body(response: Any, limit: int, report: Callable[[int, int | None], None] | None) -> bytes:
    declared = response.headers.get("Content-Length")
    total = int(declared) if declared is not None and declared.isdecimal() else None
    if total is not None and total > limit:
        raise DownloadError(f"the server offers {total:,} bytes, where {limit:,} at most were expected")
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
