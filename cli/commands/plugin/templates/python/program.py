#!/usr/bin/env python3
"""A plugin of annals: the format `@NAME@`, lines of a date, a tab and a title.

annals starts this program with an action and a request, and reads what it prints, a message a line
(docs/worker-protocol.md of annals). The program has no access to files, and needs none: the input
is its standard input.
"""
import base64
import json
import re
import sys
from datetime import date

FORMAT = {
    "name": "@NAME@",
    "summary": "a date, a tab and a title a line",
    "extensions": ["@NAME@"],
    "options": {"properties": {"separator": {
        "type": "string", "enum": ["tab", "semicolon"], "default": "tab",
        "description": "What stands between the date and the title.",
    }}},
    "example": "annals merge @NAME@,separator=semicolon:a.@NAME@",
    "import": True,
    "export": True,
    "sniff": True,
}
DESCRIPTION = {"id": "@NAME@", "version": "0.1.0", "encoding": "jsonl", "formats": [FORMAT]}
SEPARATORS = {"tab": "\t", "semicolon": ";"}
# A year, month or day, perhaps uncertain or approximate: annals reads more, see EDTF.
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?[?~%]?")


class Bad(Exception):
    """Why a line is no event: a code, the same for all lines of its kind, and words."""


def is_date(text):
    """Whether annals can read it; it takes an event whose date it cannot read as a bug of ours."""
    found = DATE.fullmatch(text)
    try:
        return bool(found) and bool(date(*(int(part or 1) for part in found.groups())))
    except ValueError:
        return False


def read_line(line, separator):
    """The event of a line without its end."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Bad("not-utf8", "the line is not UTF-8") from None
    start, found, title = text.partition(separator)
    if not found:
        raise Bad("no-separator", "nothing stands between a date and a title")
    if not is_date(start):
        raise Bad("bad-date", f"`{start}` is not a date")
    if not title:
        raise Bad("no-title", "there is no title behind the date")
    return {"start": start, "title": title}


def write_line(event, separator):
    """The line of an event, and whether it says all of it."""
    start, title = event.get("when") or "", event.get("title") or ""
    if not is_date(start):
        raise Bad("no-date", "a line begins with a year, month or day, and it has none")
    if not title:
        raise Bad("no-title", "a line ends with a title, and it has none")
    written = {"id", "when", "start", "bounds", "extent", "precision", "qualifier", "title", "claims"}
    lost = [key for key, value in event.items() if value and key not in written]
    # An id that annals has made of what the event says need not be written.
    minted = (event.get("id") or "sha256-").startswith("sha256-")
    moment = event.get("extent") in (None, "moment")
    # A line is one line, whatever the title.
    line = separator.join([start, title.replace("\n", " ").replace("\r", " ")])
    return line, not lost and minted and moment and title in line


def records(limit):
    """The lines of the input without their ends: bytes, whether it was too long, and its place."""
    offset = number = 0
    while line := sys.stdin.buffer.readline(limit + 2):
        length, last = len(line), line[-1:]
        while last != b"\n" and (rest := sys.stdin.buffer.readline(1 << 16)):
            length, last = length + len(rest), rest[-1:]
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        number += 1
        yield text, length > len(line) or len(text) > limit, {"offset": offset, "len": length, "line": number}
        offset += length


def send(**message):
    print(json.dumps(message))


def reject(why, line, place):
    """Tells why a line is no event, with its bytes."""
    code, text = why.args
    line = line[:1 << 16]
    try:
        content = {"bytes": line.decode()}
    except UnicodeDecodeError:
        content = {"base64": base64.b64encode(line).decode()}
    send(note={"kind": "reject", "code": code, "text": text, **place, **content})


def do_import(request):
    """Every line is an event or a reject with its place; empty lines are nothing."""
    separator = SEPARATORS[request["options"].get("separator", "tab")]
    emitted = rejected = 0
    for line, over, place in records(request["max_record"]):
        try:
            if over:
                raise Bad("too-large", "the line is longer than a record may be")
            if line:
                event = read_line(line, separator)
                send(event={**event, "claims": [{"source": "", "locator": place}]})
                emitted += 1
        except Bad as why:
            reject(why, line, place)
            rejected += 1
    send(end={"read": emitted + rejected, "emitted": emitted, "rejected": rejected, "filtered": 0})


def do_export(request):
    """A line an event. What a line cannot say is told: `lossy` if some is lost, `omit` if all."""
    separator = SEPARATORS[request["options"].get("separator", "tab")]
    written = omitted = 0
    for message in map(json.loads, sys.stdin.buffer):
        if (event := message.get("event")) is None:
            continue
        try:
            line, complete = write_line(event, separator)
        except Bad as why:
            send(note={"kind": "omit", "code": why.args[0], "text": why.args[1], "event": event["id"]})
            omitted += 1
            continue
        if not complete:
            send(note={"kind": "lossy", "code": "fields", "event": event["id"],
                       "text": "only its date and its title are written"})
        send(data=line + "\n")
        written += 1
    send(end={"read": written + omitted, "written": written, "omitted": omitted})


def do_sniff():
    """Likely, if the first line can be read."""
    first = sys.stdin.buffer.read().split(b"\n")[0].removesuffix(b"\r")
    try:
        read_line(first, "\t")
        send(result={"@NAME@": 50})
    except Bad:
        send(result={"@NAME@": 0})


action, request = sys.argv[1], json.loads(sys.argv[2])
send(hello=1)
if action == "describe":
    send(result=DESCRIPTION)
elif action == "sniff":
    do_sniff()
elif action == "import":
    do_import(request)
else:
    do_export(request)
