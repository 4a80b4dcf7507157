"""The grammar of `/deploy`: text in, Ask out. Knows the table of verbs; no app, no plan, no person."""

import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from handlers.spelling import Word, refuse, short, split
from rollout.ask import Ask
from rollout.errors import BadInput
from rollout.plan import BUILT_IN_NAMES
from rollout.verbs import FILLERS, VERBS, Verb

USAGE = "/deploy <app>[/<env>][@<release>] [plan] [to <env>] [--reason …] [--dry-run], or /deploy help"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_REF = re.compile(r"#([1-9][0-9]{0,14})")
_RELEASE = re.compile(r"[A-Za-z0-9$][A-Za-z0-9$._:/+=@~-]{0,254}|#[1-9][0-9]{0,14}")
_OPTION = re.compile(r"--|-[A-Za-z]")
_OPTIONS = {"--reason": "reason", "--dry-run": "dry_run", "--full": "full", "--force": "force"}
_SAID = {"env": "environment", "dry_run": "dry run"}
_ONLY = {"--dry-run": "start", "--full": "promote", "--force": "rollback"}


@dataclass
class _Wish:
    """An Ask while it is being read; every part may be said once."""

    verb: Verb
    parts: dict[str, object] = field(default_factory=dict)

    def put(self, part: str, value: object, word: Word) -> None:
        if part in self.parts:
            raise BadInput(
                f"{_quote(word.text)} at character {word.at} says the {_SAID.get(part, part)} a second time",
                "say it once",
            )
        self.parts[part] = value


def parse(text: str, *, channel: str = "") -> Ask:
    """Read what stood after `/deploy`. BadInput says what was found where; nothing is dropped to fit."""
    return _read(split(text), channel)


def parse_words(words: Sequence[str], *, channel: str = "") -> Ask:
    """The same for words a shell has split already: a word with spaces inside is one quoted word."""
    short(sum(map(len, words)))
    at = 1
    found = []
    for text in words:
        refuse(text, at, free=True)
        found.append(Word(text, text, at, quoted=" " in text))
        at += len(text) + 1
    return _read(found, channel)


def _read(words: list[Word], channel: str) -> Ask:
    if not words:
        return Ask(verb="help", channel=channel)
    verb, rest = _verb(words)
    wish = _Wish(verb)
    positional = _options(wish, rest)
    if positional and verb.takes != "nothing":
        _place(wish, positional.pop(0))
    elif verb.takes in ("start", "rollout", "target"):
        raise BadInput(f"{verb.name} does not say what", usage(verb))
    _tail(wish, positional)
    return Ask.model_validate({"verb": verb.name, "channel": channel, **wish.parts})


def usage(verb: Verb) -> str:
    """How a verb is typed."""
    place = {
        "start": "<app>[/<env>][@<release>] [plan] [to <env>]",
        "rollout": "<app>[/<env>] | #<id>",
        "target": "<app>[/<env>]",
        "app?": "[<app>[/<env>]]",
        "whole app?": "[<app>]",
        "ref?": "[<app>[/<env>] | #<id>]",
        "nothing": "",
    }[verb.takes]
    back = " [to @<release> | #<id>]" if verb.name == "rollback" else ""
    extra = "".join(
        f" [{option}]" for option, only in _ONLY.items() if only == verb.name and option != "--force"
    )
    reason = {"no": "", "may": " [--reason …]", "must": " --reason …"}[verb.reason]
    return " ".join(f"/deploy {verb.name} {place}{back}{extra}{reason}".split())


def _verb(words: list[Word]) -> tuple[Verb, list[Word]]:
    first = words[0]
    if first.text in VERBS and not first.quoted:
        return VERBS[first.text], words[1:]
    _mistyped(first, words[1:])
    return VERBS["start"], words


def _mistyped(first: Word, rest: list[Word]) -> None:
    """Refuse `rolback my-app`: read as a start it would deploy the plan my-app of an app rolback."""
    near = _near(first.plain.lower())
    if not near or not rest or abs(len(near) - len(first.plain)) > 1:
        return
    following = rest[0].plain
    if near != first.plain.lower() and (following in FILLERS + BUILT_IN_NAMES or _is_option(rest[0])):
        return
    line = " ".join(word.plain for word in rest[:3])
    raise BadInput(
        f"{_quote(first.text)} is not a verb",
        f"did you mean /deploy {near} {line[:80]} ? If it is an app: /deploy start {first.plain[:31]} …",
    )


# Cached: the first word is an app's name nearly always, and the comparison is a quarter of the parsing.
@lru_cache(maxsize=1024)
def _near(word: str) -> str:
    return next(iter(difflib.get_close_matches(word, VERBS, n=1, cutoff=0.8)), "")


def _options(wish: _Wish, words: list[Word]) -> list[Word]:
    """Take the options out; what is left are the words that stand for themselves."""
    positional: list[Word] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if not _is_option(word):
            positional.append(word)
            continue
        name, equals, value = _option(wish.verb, word)
        if name != "--reason":
            if equals:
                raise BadInput(f"{name} takes no value, {_quote(value)} stands there", usage(wish.verb))
            wish.put(_OPTIONS[name], True, word)
            continue
        used, text = (0, value) if equals else _reason(words[index:])
        index += used
        if not text.strip():
            raise BadInput(
                "--reason stands there without a reason", 'write it after: --reason "fix rounding"'
            )
        wish.put("reason", text.strip(), word)
    return positional


