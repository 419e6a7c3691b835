"""Between the two commits that retire ExternalSecrets: their Secrets belong to nobody any more."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.orphan_external_secret import together
from migrate.operations.subject import Retiring
from migrate.operations.wish import Arguments, Put, Wish


def disown_secret(subject: Retiring, arguments: Arguments) -> Iterator[Wish]:
    """The owner reference of the ExternalSecret is gone from its Secret: it alone decides whether removal deletes it.

    From 0.16 on ESO takes it off by itself once it has seen `creationPolicy: Orphan`, and the step finds it done; 0.10
    never does (measured), and there this step keeps the Secret.
    """
    copies = [copied for copied in subject.copies if copied.retire]
    for copied in copies:
        secret = f"{copied.namespace}/{copied.target_secret}"
        yield Wish(
            target=copied.owners,
            act=Put({copied.as_owner: None}),
            summary=f"Secret {secret} no longer belongs to ExternalSecret {copied.name}",
            blast="one owner reference; the Secret, its values and other owners stay",
            guard="refused unless the Secret and the reference are the very ones that were read (uid)",
            needs=(
                f"kubernetes: get, patch secrets in {copied.namespace}",
                f"kubernetes: get externalsecrets in {copied.namespace}",
            ),
            rests_on=(together(subject, copies),),
            updates=True,
        )
