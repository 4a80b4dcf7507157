"""What a way back left on a service: the configuration that it went back with, instead of the service's own. No writes.

UpdateService takes a configuration with a deployment and keeps it. A way back is at once, asks nobody and watches no
alarm, so without this the next rollout of a service with pauses would ship everything at once, watched by nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws.calls import Calls
from aws.native_reads import A_CALL, Definitions, read_natives
from aws.native_replies import Brief, Native
from aws.native_schedule import ROLLING_ONLY, homeward


def left_by(
    calls: Calls, definitions: Definitions, rows: Sequence[Brief], live: Mapping[str, Any]
) -> Native | None:
    """The deployment whose configuration is to be put back; None where the newest one is no way back of ours.

    It is one if it deployed again what had been there before, at once, without hooks and with its alarms off, and for
    the rest exactly as the last deployment of another configuration; and if the service is still configured so.
    """
    if not same(live, homeward(live)):
        return None
    arns = [row.service_deployment_arn for row in rows]
    read = read_natives(calls, arns[:A_CALL])
    natives = [one for arn in arns[:A_CALL] if isinstance(one := read[arn], Native)]
    # A way back may have taken several tries, all of them at once.
    at = next((at for at, one in enumerate(natives) if not same(live, one.as_configured)), 0)
    if not at or not any(same(live, homeward(natives[at].as_configured, bakes=bakes)) for bakes in (True, False)):
        return None
    revisions = [one.arn for one in natives[at].source_service_revisions]
    revisions += [one.target_service_revision.arn for one in natives[at + 1 :]]
    newest = natives[0].target_service_revision.arn
    definitions.read(calls, [newest, *revisions])
    again = definitions.told(newest)
    return natives[at] if again and again in map(definitions.told, revisions) else None


def same(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Whether two configurations say the same."""
    return _told(one) == _told(two)


def _told(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing, and what only ROLLING looks at."""
    return {
        key: value for key, value in configuration.items()
        if key not in ROLLING_ONLY and value not in (None, [], {})
    }  # fmt: skip
