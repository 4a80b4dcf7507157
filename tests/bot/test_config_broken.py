"""A corpus of broken configurations: each is refused at the place that is wrong, with the fix."""

from typing import ClassVar

import pytest

from aws.registry import DRIVERS
from bot.config import BadConfigs, load
from rollout.ports import Capabilities, TargetModel

GOOD = """\
[slack]
mode = "socket"

[http]
port = 8080

[page]
mention = "S0ONCALL"

[[digests]]
channel = "C0DEPLOYS"
at = "09:00"

[roles]
deployers = ["U0ANA", "U0BEN", "S0PAYMENTS", "cli:ana", "aws:ci-session"]
approvers = ["U0EVA", "U0ANA"]
admins = ["U0EVA"]

[plans]
careful = "1% 10m, 10% 10m, 50% 20m, approve, 100%"

[timing]
look_moving = "5s"

[apps.my-app]
channel = "C0DEPLOYS"
default = "prod"
aliases = ["app"]

[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
iam_role = "arn:aws:iam::123456789012:role/tidegate-prod"
deploy = "deployers"
alarms = ["my-app-errors", { name = "my-app-p99", no_data = "pass" }]
plan = "canary"
bake = "10m"

[apps.my-app.env.prod.approve]
by = 1
from = "approvers"

[apps.my-app.env.prod.plans]
canary = "10% 5m, 50% 10m, approve, 100%"
"""
PROD = "apps.my-app.env.prod"
REGION = 'region = "eu-central-1"'
KINDS = f"kinds: {', '.join(sorted(DRIVERS))}"
WHOLE = GOOD
"""As `old`: the whole file is replaced."""

