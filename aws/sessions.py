"""One session per role and region, its clients made once. The only call made here assumes a role."""

import ipaddress
import threading
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

SESSION_NAME: Final = "tidegate"
"""Stands in CloudTrail as the name of who did it."""

_TIMES: Final[dict[str, Any]] = {"connect_timeout": 3, "read_timeout": 10, "max_pool_connections": 32}
# botocore's own 60 s would let one hung look stand for three minutes.
READING: Final = Config(retries={"mode": "standard", "total_max_attempts": 3}, **_TIMES)
# Never sent twice: no write of ours has a token that would make a second one harmless. `max_attempts` counts
# retries, so only `total_max_attempts` means what it says.
WRITING: Final = Config(retries={"mode": "standard", "total_max_attempts": 1}, **_TIMES)


class Place(NamedTuple):
    """Where calls go: the role to assume (empty: none) and the region."""

    role: str
    region: str


class Override(NamedTuple):
    """An environment variable that sends AWS calls somewhere else."""

    name: str
    url: str
    loopback: bool


class Sessions:
    """Clients by place, service and use. Thread-safe: sessions are not, so both are made under one lock."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._base: boto3.Session | None = None
        self._sessions: dict[Place, boto3.Session] = {}
        self._clients: dict[tuple[Place, str, bool], Any] = {}

    def client(self, place: Place, service: str, *, writes: bool) -> Any:
        """The client for that use; botocore's own errors when it cannot be made."""
        key = (place, service, writes)
        with self._lock:
            if key not in self._clients:
                config = WRITING if writes else READING
                session: Any = self._session(place)  # typed, it wants every service's name as a literal
                self._clients[key] = session.client(service, config=config)
            return self._clients[key]

    def ready(self, place: Place) -> None:
        """Make sure of valid credentials before a call, so that their failure is not taken for its own."""
        with self._lock:
            credentials: Any = self._session(place).get_credentials()
        if credentials is None:
            with self._lock:  # they may turn up later: nothing made without them is kept
                self._base = None
                self._sessions.clear()
                self._clients.clear()
            raise NoCredentialsError
        credentials.get_frozen_credentials()

    def _session(self, place: Place) -> boto3.Session:
        if place not in self._sessions:
            self._sessions[place] = self._open(place)
        return self._sessions[place]

    def _open(self, place: Place) -> boto3.Session:
        if self._base is None:
            self._base = boto3.Session()
        inner = Session()
        # Service models are read from disk once for all: a session more costs 42 ms instead of 300.
        inner.register_component("data_loader", _inner(self._base).get_component("data_loader"))
        credentials = self._base.get_credentials()
        if credentials is not None and place.role:
            credentials = _assumed(inner, credentials, place)
        inner.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
        return boto3.Session(botocore_session=inner, region_name=place.region)


class _Given(CredentialProvider):
    """Hands every session the same credentials object: it refreshes itself, under a lock of its own."""

    METHOD = "tidegate"
    CANONICAL_NAME = "tidegate"

    def __init__(self, credentials: Credentials | None) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials | None:
        return self._credentials


def _assumed(inner: Session, source: Credentials, place: Place) -> Credentials:
    def sts(service: str, **keys: Any) -> Any:
        return inner.create_client(service, region_name=place.region, config=READING, **keys)

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=sts, source_credentials=source, role_arn=place.role,
        extra_args={"RoleSessionName": SESSION_NAME},
    )  # fmt: skip
    return DeferredRefreshableCredentials(method="sts-assume-role", refresh_using=fetcher.fetch_credentials)


def _inner(session: boto3.Session) -> Session:
    inner: Session = session._session  # noqa: SLF001 - boto3 offers no other way to its loader
    return inner


def endpoint_overrides(environ: Mapping[str, str]) -> list[Override]:
    """Every variable that replaces an AWS address, for the warning at start; sorted by name."""
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return []
    found = [
        (name, url) for name, url in environ.items()
        if url and (name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_"))
    ]  # fmt: skip
    return [Override(name, url, _loopback(url)) for name, url in sorted(found)]


def _loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
