"""`migrate.yaml`: what an estate's Git tree cannot say by itself. Every setting has a default; unset means unknown.

A typing error in a key must not pass silently, so unknown keys are refused here (JSON documents ignore them).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from migrate.model.words import RESERVED

_DURATION = r"^([0-9]+(s|m|h|d))+$"


def _or_text(schema: dict[str, Any]) -> None:
    """In the schema: one text may stand for a list of one."""
    listed = {key: schema.pop(key) for key in ("type", "items")}
    schema["anyOf"] = [{"type": "string"}, listed]


def _or_text_each(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = {"anyOf": [{"type": "string"}, schema["additionalProperties"]]}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """Where a credential is taken from when it is needed. Never the credential.

    `unlock`: the command that makes the file appear, for the message where it is not there.
    """

    file: str | None = None
    env: str | None = None
    command: str | None = None
    unlock: str | None = None


class Login(_Section):
    """A login to Vault with a JWT (methods `jwt` and `kubernetes` take the same): the tool's own, short-lived token."""

    mount: str
    role: str
    jwt: Source


class TokenSource(Source):
    """Where Vault's token comes from: given, or got by a login. Without any of it, the variable VAULT_TOKEN."""

    login: Login | None = None


class Auth(_Section):
    """How workloads log in to Vault. What is unset is taken from the injector's release where it says so."""

    method: Literal["jwt"] = "jwt"
    mount: str | None = None
    audience: str | None = None


class Vault(_Section):
    """The Vault server as the operator reaches it, and its mounts. `pki`: where the phase file names another one."""

    address: str | None = None
    ca: str | None = None
    kv: str | None = None
    database: str = "database"
    pki: str | None = None
    auth: Auth = Auth()
    token: TokenSource = TokenSource()


class Injector(_Section):
    """The Vault Agent Injector. `tlsSecret`: a Secret with `ca.crt` in the workload's namespace, for a private CA."""

    namespace: str | None = None
    tlsSecret: str | None = None  # noqa: N815  keys are as written in the file


class Database(_Section):
    """PostgreSQL. `address` is host:port as *Vault* reaches it; a name inside the cluster is not that.

    `vaultAddress`: by which PostgreSQL sees Vault. `login`: the login in use today, where the tree does not say. `ca`:
    who signed its certificate, as a file, which Vault is then told to trust; without it everybody's own authorities.
    `hba`: who writes its host-based rules: a database operator's object in this tree, or people on the server.
    """

    address: str | None = None
    vaultAddress: str | None = None  # noqa: N815  keys are as written in the file
    sslmode: Literal["disable", "require", "verify-ca", "verify-full"] = "verify-full"
    version: int | None = None
    login: str | None = None
    ca: str | None = None
    hba: Literal["operator", "by-hand"] = "operator"
    admin: Source = Source()


class Trials(_Section):
    """What is tried out on servers beyond reading them, each to be switched off where it is not permitted.

    `issuedLogin`: a login of a dynamic role is issued and revoked. `oldLogin`: a login as the old owner with the value
    of the Secret, in memory. `certificate`: a certificate of the workload's role is issued for minutes and shown to the
    database. `agent`: the real agent is run here with the workload's token, its files in memory.
    """

    issuedLogin: bool = True  # noqa: N815  keys are as written in the file
    oldLogin: bool = True  # noqa: N815
    certificate: bool = True
    agent: bool = True


class Kube(_Section):
    """The cluster."""

    context: str | None = None


class GitSettings(_Section):
    """The branch that a plan's steps are committed to, and how the first line of each commit reads.

    `{plan}` and `{phase}` stand for their names; in `subject` also `{step}`, and `{summary}`: what the step does.
    """

    branch: str = Field(default="migrate/{plan}", pattern=r"^([^{}\s]|\{plan\}|\{phase\})+$")
    subject: str = Field(default="{summary}", pattern=r"^([^{}\n]|\{(plan|phase|step|summary)\})+$")


class Soak(_Section):
    """How long to watch before going on: after the cutover, and before the contract stage.

    `retention`: how long after the contract stage its steps can still be taken back.
    """

    cutover: str | None = Field(default=None, pattern=_DURATION)
    contract: str | None = Field(default=None, pattern=_DURATION)
    retention: str = Field(default="720h", pattern=_DURATION)


_NAME = r"^[a-z_][a-z0-9_]{0,40}$"


