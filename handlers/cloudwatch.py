"""Addresses of alarms in CloudWatch's console. The only module that writes an address of AWS's.

The shape is the one AWS itself sends in its mails: `#alarmsV2:alarm/<name>`, the name percent-encoded. So nothing that
stands in a name can end the address or begin another.
"""

import re
from urllib.parse import quote

LONGEST = 3000
"""Slack's limit for the address of a button."""
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_HOSTS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
"""By the beginning of a region: where its partition has its console."""
_UNKNOWN = ("us-iso", "eu-iso", "eusc")
"""Partitions whose consoles are described nowhere that we may read: no link is better than a dead one."""


def alarm_url(region: str, name: str) -> str:
    """Where to look at an alarm, or without a name at the region's list; empty where no console is known.

    A name too long for a link leads to the list too.
    """
    if not _REGION.fullmatch(region) or region.startswith(_UNKNOWN):
        return ""
    found = (host for start, host in _HOSTS.items() if region.startswith(f"{start}-"))
    host = next(found, "console.aws.amazon.com")
    listed = f"https://{region}.{host}/cloudwatch/home?region={region}#alarmsV2:"
    whole = f"{listed}alarm/{quote(name, safe='', errors='replace')}"
    return whole if name and len(whole) <= LONGEST else listed