def _reason(words: list[Word]) -> tuple[int, str]:
    """How many words the reason has, and the reason: one quoted word, or everything up to the next option."""
    if words and words[0].quoted:
        return 1, words[0].text
    said = list(itertools.takewhile(lambda word: not _is_option(word), words))
    return len(said), " ".join(word.raw for word in said)


def _is_option(word: Word) -> bool:
    return not word.quoted and _OPTION.match(word.plain) is not None


def _option(verb: Verb, word: Word) -> tuple[str, str, str]:
    head = word.text.partition("=")[0]
    name = Word(head, head, word.at).plain
    refuse(name, word.at)
    equals, value = word.text[len(head) : len(head) + 1], word.text[len(head) + 1 :]
    known = [option for option in _OPTIONS if _fits(verb, option)]
    if name in known:
        return name, equals, value
    near = difflib.get_close_matches("--" + name.lstrip("-"), known, n=1)
    hint = f"did you mean {near[0]} ?" if near else f"{verb.name} takes {', '.join(known) or 'no option'}"
    raise BadInput(f"{_quote(name)} at character {word.at} is not an option of {verb.name}", hint)


def _fits(verb: Verb, option: str) -> bool:
    return verb.reason != "no" if option == "--reason" else _ONLY[option] == verb.name


def _place(wish: _Wish, word: Word) -> None:
    """The first word: `app[/env][@release]`, or `#id[@release]` where the verb takes a rollout."""
    _sound(word)
    name, at, release = word.plain.partition("@")
    if name.startswith("#"):
        wish.put("ref", _ref(wish.verb, name, word), word)
    else:
        app, slash, env = name.partition("/")
        wish.put("app", _name(app, "an app", word), word)
        if slash:
            _env(wish, env, word)
    if at:
        _release(wish, release, word)


def _env(wish: _Wish, text: str, word: Word) -> None:
    if wish.verb.takes == "whole app?":
        raise BadInput(
            f"{wish.verb.name} takes an app, {_quote(text)} at character {word.at} is a word too many",
            usage(wish.verb),
        )
    wish.put("env", _name(text, "an environment", word), word)


def _tail(wish: _Wish, words: list[Word]) -> None:
    """What may follow the place: fillers, an environment, a release, a plan."""
    filler: Word | None = None
    for word in words:
        _sound(word)
        text = word.plain
        if text in FILLERS:
            if filler:
                raise BadInput(
                    f"{_quote(text)} follows {_quote(filler.text)} at character {word.at}", usage(wish.verb)
                )
            filler = word
            continue
        if wish.verb.takes == "nothing":
            raise _too_many(wish.verb, word)
        _follow(wish, word, filled=filler is not None)
        filler = None
    if filler:
        raise BadInput(f"nothing follows {_quote(filler.text)} at character {filler.at}", usage(wish.verb))


def _follow(wish: _Wish, word: Word, *, filled: bool) -> None:
    text = word.plain
    if text.startswith("@"):
        _release(wish, text[1:], word)
    elif text.startswith("#") and wish.verb.name == "rollback":
        _release(wish, text, word)
    elif filled and "ref" not in wish.parts:
        _env(wish, text, word)
    elif not filled and wish.verb.name == "start" and "plan" not in wish.parts:
        if text in VERBS:
            raise BadInput(
                f"{_quote(text)} at character {word.at} is a verb", f"verbs come first: {usage(VERBS[text])}"
            )
        wish.put("plan", _name(text, "a plan", word), word)
    else:
        raise _too_many(wish.verb, word)


def _too_many(verb: Verb, word: Word) -> BadInput:
    return BadInput(f"{_quote(word.text)} at character {word.at} is a word too many", usage(verb))


def _release(wish: _Wish, text: str, word: Word) -> None:
    if wish.verb.name not in ("start", "rollback"):
        raise BadInput(f"{wish.verb.name} takes no release, {_quote(word.text)} names one", usage(wish.verb))
    if not _RELEASE.fullmatch(text) or (text.startswith("#") and wish.verb.name != "rollback"):
        raise BadInput(
            f"{_quote(text)} at character {word.at} is not a release", "write it after @, like my-app@2"
        )
    wish.put("release", text, word)


def _ref(verb: Verb, text: str, word: Word) -> int:
    found = _REF.fullmatch(text)
    if not found:
        raise BadInput(
            f"{_quote(text)} at character {word.at} is not a rollout", "a rollout is written like #42"
        )
    if verb.takes in ("start", "app?", "whole app?"):
        raise BadInput(f"{verb.name} takes an app, {text} is a rollout", usage(verb))
    return int(found[1])


def _name(text: str, what: str, word: Word) -> str:
    if text in FILLERS:
        raise BadInput(f"{_quote(text)} stands at character {word.at} where {what} belongs", USAGE)
    if _NAME.fullmatch(text):
        return text
    lower = text.lower()
    hint = (
        f"did you mean {lower} ?"
        if _NAME.fullmatch(lower)
        else "names are a-z, 0-9 and -, at most 31 characters"
    )
    raise BadInput(f"{_quote(text)} at character {word.at} is not the name of {what}", hint)


def _sound(word: Word) -> None:
    """Refuse what can be no name at all, saying what it is."""
    refuse(word.text, word.at)
    if word.text.startswith("<") or "<@" in word.text or "<#" in word.text or "<!" in word.text:
        raise BadInput(
            f"a mention or a link stands at character {word.at}",
            "names of apps and environments are plain words",
        )
    if word.quoted:
        raise BadInput(
            f"{_quote(word.text)} stands in quotes at character {word.at}", "quotes belong after --reason"
        )


def _quote(text: str) -> str:
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
