"""Reads `migrate.yaml`: bytes in, settings out. The file's shape is `migrate.model.config`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.profiles import Convention, Image
from migrate.estate.settings import Override, Settings
from migrate.model.config import Adapter, Config
from migrate.model.errors import Failed
from migrate.model.json import Json, mapping
from migrate.planning.misconfigured import complaint
from migrate.planning.origins import overlaid

FILE = "migrate.yaml"


def read_config(data: bytes | None, environment: Mapping[str, str] = {}) -> Config:
    """The settings in a file's bytes and in variables; defaults where neither says anything.

    Raises Failed naming the key that is wrong.
    """
    said = overlaid(written_in(data), environment)
    try:
        return Config.model_validate({} if said is None else said)
    except ValidationError as error:
        # pydantic's own text quotes the input, and a wrong key may hold what should not be printed.
        wrong = "; ".join(map(complaint, error.errors()))
        following = f"correct {FILE} and repeat the command; docs/configuration.md has every key"
        raise Failed(f"{FILE}: {wrong}", following=following) from None


def written_in(data: bytes | None) -> Json:
    """The file's one document; None where there is none. Raises Failed where it is no YAML."""
    try:
        documents = load_all(data or b"")
    except YamlFault as fault:
        raise Failed(f"{FILE}: {fault}", following=f"correct {FILE} and repeat the command") from fault
    return documents[0].value if documents else None


def scan_settings(config: Config) -> Settings:
    """The part that a scan needs."""
    overrides = {one.secret: Override(one.verdict, one.reason) for one in config.overrides}
    adapters = {pattern: _image(adapter) for pattern, adapter in config.adapters.items()}
    return Settings(overrides, frozenset(config.bootstrap), adapters)


def _image(adapter: Adapter) -> Image:
    env: Json = {"env": list(adapter.env), "file_env": adapter.fileEnv, "said_by": FILE}
    config: Json = {"path": adapter.config, "said_by": FILE}
    conventions = [Convention("env-file", mapping(env))] if adapter.env else []
    conventions += [Convention("config-file", mapping(config))] if adapter.config else []
    return Image(adapter.shell, tuple(conventions), entrypoint=False)
