"""`python3 -m virtual_card make | insert | console`."""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from virtual_card import document, reader_link
from virtual_card.chip import Chip
from virtual_card.config import CardConfig
from virtual_card.console import Console
from virtual_card.document import DocumentSpec
from virtual_card.faults import FaultyChip
from virtual_card.reader_link import InsertedCard, Traffic

Spec = TypeVar("Spec", DocumentSpec, CardConfig)


def main() -> None:
    arguments = _parser().parse_args()
    match arguments.command:
        case "make":
            document.make(_options(DocumentSpec, arguments), arguments.directory)
        case "insert":
            config = _options(CardConfig, arguments)
            chip = FaultyChip(Chip(document.load(arguments.directory), config), config)
            InsertedCard(chip, config, arguments.port, _tell).wait()
        case "console":
            Console(arguments.port).run(sys.stdin, sys.stdout)


def _tell(traffic: Traffic) -> None:
    print(traffic, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="virtual_card", description="A virtual identity document."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make a document in a new directory")
    insert = commands.add_parser("insert", help="put a made document into vpcd's reader")
    console = commands.add_parser("console", help="the same by lines of JSON on standard input")
    for command, spec in ((make, DocumentSpec), (insert, CardConfig)):
        command.add_argument("directory", type=Path)
        for field in fields(spec):
            option = "--" + field.name.replace("_", "-")
            how: dict[str, Any] = {"type": type(field.default)}
            if isinstance(field.default, bool):
                how = {"action": argparse.BooleanOptionalAction}
            command.add_argument(option, default=field.default, **how)
    for command in (insert, console):
        command.add_argument("--port", type=int, default=reader_link.PORT)
    return parser


def _options(spec: type[Spec], arguments: argparse.Namespace) -> Spec:
    return spec(**{field.name: getattr(arguments, field.name) for field in fields(spec)})


if __name__ == "__main__":
    main()
