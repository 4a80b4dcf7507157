"""Knobs over AWS's own troubles: refusals, silence, lost and slow answers, stale reads."""

from __future__ import annotations

from demo.cloud.faults import Kind, Rule
from demo.cloud.turning import Turning


class FaultKnobs(Turning):
    """What can go wrong on AWS's side, in every region or in one."""

    def throttle(self, operation: str | None = None, times: int | None = None, region: str | None = None) -> str:
        """Rate exceeded, for so many calls or until cleared."""
        return self._fault(Rule("throttle", operation, times, region=region))

    def outage(self, operation: str | None = None, times: int | None = None, region: str | None = None) -> str:
        """AWS answers nothing but server errors, for so many calls or until cleared."""
        return self._fault(Rule("outage", operation, times, region=region))

    def deny(self, operation: str, times: int | None = None, region: str | None = None) -> str:
        """The policy lacks one action."""
        return self._fault(Rule("deny", operation, times, region=region))

    def expired_token(self, times: int | None = None) -> str:
        """Every call but AssumeRole meets an expired token."""
        return self._fault(Rule("expired", None, times))

    def lost_reply(self, operation: str, times: int = 1) -> str:
        """The call is applied and the line drops before the answer."""
        return self._fault(Rule("lost_reply", operation, times))

    def truncate_reply(self, operation: str, times: int = 1) -> str:
        """The call is applied and half of the answer arrives."""
        return self._fault(Rule("truncate", operation, times))

    def latency(self, milliseconds: int, operation: str | None = None) -> str:
        """Every call waits so long before it is applied; 0 ends it."""
        return self._slow("latency", milliseconds, operation)

    def slow_reply(self, milliseconds: int, operation: str | None = None) -> str:
        """Every call is applied at once and answered so much later; 0 ends it."""
        return self._slow("slow_reply", milliseconds, operation)

    def stale_reads(self, reads: int) -> str:
        """After each alias change, so many reads still see the old one; 0 ends it."""
        with self._world.lock:
            self._world.functions.stale_reads = reads
        return f"After each change, {reads} reads still see the old alias."

    def clear_faults(self, kind: Kind | None = None) -> str:
        """Ends the faults of one kind, or all of them."""
        with self._world.lock:
            self._world.faults.clear(kind)
            if kind is None:
                self._world.functions.stale_reads = 0
        return f"No more {kind.replace('_', ' ')}." if kind else "AWS is well again."

    def _fault(self, rule: Rule) -> str:
        with self._world.lock:
            self._world.faults.add(rule)
        how = "until cleared" if rule.left is None else f"{rule.left} times"
        where = f" in {rule.region}" if rule.region else ""
        return f"{rule.kind.replace('_', ' ').capitalize()} at {rule.operation or 'every call'}{where}, {how}."

    def _slow(self, kind: Kind, milliseconds: int, operation: str | None) -> str:
        with self._world.lock:
            self._world.faults.clear(kind)
            if milliseconds:
                self._world.faults.add(Rule(kind, operation, milliseconds=milliseconds))
        return f"{kind.replace('_', ' ').capitalize()} of {milliseconds} ms at {operation or 'every call'}."
