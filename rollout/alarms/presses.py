"""The buttons under a notice about alarms: what each means. Who may, and what follows, is desk.py's."""

from datetime import timedelta

PRESSES: dict[str, str] = {
    "ack": "Acknowledge",
    "mute-1h": "Mute 1 h",
    "mute-4h": "Mute 4 h",
    "mute-ok": "Mute until OK",
    "unmute": "Unmute",
}
"""By the verb that the button carries: its label."""

SPANS: dict[str, timedelta | None] = {"mute-1h": timedelta(hours=1), "mute-4h": timedelta(hours=4), "mute-ok": None}
"""How long a mute lasts; None: until the alarm is OK."""
