"""The AppSpec of a deployment whose release is no bundle: made here, the same text for the same content. No calls."""

import hashlib
import json
from typing import Any


def appspec(resource: dict[str, Any], hooks: dict[str, str]) -> dict[str, Any]:
    """The revision that holds this AppSpec. The same content is always the same text: its hash travels along."""
    content: dict[str, Any] = {"version": 0.0, "Resources": [resource]}
    if hooks:
        content["Hooks"] = [{event: function} for event, function in hooks.items()]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    sha = hashlib.sha256(text.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": text, "sha256": sha}}
