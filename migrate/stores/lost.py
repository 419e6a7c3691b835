"""What may befall any request to a server."""

from __future__ import annotations


class LostError(Exception):
    """No answer came. Whether the request arrived is not known."""
