"""The grammar of /deploy, both ways."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.words import parse, parse_words, usage
from rollout.ask import Ask
from rollout.errors import BadInput
from rollout.verbs import FILLERS, VERBS

READ = [
    ("", Ask(verb="help")),
    ("   ", Ask(verb="help")),
    ("my-app", Ask(verb="start", app="my-app")),
    ("my-app canary", Ask(verb="start", app="my-app", plan="canary")),
    ("start my-app canary", Ask(verb="start", app="my-app", plan="canary")),
    ("my-app/prod@2 canary", Ask(verb="start", app="my-app", env="prod", release="2", plan="canary")),
    ("my-app@2 canary to prod", Ask(verb="start", app="my-app", env="prod", release="2", plan="canary")),
    ("my-app to prod canary", Ask(verb="start", app="my-app", env="prod", plan="canary")),
    ("my-app @2 in prod", Ask(verb="start", app="my-app", env="prod", release="2")),
    ("my-app@v1.2.3+4", Ask(verb="start", app="my-app", release="v1.2.3+4")),
    ("my-app@sha256:0a1b", Ask(verb="start", app="my-app", release="sha256:0a1b")),
    ("my-app canary --dry-run", Ask(verb="start", app="my-app", plan="canary", dry_run=True)),
    ("my–app canary", Ask(verb="start", app="my-app", plan="canary")),
    ("my-app —dry-run", Ask(verb="start", app="my-app", dry_run=True)),
    ("my-app –dry–run", Ask(verb="start", app="my-app", dry_run=True)),
    ("my-app --reason fix the basket", Ask(verb="start", app="my-app", reason="fix the basket")),
    ("my-app --reason don't round twice", Ask(verb="start", app="my-app", reason="don't round twice")),
    ('my-app --reason "fix it" canary', Ask(verb="start", app="my-app", plan="canary", reason="fix it")),
    ("my-app --reason=“fix it” canary", Ask(verb="start", app="my-app", plan="canary", reason="fix it")),
    ("my-app —reason „fix it“", Ask(verb="start", app="my-app", reason="fix it")),
    ("my-app --reason it – slowly - rises", Ask(verb="start", app="my-app", reason="it – slowly - rises")),
    ('my-app --reason fix "that" now', Ask(verb="start", app="my-app", reason='fix "that" now')),
    ("my-app --reason <@U1|ana> asked &lt;3", Ask(verb="start", app="my-app", reason="<@U1|ana> asked &lt;3")),
    ("my-app --reason hot \U0001f468\u200d\U0001f527",
     Ask(verb="start", app="my-app", reason="hot \U0001f468\u200d\U0001f527")),
    ("my-app --reason fix --dry-run", Ask(verb="start", app="my-app", reason="fix", dry_run=True)),
    ("rollback my-app", Ask(verb="rollback", app="my-app")),
    ("rollback my-app to @1", Ask(verb="rollback", app="my-app", release="1")),
    ("rollback my-app to #41", Ask(verb="rollback", app="my-app", release="#41")),
    ("rollback #42", Ask(verb="rollback", ref=42)),
    ("rollback #42 to @1", Ask(verb="rollback", ref=42, release="1")),
    ("rollback my-app --force --reason both are sick",
     Ask(verb="rollback", app="my-app", force=True, reason="both are sick")),
    ("status", Ask(verb="status")),
    ("status my-app", Ask(verb="status", app="my-app")),
    ("status #42", Ask(verb="status", ref=42)),
    ("pause my-app in prod", Ask(verb="pause", app="my-app", env="prod")),
    ("promote my-app --full", Ask(verb="promote", app="my-app", full=True)),
    ("unlock my-app --reason looked at it", Ask(verb="unlock", app="my-app", reason="looked at it")),
    ("unlock #42 --reason looked at it", Ask(verb="unlock", ref=42, reason="looked at it")),
    ("go-on #42 --reason late metrics", Ask(verb="go-on", ref=42, reason="late metrics")),
    ("store careful", Ask(verb="start", app="store", plan="careful")),
    ("starter canary", Ask(verb="start", app="starter", plan="canary")),
    ("my-app\u00a0canary", Ask(verb="start", app="my-app", plan="canary")),
    ("alarms", Ask(verb="alarms")),
    ("alarms my-app", Ask(verb="alarms", app="my-app")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "ask"), READ, ids=[text for text, _ in READ])
def test_it_is_read(text, ask):
    """What people type is read as they mean it."""
    assert parse(text) == ask


REFUSED = [
    ("my-app@2/../$(id) ; rm", "not a release", "my-app@2"),
    ("my-app canary careful", '"careful" at character 15 is a word too many', "/deploy start"),
    ("status my-app prod", '"prod" at character 15 is a word too many', "/deploy status"),
    ("alarms my-app/prod", 'alarms takes an app, "prod" at character 8 is a word too many', "/deploy alarms [<app>]"),
    ("alarms my-app in prod", 'alarms takes an app, "prod" at character 18 is a word too many', "/deploy alarms"),
    ("alarms #42", "alarms takes an app, #42 is a rollout", "/deploy alarms [<app>]"),
    ("alarms my-app canary", '"canary" at character 15 is a word too many', "/deploy alarms"),
    ("alarms my-app --reason why", '"--reason" at character 15 is not an option of alarms', "takes no option"),
    ("list my-app", '"my-app" at character 6 is a word too many', "/deploy list"),
    ("my-app/prod to prod", "says the environment a second time", "once"),
    ("my-app@1 @2", "says the release a second time", "once"),
    ("my-app --reason a --reason b", "says the reason a second time", "once"),
    ("my-app --dry-run --dry-run", "says the dry run a second time", "once"),
    ("my-app --dryrun", '"--dryrun" at character 8 is not an option of start', "--dry-run"),
    ("promote my-app --dry-run", "is not an option of promote", "--full"),
    ("my-app --dry-run=yes", "--dry-run takes no value", "/deploy start"),
    ("my-app --reason", "without a reason", "--reason"),
    ("my-app --reason --dry-run", "without a reason", "--reason"),
    ('my-app --reason "', "is never closed", "close it"),
    ('my-app --reason "fix', 'the quote " at character 17 is never closed', "close it"),
    ('my-app "canary"', "stands in quotes at character 8", "--reason"),
    ("my-app \u202ecanary", "U+202E (right-to-left override) stands at character 8", "by hand"),
    ("my\u200bapp", "U+200B (zero width space) stands at character 3", "by hand"),
    ("my\u00adapp", "U+00AD (soft hyphen)", "by hand"),
    ("my-app\x00", "U+0000 (a control character)", "by hand"),
    ("my-app\ncanary", "U+000A", "by hand"),
    ("my-app --reason a\x00b", "U+0000 (a control character) stands at character 18", "by hand"),
    ("my-app --reason a\ud800b", "U+D800", "by hand"),
    ("<@U123|ana> canary", "a mention or a link stands at character 1", "plain words"),
    ("my-app to <#C1|prod>", "a mention or a link stands at character 11", "plain words"),
    ("<!channel>", "a mention or a link", "plain words"),
    ("<https://my.app|my.app> canary", "a mention or a link", "plain words"),
    ("My-App canary", '"My-App" at character 1 is not the name of an app', "my-app"),
    ("my_app canary", "is not the name of an app", "a-z"),
    ("-app", "is not an option", "--reason"),
    ("ｍy-app", "is not the name of an app", "a-z"),
    ("myаpp canary", "is not the name of an app", "a-z"),
    ("a" * 32, "is not the name of an app", "31"),
    ("my-app/", '"" at character 1 is not the name of an environment', "a-z"),
    ("my-app@", '"" at character 1 is not a release', "@"),
    ("my-app to", 'nothing follows "to" at character 8', "/deploy start"),
    ("my-app to in prod", '"in" follows "to" at character 11', "/deploy start"),
    ("to prod", '"to" stands at character 1 where an app belongs', "/deploy"),
    ("rolback my-app", '"rolback" is not a verb', "/deploy rollback my-app"),
    ("Rollback my-app", '"Rollback" is not a verb', "/deploy rollback my-app"),
    ("stauts #42", '"stauts" is not a verb', "/deploy status #42"),
    ("my-app rollback", '"rollback" at character 8 is a verb', "verbs come first"),
    ("pause", "pause does not say what", "/deploy pause"),
    ("start #42", "start takes an app, #42 is a rollout", "/deploy start"),
    ("history #42", "history takes an app, #42 is a rollout", "/deploy history"),
    ("pause #0", '"#0" at character 7 is not a rollout', "#42"),
    ("pause #4x", "is not a rollout", "#42"),
    ("pause #٤٢", "is not a rollout", "#42"),
    ("pause my-app@2", "pause takes no release", "/deploy pause"),
    ("my-app@#41", "is not a release", "@"),
    ("pause #42 in prod", "is a word too many", "/deploy pause"),
    ("x" * 2001, "the command has 2001 characters", "2000"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fact", "hint"), REFUSED, ids=[ascii(text)[:40] for text, *_ in REFUSED])
def test_it_is_refused(text, fact, hint):
    """What is not the grammar is refused with what stands where, and what to type instead."""
    with pytest.raises(BadInput) as no:
        parse(text)
    assert fact in no.value.fact
    assert hint in no.value.hint


def test_forty_kilobytes_are_refused_at_once():
    """A flood costs no more than its length."""
    started = time.monotonic()
    for text in ("x" * 40_000, '"' * 40_000, "--" * 20_000, "a " * 20_000):
        with pytest.raises(BadInput):
            parse(text)
    assert time.monotonic() - started < 5


def test_the_longest_command_is_read_quickly():
    """No text of legal length makes the reader go over it again and again."""
    started = time.monotonic()
    for text in ('" ' * 1000, "'a" * 1000, "—" * 2000, "a=" * 1000, '"a" ' * 500):
        try:
            parse(text)
        except BadInput:
            continue
    assert time.monotonic() - started < 5


def test_the_channel_travels_along():
    """Where it was asked becomes part of the wish."""
    assert parse("my-app", channel="C1") == Ask(verb="start", app="my-app", channel="C1")
    assert parse("", channel="C1") == Ask(verb="help", channel="C1")


def test_words_of_a_shell_are_read_alike():
    """A shell has taken the quotes away already; what was one word stays one."""
    said = ["my-app@2", "canary", "--reason", "don't panic", "to", "prod"]
    wanted = Ask(verb="start", app="my-app", env="prod", release="2", plan="canary", reason="don't panic")
    assert parse_words(said) == wanted
    assert parse_words([]) == Ask(verb="help")
    with pytest.raises(BadInput, match="quotes"):
        parse_words(["my-app canary"])
    with pytest.raises(BadInput, match="40000 characters"):
        parse_words(["x" * 40_000])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_typed_as_its_usage_says(verb):
    """The usage line, with its blanks filled and its options left out, is legal."""
    line = usage(VERBS[verb]).removeprefix("/deploy ")
    line = line.partition(" [")[0].partition(" | ")[0].replace("<app>[/<env>]", "my-app")
    line = line.partition("[")[0].replace("<app>", "my-app").replace("…", "why")
    assert parse(line).verb == verb


def test_every_reserved_word_is_refused_as_an_app():
    """Fillers name nothing."""
    for word in FILLERS:
        with pytest.raises(BadInput):
            parse(f"status {word}")


NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True).filter(lambda name: name not in (*VERBS, *FILLERS))
RELEASES = st.from_regex(r"[A-Za-z0-9$][A-Za-z0-9$._:/+=@~-]{0,60}", fullmatch=True)


@st.composite
def asks(draw):
    """A wish that can be typed; reason, dry run and channel stand outside `words`."""
    verb = draw(st.sampled_from(sorted(VERBS)))
    takes = VERBS[verb].takes
    fields = {"verb": verb}
    if takes == "nothing" or (takes in ("ref?", "app?", "whole app?") and draw(st.booleans())):
        return Ask.model_validate(fields)
    if takes in ("rollout", "target", "ref?") and draw(st.booleans()):
        fields["ref"] = draw(st.integers(1, 10**14))
    else:
        fields |= {"app": draw(NAMES), "env": "" if verb == "alarms" else draw(NAMES | st.just(""))}
    if verb == "start":
        fields |= {"release": draw(RELEASES | st.just("")), "plan": draw(NAMES | st.just(""))}
    if verb == "rollback":
        other = st.integers(1, 99).map(lambda number: f"#{number}")
        fields |= {"release": draw(RELEASES | other | st.just("")), "force": draw(st.booleans())}
    if verb == "promote":
        fields["full"] = draw(st.booleans())
    return Ask.model_validate(fields)


@given(asks())
@settings(max_examples=300, deadline=None)
def test_what_is_printed_reads_back(ask):
    """`words` and `parse` are inverse."""
    assert parse(ask.words) == ask


PIECES = st.sampled_from(
    [*VERBS, *FILLERS, "my-app", "/prod", "@2", "#42", "--reason", "—reason", "--dry-run", "--full", '"', "'", "“", " ",
     "=", "<@U1>", "\u202e", "\x00", "\u00a0", "–", "&lt;", "a\u0301", "😀"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=80) | st.lists(PIECES, max_size=9).map(" ".join))
@example('--reason="')
@settings(max_examples=1000, deadline=None)
def test_any_text_is_read_or_refused(text):
    """No text raises anything but BadInput, and what is read names only legal things."""
    try:
        ask = parse(text)
    except BadInput:
        return
    assert ask.verb in VERBS
    assert "\x00" not in ask.reason
    if not ask.reason and not ask.dry_run:
        assert parse(ask.words) == ask
