"""Traps about the pod's shape: containers, mounts, resources, security, end of life."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.injector.agent import Agent
from migrate.injector.lint.subject import Finding, Subject, error, info, key, warning


def findings(subject: Subject) -> Iterator[Finding]:
    """Traps about the pod."""
    agent = subject.agent
    if agent is None:
        return
    yield from _chosen(subject, agent)
    yield from _lifetime(subject, agent)
    yield from _init(subject, agent)
    yield from _resources(subject, agent)
    yield from _security(subject, agent)
    yield from _server(subject)
    yield from _ports(subject, agent)
    yield from _shutdown(subject, agent)
    yield from _telemetry(agent)


def _chosen(subject: Subject, agent: Agent) -> Iterator[Finding]:
    names = agent.text("agent-inject-containers").split(",")
    known = {container.get("name", "") for container in subject.containers}
    for name in names:
        if name.strip() != name and name.strip() in known:
            yield error(
                "containers.space",
                f"`{name}` in {key('agent-inject-containers')} keeps its space and matches no container.",
                "Write the list without spaces.",
            )
        elif name not in known:
            yield error(
                "containers.unknown",
                f"{key('agent-inject-containers')} names `{name}`, and the pod has no such container.",
                "Correct the name; init containers always get the files.",
            )


def _lifetime(subject: Subject, agent: Agent) -> Iterator[Finding]:
    switches = agent.switches
    if subject.workload.ends and not switches.pre_populate_only:
        yield error(
            "job.never-ends",
            f"The {subject.workload.kind} ends, its sidecar does not: it never completes.",
            f'Add {key("agent-pre-populate-only")}: "true".',
        )
    elif not switches.pre_populate_only and switches.exit_on_retry_failure:
        yield warning(
            "agent.exits-on-outage",
            "When Vault is away for minutes the sidecar exits, the pod turns NotReady and leaves its Service.",
            f'Add {key("template-config-exit-on-retry-failure")}: "false".',
        )


def _init(subject: Subject, agent: Agent) -> Iterator[Finding]:
    switches = agent.switches
    if not switches.pre_populate and switches.pre_populate_only:
        yield error("agent.none", "No init container and no sidecar: nobody writes the files.", "Drop one of the two.")
    elif not switches.pre_populate:
        yield warning(
            "init.absent",
            "Without the init container the application may start before its files exist.",
            f"Remove {key('agent-pre-populate')}.",
        )
    if not switches.pre_populate and switches.share_process_namespace is not None:
        yield error(
            "init.share-ignored",
            f"{key('agent-share-process-namespace')} is ignored without the init container.",
            f"Remove {key('agent-pre-populate')}, or set shareProcessNamespace on the pod.",
        )
    if switches.pre_populate and subject.init_containers and not switches.init_first:
        names = ", ".join(container.get("name", "") for container in subject.init_containers)
        yield warning(
            "init.order",
            f"The agent's init container runs last: {names} mount the directory but find no files.",
            f'If one of them needs a secret add {key("agent-init-first")}: "true".',
        )


def _resources(subject: Subject, agent: Agent) -> Iterator[Finding]:
    if "agent-requests-cpu" not in subject.own and agent.text("agent-requests-cpu") == "250m":
        yield warning(
            "resources.cpu-default",
            "Each agent container asks for 250m CPU; it uses about 10m, and small clusters run out of room.",
            f'Add {key("agent-requests-cpu")}: "10m" and {key("agent-limits-cpu")}: "".',
        )


def _security(subject: Subject, agent: Agent) -> Iterator[Finding]:
    on_pod = (subject.spec.get("securityContext") or {}).get("seccompProfile")
    contexts = [container.get("securityContext") or {} for container in subject.agent_containers]
    if contexts and not on_pod and not all(context.get("seccompProfile") for context in contexts):
        yield warning(
            "psa.seccomp",
            "The agent containers have no seccompProfile: Pod Security `restricted` refuses the pod.",
            "Set the pod's securityContext.seccompProfile to RuntimeDefault, or patch both agents with "
            f"{key('agent-json-patch')} and {key('agent-init-json-patch')}.",
        )
    if not agent.switches.security_context:
        yield warning(
            "psa.no-context",
            "The agents get no security context: `restricted` refuses them, and they run as the image says.",
            f"Remove {key('agent-set-security-context')} unless this is OpenShift.",
        )
    elif agent.switches.user == 0 or agent.switches.group == 0:
        yield warning(
            "psa.root",
            "The agents run as root, or in root's group.",
            f"Set {key('agent-run-as-user')} and {key('agent-run-as-group')} to the application's.",
        )


def _server(subject: Subject) -> Iterator[Finding]:
    for text in subject.server_refusals:
        if text.endswith("must be unique"):
            code, fix = "mount.collision", f"Choose another {key('secret-volume-path')}, or drop the mount."
        elif text.startswith("spec.volumes") and "Duplicate" in text:
            code, fix = "volume.collision", "Rename the pod's own volume: the injector's names cannot be changed."
        elif "name: Duplicate" in text:
            code, fix = "container.collision", "Rename the pod's own container: the agents' names are taken."
        else:
            continue
        yield error(code, f"The API server refuses the injected pod: {text}", fix)


def _ports(subject: Subject, agent: Agent) -> Iterator[Finding]:
    switches = agent.switches
    if switches.pre_populate_only or not (switches.cache or switches.enable_quit):
        return
    wanted = agent.text("agent-cache-listener-port")
    for container in subject.containers:
        for port in container.get("ports", []):
            if str(port.get("containerPort")) == wanted:
                yield error(
                    "cache.port-taken",
                    f"The agent listens on 127.0.0.1:{wanted}, and so does container {container.get('name', '')}.",
                    f"Choose another {key('agent-cache-listener-port')}.",
                )


def _shutdown(subject: Subject, agent: Agent) -> Iterator[Finding]:
    if not agent.switches.revoke_on_shutdown:
        return
    allowed = subject.spec.get("terminationGracePeriodSeconds", 30)
    if agent.switches.revoke_grace < allowed:
        yield warning(
            "revoke.early",
            f"{agent.switches.revoke_grace} s after the pod is told to stop its token and leases are revoked, while "
            f"the application may still work for {allowed} s.",
            f'Set {key("agent-revoke-grace")}: "{allowed}", or remove {key("agent-revoke-on-shutdown")}.',
        )


def _telemetry(agent: Agent) -> Iterator[Finding]:
    from migrate.injector.agentconfig import configuration

    if agent.telemetry and not agent.text("agent-configmap"):
        written = configuration(agent, init=False).get("telemetry")
        if not written:
            yield info(
                "telemetry.dropped",
                "One telemetry annotation has the wrong type or an unknown name, and the injector drops them all.",
                "Booleans and numbers bare, everything else as text; lists as JSON.",
            )
