"""Archives as a pipeline would build them: the same text gives the same bytes in every run."""

from __future__ import annotations

import io
import zipfile


def archive(text: str) -> bytes:
    """A small deployment package; another text is another CodeSha256."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        # A fixed date: the same release has the same checksum every time.
        files.writestr(zipfile.ZipInfo("app.py", (2026, 1, 1, 0, 0, 0)), f"# {text}\n")
    return packed.getvalue()
