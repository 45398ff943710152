"""A TCP relay to a sandbox's plain HTTP port that counts the requests on their way: whoever makes them."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

# Clients write a request's head at the beginning of a write or behind a body: both are found.
REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (/\S*) HTTP/1\.1\r\n")


class Relay:
    """Passes everything on, both ways, byte by byte."""

    def __init__(self, target: str) -> None:
        """target is http://address:port."""
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sent: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            each.close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Where it listens."""
        return "http://{}:{}".format(*self._listener.getsockname())

    def requests(self) -> list[str]:
        """The requests since the last time that somebody asked: "GET /path", without their queries."""
        found = [match.groups() for sent in self._sent for match in REQUEST.finditer(bytes(sent))]
        for sent in self._sent:
            del sent[:]
        return [f"{method.decode()} {path.decode().partition('?')[0]}" for method, path in found]

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            sent = bytearray()
            self._sent.append(sent)
            self._open += [near, far]
            for source, sink, copy in ((near, far, sent), (far, near, None)):
                threading.Thread(target=_pump, args=(source, sink, copy), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, copy: bytearray | None) -> None:
    try:
        while data := source.recv(65536):
            if copy is not None:
                copy += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has gone: so has the connection


def kubeconfig(original: Path, server: str, to: Path) -> None:
    """A kubeconfig like another, but for a server that speaks plain HTTP."""
    config: dict[str, Any] = yaml.safe_load(original.read_text())
    for each in config["clusters"]:
        each["cluster"] = {"server": server}
    to.write_text(yaml.safe_dump(config))
