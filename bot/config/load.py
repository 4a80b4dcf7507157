"""From a path and an environment to a Config, or to every mistake at once. The one way in."""

from collections.abc import Mapping
from pathlib import Path

from bot.config.access import Access, check_endpoint, check_overrides, known_secrets, read_access
from bot.config.flaws import BadConfigs, Findings
from bot.config.meaning import check_meaning
from bot.config.model import Config
from bot.config.reading import Reading
from bot.config.secrets import find_secrets
from bot.config.syntax import read_toml
from bot.config.targets import Drivers
from bot.config.watching import check_watching
from bot.logs import Redactor


def load(path: Path | str, environ: Mapping[str, str], *, drivers: Drivers | None = None) -> Config:
    """The configuration, found right; BadConfigs with all mistakes otherwise.

    Tokens are not asked for: a twin at a terminal has none. `load_to_run` asks for them too.
    """
    config, findings = _read(Path(path), environ, drivers)
    if len(findings):
        raise BadConfigs(path, findings)
    return config


def load_to_run(
    path: Path | str, environ: Mapping[str, str], *, drivers: Drivers | None = None
) -> tuple[Config, Access]:
    """What `run` starts from: the configuration and the way to Slack; all mistakes of both at once."""
    config, findings = _read(Path(path), environ, drivers)
    check_endpoint(environ, findings, wanted=config.aws.endpoint_url)
    access = read_access(config, environ, findings)
    if access is None or len(findings):
        raise BadConfigs(path, findings)
    return config, access


def may_act(config: Config, environ: Mapping[str, str]) -> None:
    """BadConfigs unless the environment leads to the AWS that the file is for; for what acts without a bot."""
    findings = Findings(Redactor(known_secrets(environ)))
    check_endpoint(environ, findings, wanted=config.aws.endpoint_url)
    if len(findings):
        raise BadConfigs(config.path, findings)


def _read(path: Path, environ: Mapping[str, str], drivers: Drivers | None) -> tuple[Config, Findings]:
    redact = Redactor(known_secrets(environ))
    raw = read_toml(path, redact)
    drivers = installed_drivers() if drivers is None else drivers
    findings = Findings(redact)
    find_secrets(raw, findings)
    reading = Reading(drivers, findings)
    settings = reading.settings(raw)
    check_meaning(settings, reading.targets, findings)
    check_watching(settings, reading.digests, findings)
    check_overrides(environ, findings, allowed=settings.aws.allow_endpoint_override)
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return Config(path=path.absolute(), **values), findings


def installed_drivers() -> Drivers:
    """Every driver of this release, by kind."""
    from aws.registry import DRIVERS  # late: brings boto3 in, which only some verbs need

    return DRIVERS
