"""Reading a right configuration, secrets, the environment, and that nothing but BadConfig ever comes out."""

import tomllib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import SystemClock
from bot.config import BadConfigs, load, load_to_run, may_act
from bot.config.model import rules_of
from rollout.values import Moment
from tests.bot.test_config_broken import GOOD, mistakes

BOT = "xoxb-1111-2222-CANARYcanaryCANARY"
APP = "xapp-1-A111-2222-CANARYcanary"
SIGNING = "8f742231b10e8888abcd99c4cc0ffee0"
SLACK = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}
SMALL = """\
[roles]
deployers = ["U0ANA"]
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
"""


def write(tmp_path, text):
    path = tmp_path / "tidegate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_file_gets_the_documented_defaults(tmp_path):
    """What the file leaves out has the documented default, and the state lies beside the file."""
    config = load(write(tmp_path, SMALL), {})
    assert (config.http.host, config.http.port, config.slack.mode) == ("127.0.0.1", 8080, None)
    assert config.store_path == tmp_path / "tidegate.db"
    assert config.timing.look_moving == timedelta(seconds=5)
    assert config.apps["my-app"].env["prod"].plan == "canary"


def test_the_store_path_begins_at_the_file_or_stands_alone(tmp_path):
    """A relative path begins at the configuration's folder, an absolute one is taken as it is."""
    path = write(tmp_path, SMALL + '[store]\npath = "state/x.db"\n')
    assert load(path, {}).store_path == tmp_path / "state" / "x.db"
    path = write(tmp_path, SMALL + '[store]\npath = "/var/lib/x.db"\n')
    assert str(load(path, {}).store_path) == "/var/lib/x.db"


def test_the_hash_follows_the_meaning_not_the_spelling(tmp_path):
    """Comments, order and the place of the file leave the hash alone; a changed value does not."""
    first = load(write(tmp_path, SMALL), {}).hash
    other = tmp_path / "other"
    other.mkdir()
    assert load(write(other, "# a comment\n" + SMALL), {}).hash == first
    assert load(write(tmp_path, SMALL + 'bake = "1m"\n'), {}).hash != first
    assert load(write(tmp_path, SMALL + 'bake = "15m"\n'), {}).hash == first


def test_a_configuration_cannot_be_changed(tmp_path):
    """It is a frozen value all the way down to a target."""
    config = load(write(tmp_path, SMALL), {})
    with pytest.raises(ValueError, match="frozen"):
        setattr(config.http, "port", 1)  # noqa: B010  # mypy knows it is frozen
    with pytest.raises(ValueError, match="frozen"):
        setattr(config.apps["my-app"].env["prod"], "region", "x")  # noqa: B010  # mypy knows it is frozen too


