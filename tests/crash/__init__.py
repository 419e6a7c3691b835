"""Killed at any instant: the next command knows where it is, and both ways lead to an end."""
