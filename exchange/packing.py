"""Archives that are the same bytes for the same content: names in order, no clock, nothing compressed by one zlib or another."""

import io
import re
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can tell
CORE = "docProps/core.xml"
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def entry(name: str) -> zipfile.ZipInfo:
    """A member without the moment and the machine it was written on."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info


def steady(content: bytes) -> bytes:
    """An office file without the moment it was written."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():  # in the order the format asks for
            part = old.read(name)
            new.writestr(entry(name), _STAMP.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", part) if name == CORE else part)
    return kept.getvalue()
