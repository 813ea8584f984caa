"""Documents made and cards put in and taken out, by lines of JSON.

Each line asks for one thing and is answered by one line:

    {"make": {"holder": "kaz-card", "portrait": 60000}, "directory": "/tmp/d"}
    {"insert": {"extended": false}, "directory": "/tmp/d"}
    {"take_out": true}

`{"done": true}` or `{"error": "..."}`. To `take_out` belongs `sessions`: a list of what
was exchanged between one power up and the next. The end of input takes the card out.
"""

import json
from pathlib import Path
from typing import Any, TextIO

from virtual_card import document
from virtual_card.chip import Chip
from virtual_card.config import CardConfig
from virtual_card.document import DocumentSpec
from virtual_card.faults import FaultyChip
from virtual_card.reader_link import InsertedCard, Traffic


class Console:
    """At most one card, in the one reader at `port`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._card: InsertedCard | None = None
        self._sessions: list[Traffic] = []

    def run(self, requests: TextIO, answers: TextIO) -> None:
        """Until the end of `requests`."""
        try:
            for line in requests:
                print(json.dumps(self._answer(line)), file=answers, flush=True)
        finally:
            self._take_out()

    def _answer(self, line: str) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if "make" in request:
                document.make(DocumentSpec(**request["make"]), Path(request["directory"]))
                return {"done": True}
            if "insert" in request:
                self._insert(Path(request["directory"]), CardConfig(**request["insert"]))
                return {"done": True}
            sessions = self._take_out()
            return {"done": True, "sessions": [session.as_dict() for session in sessions]}
        except Exception as error:  # noqa: BLE001 - the asker is told, whatever it was
            return {"error": f"{type(error).__name__}: {error}"}

    def _insert(self, directory: Path, config: CardConfig) -> None:
        self._take_out()
        chip = FaultyChip(Chip(document.load(directory), config), config)
        self._card = InsertedCard(chip, config, self._port, self._sessions.append)

    def _take_out(self) -> list[Traffic]:
        if self._card:
            self._card.take_out()
            self._card = None
        sessions, self._sessions = self._sessions, []
        return sessions
