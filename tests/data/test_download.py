"""Downloads, against a server on this machine that misbehaves in every way that servers do (hard cases X14,
X15 and X17).

Whatever the server does: either the very bytes that were published are under the name of the file, or nothing
is there.
"""

import ast
import gzip
import hashlib
import ssl
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

import tinygrad_edu
from tests.data.server import CERTIFICATE, DATA, KEY, Handler, Server, continues, drips, gives, hangs, stalls
from tests.helpers import memory_below, printed
from tinygrad_edu.data.published import download
from tinygrad_edu.data.published.download import Remote, cache_folder, find
from tinygrad_edu.errors import ArgumentError, DownloadError, FormatError

PACKED = gzip.compress(DATA, mtime=0)


def remote(*urls, data=DATA, name="set/file.bin", **settings):
    return Remote(name, size=len(data), sha256=hashlib.sha256(data).hexdigest(), urls=urls, **settings)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def pem(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_text(CERTIFICATE)
    (folder / "both.pem").write_text(CERTIFICATE + KEY)
    return folder


@pytest.fixture
def server(pem):
    """A TLS server; its ``answers`` map paths to functions of the handler, and ``asked`` lists the paths
    that were asked for.
    """
    served = Server(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem / "both.pem")
    served.socket = tls.wrap_socket(served.socket, server_side=True)
    served.answers, served.asked, served.over = {}, [], threading.Event()
    served.url = f"https://localhost:{served.server_port}"
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    served.over.set()
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def trust(pem):
    return ssl.create_default_context(cafile=pem / "certificate.pem")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("TINYGRAD_EDU_DATA", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_is_fetched_once(server, trust, tmp_path):
    server.answers["/f"] = gives(DATA)
    file = remote(server.url + "/f")
    path = find(file, tmp_path / "new" / "folder", context=trust)
    assert path == tmp_path / "new" / "folder" / "set" / "file.bin"
    assert path.read_bytes() == DATA
    assert find(file, tmp_path / "new" / "folder", context=trust) == path
    assert server.asked == ["/f"]
    assert files(tmp_path) == ["new/folder/set/file.bin"]


def test_the_hash_is_that_of_the_unpacked_data(server, trust, tmp_path):
    other = gzip.compress(DATA, compresslevel=1)
    assert other != PACKED
    for number, packed in enumerate((PACKED, other)):
        server.answers["/f.gz"] = gives(packed)
        path = find(remote(server.url + "/f.gz", name="f.gz"), tmp_path / str(number), context=trust)
        assert path.read_bytes() == packed


def test_a_preface_is_taken_off(server, trust, tmp_path):
    server.answers["/f"] = gives(b"age,sex\n" + DATA)
    assert find(remote(server.url + "/f", preface=b"age,sex\n"), tmp_path, context=trust).read_bytes() == DATA


HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"
DAMAGED = PACKED[:-8] + bytes(8)  # another checksum and length
BAD_ANSWERS = {
    "wrong sha256": (gives(DATA[:-1] + b"!"), "sha256 of its 10,240 bytes is"),
    "too short": (gives(DATA[:-1]), "sha256 of its 10,239 bytes is"),
    "HTML": (gives(HTML), "a web page"),
    "empty": (gives(b""), "sha256 of its 0 bytes is"),
    "truncated": (gives(DATA[:5000], Content_Length=str(len(DATA))), "after 5,000 of 10,240 bytes"),
    "truncated, of unknown length": (gives(DATA[:5000], Content_Length=None), "sha256 of its 5,000 bytes is"),
    "too long": (gives(DATA + b"!"), "offers 10,241 bytes, where 10,240 at most"),
    "too long, of unknown length": (
        gives(DATA + bytes(10**6), Content_Length=None),
        "sends more than the 10,240 bytes",
    ),
    "redirected to http": (gives(b"", status=302, Location="http://localhost/f"), "only https"),
    "redirected to a file": (gives(b"", status=302, Location="file:///etc/hostname"), "not allowed"),
    "redirected to ftp": (gives(b"", status=301, Location="ftp://localhost/f"), "only https"),
    "redirected to itself": (gives(b"", status=307, Location="/f"), "infinite loop"),
    "404": (gives(HTML, status=404), "404 Not Found"),
    "500": (gives(b"", status=500), "500 Internal Server Error"),
    "partial": (gives(DATA[:100], status=206), "sha256 of its 100 bytes"),
    "no answer": (hangs, "no answer within 1 s"),
    "a stalled answer": (lambda handler: stalls(handler, DATA[:100]), "no answer within 1 s"),
    "hung up": (lambda handler: None, "connection broke"),
}
BAD_PACKED = {
    "gzip cut off": (gives(PACKED[:-9]), "no complete gzip"),
    "gzip checksum": (gives(DAMAGED), "no complete gzip"),
    "gzip of other data": (gives(gzip.compress(DATA[::-1])), "sha256 of its 10,240 bytes"),
    "gzip bomb": (gives(gzip.compress(bytes(10**7))), "more than the 10,240 bytes"),
    "gzip and more": (gives(PACKED + b"more"), "follows the end"),
    "not gzip": (gives(DATA), "no complete gzip"),
    "HTML for gzip": (gives(HTML), "a web page"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS | BAD_PACKED)
def test_nothing_is_kept_of_a_bad_answer_and_the_next_address_is_tried(case, server, trust, tmp_path):  # X14
    answer, message = (BAD_ANSWERS | BAD_PACKED)[case]
    packed = case in BAD_PACKED
    name, good = ("f.gz", PACKED) if packed else ("f.bin", DATA)
    timeout = 1 if "within" in message else 20
    server.answers |= {"/f": answer, "/good": gives(good)}

    with pytest.raises(DownloadError, match=f"(?s){name} could not be fetched:.*{server.url}/f: .*{message}"):
        find(remote(server.url + "/f", name=name), tmp_path, context=trust, timeout=timeout)
    assert files(tmp_path) == []

    path = find(
        remote(server.url + "/f", server.url + "/good", name=name), tmp_path, context=trust, timeout=timeout
    )
    assert path.read_bytes() == good
    assert files(tmp_path) == [name]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/f",
        "file://{here}",
        "data:,x",
        "ftp://localhost/f",
        "HTTP://localhost/f",
        "//localhost/f",
    ],
)
def test_only_https_is_asked(url, server, trust, tmp_path):  # X14
    url = url.format(port=server.server_port, here=Path(__file__).as_posix())
    with pytest.raises(DownloadError, match="must begin with https://"):
        find(remote(url), tmp_path, context=trust)
    assert server.asked == files(tmp_path) == []


def test_https_redirections_are_followed(server, trust, tmp_path):  # X14
    server.answers |= {"/f": gives(b"", status=302, Location=server.url + "/there"), "/there": gives(DATA)}
    assert find(remote(server.url + "/f"), tmp_path, context=trust).read_bytes() == DATA


def test_a_certificate_that_the_system_does_not_trust_is_refused(server, tmp_path):  # X14
    server.answers["/f"] = gives(DATA)
    with pytest.raises(DownloadError, match="certificate verify failed"):
        find(remote(server.url + "/f"), tmp_path)
    assert server.asked == files(tmp_path) == []


SLOW = {
    "the body": drips,
    "the head": lambda handler: drips(handler, head=True),
    "100 Continue": continues,
    "a redirection": lambda handler: handler.answer(b"", status=302, Location="/there"),
}


@pytest.mark.parametrize("case", SLOW)
def test_a_server_that_drips_does_not_hold_up_the_next(case, server, trust, tmp_path):  # X14
    server.answers |= {"/f": SLOW[case], "/there": drips, "/lost": gives(b"", status=404)}
    start = time.monotonic()
    with pytest.raises(
        DownloadError, match=r"/f: not complete within 1\.1\d* s\n.*/lost: the server answers 404"
    ):
        find(remote(server.url + "/f", server.url + "/lost"), tmp_path, context=trust, timeout=0.5)
    assert time.monotonic() - start < 10


def test_a_large_file_may_take_longer_than_the_timeout(server, trust, tmp_path):  # X14
    def slowly(handler):
        handler.answer(b"", Content_Length="300000")
        for _ in range(6):
            handler.wfile.write(bytes(50_000))
            time.sleep(0.15)  # a busy machine may take three times as long

    server.answers["/f"] = slowly
    path = find(remote(server.url + "/f", data=bytes(300_000)), tmp_path, context=trust, timeout=0.8)
    assert path.read_bytes() == bytes(300_000)


NASTY = "\x1b]0;owned\x07\x1b[31m\u202e" + "x" * 1000


def nasty_reason(handler):
    handler.wfile.write(f"HTTP/1.0 404 {NASTY}\r\n\r\n".encode("latin1", "replace"))


def nasty_status(handler):
    handler.wfile.write(b"\x1b[31mFTP/1.0 " + b"y" * 1000 + b"\r\n\r\n")


def nasty_length(handler):
    handler.wfile.write(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x1b[31m" + b"z" * 1000 + b"\r\n\r\n"
    )


def nasty_place(handler):
    handler.wfile.write(b"HTTP/1.0 302 \x1b[31m\r\nLocation: gopher://\x1b[31m" + b"z" * 1000 + b"\r\n\r\n")


@pytest.mark.parametrize("answer", [nasty_reason, nasty_status, nasty_length, nasty_place])
def test_what_a_server_sends_is_never_printed_raw(answer, server, trust, tmp_path):  # X14
    server.answers["/f"] = answer
    with pytest.raises(DownloadError) as caught:
        find(remote(server.url + "/f"), tmp_path, context=trust)
    text = str(caught.value).replace("\n", "")
    assert text.isprintable()
    assert len(text) < 900
    assert caught.value.__cause__ is None  # a traceback would print it


def test_a_server_that_is_not_there_is_said_with_the_way_out(server, trust, tmp_path):  # X14
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match=r"(?s)refused.*put the file there by hand, as .*file\.bin"):
        find(remote(server.url + "/f"), tmp_path, context=trust)


def test_of_a_gzip_bomb_no_more_is_unpacked_than_was_published():  # X14
    bomb = gzip.compress(bytes(10**8))
    with memory_below(10**6):
        assert "more than the 10,240 bytes" in download.wrong(bomb, remote(), packed=True)


def test_two_processes_at_once_leave_one_whole_file(server, pem, tmp_path):  # X14
    """Neither is answered before both have asked."""
    both = threading.Barrier(2)

    def together(handler):
        both.wait(30)
        handler.answer(DATA)

    server.answers["/f"] = together
    script = f"""
import ssl
from tinygrad_edu.data.published.download import Remote, find
file = Remote("set/file.bin", {len(DATA)}, {hashlib.sha256(DATA).hexdigest()!r}, ({server.url + "/f"!r},))
trust = ssl.create_default_context(cafile={str(pem / "certificate.pem")!r})
print(find(file, {str(tmp_path)!r}, context=trust))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert printed == [str(tmp_path / "set" / "file.bin")] * 2
    assert (tmp_path / "set" / "file.bin").read_bytes() == DATA
    assert files(tmp_path) == ["set/file.bin"]
    assert server.asked == ["/f", "/f"]


def test_an_interruption_leaves_nothing(server, trust, tmp_path, monkeypatch):  # X14
    server.answers["/f"] = gives(DATA)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(download._Line, "show", interrupt)
    with pytest.raises(KeyboardInterrupt):
        find(remote(server.url + "/f"), tmp_path, context=trust)
    assert files(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_replaced_and_stays_if_that_fails(server, trust, tmp_path):
    (tmp_path / "set").mkdir()
    path = tmp_path / "set" / "file.bin"
    path.write_bytes(DATA[:-1])
    server.answers |= {"/lost": gives(b"", status=404), "/f": gives(DATA)}
    with pytest.raises(DownloadError, match="404"):
        find(remote(server.url + "/lost"), tmp_path, context=trust)
    assert path.read_bytes() == DATA[:-1]
    assert find(remote(server.url + "/f"), tmp_path, context=trust) == path
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(("name", "content"), [("f.gz", PACKED), ("f", DATA)])
def test_the_data_folder_is_looked_in_first_packed_or_not(name, content, tmp_path, monkeypatch):
    given, kept = tmp_path / "given", tmp_path / "kept"
    for folder in (given, kept):
        folder.mkdir()
        (folder / name).write_bytes(content)
    assert find(remote(name="f.gz"), kept) == kept / name
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(given))
    assert find(remote(name="f.gz"), kept) == given / name
    assert files(tmp_path) == [f"given/{name}", f"kept/{name}"]


def test_the_data_folder_is_never_written_to(server, trust, tmp_path, monkeypatch):
    server.answers["/f"] = gives(DATA)
    given, kept = tmp_path / "given", tmp_path / "kept"
    given.mkdir()
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(given))
    for folder in (given, given / "below"):
        with pytest.raises(ArgumentError, match="nothing is ever written there"):
            find(remote(server.url + "/f"), folder, context=trust)
    assert find(remote(server.url + "/f"), kept, context=trust) == kept / "set" / "file.bin"
    assert list(given.iterdir()) == []


def test_another_file_in_the_data_folder_is_an_error(server, trust, tmp_path, monkeypatch):
    server.answers["/f"] = gives(DATA)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "f").write_bytes(DATA[::-1])
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path / "given"))
    with pytest.raises(FormatError, match="not the file that was published: the sha256"):
        find(remote(server.url + "/f", name="f"), tmp_path / "kept", context=trust)
    assert server.asked == []


def test_a_folder_that_cannot_be_written_to(server, trust, tmp_path):
    server.answers["/f"] = gives(DATA)
    (tmp_path / "set").write_text("a file where a folder should be")
    with pytest.raises(DownloadError, match=r"cannot be written .*Give a folder="):
        find(remote(server.url + "/f"), tmp_path, context=trust)


def test_the_cache_folder_of_each_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    for platform, folder in {"linux": "xdg", "darwin": "Library/Caches", "win32": "local"}.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / folder / "tinygrad_edu"
    monkeypatch.setattr(sys, "platform", "linux")
    for value in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_folder() == tmp_path / ".cache" / "tinygrad_edu"


def test_the_cache_folder_is_the_default(server, trust, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path / "cache")
    server.answers["/f"] = gives(DATA)
    assert find(remote(server.url + "/f"), context=trust) == tmp_path / "cache" / "set" / "file.bin"


def test_the_progress_line(server, trust, tmp_path, capsys):
    data = bytes(300_000)
    server.answers["/f"] = gives(data)
    find(remote(server.url + "/f", data=data), tmp_path / "loud", context=trust, progress=True)
    line = capsys.readouterr().err
    assert line.startswith("\rfetching set/file.bin: 0.0 of 0.3 MB\r")
    assert line.endswith("0.3 of 0.3 MB\n")
    find(remote(server.url + "/f", data=data), tmp_path / "quiet", context=trust)
    assert capsys.readouterr() == ("", "")  # stderr is no terminal here


def test_no_archive_is_ever_unpacked():  # X15
    """gzip holds one stream without a path: there are no members to escape.

    What could unpack archives is not used anywhere.
    """
    package = Path(tinygrad_edu.__file__).parent
    banned = {"extractall", "unpack_archive", "tarfile"}
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if any(name in text for name in banned) else ():
            names = {getattr(node, "attr", None), getattr(node, "id", None)}
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                names |= {node.module, *(alias.name for alias in node.names)}
            assert not names & banned, f"{path}: {names & banned}"


def test_names_that_come_with_the_data_are_ignored(server, trust, tmp_path):  # X17
    """The server, a redirection and the gzip header each name a place outside the folder."""
    head = b"\x1f\x8b\x08\x08" + bytes(6) + b"../../evil\0"
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(DATA) + packer.flush()
    named = head + body + zlib.crc32(DATA).to_bytes(4, "little") + len(DATA).to_bytes(4, "little")
    assert gzip.decompress(named) == DATA
    server.answers |= {
        "/f": gives(b"", status=302, Location="/a/..%2f..%2fevil"),
        "/a/..%2f..%2fevil": gives(named, Content_Disposition='attachment; filename="../../evil"'),
    }
    folder = tmp_path / "a" / "b" / "c"
    assert find(remote(server.url + "/f", name="f.gz"), folder, context=trust) == folder / "f.gz"
    assert files(tmp_path) == ["a/b/c/f.gz"]


def test_nothing_of_the_network_is_imported_before_it_is_needed():
    script = (
        "import sys, tinygrad_edu.data\n"
        "print(sorted({'ssl', 'http.client', 'urllib.request'} & sys.modules.keys()))"
    )
    assert printed("-c", script) == "[]\n"