class SealedColumn(_Section):
    """A column that Vault's Transit engine encrypts for one application.

    `table` is SCHEMA.TABLE; `key` a unique column of it that is never null; `sealed` the column for the ciphertext
    (COLUMN_sealed). `workload` is the application's Deployment, `account` its ServiceAccount where the tree does not
    say. `rate` and `batch`: rows a second at most, and rows in one request.
    """

    database: str = Field(pattern=_NAME)
    table: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,40}\.[a-z_][a-z0-9_]{0,40}$")
    column: str = Field(pattern=_NAME)
    key: str = Field(default="id", pattern=_NAME)
    sealed: str | None = Field(default=None, pattern=_NAME)
    workload: str = Field(pattern=r"^[^/]+/[^/]+$")
    account: str | None = None
    rate: int = Field(default=1000, ge=1)
    batch: int = Field(default=200, ge=1, le=5000)

    @field_validator("database", "table", "column", "key", "sealed")
    @classmethod
    def _free(cls, name: str | None) -> str | None:
        """Statements name it without quotes: `user` would be read as who is logged in."""
        if taken := sorted(RESERVED & set((name or "").split("."))):
            raise ValueError(f"{taken[0]} is a reserved word of SQL")
        return name

    @property
    def sealed_name(self) -> str:
        """The column for the ciphertext."""
        return self.sealed or f"{self.column}_sealed"


class Restored(_Section):
    """A second Vault, restored from a backup of the first: what it decrypts is what a disaster would leave."""

    address: str
    ca: str | None = None
    token: Source


class Transit(_Section):
    """Vault's Transit engine: where it is mounted, which columns it seals, and how long backups of their database are
    kept (0s: none are made); None where nobody has said."""

    mount: str = "transit"
    columns: tuple[SealedColumn, ...] = ()
    restored: Restored | None = None
    backups: str | None = Field(default=None, pattern=_DURATION)

    @field_validator("columns")
    @classmethod
    def _once_each(cls, columns: tuple[SealedColumn, ...]) -> tuple[SealedColumn, ...]:
        places = [(one.database, one.table, one.column) for one in columns]
        for place in places:
            if places.count(place) > 1:
                raise ValueError(f"{'.'.join(place)} is named twice")
        return columns


class Override(_Section):
    """A verdict the operator insists on, with the reason in writing."""

    secret: str = Field(pattern=r"^[^/]+/[^/]+$")
    verdict: Literal["ready", "adapt", "code", "keep", "orphan"]
    reason: str = Field(min_length=1)


class Adapter(_Section):
    """What the owners of an image know of it: how it takes secrets from files.

    `env`: globs of variables that it also takes from a file, whose path is in the variable `fileEnv` names. `config`:
    the file that all its settings can come from, which the agent can render. `shell`: whether it has a /bin/sh.
    """

    env: Annotated[tuple[str, ...], Field(json_schema_extra=_or_text)] = ()
    fileEnv: str = Field(default="{env}_FILE", pattern=r"^\w*\{env\}\w*$")  # noqa: N815  keys are as written in the file
    config: str | None = Field(default=None, pattern=r"^/")
    shell: bool | None = None

    @field_validator("env", mode="before")
    @classmethod
    def _one_or_more(cls, env: object) -> object:
        return (env,) if isinstance(env, str) else env

    @model_validator(mode="after")
    def _says_something(self) -> Adapter:
        if not self.env and self.config is None and self.shell is None:
            raise ValueError("an adapter says env, config or shell")
        return self


class Config(_Section):
    """The whole file.

    `bootstrap`: further Secrets (`namespace/name`) on the path to Vault. `adapters`: by image repository pattern, how
    that image takes secrets from files; a plain text is short for its `env`. `breakGlass`: the tested way in that does
    not pass through the workloads people log in with. `rendered`: by HelmRelease (`namespace/name`), a file of the
    estate with what it renders, for charts whose values cannot be changed as needed.
    """

    vault: Vault = Vault()
    prefix: str = Field(default="mig-", pattern=r"^[a-z][a-z0-9-]*-$")
    kube: Kube = Kube()
    trials: Trials = Trials()
    injector: Injector = Injector()
    database: Database = Database()
    transit: Transit = Transit()
    git: GitSettings = GitSettings()
    soak: Soak = Soak()
    overrides: tuple[Override, ...] = ()
    bootstrap: tuple[str, ...] = ()
    adapters: Annotated[dict[str, Adapter], Field(json_schema_extra=_or_text_each)] = {}
    rendered: dict[Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")], Annotated[str, Field(min_length=1)]] = {}
    breakGlass: str | None = Field(default=None, min_length=1)  # noqa: N815  keys are as written in the file

    @field_validator("adapters", mode="before")
    @classmethod
    def _short_form(cls, adapters: object) -> object:
        if not isinstance(adapters, dict):
            return adapters
        return {image: {"env": said} if isinstance(said, str) else said for image, said in adapters.items()}

    @field_validator("overrides")
    @classmethod
    def _once_each(cls, overrides: tuple[Override, ...]) -> tuple[Override, ...]:
        names = [override.secret for override in overrides]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} is overridden twice")
        return overrides
