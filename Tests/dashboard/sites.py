"""Another web site on this machine, as a real browser sees it."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def site(pages, host="127.0.0.1"):
    """Serves pages by path for as long as it is needed; gives its origin."""
    class Handler(http.server.BaseHTTPRequestHandler):
        """Only what is in the list."""

        def do_GET(self):
            """A page."""
            body = pages.get(self.path, "<!doctype html><title>Nothing</title>").encode()
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield "http://%s:%d" % (host, server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