# -- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (f'[slack]\nbot_token = "{BOT}"', "slack.bot_token"),
        (f'[slack]\nSLACK_APP_TOKEN = "{APP}"', "slack.SLACK_APP_TOKEN"),
        (f'[slack]\nsigning_secret = "{SIGNING}"', "slack.signing_secret"),
        (f'[slack]\nmode = "{BOT}"', "slack.mode"),
        (f'[store]\npath = "{BOT}"', "store.path"),
        (f'[aws]\nsecret_access_key = "{SIGNING}"', "aws.secret_access_key"),
        ('[aws]\naccess_key_id = "AKIAIOSFODNN7EXAMPLE"', "aws.access_key_id"),
        (f'[roles]\nx = ["{BOT}"]', "roles.x[0]"),
        (f'[plans]\nx = "{APP}"', "plans.x"),
        (f'"{BOT}" = 1', "[secret]"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_printed(line, place, tmp_path):
    """A secret is named by its place; neither message nor error value ever shows it."""
    text = SMALL.replace('[roles]\ndeployers = ["U0ANA"]', "") if line.startswith("[roles]") else SMALL
    with pytest.raises(BadConfigs) as bad:
        load(write(tmp_path, f"{line}\n{text}"), {})
    flaws = {flaw.place: flaw for flaw in bad.value.flaws}
    assert "secret" in flaws[place].fact
    assert "delete the line" in flaws[place].hint
    shown = str(bad.value) + repr(bad.value.flaws) + repr(bad.value.args)
    for secret in (BOT, APP, SIGNING, "AKIAIOSFODNN7EXAMPLE"):
        assert secret not in shown
        assert secret[5:] not in shown


def test_a_secret_of_the_environment_is_hidden_by_value(tmp_path):
    """A signing secret has no form of its own: written into some other key it is still not printed."""
    environ = {"SLACK_SIGNING_SECRET": SIGNING}
    for text in (
        f'[slack]\nmode = "{SIGNING}"\n',
        f'[slack]\nmode = "{SIGNING[:8]}\nx',
        f"{SIGNING} {SIGNING}\n",
    ):
        with pytest.raises(BadConfigs) as bad:
            load(write(tmp_path, text + SMALL), environ)
        assert SIGNING not in str(bad.value)


# -- the environment -------------------------------------------------------------------------------


def lacking(tmp_path, environ, text=SMALL):
    """What `run` would say, by place."""
    with pytest.raises(BadConfigs) as bad:
        load_to_run(write(tmp_path, text), environ)
    assert BOT not in str(bad.value)
    assert APP not in str(bad.value)
    return {flaw.place: flaw for flaw in bad.value.flaws}


def test_without_any_token_both_ways_are_named(tmp_path):
    """No mode and no token: one answer names Socket Mode and HTTP, and where each secret is found."""
    found = lacking(tmp_path, {})
    assert "SLACK_APP_TOKEN" in found["slack.mode"].hint
    assert 'mode = "http"' in found["slack.mode"].hint
    assert "OAuth & Permissions" in found["SLACK_BOT_TOKEN"].hint


def test_mode_follows_the_app_token_when_unset(tmp_path):
    """Socket Mode if SLACK_APP_TOKEN is set; the mode of the file wins over it."""
    assert load_to_run(write(tmp_path, SMALL), SLACK)[1].mode == "socket"
    http = '[slack]\nmode = "http"\n' + SMALL
    found = lacking(tmp_path, SLACK, http)
    assert "Signing Secret" in found["SLACK_SIGNING_SECRET"].hint
    access = load_to_run(write(tmp_path, http), {**SLACK, "SLACK_SIGNING_SECRET": SIGNING})[1]
    assert access.mode == "http"
    assert set(access.secrets) == {BOT, APP, SIGNING}


def test_an_access_never_shows_its_secrets(tmp_path):
    """Printed or logged by accident, the value with the tokens shows none."""
    access = load_to_run(write(tmp_path, SMALL), SLACK)[1]
    assert BOT not in repr(access) + str(access) + str(access.model_dump())


@pytest.mark.parametrize(
    ("environ", "place", "fact"),
    [
        ({"SLACK_BOT_TOKEN": APP, "SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN", "another kind"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": BOT}, "SLACK_APP_TOKEN", "another kind"),
        ({**SLACK, "SLACK_SIGNING_SECRET": BOT}, "SLACK_SIGNING_SECRET", "another kind"),
        ({**SLACK, "SLACK_BOT_TOKEN": f'"{BOT}"'}, "SLACK_BOT_TOKEN", "begins with a quote"),
        ({**SLACK, "SLACK_BOT_TOKEN": "xoxb-1 xoxb-2"}, "SLACK_BOT_TOKEN", "a space inside"),
        ({**SLACK, "SLACK_BOT_TOKEN": "  "}, "SLACK_BOT_TOKEN", "not set"),
    ],
)
def test_tokens_that_cannot_be_right_are_named(environ, place, fact, tmp_path):
    """Swapped, quoted, broken or blank tokens are refused by name, before Slack says `invalid_auth`."""
    assert fact in lacking(tmp_path, environ)[place].fact


def test_the_mistakes_of_file_and_environment_come_together(tmp_path):
    """`run` tells all of both in one go."""
    found = lacking(tmp_path, {}, SMALL + 'bakes = "1m"\n')
    assert {"apps.my-app.env.prod.bakes", "SLACK_BOT_TOKEN"} <= set(found)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://localhost:4566/", "https://[::1]:1/x", "http://127.8.8.8"]
)
def test_a_stand_in_on_this_machine_is_allowed_and_warned_of(url, tmp_path):
    """Loopback addresses for AWS and Slack are honoured; each is one warning line with its address."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "SLACK_API_URL"):
        access = load_to_run(write(tmp_path, SMALL), {**SLACK, name: url})[1]
        assert len(access.warnings) == 1
        assert name in access.warnings[0]
        assert url.split("//")[1].split("/")[0] in access.warnings[0]


def test_aws_beyond_this_machine_needs_the_files_word(tmp_path):
    """A non-loopback AWS address is refused unless allow_endpoint_override says so; passwords in it are not shown."""
    environ = {**SLACK, "AWS_ENDPOINT_URL_S3": "http://user:hunter22@minio.example:9000/x"}
    with pytest.raises(BadConfigs) as bad:
        load(write(tmp_path, SMALL), environ)
    (flaw,) = bad.value.flaws
    assert flaw.place == "AWS_ENDPOINT_URL_S3"
    assert "http://minio.example:9000 is not on this machine" in flaw.fact
    assert "allow_endpoint_override = true" in flaw.hint
    assert "hunter22" not in str(bad.value)
    access = load_to_run(write(tmp_path, "[aws]\nallow_endpoint_override = true\n" + SMALL), environ)[1]
    assert "hunter22" not in str(access.warnings)
    assert not load_to_run(write(tmp_path, SMALL), {**environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"})[
        1
    ].warnings


@pytest.mark.parametrize(
    "environ",
    [{}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"},
     {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}],
)  # fmt: skip
def test_a_file_for_a_stand_in_never_acts_on_another_aws(tmp_path, environ):
    """Whatever acts on it needs the same address in the environment; who only asks a running bot does not."""
    text = '[aws]\nendpoint_url = "http://127.0.0.1:4566"\n' + SMALL
    config = load(write(tmp_path, text), environ)
    flaws = lacking(tmp_path, {**SLACK, **environ}, text)
    assert "this file is for the AWS at" in flaws["AWS_ENDPOINT_URL"].fact
    with pytest.raises(BadConfigs, match="export AWS_ENDPOINT_URL="):
        may_act(config, environ)
    right = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert load_to_run(write(tmp_path, text), {**SLACK, **right})
    may_act(config, right)


def test_slack_beyond_this_machine_is_warned_of_and_slack_itself_is_not(tmp_path):
    """Another address for Slack is a warning; Slack's own addresses are none; nonsense is refused."""
    assert load_to_run(write(tmp_path, SMALL), {**SLACK, "SLACK_API_URL": "https://proxy.example/api/"})[1].warnings
    for own in ("https://slack.com/api/", "https://slack-gov.com/api/"):
        assert not load_to_run(write(tmp_path, SMALL), {**SLACK, "SLACK_API_URL": own})[1].warnings
    assert "not an http(s) address" in lacking(tmp_path, {**SLACK, "SLACK_API_URL": "slack"})["SLACK_API_URL"].fact


# -- nothing but BadConfig -------------------------------------------------------------------------

VALUES = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["U0ANA", "10%", "canary", "5m", "lambda", "prod", "deployers", BOT, "to", "\x1b[31m", "\ud7ff"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(node, at=()):
    """Every place of the good configuration."""
    yield at
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


TABLES = tomllib.loads(GOOD)
PLACES = [place for place in places(TABLES) if place]


def changed(node, at, value, how):
    """A copy in which one place is replaced, removed, renamed or given a sibling."""
    copy = dict(node) if isinstance(node, dict) else list(node)
    key, rest = at[0], at[1:]
    if rest:
        copy[key] = changed(copy[key], rest, value, how)
    elif how == "replace" or not isinstance(copy, dict):
        copy[key] = value
    elif how == "remove":
        del copy[key]
    else:
        copy[str(value)[:40]] = copy.pop(key) if how == "rename" else value
    return copy


def toml(value):
    """Any plain value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(key))} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text):
    """A basic string with everything odd escaped."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), VALUES, st.sampled_from(["replace", "remove", "rename", "add"])),
        max_size=3,
    )
)
def test_any_mutation_loads_or_is_refused_without_a_secret(tmp_path, changes):
    """Whatever is changed in a right file, it loads or is BadConfig with places and fixes; no secret is printed."""
    tables = TABLES
    for at, value, how in changes:
        try:
            tables = changed(tables, at, value, how)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    text = "\n".join(f"{quoted(key)} = {toml(value)}" for key, value in tables.items())
    flaws = mistakes(text, tmp_path)
    assert BOT not in repr(flaws)
    assert "\x1b" not in repr(flaws)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(GOOD)), st.integers(0, 6), st.text(max_size=4))
