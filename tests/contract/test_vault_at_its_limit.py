"""A real Vault that has had enough requests: what it says then is no answer, and says when to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from migrate.model.ports import Unreachable
from migrate.stores.vault.api import Api
from migrate.stores.vault.certificates import Issued, authority
from tests.contract.servers import ROOT, Servers

pytestmark = pytest.mark.lab(level="vault")
_QUOTA, _MOUNT = "sys/quotas/rate-limit/few", "limited"


@pytest.fixture
def limited(servers: Servers) -> Iterator[Api]:
    """A mount with one request an hour, which is spent."""
    api = Api(servers.vault, servers.ca, lambda: ROOT)
    assert api.ask("post", f"sys/mounts/{_MOUNT}", {"type": "pki"}).ok
    assert authority(api, _MOUNT) is None
    assert Issued(api).bearing(_MOUNT, "name", datetime.now(UTC)) == {"valid": [], "revoked": []}
    assert api.ask("post", "sys/quotas/config", {"enable_rate_limit_response_headers": True}).ok
    assert api.ask("post", _QUOTA, {"path": f"{_MOUNT}/", "rate": 1, "interval": "1h"}).ok
    api.ask("get", f"{_MOUNT}/issuer/default/json")
    yield api
    assert api.ask("delete", _QUOTA).ok
    assert api.ask("post", "sys/quotas/config", {"enable_rate_limit_response_headers": False}).ok
    assert api.ask("delete", f"sys/mounts/{_MOUNT}").ok


def test_what_may_not_be_asked_now_is_neither_there_nor_gone(limited: Api) -> None:
    asked = (
        lambda: authority(limited, _MOUNT),
        lambda: Issued(limited).bearing(_MOUNT, "name", datetime.now(UTC)),
        lambda: limited.look(f"{_MOUNT}/roles/any"),
    )
    for ask in asked:
        with pytest.raises(Unreachable, match="rate limit quota exceeded") as caught:
            ask()
        assert "seconds as it says" in caught.value.following
        assert ROOT not in f"{caught.value!r}{caught.value.following}"
