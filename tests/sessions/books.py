"""Runbooks for tests, made from their steps."""

from __future__ import annotations

FRONT = """---
title: Practice
owner: the people on call
reviewed: 2026-11-24
{inputs}---

# Practice

Turn back here: [go back](#rollback).
"""


def book(*sections: str, inputs: str = "") -> str:
    """A runbook of these sections; each is written as `id`, a line break, and what stands below the heading."""
    body = "".join(
        f'\n## Step <a id="{text.partition(chr(10))[0]}"></a>\n\n{text.partition(chr(10))[2]}\n' for text in sections
    )
    return FRONT.format(inputs=inputs) + body


def fence(kind: str, *lines: str) -> str:
    """A fence of a kind."""
    return "\n".join((f"```{kind}", *lines, "```", ""))


LOOK = "look\n" + fence("migrate", "migrate status")
BACK = "rollback\n" + fence("migrate", "migrate phases")
