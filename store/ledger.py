"""The two views that the inside knows (rollout/ports.py, rollout/alarms/ports.py): the sum of the tables' files."""

from store.alarms import AlarmStateReads, AlarmStateWrites
from store.alerts import AlertReads, AlertWrites
from store.asks import AskReads, AskWrites
from store.audit import AuditReads, AuditWrites
from store.holds import HoldReads, HoldWrites
from store.intents import IntentReads, IntentWrites
from store.notices import NoticeWrites
from store.people import PersonReads
from store.rollouts import RolloutReads, RolloutWrites


class _LookingAtAlarms(AlarmStateReads, AlertReads):
    """Reading the memory of the alarm watch."""


class _WritingAlarms(_LookingAtAlarms, AlarmStateWrites, AlertWrites):
    """Writing it."""


class Looking(RolloutReads, IntentReads, AskReads, HoldReads, PersonReads, AuditReads, _LookingAtAlarms):
    """Reading one snapshot of the ledger."""


class Writing(
    Looking, RolloutWrites, IntentWrites, AskWrites, HoldWrites, AuditWrites, NoticeWrites, _WritingAlarms
):
    """One unit of work."""
