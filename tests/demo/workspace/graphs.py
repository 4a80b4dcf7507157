"""Small real pictures, made here so that a test can damage them."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def graph(width: int = 320, height: int = 120, level: int = 60) -> bytes:
    """A PNG of a line that steps up: grey background, dark line at `level`."""
    rows = bytearray()
    for y in range(height):
        steps = (level if x > width // 2 else height - 20 for x in range(width))
        rows += b"\x00" + bytes(40 if abs(y - step) < 2 else 225 for step in steps)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")


def image(file_id: str, alt: str = "errors rise from 0 to 8 percent", **more: object) -> dict[str, object]:
    """An image block that shows an uploaded file."""
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": alt, **more}
