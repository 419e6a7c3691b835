"""One request to the API server and its answer.

Raw answers: the client's own models can raise after the server has applied a write, where an answer does not fit them
(kubernetes 37, measured). Bodies and content types are said by whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import kubernetes
import urllib3

from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Unreachable
from migrate.stores.lost import LostError, insist_on_end, whole

_SECONDS = (10, 30)
_ABREAST = 128
"""So many connections are kept: checks of many workloads ask side by side."""
JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said. It may hold Secrets, so `repr` shows the status only."""

    status: int
    body: dict[str, Json] = field(repr=False)
    its_own: bool = False
    """Whether the API server wrote it, and nobody in its place."""
    wait: str = ""
    """The seconds after which it wants to be asked again, where it says so (Retry-After)."""

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """The server's own words of refusal."""
        return str(self.body.get("message") or f"HTTP {self.status}")

    @property
    def later(self) -> bool:
        """Whether it says nothing of what was asked, but that it cannot say now."""
        return self.status >= 500 or self.status in {408, 429}

    @property
    def items(self) -> list[dict[str, Json]]:
        """The members of a list."""
        return [mapping(one) for one in sequence(self.body.get("items"))]


class Api:
    """One cluster, by a context of the operator's kubeconfig (KUBECONFIG, else ~/.kube/config)."""

    def __init__(self, context: str | None = None, kubeconfig: str | None = None) -> None:
        try:
            self._client = kubernetes.config.new_client_from_config(kubeconfig, context)  # type: ignore[no-untyped-call]
        except kubernetes.config.ConfigException as error:
            raise Refused(
                f"no cluster: {str(error).splitlines()[0]}",
                undone="nothing was asked",
                following="set kube.context in migrate.yaml to one of: kubectl config get-contexts",
            ) from None
        configuration = self._client.configuration
        if not configuration.verify_ssl:
            raise Refused(
                "the kubeconfig says insecure-skip-tls-verify",
                truth="whoever answers could be anybody, and would be handed tokens",
                undone="nothing was asked",
                following="give the cluster's CA in the kubeconfig (certificate-authority)",
            )
        # A retry of a write is for whoever reads back first.
        configuration.retries = False
        configuration.connection_pool_maxsize = _ABREAST
        self._client = kubernetes.client.ApiClient(configuration)
        self._served = dict[str, str | None]()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        kind: str = "application/json",
    ) -> Answer:
        """Send one request. Raises LostError where no answer came."""
        status, data, headers = self._sent(method, path, body, query or {}, kind)
        try:
            body = _body(data)
            return Answer(status, body, _of_server(status, body, headers, path), headers.get("Retry-After", ""))
        except LostError as error:
            raise LostError(f"the API server does not answer ({error})") from None

    def file(self, path: str) -> bytes:
        """What a service of the cluster serves at a path of the API server's proxy. Raises Unreachable."""
        try:
            status, data, _ = self._sent("GET", path, None, {}, "*/*")
        except LostError as error:
            raise Unreachable(str(error), following="it answers again: kubectl get --raw /readyz") from None
        if status != 200:
            raise Unreachable(
                f"the API server does not hand {path} on (HTTP {status})", following="grant services/proxy"
            )
        return data

    def _sent(
        self, method: str, path: str, body: Any, query: Mapping[str, str], kind: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        headers = {"Accept": "*/*" if kind == "*/*" else "application/json", "Content-Type": kind}
        pairs = list(query.items())
        request = self._client.param_serialize(
            method, path, query_params=pairs, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        try:
            found = self._client.call_api(*request, _request_timeout=_SECONDS)
            return found.status, whole(found.response, _SECONDS[1]), found.getheaders() or {}
        except LostError as error:
            raise LostError(f"the API server does not answer ({error})") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = getattr(error, "reason", None) or error
            raise LostError(f"the API server does not answer ({type(cause).__name__})") from None

    def look(self, path: str, *, query: Mapping[str, str] | None = None) -> Answer:
        """The answer to a reading that is one: found, none there (404), or not allowed (403). Raises Unreachable."""
        return self.told("GET", path, query=query)

    def told(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        refusals: Set[int] = frozenset({403, 404}),
    ) -> Answer:
        """What the API server says to a request that changes nothing: it does it, or refuses with one of these.

        Raises Unreachable for everything else: that it cannot answer now, or that a proxy or somebody else speaks in
        its place, is no answer.
        """
        try:
            answer = self.ask(method, path, body, query=query)
        except LostError as error:
            raise Unreachable(str(error), following="it answers again: kubectl get --raw /readyz") from None
        if answer.its_own and answer.status in refusals:
            return answer
        if answer.status == 401:
            raise Unreachable("the API server does not know who asks", following="log in again: kubectl auth whoami")
        if answer.later:
            wait = f", in {answer.wait} seconds as it says" if answer.wait.isdigit() else ""
            raise Unreachable(
                f"the API server cannot answer now: {answer.message}", following=f"it answers again{wait}"
            )
        if not answer.its_own:
            raise Unreachable(
                f"what answers at the cluster's address does not answer as an API server does (HTTP {answer.status})",
                following="the API server itself answers: kubectl get --raw /readyz; see what stands before it",
            )
        if not answer.ok:
            raise Unreachable(f"the API server does not answer that: {answer.message}", following="see its log")
        return answer

    def served(self, group: str) -> str | None:
        """`/apis/GROUP/VERSION` as the server prefers it; None where it serves no such group. Raises Unreachable."""
        if group not in self._served:
            found = self.look(f"/apis/{group}")
            if not found.ok and found.status != 404:
                raise Unreachable(
                    f"whether the cluster serves {group} may not be seen: {found.message}",
                    following="let the kubeconfig's user discover APIs (ClusterRole system:discovery)",
                )
            version = mapping(found.body.get("preferredVersion")).get("groupVersion") if found.ok else None
            self._served[group] = f"/apis/{version}" if version else None
        return self._served[group]

    def custom(self, group: str, plural: str, name: str) -> Answer | None:
        """A custom resource by `namespace/name`; None where its group is not served. Raises Unreachable."""
        root = self.served(group)
        if root is None:
            return None
        namespace, _, short = name.partition("/")
        return self.look(f"{root}/namespaces/{namespace}/{plural}/{short}")


def _body(data: bytes) -> dict[str, Json]:
    try:
        return mapping(json.loads(data)) if data else {}
    except ValueError:
        insist_on_end(data)
        return {}


def _of_server(status: int, body: dict[str, Json], headers: Mapping[str, str], path: str) -> bool:
    """What it finds is an object of some kind (but for its version and the like); a refusal is one as well, or bears
    its mark, which it sets on each answer since 1.23."""
    if "kind" in body:
        return True
    return bool(body) and not path.startswith("/api") if 200 <= status < 300 else "Audit-Id" in headers


def place(name: str, plural: str, root: str = "/api/v1") -> str:
    """The path of an object by `namespace/name`."""
    namespace, _, short = name.partition("/")
    return f"{root}/namespaces/{namespace}/{plural}/{short}"


def metadata(found: Mapping[str, Json]) -> dict[str, Json]:
    """An object's metadata."""
    return mapping(found.get("metadata"))
