"""Runs the program as annals does, and compares what it prints with the files in `snapshots`.

`UPDATE=1 python3 tests/test_@NAME@.py` writes them anew; look at the difference before you commit it.
"""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent / "@NAME@.py"
SAMPLES = HERE.parent / "samples"


def run(action, stdin=b"", **options):
    """What the program prints, as messages."""
    request = {"format": "@NAME@", "options": options, "max_record": 100}
    command = [sys.executable, str(PROGRAM), action, json.dumps(request)]
    printed = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


class Tests(unittest.TestCase):
    def snapshot(self, name, messages):
        path = HERE / "snapshots" / f"{name}.jsonl"
        text = "".join(json.dumps(message) + "\n" for message in messages)
        if "UPDATE" in os.environ:
            path.write_text(text)
        self.assertEqual(path.read_text(), text, f"{path.name} is not what it was")

    def test_samples(self):
        for name in ["good", "bad"]:
            with self.subTest(name):
                self.snapshot(name, run("import", (SAMPLES / f"{name}.@NAME@").read_bytes()))

    def test_every_record_is_accounted_for(self):
        whole = (SAMPLES / "bad.@NAME@").read_bytes() + b"\xff\n" + b"x" * 1000
        for end in range(0, len(whole) + 1, 37):
            messages = run("import", whole[:end])
            events = sum("event" in message for message in messages)
            rejects = sum("note" in message for message in messages)
            account = {"read": events + rejects, "emitted": events, "rejected": rejects, "filtered": 0}
            self.assertEqual(messages[-1], {"end": account})

    def test_the_separator_is_an_option(self):
        self.snapshot("semicolon", run("import", b"2025-09-10;Talk\n2025-09-11\tTalk\n", separator="semicolon"))

    def test_what_is_written(self):
        events = [
            {"id": "sha256-1", "when": "2025-09-10", "title": "Talk"},
            {"id": "a", "when": "2025-08~", "title": "two\nlines", "tags": ["post"]},
            {"id": "b", "when": "2025-09-10T08:00:00Z", "title": "to the second"},
            {"id": "c", "when": "2025"},
        ]
        messages = [{"hello": 1}, *({"event": event} for event in events), {"end": {}}]
        stdin = "".join(json.dumps(message) + "\n" for message in messages).encode()
        self.snapshot("export", run("export", stdin))

    def test_sniffing(self):
        self.assertEqual(run("sniff", b"2025-09-10\tTalk\n")[-1], {"result": {"@NAME@": 50}})
        self.assertEqual(run("sniff", b"\xff\x00")[-1], {"result": {"@NAME@": 0}})


if __name__ == "__main__":
    unittest.main()
