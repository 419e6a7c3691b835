"""A practice world on disk: a folder of readable JSON that stands for Vault, PostgreSQL and the cluster.

folder      the files, read and written whole
deployed    what the deployed commit of the estate asks for
store       the stand-ins, as the engine and the checks see them
opening     a world for an estate, made on first use
hands       what a person may do to it: faults, and edits as another operator
"""

from __future__ import annotations

from migrate.stores.practice.opening import practice

__all__ = ["practice"]
