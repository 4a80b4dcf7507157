"""A new release at 0 % that can be tried at its test address, in every state the card can show; and a late count."""

from rollout.model import Phase, Rollout
from rollout.plan import Plan
from rollout.seen import Reason, SideHealth, Trial, Verdict
from tests.handlers.samples import NOW, PASS, SERVERS, cause, minutes, rollout, seen, terms, view

P = Phase
URL = "http://shop-1.eu-central-1.elb.amazonaws.com:9000/"
ASKED = f"{URL}healthz?deep=1&all=1"
BLUEGREEN = Plan.parse("bluegreen", "0%, approve, 100%")
LATE = SideHealth(
    state="healthy", ready=4, needed=4, late=True,
    text="shop-green: 4 of 4 targets healthy, as counted at 14:25 UTC; nothing rises by that",
)  # fmt: skip
HALF = LATE.model_copy(update={"state": "unknown", "ready": 2, "text": LATE.text.replace("4 of", "2 of")})


def tried(phase: Phase, state: str, text: str = "", *, misses: int = 0, asked: str = ASKED, **more) -> Rollout:
    """At 0 %, after a look that found the test address so."""
    trial = Trial.model_validate({"url": URL, "asked": asked, "state": state, "text": text, "misses": misses})
    says = {"passed": PASS, "unasked": PASS}.get(state)
    vote = "fail" if misses > 2 else "no_data"
    lacks = Verdict(
        outcome="FAIL" if misses > 2 else "UNKNOWN", cause="" if misses > 2 else "no_data", at=NOW,
        reasons=(*PASS.reasons, Reason.model_validate({"voter": "target", "vote": vote, "text": trial.said})),
    )  # fmt: skip
    fields = {"seen": seen(0, trial=trial), "verdict": says or lacks, "terms": terms(BLUEGREEN), **SERVERS, **more}
    return rollout(phase, 0, **fields)


def _paused(state: str, text: str, misses: int = 0) -> Rollout:
    one = tried(P.PAUSED, state, text, misses=misses, resume_to=P.STEPPING, last_good=None)
    return one.but(cause=cause("no_data", one.verdict.said("no_data") if one.verdict else ""))


TRIED = {
    "trial-approve": view(tried(P.WAITING, "passed", "200 in 41 ms", step=1, cause=cause("approve", "waits for 1"))),
    "trial-unasked": view(tried(P.WAITING, "unasked", asked="", step=1, cause=cause("approve", "waits for 1"))),
    "trial-failed": view(_paused("failed", "503 instead of 200", 1)),
    "trial-unreachable": view(_paused("unreachable", "no connection")),
    "trial-elsewhere": view(_paused("elsewhere", "the test rule sends to v1")),
    "trial-waiting": view(tried(P.LAUNCHING, "waiting")),
    "trial-went-back": view(
        tried(P.ROLLING_BACK, "failed", "503 instead of 200", misses=3).but(
            cause=cause("sick", f"GET {ASKED}: 503 instead of 200 (3 looks)"), seen=seen(0)
        )
    ),
    "baking-late-half": view(rollout(P.STEPPING, 10, baked=minutes(3), seen=seen(10, candidate=HALF), **SERVERS)),
    "baking-late-count": view(rollout(P.STEPPING, 10, baked=minutes(3), seen=seen(10, candidate=LATE), **SERVERS)),
}
