"""`tidegate`: words in, an exit code out. Nothing heavy is imported before it is known what was asked."""

import os
import sys
from collections.abc import Sequence

from bot.cli.options import Line, Usage, read_line
from bot.cli.table import COMMANDS, usage_of, whole_help


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0 it is so, 1 refused or failed, 2 usage or configuration."""
    try:
        code = _run(read_line(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except Usage as wrong:
        print(f"tidegate: {wrong.fact}\n    {wrong.hint}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader (`| head`) has gone; without this, the flush at exit complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(line: Line) -> int:
    if line.help or not line.verb:
        print(usage_of(line.verb) if line.verb in COMMANDS else whole_help())
        return 0 if line.help else 2
    from bot.cli.guarded import run_command  # late: everything from here on may be heavy

    return run_command(line)
