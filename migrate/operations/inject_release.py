"""The cutover of a Helm release: the agent writes the password to a file, and the application reads it from there.

Every default of the injector that is known to bite is overridden here, each with its reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import Edit, RemoveItem, RemoveKey
from migrate.model.json import Json, Pointer, canonical
from migrate.operations.jwt_role import UNSET_AUDIENCE
from migrate.operations.login import LoginSubject, Release, credential_path
from migrate.operations.merging import merge
from migrate.operations.subject import Entering
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish, text

PREFIX = "vault.hashicorp.com/"
FOLDER = "/vault/secrets"
PASSWORD, USER = "GF_DATABASE_PASSWORD", "GF_DATABASE_USER"
_PASSWORD_FILE, _USER_FILE = f"{FOLDER}/db-password", f"{FOLDER}/db-user"
TOKEN_VOLUME = "vault-token"
_DEFAULT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN = "/var/run/secrets/vault.hashicorp.com/serviceaccount/token"


def inject_release(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """One commit that touches nothing but the workload's own values."""
    release = subject.release
    edits = (*_wanted(subject, arguments), *_unwanted(release, dynamic=arguments.get("dynamic") is True))
    credential = subject.dynamic_role if arguments.get("dynamic") is True else subject.static_role
    yield Wish(
        target=release.target,
        act=Edits((Rewrite(release.place.file, release.place.document, edits),)),
        summary=f"{release.container} reads its password from a file and logs in as {_user(subject, arguments)}",
        blast=f"the pods of Deployment {subject.unit} are replaced; ESO and its Secret stay as they are",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch",),
        rests_on=(credential, subject.policy, subject.jwt_role),
    )


def _user(subject: LoginSubject, arguments: Arguments) -> str:
    return "a login of its own" if arguments.get("dynamic") is True else subject.new_login


def _wanted(subject: LoginSubject, arguments: Arguments) -> Iterator[Edit]:
    release, dynamic = subject.release, arguments.get("dynamic") is True
    # Grafana refuses to start when a variable and its __FILE form are both set, so it is one of the two.
    user: dict[str, Json] = {f"{USER}__FILE": _USER_FILE} if dynamic else {USER: subject.new_login}
    wanted: dict[str, Json] = {
        "podAnnotations": pod_annotations(subject, arguments),
        # Charts that render this field refuse the annotation of the same meaning; charts that do not ignore it.
        "shareProcessNamespace": True,
        "env": {**user, f"{PASSWORD}__FILE": _PASSWORD_FILE},
        "extraContainerVolumes": [token_volume(subject)],
    }
    if not dynamic and "user" in ini(release):
        wanted["grafana.ini"] = {"database": {"user": subject.new_login}}
    if release.account.changes:
        wanted["serviceAccount"] = {"create": True, "name": release.account.wanted}
    yield from merge(release.document, release.at, wanted)


def _unwanted(release: Release, *, dynamic: bool) -> Iterator[Edit]:
    """What must not stand beside the files: removed, never set to null, which leaves an empty variable behind."""
    gone = [("envValueFrom", PASSWORD), ("envValueFrom", USER), ("env", PASSWORD)]
    if dynamic:
        gone.append(("env", USER))
        if "user" in ini(release):
            yield RemoveKey((*release.at, "grafana.ini", "database", "user"))
    for group in ("env", "envValueFrom"):
        held = release.values.get(group)
        keys = [key for where, key in gone if where == group and isinstance(held, dict) and key in held]
        # A map that only held these goes as a whole; `env` never does, since it gains the file's path.
        if isinstance(held, dict) and keys and group == "envValueFrom" and len(held) == len(keys):
            yield RemoveKey((*release.at, group))
            continue
        yield from (RemoveKey((*release.at, group, key)) for key in keys)
    yield from old_mount(release)


def old_mount(release: Release) -> Iterator[Edit]:
    """The mount of the copied Secret, where the password came from a file already."""
    mounts, mount = release.values.get("extraSecretMounts"), password_mount(release.values)
    pointer: Pointer = (*release.at, "extraSecretMounts")
    if mount is not None and isinstance(mounts, list):
        yield RemoveKey(pointer) if len(mounts) == 1 else RemoveItem(pointer, {"name": mount.get("name")})


def password_mount(values: dict[str, Json]) -> dict[str, Json] | None:
    """The entry of `extraSecretMounts` under whose folder the password file lies, if there is one."""
    mounts, env = values.get("extraSecretMounts"), values.get("env")
    file = env.get(f"{PASSWORD}__FILE") if isinstance(env, dict) else None
    for mount in mounts if isinstance(mounts, list) else []:
        folder = mount.get("mountPath") if isinstance(mount, dict) else None
        if isinstance(mount, dict) and isinstance(folder, str) and str(file).startswith(folder.rstrip("/") + "/"):
            return mount
    return None


