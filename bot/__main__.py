"""`python -m bot` is `tidegate`. Nothing else here."""

from bot.cli import main

raise SystemExit(main())