# old text, new text, where the mistake is said to be, words of the fact, words of the fix
BROKEN = {
    # top level
    "unknown section": ("[slack]", "[slak]", "slak", "not a key", "did you mean slack?"),
    "singular apps": ("[slack]", "[app.x]\n[slack]", "app", "not a key", "did you mean apps?"),
    "key outside its section": (
        "[slack]",
        'region = "x"\n[slack]',
        "region",
        "not a key",
        "[apps.<app>.env.<env>]",
    ),
    "channel at the top": ("[slack]", 'channel = "C0X"\n[slack]', "channel", "not a key", "[apps.<app>]"),
    "section as text": ("[slack]\nmode", 'slack = "socket"\n[x]\nmode', "slack", "not a table", "[slack]"),
    "nothing at all": (WHOLE, "", "apps", "no app is configured", "[apps.my-app.env.prod]"),
    "apps as list": (WHOLE, "[[apps]]\nname = 'x'", "apps", "not a table", "[apps.<name>]"),
    # the order of environments
    "after nothing": (REGION, REGION + '\nafter = "stagin"', f"{PROD}.after", "is not an environment", "envi"),
    "after itself": (REGION, REGION + '\nafter = "prod"', f"{PROD}.after", "could ever be first", "remove"),
    # slack, http, store, aws
    "mode misspelt": (
        'mode = "socket"',
        'mode = "sockets"',
        "slack.mode",
        "'sockets' is not socket or http",
        "socket",
    ),
    "mode is a number": (
        'mode = "socket"',
        "mode = 1",
        "slack.mode",
        "1 is not socket or http",
        "write one of them",
    ),
    "port as text": ("port = 8080", 'port = "8080"', "http.port", "not a whole number", "port = 8080"),
    "port true": ("port = 8080", "port = true", "http.port", "true is not a whole number", "port = 8080"),
    "port too large": (
        "port = 8080",
        "port = 70000",
        "http.port",
        "70000 is more than 65535",
        "65535 or less",
    ),
    "port negative": ("port = 8080", "port = -1", "http.port", "-1 is less than 0", "0 or more"),
    "http without a port": (
        'mode = "socket"\n\n[http]\nport = 8080',
        'mode = "http"\n[http]\nport = 0',
        "http.port",
        "off",
        "port = 8080",
    ),
    "host with a port": ("port = 8080", 'host = "0.0.0.0:80"', "http.host", "not an address", "127.0.0.1"),
    "host empty": ("port = 8080", 'host = ""', "http.host", "not an address", "127.0.0.1"),
    "store empty": ("[roles]", '[store]\npath = ""\n[roles]', "store.path", "empty", "leave the key out"),
    "store misspelt": (
        "[roles]",
        '[store]\nfile = "x"\n[roles]',
        "store.file",
        "not a key",
        "keys here: path",
    ),
    "aws override as text": (
        "[roles]",
        '[aws]\nallow_endpoint_override = "yes"\n[roles]',
        "aws.allow_endpoint_override",
        "'yes' is not true or false",
        "= false",
    ),
    # page, digests
    "page by name": ('"S0ONCALL"', '"@oncall"', "page.mention", "not the id", "can be changed by anyone"),
    "page everybody": ('"S0ONCALL"', '"@here"', "page.mention", "wake everybody", "group on call"),
    "topic is no ARN": (
        'mention = "S0ONCALL"',
        'sns_topic_arn = "oncall"',
        "page.sns_topic_arn",
        "not the ARN",
        "arn:",
    ),
    "digest single brackets": ("[[digests]]", "[digests]", "digests", "not a list", "[[digests]]"),
    "digest without time": ('at = "09:00"\n', "", "digests[0]", "neither at nor cron", 'at = "09:00"'),
    "digest with two times": (
        'at = "09:00"', 'at = "09:00"\ncron = "0 9 * * *"', "digests[0]", "both at and cron", "keep one",
    ),
    "digest cron of four fields": (
        'at = "09:00"', 'cron = "0 9 * *"', "digests[0].cron", "has 4 fields, not five", "0 9 * * 1-5",
    ),
    "digest cron at 25": ('at = "09:00"', 'cron = "0 25 * * *"', "digests[0].cron", "'25' is not a hour", "0 to 23"),
    "digest cron on day 8": (
        'at = "09:00"', 'cron = "0 9 * * 8"', "digests[0].cron", "'8' is not a weekday", "0 to 7",
    ),
    "digest cron that never comes": (
        'at = "09:00"', 'cron = "0 9 31 2 *"', "digests[0].cron", "never comes", "correct day or month",
    ),
    "digest cron as time": ('at = "09:00"', 'cron = "09:00"', "digests[0].cron", "a time of day", 'at = "09:00"'),
    "digest cron as number": ('at = "09:00"', "cron = 9", "digests[0].cron", "not text in quotes", "cron ="),
    "digest app unknown": (
        'at = "09:00"', 'at = "09:00"\napps = ["my-ap"]', "digests[0].apps[0]", "'my-ap' is not an app",
        "did you mean my-app? apps: my-app",
    ),
    "digest app by its alias": (
        'at = "09:00"', 'at = "09:00"\napps = ["app"]', "digests[0].apps[0]", "'app' is not an app",
        "write my-app: it is an alias",
    ),
    "digest app twice": (
        'at = "09:00"', 'at = "09:00"\napps = ["my-app", "my-app"]', "digests[0].apps[1]", "here twice", "keep one",
    ),
    "digest apps as text": (
        'at = "09:00"', 'at = "09:00"\napps = "my-app"', "digests[0].apps", "not a list", 'apps = ["my-app"]',
    ),
    "digest twice": (
        'at = "09:00"\n', 'at = "09:00"\n[[digests]]\nchannel = "C0DEPLOYS"\nat = "09:00"\ntimezone = "UTC"\n',
        "digests[1]", "the same summary as digests[0]", "remove one",
    ),
    "second digest without time, first broken": (
        'at = "09:00"\n', 'at = 9\n[[digests]]\nchannel = "C0DEPLOYS"\n', "digests[1]", "neither at nor cron", "add at",
    ),
    "digest misspelt": ('at = "09:00"', 'chron = "0 9 * * *"', "digests[0].chron", "not a key", "did you mean cron?"),
    # alarms
    "home by name": ('mode = "socket"', 'home = "#ops"', "slack.home", "not the id of a channel", "C"),
    "alarms as a list": ("[roles]", "[[alarms]]\nsweep = '30s'\n[roles]", "alarms", "not a table", "single brackets"),
    "alarms misspelt": ("[roles]", "[alarms]\nsweeps = '30s'\n[roles]", "alarms.sweeps", "not a key", "sweep?"),
    "sweep without unit": ("[roles]", "[alarms]\nsweep = 30\n[roles]", "alarms.sweep", "not a duration", '"90s"'),
    "sweep too often": ("[roles]", "[alarms]\nsweep = '900ms'\n[roles]", "alarms.sweep", "throttled", '"1s" or more'),
    "sweep too seldom": ("[roles]", "[alarms]\nsweep = '6m'\n[roles]", "alarms.sweep", "too late", '"5m" or less'),
    "group zero": ("[roles]", "[alarms]\ngroup = '0s'\n[roles]", "alarms.group", "0s is too short", '"1s" or more'),
    "group too long": ("[roles]", "[alarms]\ngroup = '1h'\n[roles]", "alarms.group", "1h is too long", '"10m" or less'),
    "flap too long": ("[roles]", "[alarms]\nflap = '2d'\n[roles]", "alarms.flap", "2d is too long", '"1d" or less'),
    "blind too late": ("[roles]", "[alarms]\nblind = '2h'\n[roles]", "alarms.blind", "trust a blind place", '"1h"'),
    "blind within one sweep": (
        "[roles]", "[alarms]\nblind = '50s'\n[roles]", "alarms.blind", "less than two sweeps", '"1m" or more',
    ),
    "discover too often": (
        "[roles]", "[alarms]\ndiscover = '10ms'\n[roles]", "alarms.discover", "throttled", '"1s" or more',
    ),
    "sweep in another section": (
        "look_moving", "sweep = '30s'\nlook_moving", "timing.sweep", "not a key", "it belongs under [alarms]",
    ),
    "prefix empty": ('bake = "10m"', 'alarm_prefix = ""', f"{PROD}.alarm_prefix", "beginning of an alarm", "my-app-"),
    "prefix of numbers": (
        'bake = "10m"', "alarm_prefix = [1]", f"{PROD}.alarm_prefix", "neither text nor a list", "alarm_prefix =",
    ),
    "prefix twice": ('bake = "10m"', 'alarm_prefix = ["a", "a"]', f"{PROD}.alarm_prefix", "here twice", "keep one"),
    "prefixes without end": (
        'bake = "10m"', f"alarm_prefix = {[f'a{n}' for n in range(21)]}", f"{PROD}.alarm_prefix", "21 entries", "20",
    ),
    "tag without key": ('bake = "10m"', 'alarm_tag = "=x"', f"{PROD}.alarm_tag", "'=x' is not a tag", "team=payments"),
    "tag without value": ('bake = "10m"', 'alarm_tag = "team="', f"{PROD}.alarm_tag", "'team=' is not a tag", "team="),
    "tag as a table": (
        'bake = "10m"', 'alarm_tag = { team = "x" }', f"{PROD}.alarm_tag", "neither text nor a list", "team=payments",
    ),
    "links as text": ('bake = "10m"', 'links = "https://x"', f"{PROD}.links", "not a table of addresses", "links ="),
    "link without https": (
        'bake = "10m"', 'links = { logs = "http://x" }', f"{PROD}.links", "begins with https://", "links =",
    ),
    "link with a bar": (
        'bake = "10m"', 'links = { logs = "https://x|y" }', f"{PROD}.links", "begins with https://", "links =",
    ),
    "link of nothing": (
        'bake = "10m"', 'links = { logs = "https://x/{who}" }', f"{PROD}.links", "{who} is nothing", "{from}",
    ),
    "link with a brace": (
        'bake = "10m"', 'links = { logs = "https://x/{app" }', f"{PROD}.links", "do not fit together", "links =",
    ),
    "commits of a function": (
        'bake = "10m"', 'links = { diff = "https://x/{from_commit}" }', "apps.my-app.env.prod", "lambda knows none",
        "{from} and {to}",
    ),
    "link by a strange name": (
        'bake = "10m"', 'links = { "Lo gs" = "https://x" }', f"{PROD}.links", "cannot name a link", "links =",
    ),
    "links without end": (
        'bake = "10m"', "links = { " + ", ".join(f'l{n} = "https://x"' for n in range(6)) + " }", f"{PROD}.links",
        "6 links", "at most 5",
    ),
    "prefix on the app": (
        'default = "prod"', 'default = "prod"\nalarm_prefix = "x"', "apps.my-app.alarm_prefix", "not a key",
        "[apps.<app>.env.<env>]",
    ),
    "digest at 25": ('at = "09:00"', 'at = "25:00"', "digests[0].at", "not a time of day", "09:00"),
    "digest time unquoted": (
        'at = "09:00"',
        "at = 09:00:00",
        "digests[0].at",
        "not text in quotes",
        'at = "09:00"',
    ),
    "digest zone": (
        'at = "09:00"',
        'at = "09:00"\ntimezone = "Berlin"',
        "digests[0].timezone",
        "not a time zone",
        "Europe/Berlin",
    ),
    "digest to a name": (
        'channel = "C0DEPLOYS"\nat',
        'channel = "#deploys"\nat',
        "digests[0].channel",
        "not the id of a channel",
        "id, C",
    ),
    # roles
    "person by name": (
        '"U0ANA", "U0BEN"',
        '"ana", "U0BEN"',
        "roles.deployers[0]",
        "'ana' is a name",
        "changed by anyone",
    ),
    "person by handle": (
        '"U0BEN", "S0P',
        '"@ben", "S0P',
        "roles.deployers[1]",
        "'@ben' is a name",
        "changed by anyone",
    ),
    "channel in a role": (
        '"U0BEN", "S0P',
        '"C0X", "S0P',
        "roles.deployers[1]",
        "id of a channel",
        "groups S",
    ),
    "lower-case id": ('"U0BEN", "S0P', '"u0ben", "S0P', "roles.deployers[1]", "misspelt id", "U…/W…"),
    "number in a role": ('"U0BEN", "S0P', '5, "S0P', "roles.deployers[1]", "5 is not an id", "U…/W…"),
    "role as text": (
        'admins = ["U0EVA"]',
        'admins = "U0EVA"',
        "roles.admins",
        "not a list of ids",
        '["U0ANA", "U0BEN"]',
    ),
    "twice in a role": (
        '"U0ANA", "U0BEN"',
        '"U0BEN", "U0BEN"',
        "roles.deployers[1]",
        "here twice",
        "keep one",
    ),
    "role name": ("admins =", "Admins =", "roles.Admins", "cannot name a role", "a-z, 0-9 and -"),
    "empty role that is used": (
        'approvers = ["U0EVA", "U0ANA"]',
        "approvers = []",
        "roles.approvers",
        f"{PROD}.approve.from needs it",
        "U0123",
    ),
    # plans
    "plan misspelt": ("50% 20m, approve", "50% 20m, aprove", "plans.careful", "column 27", "`approve [n]`"),
    "plan falls": ("10% 10m, 50%", "10% 10m, 5%", "plans.careful", "does not rise above 10%", "items are"),
    "plan ends early": (
        'approve, 100%"\n\n[timing]',
        'approve"\n\n[timing]',
        "plans.careful",
        "does not end",
        "100%",
    ),
    "plan is a list": (
        'careful = "1%',
        'steps = ["1%"]\ncareful = "1%',
        "plans.steps",
        "a list is not a plan",
        "text",
    ),
    "plan named as an environment": (
        "careful =",
        "prod =",
        "plans.prod",
        "name of an environment",
        "another name",
    ),
    "plan named as a verb": ("careful =", "pause =", "plans.pause", "word of /deploy", "another name"),
    "plan named as a filler": ("careful =", "to =", "plans.to", "word of /deploy", "another name"),
    "target's plan": (
        "5m, 50% 10m, approve",
        "5m, 50% 10x, approve",
        f"{PROD}.plans.canary",
        "column 9",
        "1h30m",
    ),
    "target's plan checks": (
        "5m, 50% 10m, approve",
        "5m, check smoke",
        f"{PROD}.plans.canary",
        "hooks have not come yet",
        "change or remove",
    ),
    "target's plan watches": (
        '"10% 5m, 50% 10m, approve, 100%"',
        '"watch"',
        f"{PROD}.plans.canary",
        "watch",
        "change",
    ),
    "default plan unknown": (
        'plan = "canary"',
        'plan = "canry"',
        f"{PROD}.plan",
        "not a plan",
        "did you mean canary?",
    ),
    # timing
    "timing misspelt": (
        "look_moving",
        "look_movin",
        "timing.look_movin",
        "not a key",
        "did you mean look_moving?",
    ),
    "timing number": ('"5s"', "5", "timing.look_moving", "5 is not a duration", '"90s"'),
    "timing words": ('"5s"', '"5 sec"', "timing.look_moving", "'5 sec' is not a duration", "90s"),
    "timing too often": ('"5s"', '"1ms"', "timing.look_moving", "throttled", '"1s"'),
    "timing zero": (
        "look_moving",
        "launching = '0s'\nlook_moving",
        "timing.launching",
        "end this at once",
        "longer",
    ),
    # apps
    "app name": ("[apps.my-app]", "[apps.My_App]", "apps.My_App", "cannot name an app", "a-z, 0-9 and -"),
    "app named as a verb": (
        "[apps.my-app]",
        "[apps.status]",
        "apps.status",
        "word of /deploy",
        "another name",
    ),
    "app named as a later verb": (
        "[apps.my-app]",
        "[apps.freeze]",
        "apps.freeze",
        "word of /deploy",
        "another name",
    ),
    "app without environment": (
        "[apps.my-app]",
        "[apps.shop]\n[apps.my-app]",
        "apps.shop",
        "no environment",
        "apps.shop.env",
    ),
    "environment without env": (
        "[apps.my-app.env.prod]\n",
        '[apps.my-app.prod]\nkind = "lambda"\n[apps.my-app.env.prod]\n',
        "apps.my-app.prod",
        "not a key",
        "[apps.my-app.env.prod]",
    ),
    "channel by name": (
        '[apps.my-app]\nchannel = "C0DEPLOYS"',
        '[apps.my-app]\nchannel = "#deploys"',
        "apps.my-app.channel",
        "not the id",
        "About",
    ),
    "default misspelt": (
        'default = "prod"',
        'default = "pord"',
        "apps.my-app.default",
        "'pord'",
        "did you mean prod?",
    ),
    "alias is an app": (
        'aliases = ["app"]',
        'aliases = ["shop"]\n[apps.shop.env.dev]\nkind = "lambda"\nfunction = "s"\nalias = "live"\n' + REGION,
        "apps.my-app.aliases[0]",
        "shop is an app already",
        "remove the alias",
    ),
    "alias is its own app": (
        '["app"]',
        '["my-app"]',
        "apps.my-app.aliases[0]",
        "own name",
        "remove the alias",
    ),
    "alias twice": ('["app"]', '["app", "app"]', "apps.my-app.aliases[1]", "already", "remove one"),
    "alias is a verb": ('["app"]', '["list"]', "apps.my-app.aliases[0]", "word of /deploy", "another name"),
    "aliases as text": (
        'aliases = ["app"]',
        'aliases = "app"',
        "apps.my-app.aliases",
        "not a list",
        'aliases = ["app"]',
    ),
    "env named as a built-in plan": (
        "[apps.my-app.env.prod]\n",
        "[apps.my-app.env.canary]\n[apps.my-app.env.prod]\n",
        "apps.my-app.env.canary",
        "built-in plan",
        "another name",
    ),
    "environment empty": (
        "[apps.my-app.env.prod]\n",
        "[apps.my-app.env.dev]\n[apps.my-app.env.prod]\n",
        "apps.my-app.env.dev",
        "empty",
        KINDS,
    ),
    # targets
    "kind missing": ('kind = "lambda"\n', "", f"{PROD}.kind", "kind is missing", KINDS),
    "kind misspelt": ('kind = "lambda"', 'kind = "lamda"', f"{PROD}.kind", "'lamda'", "did you mean lambda?"),
    "kind is a number": ('kind = "lambda"', "kind = 5", f"{PROD}.kind", "5 is not a kind", KINDS),
    "key misspelt": ('bake = "10m"', 'bakes = "10m"', f"{PROD}.bakes", "not a key", "did you mean bake?"),
    "function missing": (
        'function = "my-app"\n',
        "",
        f"{PROD}.function",
        "function is missing",
        "add function",
    ),
    "function is a number": (
        'function = "my-app"',
        "function = 7",
        f"{PROD}.function",
        "not text in quotes",
        "function =",
    ),
    "function is an ARN": (
        'function = "my-app"',
        'function = "arn:a:b"',
        f"{PROD}.function",
        "form",
        "must match",
    ),
    "region missing": (
        'region = "eu-central-1"\n',
        "",
        f"{PROD}.region",
        "region is missing",
        'region = "eu-central-1"',
    ),
    "region misspelt": ('"eu-central-1"', '"eu-central1"', f"{PROD}.region", "not a region", "eu-central-1"),
    "role is a name": (
        '"arn:aws:iam::123456789012:role/tidegate-prod"',
        '"tidegate"',
        f"{PROD}.iam_role",
        "not the ARN",
        "arn:",
    ),
    "deploy undefined": (
        'deploy = "deployers"',
        'deploy = "deployrs"',
        f"{PROD}.deploy",
        "no role deployrs",
        'deployrs = ["U0123ABCD"]',
    ),
    "deploy is an id": (
        'deploy = "deployers"',
        'deploy = "U0ANA"',
        f"{PROD}.deploy",
        "U0ANA is an id",
        '["U0ANA"]',
    ),
    "deploy list of roles": (
        'deploy = "deployers"',
        'deploy = ["deployers"]',
        f"{PROD}.deploy[0]",
        "is a name",
        "ids",
    ),
    "deploy empty": (
        'deploy = "deployers"',
        "deploy = []",
        f"{PROD}.deploy",
        "nobody could",
        "at least one id",
    ),
    "deploy is a number": (
        'deploy = "deployers"',
        "deploy = 1",
        f"{PROD}.deploy",
        "neither a role",
        "deployers",
    ),
    "default role undefined": (
        'deployers = ["U0ANA", "U0BEN", "S0PAYMENTS", "cli:ana", "aws:ci-session"]\n',
        "",
        f"{PROD}.deploy",
        "no role deployers is defined",
        '[roles]\ndeployers = ["U0123ABCD"]',
    ),
    "alarm policy": (
        'no_data = "pass"',
        'no_data = "passs"',
        f"{PROD}.alarms[1].no_data",
        "'passs'",
        'did you mean "pass"?',
    ),
    "alarm key": (
        'no_data = "pass"',
        'nodata = "pass"',
        f"{PROD}.alarms[1].nodata",
        "not a key",
        "did you mean no_data?",
    ),
    "alarm number": ('["my-app-errors",', "[5,", f"{PROD}.alarms[0]", "5 is not an alarm", "{ name ="),
    "alarm empty": ('["my-app-errors",', '["",', f"{PROD}.alarms[0]", "empty", "write a value"),
    "alarm too long": ('"my-app-errors"', f'"{"x" * 256}"', f"{PROD}.alarms[0]", "too long", "255"),
    "alarm twice": ('"my-app-p99"', '"my-app-errors"', f"{PROD}.alarms[1]", "here twice", "keep one"),
    "alarm by ARN": (
        '"my-app-errors"',
        '"arn:aws:cloudwatch:x"',
        f"{PROD}.alarms[0]",
        "is an ARN",
        ":alarm:",
    ),
    "alarms as text": (
        'alarms = ["my-app-errors", { name = "my-app-p99", no_data = "pass" }]',
        'alarms = "my-app-errors"',
        f"{PROD}.alarms",
        "not a list",
        "alarms = [",
    ),
    "101 alarms": (
        'alarms = ["my-app-errors",',
        f"alarms = [{', '.join(repr(f'a{n}') for n in range(100))},",
        f"{PROD}.alarms",
        "101 entries",
        "at most 100",
    ),
    "gates none with alarms": (
        'bake = "10m"',
        'gates = "none"',
        f"{PROD}.gates",
        "ignore 2 alarms",
        "remove the line",
    ),
    "gates misspelt": (
        'bake = "10m"',
        'gates = "non"',
        f"{PROD}.gates",
        "'non' is not alarms or none",
        '"none"',
    ),
    "no_data policy": (
        'bake = "10m"',
        'no_data = "pass"',
        f"{PROD}.no_data",
        "not rollback or hold",
        "one of them",
    ),
    "bake without unit": ('bake = "10m"', 'bake = "10"', f"{PROD}.bake", "not a duration", "90s"),
    "bake is a number": (
        'bake = "10m"',
        "bake = 600",
        f"{PROD}.bake",
        "600 is not a duration",
        "with a unit",
    ),
    "approve by nobody": ("by = 1", "by = 0", f"{PROD}.approve.by", "0 is less than 1", "1 or more"),
    "approve by too many": (
        "by = 1",
        "by = 3",
        f"{PROD}.approve.by",
        "3 must approve, and 2 can",
        "ask for fewer",
    ),
    "approve step of too many": (
        '10m, approve, 100%"\n',
        '10m, approve 4, 100%"\n',
        f"{PROD}.plans.canary",
        "4 must",
        "fewer",
    ),
    "approve from nobody known": (
        '"approvers"\n',
        '"aprovers"\n',
        f"{PROD}.approve.from",
        "no role",
        "did you mean approvers?",
    ),
    "approve from an id": (
        'from = "approvers"',
        'from = "U0EVA"',
        f"{PROD}.approve.from",
        "is an id",
        'from = ["U0EVA"]',
    ),
    "approve misspelt": ("by = 1", "count = 1", f"{PROD}.approve.count", "not a key", "by, from"),
    "approve before start as text": (
        "by = 1",
        'before_start = "no"',
        f"{PROD}.approve.before_start",
        "true or false",
        "false",
    ),
    "one thing twice": (
        "[apps.my-app.env.prod]\n",
        '[apps.z.env.x]\nkind = "lambda"\nfunction = "my-app"\nalias = "live"\n'
        + REGION
        + '\niam_role = "arn:aws:iam::123456789012:role/tidegate-prod"\n[apps.my-app.env.prod]\n',
        "apps.z.env.x",
        f"same thing as {PROD}",
        "one target",
    ),
    "one thing under two roles": (
        "[apps.my-app.env.prod]\n",
        '[apps.z.env.x]\nkind = "lambda"\nfunction = "my-app"\nalias = "live"\n'
        + REGION
        + '\niam_role = "arn:aws:iam::123456789012:role/another"\n[apps.my-app.env.prod]\n',
        "apps.z.env.x",
        f"same thing as {PROD}",
        "one target",
    ),
    "no bake at all": ('bake = "10m"', 'bake = "0s"', f"{PROD}.bake", "0s would end", 'write "1m" or more'),
    "looking too seldom": ('"5s"', '"6m"', "timing.look_moving", "too late", 'write "5m" or less'),
    "waiting too long to look": (
        'look_moving = "5s"', 'look_waiting = "1h"', "timing.look_waiting", "too late", 'write "5m" or less'
    ),
}  # fmt: skip


