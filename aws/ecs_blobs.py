"""Fetches one small blob from an address that AWS has signed, and checks it. No credentials travel with it.

Such an address is itself a secret for as long as it holds: it stands in no error and no log.
"""

import hashlib
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies

from rollout.errors import TargetError

LARGEST: Final = 1024 * 1024
"""Bytes. The configuration of an image has a few thousand."""
SECONDS: Final = 3
"""To connect, and for each wait for more: a link on a card is worth no longer one."""
_OK: Final = 200


def fetch(url: str, digest: str, *, seconds: float = SECONDS) -> bytes:
    """The blob of that digest, whole. TargetError where it is another one, too large, or not to be had in time."""
    _refuse_insecure(url)
    try:
        status, blob = _read(url, seconds)
    except Exception as error:  # noqa: BLE001 - botocore's, urllib3's and the socket's own; their texts hold the address
        raise TargetError("transient", f"the configuration could not be fetched: {type(error).__name__}") from None
    if status != _OK:
        # A redirect is one of these: nothing is followed, so nothing leads to another scheme or host.
        raise TargetError("transient", f"the configuration could not be fetched: HTTP status {status}")
    refuse_large(len(blob))
    if f"sha256:{hashlib.sha256(blob).hexdigest()}" != digest:
        raise TargetError("state", f"the configuration that was fetched is not {digest[:15]}")
    return blob


def refuse_large(size: int) -> None:
    """Return where a blob of so many bytes is one that we read."""
    if size > LARGEST:
        raise TargetError("config", f"the configuration is larger than {LARGEST // 1024} KiB")


def _read(url: str, seconds: float) -> tuple[int, bytes]:
    """Status, and at most one byte more than is allowed: enough to see that it is too large."""
    # AWS's own client under botocore: the same proxies and the same authorities as for every call.
    trusted: Any = Session().get_config_variable("ca_bundle") or True
    patience: Any = seconds  # typed too narrowly: fractions are fine
    client = URLLib3Session(verify=trusted, proxies=get_environ_proxies(url), timeout=patience)
    try:
        answer = client.send(AWSRequest(method="GET", url=url, stream_output=True).prepare())
        return answer.status_code, answer.raw.read(LARGEST + 1)
    finally:
        client.close()


def _refuse_insecure(url: str) -> None:
    """HTTPS; a stand-in for AWS on this machine has none, and nobody can read along there."""
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
        safe = scheme == "https" or (scheme == "http" and (host == "localhost" or ip_address(host).is_loopback))
    except ValueError:  # no address, or a host by name
        safe = False
    if not safe:
        raise TargetError("config", "the configuration would be fetched without HTTPS")
