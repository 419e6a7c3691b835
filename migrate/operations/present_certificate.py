"""The cutover to a certificate: the agent writes it with its key to one file, and the application shows it.

Certificate and key stand in one file, since the agent replaces a file as a whole: two would be of two issues for a
moment at every renewal. `pkiCert` also finds the one it has in there when the agent starts again, instead of a new one.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import Edit, RemoveKey
from migrate.model.json import Json
from migrate.operations.agent import FOLDER, PREFIX, login_annotations, running_annotations, token_volume
from migrate.operations.certificate import CertificateSubject, FromAgent, FromSecret, Today
from migrate.operations.inject_release import PASSWORD, USER, dropped, ini, old_mount
from migrate.operations.merging import merge
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish, text

CERTIFICATE, AUTHORITIES = f"{FOLDER}/db-client.pem", f"{FOLDER}/db-authorities.pem"
CERTIFICATE_PATH, KEY_PATH = "GF_DATABASE_CLIENT_CERT_PATH", "GF_DATABASE_CLIENT_KEY_PATH"
AUTHORITIES_PATH, MODE = "GF_DATABASE_CA_CERT_PATH", "GF_DATABASE_SSL_MODE"
_INI = {
    MODE: ("ssl_mode", "verify-full"),
    AUTHORITIES_PATH: ("ca_cert_path", AUTHORITIES),
    CERTIFICATE_PATH: ("client_cert_path", CERTIFICATE),
    KEY_PATH: ("client_key_path", CERTIFICATE),
}
"""Variables, and the keys of the configuration file that they win over."""


def present_certificate(subject: CertificateSubject, arguments: Arguments) -> Iterator[Wish]:
    """One commit that touches nothing but the workload's own values."""
    release = subject.release
    edits = (*_wanted(subject, arguments), *_unwanted(subject))
    yield Wish(
        target=release.target,
        act=Edits((Rewrite(release.place.file, release.place.document, edits),)),
        summary=f"{release.container} logs in as {subject.new_login} with a certificate, and checks the server's",
        blast=f"the pods of Deployment {subject.unit} are replaced; {_stays(subject.today)} as they are",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch",),
        rests_on=(subject.postgres, subject.pki_role, subject.policy, subject.jwt_role),
    )


def _stays(today: Today) -> str:
    match today:
        case FromSecret():
            return "ESO and its Secret stay"
        case FromAgent(login=login):
            return f"login {login} and the role in Vault that rotates it stay"


def _wanted(subject: CertificateSubject, arguments: Arguments) -> Iterator[Edit]:
    release = subject.release
    env: dict[str, Json] = {USER: subject.new_login, **{variable: value for variable, (_, value) in _INI.items()}}
    wanted: dict[str, Json] = {
        "podAnnotations": pod_annotations(subject, arguments),
        # Charts that render this field refuse the annotation of the same meaning; charts that do not ignore it.
        "shareProcessNamespace": True,
        "env": env,
        "extraContainerVolumes": [token_volume(subject.vault)],
    }
    written = ini(release)
    same: dict[str, Json] = {key: value for key, value in _INI.values() if key in written}
    if "user" in written:
        same["user"] = subject.new_login
    if same:
        wanted["grafana.ini"] = {"database": same}
    if release.account.changes:
        wanted["serviceAccount"] = {"create": True, "name": release.account.wanted}
    yield from merge(release.document, release.at, wanted)


def _unwanted(subject: CertificateSubject) -> Iterator[Edit]:
    """Whatever gave a password, or a user of its own."""
    release = subject.release
    gone = {PASSWORD, f"{PASSWORD}__FILE", f"{USER}__FILE"}
    yield from dropped(release, env=gone, value_from=gone | {USER})
    yield from old_mount(release)
    match subject.today:
        case FromAgent(annotations=annotations):
            yield from (RemoveKey((*release.at, "podAnnotations", name)) for name in annotations)
        case FromSecret():
            return


def pod_annotations(subject: CertificateSubject, arguments: Arguments) -> dict[str, Json]:
    """The pod's annotations. Plain text: the chart does not run templates over them, the agent does."""
    release = subject.release
    ours = {
        "agent-inject": "true",
        "agent-inject-containers": release.container,
        "role": subject.jwt_role.short,
        **login_annotations(subject.vault),
        **_files(subject, arguments),
        # One uid for agent and application: the file can be 0400 (libpq and its kin refuse a key that others may read),
        # and the agent may signal the application.
        "agent-run-as-user": str(release.uid),
        "agent-run-as-group": str(release.gid),
        "agent-share-process-namespace": "true",
        # So much life is left when the next one is asked for: an outage of Vault may last that long.
        "template-lease-renewal-threshold": f"{subject.issuer.renew_at / 100:g}",
        **running_annotations(arguments),
    }
    return {PREFIX + name: value for name, value in ours.items()}


def _files(subject: CertificateSubject, arguments: Arguments) -> dict[str, str]:
    mount, name = subject.issuer.mount, subject.new_login
    issued = f'pkiCert "{subject.issue_path}" "common_name={name}"'
    templates = {
        # The key first: some drivers take the first block of the file that is named as the key's, whatever it is.
        "db-client.pem": f"{{{{- with {issued} -}}}}{{{{ .Key }}}}{{{{ .Cert }}}}{{{{ .CA }}}}{{{{- end -}}}}",
        # Every authority of the mount, so that the old one and the new one are trusted while one follows the other.
        "db-authorities.pem": f'{{{{- range secrets "{mount}/issuers/" -}}}}'
        f'{{{{- with secret (printf "{mount}/issuer/%s/json" .) -}}}}{{{{ .Data.certificate }}}}{{{{- end -}}}}'
        "{{- end -}}",
    }
    answer: dict[str, str] = {}
    for file, template in templates.items():
        answer[f"agent-inject-template-{file}"] = template
        answer[f"error-on-missing-key-{file}"] = "true"
        answer[f"agent-inject-perms-{file}"] = "0400"
        # Drivers that read the files once, at start, need a new process for what is new. It may not run yet.
        answer[f"agent-inject-command-{file}"] = f"sh -c 'pkill -TERM -x {text(arguments, 'process')} || true'"
    return answer
