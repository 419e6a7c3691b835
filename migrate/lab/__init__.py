"""Servers for practice and tests. Opens sockets, so nothing below may import it."""
