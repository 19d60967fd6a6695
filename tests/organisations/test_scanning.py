"""What a site's scanner says of an upload decides; without its answer nothing is taken in."""

import socketserver
import struct
import threading
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import Invalid
from organisations import scanning, uploads

PDF = b"%PDF-1.7 " + b"x" * 100_000


@contextmanager
def daemon(answer):
    """What ClamAV's daemon does with a stream: reads its pieces to the empty one, then says yes or no."""
    taken = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            assert self.rfile.read(10) == b"zINSTREAM\0"
            while size := struct.unpack("!I", self.rfile.read(4))[0]:
                taken.append(self.rfile.read(size))
            self.wfile.write(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", taken
        thread.join()


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"stream: OK\0", None), (b"stream: Eicar-Signature FOUND\0", "infected"), (b"INSTREAM size limit exceeded. ERROR\0", "unscanned")],
)
def test_the_daemon_decides(answer, code, settings):
    settings.UPLOAD_SCANNER = "organisations.scanning.clamd"
    with daemon(answer) as (address, taken):
        settings.CLAMD_ADDRESS = address
        codes = refused()

    assert b"".join(taken) == PDF
    assert codes == ([code] if code else [])


def test_where_the_scanner_does_not_answer_nothing_is_taken_in(settings):
    settings.UPLOAD_SCANNER, settings.CLAMD_ADDRESS = "organisations.scanning.clamd", "127.0.0.1:1"

    assert refused() == ["unscanned"]


def test_a_site_without_a_scanner_takes_in_what_it_always_did():
    assert uploads.taken_in(SimpleUploadedFile("a.pdf", PDF), most=1).ending == "pdf"
    assert scanning.check(PDF) is None


def refused():
    try:
        uploads.taken_in(SimpleUploadedFile("a.pdf", PDF), most=1)
    except Invalid as error:
        return [problem.code for problem in error.problems]
    return []
