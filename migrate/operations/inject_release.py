"""The cutover of a Helm release: the agent writes the password to a file, and the application reads it from there.

Every default of the injector that is known to bite is overridden here, each with its reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from migrate.documents.edits import Edit, RemoveItem, RemoveKey
from migrate.model.json import Json, Pointer, mapping
from migrate.operations.agent import FOLDER, PREFIX, login_annotations, running_annotations, token_volume
from migrate.operations.login import LoginSubject, Release, credential_path
from migrate.operations.merging import merge, without
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish, text

PASSWORD, USER = "GF_DATABASE_PASSWORD", "GF_DATABASE_USER"
_PASSWORD_FILE, _USER_FILE = f"{FOLDER}/db-password", f"{FOLDER}/db-user"


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
        "extraContainerVolumes": [token_volume(subject.vault)],
    }
    if not dynamic and "user" in ini(release):
        wanted["grafana.ini"] = {"database": {"user": subject.new_login}}
    if release.account.changes:
        wanted["serviceAccount"] = {"create": True, "name": release.account.wanted}
    yield from merge(release.document, release.at, wanted)


def _unwanted(release: Release, *, dynamic: bool) -> Iterator[Edit]:
    """Whatever else gives the login or its password."""
    if dynamic and "user" in ini(release):
        yield RemoveKey((*release.at, "grafana.ini", "database", "user"))
    yield from dropped(release, env={PASSWORD, USER} if dynamic else {PASSWORD}, value_from={PASSWORD, USER})
    yield from old_mount(release)


def dropped(release: Release, *, env: AbstractSet[str], value_from: AbstractSet[str]) -> Iterator[Edit]:
    """Variables that must not stand beside the files: removed, never null, which leaves an empty variable behind."""
    for group, gone in (("env", env), ("envValueFrom", value_from)):
        # `env` never goes as a whole, since it gains the file's path.
        held = mapping(release.values.get(group))
        yield from without((*release.at, group), held, gone, kept=group == "env")


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
        **login_annotations(subject.vault),
        **_files(subject, arguments),
        # One uid for agent and application: the file can be 0400, and the agent may signal the application.
        "agent-run-as-user": str(release.uid),
        "agent-run-as-group": str(release.gid),
        "agent-share-process-namespace": "true",
        **running_annotations(arguments, cached=dynamic),
    }
    if dynamic:
        # Without a shared cache init and sidecar each get a login, and nobody renews the one in use.
        ours["agent-cache-enable"] = "true"
    return {PREFIX + name: value for name, value in ours.items()}


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


def ini(release: Release) -> dict[str, Json]:
    """The database part of the application's configuration file, as the values have it."""
    whole = release.values.get("grafana.ini")
    database = whole.get("database") if isinstance(whole, dict) else None
    return database if isinstance(database, dict) else {}
