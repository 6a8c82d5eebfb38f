#!/usr/bin/env python3
"""A plugin of annals: shell histories with times, as bash (HISTTIMEFORMAT) and zsh (EXTENDED_HISTORY) keep them.

bash writes a line `#1700000000` before each command, zsh `: 1700000000:0;command`; a command may have several lines.
What stands before the first time is rejected, since nobody knows when it was. See docs/worker-protocol.md.
"""
import json
import re
import sys
from datetime import datetime, timezone

FORMAT = {
    "name": "history",
    "summary": "shell histories with times: bash with HISTTIMEFORMAT, zsh with EXTENDED_HISTORY",
    "extensions": ["bash_history", "zsh_history"],
    "options": {"properties": {"user": {"type": "string", "description": "Whose history it is."}}},
    "example": "annals --plugin history.py merge history,user=ada:.bash_history",
    "import": True,
    "sniff": True,
}
BASH = re.compile(rb"#(\d{9,11})\n")
ZSH = re.compile(rb": (\d{9,11}):\d+;")


def send(**message):
    print(json.dumps(message))


def commands(lines):
    """The commands of a history: (seconds or None, where they stand, bytes)."""
    seconds, start, first, command, offset = None, 0, 1, b"", 0

    def one():
        return seconds, {"offset": start, "len": offset - start, "line": first}, command

    for number, line in enumerate(lines, 1):
        bash, zsh = BASH.fullmatch(line), ZSH.match(line)
        # zsh ends a line of a command that goes on with a backslash; bash goes on until the next time.
        if bash or zsh or seconds is None:
            if command:
                yield one()
            start, first = offset, number
            command = line[zsh.end():] if zsh else b"" if bash else line
            seconds = int((bash or zsh)[1]) if bash or zsh else None
        else:
            command += line
        offset += len(line)
    if command:
        yield one()


def read(request):
    emitted = rejected = 0
    user = request["options"].get("user")
    for seconds, place, command in commands(sys.stdin.buffer):
        title = command.decode(errors="replace").rstrip("\n")
        code, why = "", ""
        if seconds is None:
            code, why = "no-time", "no time stands before it"
        elif place["len"] > request["max_record"]:
            code, why = "too-large", f"it has {place['len']} bytes, at most {request['max_record']} are allowed"
        if code:
            rejected += 1
            send(note={"kind": "reject", "code": code, "text": why, "bytes": title[:1000], **place})
            continue
        emitted += 1
        start = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        actors = [{"name": user, "role": "user"}] if user else []
        send(event={"start": start, "title": title, "kind": "command", "actors": actors,
                    "claims": [{"source": "", "locator": place}]})
    read = emitted + rejected
    send(end={"read": read, "emitted": emitted, "rejected": rejected, "filtered": 0})


action, request = sys.argv[1], json.loads(sys.argv[2])
send(hello=1)
if action == "describe":
    send(result={"id": "history", "version": "1.0.0", "encoding": "jsonl", "formats": [FORMAT]})
elif action == "sniff":
    head = sys.stdin.buffer.read()
    looks = BASH.match(head) or ZSH.match(head)
    send(result={"history": 80 if looks else 0})
else:
    read(request)