def test_any_damage_to_the_text_is_refused_or_harmless(tmp_path, at, length, put):
    """Cutting and inserting characters anywhere ends in a configuration or in BadConfig, never in a crash."""
    mistakes((GOOD[:at] + put + GOOD[at + length :]).encode("utf-8", "replace").decode(), tmp_path)


def test_the_system_clock_is_aware_and_never_goes_back():
    """now() is in UTC; monotonic() does not fall."""
    clock = SystemClock()
    moment: Moment = clock.now()
    assert moment.utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


# -- alarms and digests ----------------------------------------------------------------------------

WATCHED = """\
[slack]
home = "C0OPS"
[alarms]
sweep = "1500ms"
group = "3s"
flap = "45s"
blind = "15s"
discover = "15s"
[[digests]]
channel = "C0DEPLOYS"
cron = "30 8 * * mon-fri"
timezone = "Asia/Kathmandu"
apps = ["my-app"]
[[digests]]
channel = "C0DEPLOYS"
cron = "30 8 * * 1-5"
timezone = "Asia/Kathmandu"
"""


def test_alarms_and_digests_are_read(tmp_path):
    """Home, the shortest times that a demo twenty times as fast needs, both kinds of rules, and words as lists."""
    found_by = 'alarm_prefix = "my-app-"\nalarm_tag = ["team=payments", "watched", "url=a=b"]\n'
    config = load(write(tmp_path, WATCHED + SMALL + found_by), {})
    assert config.slack.home == "C0OPS"
    assert config.alarms.sweep == timedelta(seconds=1.5)
    assert [one.rule for one in config.digests] == ["30 8 * * mon-fri", "30 8 * * 1-5"]
    assert config.digests[0].apps == ("my-app",)
    rules = rules_of(config.apps["my-app"].env["prod"])
    assert (rules.alarm_prefix, rules.alarm_tag) == (("my-app-",), ("team=payments", "watched", "url=a=b"))
    quiet = load(write(tmp_path, SMALL), {})
    assert (quiet.slack.home, quiet.digests, quiet.alarms.sweep) == ("", (), timedelta(seconds=30))


