"""PDFs from strangers: is there anything in one that acts instead of being read?

Names may be escaped (`/#4aS` for `/JS`), and dictionaries may lie compressed in object streams: both are looked into.
"""

import re
import zlib
from collections.abc import Iterator

MAX_INFLATED = 20_000_000
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_NAMES = (b"JavaScript", b"Launch", b"OpenAction", b"EmbeddedFiles?", b"RichMedia", b"XFA", b"SubmitForm", b"Encrypt")
_NAMES = (b"JavaScript", b"Launch", b"OpenAction", b"EmbeddedFiles?", b"RichMedia", b"XFA", b"SubmitForm", b"Encrypt")
_END = rb"(?=[\s\0()<>\[\]{}/%]|$)"
_GAP = rb"[\s\0]*"
_REFERENCE = rb"\d+\s+\d+\s+R"
# The two short names are met by chance in compressed pictures: they count before a value they may have, or a comment.
_ACTIVE = re.compile(
    rb"/(?:" + b"|".join(_NAMES) + rb")" + _END
    + rb"|/JS" + _GAP + rb"(?:\(|<|%|" + _REFERENCE + rb")"
    + rb"|/AA" + _GAP + rb"(?:<<|%|" + _REFERENCE + rb")"
)  # fmt: skip
_OBJECT_STREAM = re.compile(b"/" + b"".join(b"(?:%c|#%x|#%X)" % (c, c, c) for c in b"ObjStm"))
_STREAM = re.compile(rb"stream\r?\n")


def is_whole(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]


def is_passive(content: bytes) -> bool:
    """Tell whether nothing in it is active, encrypted, or hidden from this look."""
    if _acts(content):
        return False
    left = MAX_INFLATED
    for head, packed in _object_streams(content):
        inflated = _inflated(packed, left) if _is_deflated_once(head) else None
        if inflated is None or _acts(inflated):
            return False
        left -= len(inflated)
    return True


def _acts(content: bytes) -> bool:
    return bool(_ACTIVE.search(content) or _ACTIVE.search(_unescaped(content)))


def _unescaped(content: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), content)


def _object_streams(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the dictionary and the data of each. Every byte is passed once, whatever the file pretends to be."""
    at = 0
    while (name := _OBJECT_STREAM.search(content, at)) and (stream := _STREAM.search(content, name.end())):
        head = content[max(at, content.rfind(b"obj", at, name.start())) : stream.start()]
        at = content.find(b"endstream", stream.end())
        at = len(content) if at < 0 else at
        yield head, content[stream.end() : at]


def _is_deflated_once(head: bytes) -> bool:
    head = _unescaped(head)
    return b"/FlateDecode" in head and head.count(b"Decode") == 1  # no second filter, no predictor


def _inflated(packed: bytes, limit: int) -> bytes | None:
    """Return the data, or None if it is broken, longer than the limit, or has more behind it."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, limit + 1)
    except zlib.error:
        return None
    is_all = inflater.eof and len(data) <= limit and not inflater.unused_data.strip()
    return data if is_all else None
