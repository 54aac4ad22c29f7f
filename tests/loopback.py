"""A real HTTP server on loopback that serves release files, with the faults that servers have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote


class ReleaseServer(ThreadingHTTPServer):
    """Serves folders of files with listings in the manner of the CDC's server.

    Attributes:
        files: by folder, then by name.
        break_after: numbers of bytes after which the next answers break off, one each.
        statuses: statuses that the next answers have in place of 200, one each.
        marks: entity tag by name; changes when a test changes it.
        links: more targets in every listing, as they stand.
        ranged: honour ``Range`` and ``If-Range``.
        sized: send ``Content-Length``.
        requests: path and Range of every request.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.break_after: list[int] = []
        self.statuses: list[int] = []
        self.marks: dict[str, str] = {}
        self.links: list[str] = []
        self.ranged = True
        self.sized = True
        self.requests: list[tuple[str, str]] = []

    @property
    def base(self) -> str:
        """The address of the folder that holds a folder a year."""
        return f"http://127.0.0.1:{self.server_address[1]}/pub/"


@contextmanager
def serving(files: dict[str, dict[str, bytes]]) -> Iterator[ReleaseServer]:
    """Runs a server while the block runs."""
    server = ReleaseServer(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ReleaseServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.requests.append((self.path, asked))
        if self.server.statuses:
            self._send(self.server.statuses.pop(0), b"<html>a message</html>")
            return
        _, _, folder, name = (*self.path.split("/"), "", "")[:4]
        files = self.server.files.get(folder)
        if files is None:
            self._send(404, b"<html>Not found</html>")
        elif not name:
            links = "".join(
                f'<br><A HREF="/pub/{folder}/{quote(n)}">{n}</A>' for n in sorted(files)
            )
            links += "".join(f'<a href="{target}">x</a>' for target in self.server.links)
            page = f'<html><body><A HREF="/pub/">[To Parent Directory]</A>{links}</body></html>'
            self._send(200, page.encode())
        elif unquote(name) not in files:
            self._send(404, b"<html>Not found</html>")
        else:
            self._send_file(unquote(name), files[unquote(name)], asked)

    def _send_file(self, name: str, content: bytes, asked: str) -> None:
        mark = self.server.marks.get(name, f'"{len(content)}"')
        start = 0
        if self.server.ranged and asked and self.headers.get("If-Range") == mark:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
        headers = {"ETag": mark}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if start else 200, content[start:], headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.server.sized:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        is_file = status in (200, 206) and not body.startswith(b"<html")
        if is_file and self.server.break_after:
            body = body[: self.server.break_after.pop(0)]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