def pod_annotations(subject: LoginSubject, arguments: Arguments) -> dict[str, Json]:
    """The pod's annotations. Plain text: the chart does not run templates over them, the agent does."""
    release, dynamic = subject.release, arguments.get("dynamic") is True
    ours = {
        "agent-inject": "true",
        # Only this container needs the files; init containers get the mount whatever is said here.
        "agent-inject-containers": release.container,
        "role": subject.jwt_role.short,
        **login_annotations(subject),
        **_files(subject, arguments),
        # One uid for agent and application: the file can be 0400, and the agent may signal the application.
        "agent-run-as-user": str(release.uid),
        "agent-run-as-group": str(release.gid),
        "agent-share-process-namespace": "true",
        # Else an outage of Vault ends the agent, the pod is not ready, and a healthy application loses its traffic.
        "template-config-exit-on-retry-failure": "false",
        # Revoking at shutdown would kill a lease while the application drains; some injectors have it on.
        "agent-revoke-on-shutdown": "false",
        "agent-requests-cpu": text(arguments, "cpu"),
        "agent-requests-mem": text(arguments, "memory"),
        "agent-limits-cpu": "",
        "agent-limits-mem": text(arguments, "memory_limit"),
    }
    patch = agent_patch(dynamic=dynamic)
    ours |= {"agent-json-patch": patch, "agent-init-json-patch": patch}
    if dynamic:
        # Without a shared cache init and sidecar each get a login, and nobody renews the one in use.
        ours["agent-cache-enable"] = "true"
    return {PREFIX + name: value for name, value in ours.items()}


def agent_patch(*, dynamic: bool) -> str:
    """What no annotation of its own can say of the agent containers."""
    # The chart gives its containers a seccomp profile, not the pod: where Pod Security is `restricted`, agents
    # without one are refused.
    profile: Json = {"type": "RuntimeDefault"}
    patch: list[Json] = [{"op": "add", "path": "/securityContext/seccompProfile", "value": profile}]
    if dynamic:
        # The cache reads the token at the default place only, and a named token volume is mounted elsewhere.
        mount: Json = {"name": TOKEN_VOLUME, "mountPath": _DEFAULT_TOKEN, "readOnly": True}
        patch.append({"op": "add", "path": "/volumeMounts/-", "value": mount})
    return canonical(patch).decode()


def login_annotations(subject: Entering) -> dict[str, str]:
    """How the agent logs in to Vault, without the annotations' prefix."""
    login = {
        "auth-type": "jwt",
        "auth-path": f"auth/{subject.vault.auth_mount}",
        "agent-service-account-token-volume-name": TOKEN_VOLUME,
        # The injector writes token_path; the jwt method wants path (hashicorp/vault-k8s#660).
        "auth-config-path": _TOKEN,
        # The volume is read-only; removing the token would fail twice a second for ever.
        "auth-config-remove-jwt-after-reading": "false",
        "auth-min-backoff": "1s",
        # The default lets a pod wait five minutes after Vault is back.
        "auth-max-backoff": "30s",
    }
    if subject.vault.tls_secret:
        login |= {"tls-secret": subject.vault.tls_secret, "ca-cert": "/vault/tls/ca.crt"}
    return login


def _files(subject: LoginSubject, arguments: Arguments) -> dict[str, str]:
    path = credential_path(subject, arguments)
    files = {"db-password": "password"}
    if arguments.get("dynamic") is True:
        files["db-user"] = "username"
    answer: dict[str, str] = {}
    for name, field in files.items():
        answer[f"agent-inject-template-{name}"] = (
            f'{{{{- with secret "{path}" -}}}}{{{{ .Data.{field} }}}}{{{{- end -}}}}'
        )
        # Else a missing key becomes the text "<no value>" and the pod starts with it.
        answer[f"error-on-missing-key-{name}"] = "true"
        answer[f"agent-inject-perms-{name}"] = "0400"
    # Grafana reads the file once, at start: a new password needs a new process. It may not run yet, hence `|| true`.
    answer["agent-inject-command-db-password"] = f"sh -c 'pkill -TERM -x {text(arguments, 'process')} || true'"
    return answer


def token_volume(subject: Entering) -> Json:
    """The token that the agent logs in with: made for Vault alone, and short-lived."""
    audience = subject.vault.audience or UNSET_AUDIENCE
    token: Json = {"path": "token", "audience": audience, "expirationSeconds": 3600}
    return {"name": TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def ini(release: Release) -> dict[str, Json]:
    """The database part of the application's configuration file, as the values have it."""
    whole = release.values.get("grafana.ini")
    database = whole.get("database") if isinstance(whole, dict) else None
    return database if isinstance(database, dict) else {}