@pytest.mark.parametrize(
    ("head", "tail", "told"),
    [
        ("", "", True),
        ("", 'alarms = ["a"]\n', False),
        ("", 'alarm_prefix = "a"\n', False),
        ("", 'alarm_tag = "a"\n', False),
        ('[slack]\nhome = "C0OPS"\n', 'alarms = ["a"]\n', True),
        ('[apps.my-app]\nchannel = "C0OPS"\n', 'alarms = ["a"]\n', True),
    ],
)
def test_alarms_that_nobody_would_be_told_of_are_said(head, tail, told, tmp_path):
    """Neither a channel of the app nor a home: the file is right, and a warning says what would be missed."""
    config = load(write(tmp_path, head + SMALL + tail), {})
    assert config.warnings == (
        () if told else ("alarms of my-app are told nowhere: set [apps.my-app] channel, or [slack] home",)
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Berlin", 'did you mean "Europe/Berlin"?'),
        ("new york", 'did you mean "America/New_York"?'),
        ("Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("Middle-earth/Shire", 'write it like "Europe/Berlin"'),
        ("Europe", None),
        ("../../etc/passwd", 'write it like "Europe/Berlin"'),
        ("", None),
    ],
)
def test_a_zone_that_does_not_exist_is_refused_with_the_one_meant(word, hint, tmp_path):
    """By its city, or by a slip of the pen; never a folder or a path, and nothing is guessed where nothing is near."""
    text = f'[[digests]]\nchannel = "C0DEPLOYS"\nat = "09:00"\ntimezone = "{word}"\n'
    (flaw,) = mistakes(text + SMALL, tmp_path)
    assert (flaw.place, flaw.fact) == ("digests[0].timezone", f"{word!r} is not a time zone")
    assert flaw.hint == hint or hint is None


DEEP = ["a" + ".a" * 40, "a" + " . 'b'" * 40, '"x"' + '."y"' * 100_000, "[t" + ".t" * 40 + "]"]


@pytest.mark.parametrize("key", DEEP, ids=["bare", "quoted", "endless", "header"])
def test_a_key_of_many_parts_is_refused_before_the_parser_sees_it(tmp_path, key):
    """Line and reason, at once: what the parser would take for it grows with the square of its parts."""
    path = tmp_path / "tidegate.toml"
    path.write_text(f"# one\n{key}" + ("" if key.startswith("[") else " = 1") + "\n")
    with pytest.raises(BadConfigs, match=r"tidegate\.toml:2: something of more than 32 parts"):
        load(path, {})
