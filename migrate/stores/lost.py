"""What may befall any request to a server, and its answer read to the end."""

from __future__ import annotations

import time

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

_PIECE = 2**16


class LostError(Exception):
    """No answer came. Whether the request arrived is not known."""


def whole(answer: BaseHTTPResponse, seconds: float) -> bytes:
    """A body to its end. Raises LostError where it breaks off, or takes longer than this altogether.

    A timeout of the line counts from one piece to the next, so an answer that drips would go on for ever.
    """
    end, pieces = time.monotonic() + seconds, list[bytes]()
    try:
        while piece := answer.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            if time.monotonic() > end:
                answer.close()
                raise LostError(f"its answer had no end within {seconds:g} seconds")
    except (HTTPError, OSError) as error:
        raise LostError(f"its answer broke off: {type(error).__name__}") from None
    return b"".join(pieces)


def insist_on_end(data: bytes) -> None:
    """Return for what is no JSON. Raises LostError for JSON that begins and does not end: cut off on the way."""
    if data.lstrip()[:1] in (b"{", b"["):
        raise LostError("its answer breaks off in the middle")
