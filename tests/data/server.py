"""A TLS server on this machine, and answers that it may give: whole, slow, cut off or never."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = bytes(range(256)) * 40
# A certificate for localhost until the end of 2099, and its key, which opens nothing: no one but the client
# below trusts them.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMDAwMTAxMDAwMDAwWhgPMjA5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE7p2dkQZjxEget2
tRjXIPZMZJn3dIYjSGpoGCYi4lRwyC7lxQhaGmEE7hPxGJpcbi2p9UoR8d3v78vi
FE4NgwGjXjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MA4GA1UdDwEB/wQEAwIChDAdBgNVHQ4EFgQUtewzKdmKikceWMLQdh1x
sCZ3ibwwCgYIKoZIzj0EAwIDRwAwRAIgO6gUP0WSb/8jsjyaxC2FoLwItfNTysBt
qAg9FI5aepkCIFrks0flTv+CeGLLbLAofOXru+Pp4KajfS+/aI4J2QV1
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxC1J1s+Zjb2fw4eq
y0oTeLtFM9yJImXlQ7wtkSFmKPuhRANCAARO6dnZEGY8RIHrdrUY1yD2TGSZ93SG
I0hqaBgmIuJUcMgu5cUIWhphBO4T8RiaXG4tqfVKEfHd7+/L4hRODYMB
-----END PRIVATE KEY-----
"""


class Handler(BaseHTTPRequestHandler):
    """Answers each path with the function that the test has put there."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.answers[self.path](self)

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # clients hang up on purpose here


def gives(body, **headers):
    return lambda handler: handler.answer(body, **headers)


def stalls(handler, sent=b""):
    """Sends the head and some of the body of an answer, then nothing until the test is over."""
    handler.answer(sent, Content_Length=str(len(DATA)))
    handler.server.over.wait(30)


def hangs(handler):
    handler.server.over.wait(30)


def drips(handler, head=False):
    """Sends a byte now and then, always in time for the next one, of the body or already of the head."""
    if not head:
        handler.answer(b"", Content_Length=str(len(DATA)))
    else:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
    while not handler.server.over.wait(0.1):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def continues(handler):
    while not handler.server.over.wait(0.001):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
