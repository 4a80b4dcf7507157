"""The blobs that images in ECR are made of, and the addresses under which whoever has one may fetch one.

Only what somebody could want to read is kept: configurations, no layers of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from demo.cloud.calls import Answer, Call, Failure, Operation

PATH = "/__layers/"
Key = tuple[str, str, str, str]
"""Account, region, repository, digest."""


@dataclass
class Layers:
    """Blobs by where they lie. `address` is where this cloud listens."""

    address: str = ""
    blobs: dict[Key, bytes] = field(default_factory=dict)

    def put(self, account: str, region: str, repository: str, blob: bytes) -> str:
        """Keeps a blob; gives its digest."""
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        self.blobs[account, region, repository, digest] = blob
        return digest

    def operations(self) -> Mapping[str, Operation]:
        """What ECR answers here: moto has no addresses."""
        return {"GetDownloadUrlForLayer": self._sign}

    def read(self, path: str, query: str) -> bytes | None:
        """The blob of a signed address; nothing where the signature is another's."""
        digest, signature = path.removeprefix(PATH), parse_qs(query).get("X-Amz-Signature", [""])[0]
        found = (blob for key, blob in self.blobs.items() if key[3] == digest and _signature(key) == signature)
        return next(found, None)

    def _sign(self, call: Call) -> Answer:
        repository, digest = str(call.parameters["repositoryName"]), str(call.parameters["layerDigest"])
        key = (str(call.parameters.get("registryId", call.account)), call.region, repository, digest)
        if key not in self.blobs:
            text = f"The layer with digest '{digest}' does not exist in the repository with name '{repository}'"
            raise Failure("LayersNotFoundException", text)
        url = f"{self.address}{PATH}{digest}?X-Amz-Signature={_signature(key)}"
        return Answer({"downloadUrl": url, "layerDigest": digest})


def _signature(key: Key) -> str:
    return hashlib.sha256(" ".join(key).encode()).hexdigest()
