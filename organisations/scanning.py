"""Virus scanning of uploads: `settings.UPLOAD_SCANNER` names a function from bytes to what was found in them, empty where nothing was.

A site that has a scanner takes in nothing unscanned: where the scanner does not answer, the upload is refused and may be sent again.
"""

import socket
import struct
from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem

CHUNK = 64 * 1024
ANSWER_MAX = 4096
TIMEOUT_S = 20.0
INFECTED = Problem("upload", "infected", _("文件未通过安全检查，未予接收。"), _("请先在本机查杀病毒，再重新导出或扫描后上传。"))
UNSCANNED = Problem("upload", "unscanned", _("暂时无法完成安全检查，文件未予接收。"), _("请稍后重新上传；多次不成功的，请联系平台运维。"))


def check(content: bytes) -> None:
    """Raises Invalid for what the scanner finds something in, or cannot look at."""
    if not settings.UPLOAD_SCANNER:
        return
    scanner: Callable[[bytes], str] = import_string(settings.UPLOAD_SCANNER)
    try:
        found = scanner(content)
    except OSError as error:
        raise Invalid([UNSCANNED]) from error
    if found:
        raise Invalid([INFECTED])


def clamd(content: bytes) -> str:
    """Ask a ClamAV daemon at `settings.CLAMD_ADDRESS` ("host:port"). Raises OSError where it does not say yes or no."""
    host, _colon, port = settings.CLAMD_ADDRESS.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as daemon:
        daemon.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), CHUNK):
            piece = content[start : start + CHUNK]
            daemon.sendall(struct.pack("!I", len(piece)) + piece)
        daemon.sendall(struct.pack("!I", 0))
        said = _answer(daemon)
    if said.endswith("FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    if said != "stream: OK":
        raise OSError(f"clamd: {said}")
    return ""


def _answer(daemon: socket.socket) -> str:
    said = b""
    while len(said) < ANSWER_MAX and not said.endswith(b"\0") and (piece := daemon.recv(ANSWER_MAX)):
        said += piece
    return said.rstrip(b"\0").decode(errors="replace")
