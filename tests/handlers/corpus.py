"""Foreign text that means harm or only looks odd: what apps, versions, reasons, alarms and AWS errors may hold."""

HOSTILE = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0EVIL>", "<@U0EVIL>", "<#C0DEPLOYS>",
    "<!date^666^{time}|2026-01-01 00:00 UTC>",
    "<https://evil.example|AWS console>",
    "<https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/0EVIL|x>",
    "<mailto:a@b.c|x>", "<!date^1^{date}|x>", "<tel:1>",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;", "<<!channel>>", "<!chan\u200bnel>", "<\u200b!channel>", "<\x00!channel>",
    "\u202e>lennahc!<",
    "＜!channel＞", "@channel", "@here", "#general", "http://evil.example", "*bold* _it_ ~no~ `code`", "```", "> quote",
    "a\nb\r\nc\td", "\x00\x1b[31mred\x1b[0m", "\ud800", "\U000e0001", "e\u0301" * 40,
    "😀" * 900, "👩‍👩‍👧‍👦" * 50, "\u202e" * 100,
    "&" * 3000, "<" * 3000, "<!channel>" * 400, "x" * 3000, "\u2028line", "{0} {} {x.__class__}", "%s %(x)s", "$(id)",
    "'; DROP TABLE rollouts; --", '"quoted"', "\\", "…", " ", "", "𝕬", "مرحبا", "\u200f\u200e", "null", "undefined",
)  # fmt: skip
