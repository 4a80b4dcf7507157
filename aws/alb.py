"""The one owner of weighted forwarding: moves two weights in the rules of a load balancer, and nothing else in them.

*No compare-and-swap.* AWS takes every list of actions. So all rules are read directly before a write and compared with
those that the deciding look saw (`Seen.revision` is their fingerprint); what somebody writes between that read and our
write, some milliseconds, is lost. A write replaces the whole list: authentication, order, stickiness and other groups
go back as they came.

*Several rules* are several writes, in the order of the configuration. A raise that fails at one of them takes back
those before it: no rule is left above what was proven. A way down goes on with the others: what can be taken off the
candidate is. One whose answer was lost is neither repeated nor undone; the next look shows a mix of what was and what
was asked.

AWS moves the traffic a moment after its answer, and no call tells when: whoever removes servers waits (`terms.settle`).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aws.alb_facts import WHOLE, Rule, Rules, Sides, group_name, rule_of
from aws.alb_reads import READS, rules_of
from aws.alb_replies import Action, ListenerPage, ListenerRow, RulePage, RuleRow
from aws.calls import Calls
from aws.driver import failed
from aws.faults import CallError
from rollout.actions import Outcome
from rollout.errors import TargetError

OPERATIONS: Final[Mapping[str, str]] = {
    **READS,
    "elasticloadbalancing:ModifyRule": "listener-rule/app/*",
    "elasticloadbalancing:ModifyListener": "listener/app/*",
}


class Attached(NamedTuple):
    """What attaching groups came to: the rules as they are now, and whether anything was written."""

    rules: Rules
    written: bool


class _Failure(NamedTuple):
    rule: Rule
    error: CallError

    @property
    def text(self) -> str:
        return f"{self.rule.words}: {self.error.fact}"


class Forwarding:
    """The rules of one target."""

    def __init__(self, calls: Calls, arns: Sequence[str]) -> None:
        self._calls = calls
        self._arns = tuple(arns)

    def read(self) -> Rules:
        """All rules as they are now. TargetError when one cannot be read."""
        return rules_of(self._calls, self._arns)

    def shift(self, sides: Sides, percent: int, revision: str) -> Outcome:
        """Give the candidate `percent` under every rule, absolutely, if the rules are as they were last seen."""
        if not revision:
            # Without it the write would be blind, and could undo somebody else's.
            raise TargetError("state", "the listener rules have not been read yet", "look first")
        found = self.read()
        shares = found.shares(sides)
        if found.fingerprint != revision:
            if set(shares) == {percent}:
                return Outcome(state="done", text=f"it stands already: {found.words(sides)}")
            text = "somebody changed the listener rules in between; nothing was written"
            return Outcome(state="failed", text=text, hint="look at what changed before going on")
        _ours_only(found, sides)
        weights = {sides.stable: WHOLE - percent, sides.candidate: percent}
        up = percent > min((share for share in shares if share is not None), default=0)
        return self._write_all(found, weights, sides, up=up)

    def attach(self, groups: Sequence[str], revision: str) -> Attached:
        """Let these groups stand in every rule, with weight 0 where they do not yet: else nobody checks their targets.

        CallError when a write failed. TargetError when the rules are not those that were seen.
        """
        found = self.read()
        lacking = found.lacking(groups)
        if not lacking:
            return Attached(found, written=False)
        if found.fingerprint != revision:
            raise TargetError("race", "somebody changed the listener rules in between; nothing was written")
        for rule in lacking:
            if not rule.weights:
                raise TargetError("state", f"{rule.words} does not forward to target groups", "make it forward")
            self._write(rule, rule.attaching(groups))
        after = self.read()
        if missing := after.lacking(groups):
            names = ", ".join(group_name(group) for group in groups)
            raise TargetError("state", f"{missing[0].words} does not show {names} after they were added")
        return Attached(after, written=True)

    def point(self, rule: Rule, groups: Sequence[str], to: str) -> str:
        """Let a test rule send everything to one of these groups; the id of the request, empty where it does already.

        One that serves anything else is somebody's own: it stays, and each look says where it leads.
        """
        if rule.shares == {to: WHOLE} or not rule.shares or rule.shares.keys() - set(groups):
            return ""
        return self._write(rule, rule.weighing({group: WHOLE if group == to else 0 for group in groups}))[1]

    def _write_all(self, found: Rules, weights: Mapping[str, int], sides: Sides, *, up: bool) -> Outcome:
        written: list[Rule] = []
        broken: list[_Failure] = []
        request = ""
        for rule in found.rows:
            try:
                after, request = self._write(rule, rule.weighing(weights))
                written.append(after)
            except CallError as error:
                broken.append(_Failure(rule, error))
                if up:
                    break
        if broken and len(found.rows) == 1:
            return failed(broken[0].error)
        if broken and up:
            return self._taken_back(found, broken[0], len(written), weights[sides.candidate], sides)
        if broken:
            return _in_pieces(len(written), broken)
        return self._read_back(Rules(tuple(written)), weights[sides.candidate], sides, request)

    def _write(self, rule: Rule, actions: Sequence[Action]) -> tuple[Rule, str]:
        """One rule, whole; the rule as AWS shows it then, and the id of the request."""
        rows: list[RuleRow | ListenerRow]
        if rule.of_listener:
            listeners = self._calls.write(
                "ModifyListener", ListenerPage, ListenerArn=rule.arn, DefaultActions=list(actions)
            )
            rows, request = [*listeners.listeners], listeners.response_metadata.request_id
        else:
            rules = self._calls.write("ModifyRule", RulePage, RuleArn=rule.arn, Actions=list(actions))
            rows, request = [*rules.rules], rules.response_metadata.request_id
        shown = [rule_of(row) for row in rows]
        asked = rule._replace(actions=tuple(actions))
        if [(one.arn, one.weights) for one in shown] != [(asked.arn, asked.weights)]:
            told = ", ".join(f"{group_name(each)} {weight}" for one in shown for each, weight in one.weights.items())
            fact = f"{rule.words} was answered with other weights than were asked for: {told or 'none'}"
            raise CallError("unknown", fact, "the next look tells", request_id=request)
        return shown[0], request

    def _taken_back(self, found: Rules, broken: _Failure, raised: int, percent: int, sides: Sides) -> Outcome:
        """A raise that failed at one rule: those before it go back to what they were.

        One whose answer was lost is probably raised, as are those before it: they stay, the next look tells.
        """
        if broken.error.kind == "unknown":
            return _in_pieces(raised, [broken])
        left = []
        for rule in reversed(found.rows[:raised]):
            if (rule.share(sides) or 0) > percent:
                continue  # it was lowered, which nothing speaks against
            try:
                self._write(rule, rule.actions)
            except CallError as error:
                left.append(_Failure(rule, error))
        if left:
            told = "; ".join(one.text for one in left)
            text = f"{broken.text}; of {raised} raised before, {len(left)} could not be taken back: {told}"
            return Outcome(state="unknown", text=text, hint=broken.error.hint, request_id=broken.error.request_id)
        back = f"; {raised} raised before went back" if raised else ""
        return failed(broken.error).model_copy(update={"text": f"{broken.text}{back}"})

    def _read_back(self, written: Rules, percent: int, sides: Sides, request: str) -> Outcome:
        """Believe what a read shows; where none can be had, each answer showed the new weights."""
        try:
            after = self.read()
        except TargetError:
            after = written
        if set(after.shares(sides)) != {percent}:
            text = f"asked for {percent} % on {sides.name(sides.candidate)}, AWS shows {after.words(sides)}"
            return Outcome(state="unknown", text=text, hint="the next look tells", request_id=request)
        return Outcome(
            state="done", text=after.words(sides), request_id=request, revision=after.fingerprint
        )


def _ours_only(found: Rules, sides: Sides) -> None:
    """Nothing is written into a rule that serves others too: their share would change with ours."""
    for rule in found.rows:
        if not rule.weights:
            raise TargetError("state", f"{rule.words} does not forward to target groups", "make it forward again")
    if others := found.others(sides):
        fact = f"the listener rules give {', '.join(others)} weight, which is not ours to change"
        raise TargetError("state", fact, "give it weight 0, or take it out of the rule")


def _in_pieces(written: int, broken: Sequence[_Failure]) -> Outcome:
    """Some rules stand as asked, others do not, or nobody knows."""
    first = broken[0].error
    told = "; ".join(one.text for one in broken)
    known = written == 0 and all(one.error.kind != "unknown" for one in broken)
    text = told if not written else f"{written} of {written + len(broken)} rules stand as asked; {told}"
    return Outcome(
        state="failed" if known else "unknown", text=text, hint=first.hint, request_id=first.request_id
    )