def mistakes(text, tmp_path, environ=None, drivers=None):
    """What is said about a configuration; empty when it is right."""
    path = tmp_path / "tidegate.toml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path, environ or {}, drivers=drivers)
    except BadConfigs as bad:
        found = bad
    else:
        return ()
    assert all(flaw.fact and flaw.hint for flaw in found.flaws), "a mistake without a fix"
    assert str(path) in str(found) or any(flaw.environment for flaw in found.flaws)
    return found.flaws


@pytest.mark.parametrize(("old", "new", "place", "fact", "hint"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_named_where_it_stands(old, new, place, fact, hint, tmp_path):
    """Every broken configuration is refused at its place, with what is wrong and what to write instead."""
    assert old in GOOD
    found = {flaw.place: flaw for flaw in mistakes(GOOD.replace(old, new), tmp_path)}
    assert place in found, found
    assert fact in found[place].fact
    assert hint in found[place].hint


def test_the_corpus_is_large_and_its_base_is_right(tmp_path):
    """The corpus breaks one thing at a time: unbroken it loads, and it holds at least 60 cases."""
    assert mistakes(GOOD, tmp_path) == ()
    assert len(BROKEN) >= 60


SYNTAX = {
    "no quotes": ("[slack]\nmode = socket\n", 2, "quotes"),
    "typographic quotes": ("[slack]\nmode = “socket”\n", 2, "plain quotes"),
    "key twice": ('[slack]\nmode = "http"\nmode = "socket"\n', 3, "twice"),
    "table twice": ("[slack]\n[http]\n[slack]\n", 3, "twice"),
    "no value": ("[slack]\nmode =\n", 2, "quotes"),
    "no equals": ("[slack]\nmode\n", 2, "key = value"),
    "open string": ('[slack]\nmode = "socket\n', 2, "not closed"),
    "open list": ('[roles]\ndeployers = ["U0ANA"\n\n', 2, "not closed"),
    "backslash": ('[store]\npath = "C:\\data\\x"\n', 2, "backslash"),
    "open table": ("[slack\n", 1, "not closed"),
    "not utf-8": (b'[slack]\nmode = "\xff"\n', 2, "UTF-8"),
}


@pytest.mark.parametrize(("text", "line", "hint"), SYNTAX.values(), ids=SYNTAX)
def test_bad_syntax_names_file_and_line(text, line, hint, tmp_path):
    """What is no TOML is refused with the file, the line and the likely fix."""
    path = tmp_path / "tidegate.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadConfigs) as bad:
        load(path, {})
    assert str(bad.value).startswith(f"{path}:{line}: ")
    assert hint in bad.value.flaws[0].hint


def test_deep_nesting_and_endless_numbers_are_mistakes_too(tmp_path):
    """What makes the parser itself give up is a mistake in the file, not a crash."""
    for text in ("x = " + "[" * 5000, "x = " + "9" * 5000):
        path = tmp_path / "tidegate.toml"
        path.write_text(text)
        with pytest.raises(BadConfigs):
            load(path, {})


def test_a_missing_file_a_folder_and_a_byte_order_mark(tmp_path):
    """No file and a folder are said to be so; a byte order mark (Windows) is no mistake."""
    with pytest.raises(BadConfigs, match=r"no such file\n.*TIDEGATE_CONFIG"):
        load(tmp_path / "no.toml", {})
    with pytest.raises(BadConfigs, match="it is a folder"):
        load(tmp_path, {})
    path = tmp_path / "tidegate.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path, {}).slack.mode == "socket"


def test_all_mistakes_are_told_at_once(tmp_path):
    """One broken part hides no other: mistakes of every section and kind are reported together."""
    text = GOOD
    wanted = set()
    for name in (
        "mode misspelt", "port as text", "person by name", "plan falls", "timing number", "channel by name",
        "default misspelt", "alias is a verb", "region misspelt", "alarm policy", "bake is a number",
        "default plan unknown", "deploy undefined", "approve misspelt",
    ):  # fmt: skip
        old, new, place, *_ = BROKEN[name]
        text = text.replace(old, new)
        wanted.add(place)
    found = {flaw.place for flaw in mistakes(text, tmp_path)}
    assert wanted <= found, wanted - found


class Two(TargetModel):
    kind: str = "two"


def driver(name, **can):
    """A driver class with these capabilities, as far as the configuration looks at one."""

    class Fake:
        kind: ClassVar[str] = name
        Target: ClassVar[type[TargetModel]] = Two
        capabilities: ClassVar[Capabilities] = Capabilities(**can)

        @classmethod
        def misfit(cls, target, plan):
            """AWS knows one schedule here."""
            first = str(plan.steps[0]).split()[0]
            return "" if first == "100%" else f"AWS only knows 100%, and it says {first}"

        @classmethod
        def bounds(cls, target, plan):
            """Nothing to say."""
            return ()

        def configured(self, target):
            """Nobody asks it here."""
            raise NotImplementedError

    return Fake


TWO = """\
[roles]
deployers = ["U0ANA"]
[plans]
aws = "watch"
both = "approve, watch"
[apps.a.env.prod]
kind = "two"
region = "eu-central-1"
"""


@pytest.mark.parametrize(
    ("can", "plan", "fact"),
    [
        ({"weights": "all_or_nothing"}, "canary", "the weight is 0 or 100 here, and it says 10%"),
        ({"weights": "all_or_nothing"}, "bluegreen", ""),
        ({"weights": "watch"}, "canary", "AWS only knows 100%, and it says 10%"),
        ({"weights": "watch"}, "all-at-once", ""),
        ({"weights": "watch"}, "watch", ""),
        ({"weights": "watch"}, "aws", ""),
        ({"weights": "watch"}, "both", "a plan is `watch` alone"),
        ({"weights": "any"}, "aws", "nobody but the bot moves the weight"),
        ({"weights": "any", "servers": True}, "canary", ""),
    ],
)
def test_the_default_plan_must_fit_the_driver(can, plan, fact, tmp_path):
    """A plan that the driver cannot run is refused when the file is read, and the ones it can are listed."""
    drivers = {**DRIVERS, "two": driver("two", **can)}
    found = mistakes(f'{TWO}plan = "{plan}"\n', tmp_path, drivers=drivers)
    assert bool(found) == bool(fact)
    for flaw in found:
        assert flaw.place == "apps.a.env.prod.plan"
        assert fact in flaw.fact
        assert "choose another; plans: " in flaw.hint
        assert plan not in flaw.hint.partition("plans: ")[2].split(", ")
