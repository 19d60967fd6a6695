"""A case's whole life as one archive: every part its reader may see, a Chinese index, a SHA-256 of every file.

The same content gives the same bytes. Nothing is held in memory but the text of the case; papers are copied as they are read.
"""

from exchange.case_file.archive import file_name, pack, stream

__all__ = ["file_name", "pack", "stream"]
