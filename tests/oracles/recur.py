#!/usr/bin/env python3
"""Compares core/recur with python-dateutil and recurring-ical-events.

    pip install -r tests/oracles/requirements.txt
    cargo build -p annals-core --example expand
    tests/oracles/recur.py target/debug/examples/expand rules
    tests/oracles/recur.py target/debug/examples/expand calendars FOLDER…

`rules` makes rules (always the same) and compares their first occurrences with those of python-dateutil; `calendars`
compares the starts of all events of .ics files in two windows with those of recurring-ical-events. Both print what
differs and how many agree; what the oracle itself refuses, or takes too long for, is counted apart.
"""

import datetime as dt
import json
import random
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

SEED = 20260101
RULES = 2000
ASKED = 12
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class TooLong(BaseException):
    """The oracle takes too long. No Exception, so that nobody on the way catches it."""


@contextmanager
def alarm(seconds):
    def ring(*_):
        raise TooLong

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Ours:
    """The example program, asked line by line."""

    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def expand(self, **asked):
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["starts"], answer["error"]


def seconds(time):
    """Seconds since 1970 of an instant, or as if UTC of local time and of a day."""
    if not isinstance(time, dt.datetime):
        time = dt.datetime(time.year, time.month, time.day)
    if time.tzinfo is None:
        time = time.replace(tzinfo=dt.timezone.utc)
    return int(time.timestamp())


# Rules


def a_rule(dice):
    """A start and a rule without parts that RFC 5545 forbids beside each other."""
    freq = dice.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])

    def some(values, most=3):
        return ",".join(str(value) for value in sorted(dice.sample(values, dice.randint(1, most))))

    def signed(last):
        return [*range(1, last + 1), *range(-last, 0)]

    numbered = freq in ("YEARLY", "MONTHLY")
    parts = {
        "BYMONTH": lambda: some(range(1, 13)),
        "BYHOUR": lambda: some(range(24)),
        "BYMINUTE": lambda: some(range(60)),
        "BYSECOND": lambda: some(range(60)),
        "BYDAY": lambda: ",".join(dice.sample(DAYS, dice.randint(1, 3))),
        "WKST": lambda: dice.choice(DAYS),
    }
    if freq != "WEEKLY":
        parts["BYMONTHDAY"] = lambda: some(signed(31))
    if freq not in ("DAILY", "WEEKLY", "MONTHLY"):
        parts["BYYEARDAY"] = lambda: some(signed(366))
    week = freq == "YEARLY" and dice.random() < 0.3
    if numbered and not week and dice.random() < 0.3:
        last = 5 if freq == "MONTHLY" else 53
        parts["BYDAY"] = lambda: ",".join(f"{dice.choice(signed(last))}{day}" for day in dice.sample(DAYS, 2))
    chosen = dice.sample(list(parts), dice.randint(0, 4))
    rule = {"FREQ": freq} | {name: parts[name]() for name in chosen}
    if week:
        rule["BYWEEKNO"] = some(signed(53))
    if dice.random() < 0.5:
        rule["INTERVAL"] = dice.choice([2, 3, 4, 5, 7, 10, 30, 90])
    if any(name.startswith("BY") for name in rule) and dice.random() < 0.2:
        rule["BYSETPOS"] = some([1, 2, 3, -1, -2])
    if dice.random() < 0.3:
        rule["COUNT"] = dice.randint(1, 8)
    start = dt.datetime(1997, 1, 1) + dt.timedelta(seconds=dice.randint(0, 30 * 365 * 86400))
    if dice.random() < 0.7:
        start = start.replace(minute=0, second=0)
    elif dice.random() < 0.1:
        start = start.replace(month=12, day=31)
    return start, rule


def expected(start, rule):
    """The start is the first instance, whether it fits or not, and COUNT counts what fits."""
    from dateutil.rrule import rrulestr

    text = ";".join(f"{name}={value}" for name, value in rule.items())
    found = [start]
    try:
        times = rrulestr(text, dtstart=start)
    except ValueError as error:
        # No multiple of the interval ever fits.
        if "empty set" not in str(error):
            raise
        times = []
    for time in times:
        if len(found) == ASKED:
            break
        if time != start:
            found.append(time)
    return [seconds(time) for time in found]


def rules(ours):
    dice = random.Random(SEED)
    agree, differ, slow, fails = 0, 0, 0, 0
    for _ in range(RULES):
        start, rule = a_rule(dice)
        lines = "RRULE:" + ";".join(f"{name}={value}" for name, value in rule.items())
        window = ["0001-01-01T00:00Z", "9999-12-31T00:00Z"]
        got, error = ours.expand(start=start.isoformat(), zone="floating", lines=lines, window=window, most=ASKED)
        try:
            with alarm(1):
                right = expected(start, rule)
        except TooLong:
            slow += 1
            continue
        except (IndexError, ValueError) as trouble:
            fails += 1
            print(f"{start:%Y%m%dT%H%M%S} {lines}: the oracle says {type(trouble).__name__}: {trouble}")
            continue
        if got == right and error is None:
            agree += 1
        else:
            differ += 1
            shown = [dt.datetime.fromtimestamp(at, dt.timezone.utc).strftime("%Y%m%dT%H%M%S") for at in got]
            wanted = [dt.datetime.fromtimestamp(at, dt.timezone.utc).strftime("%Y%m%dT%H%M%S") for at in right]
            print(f"{start:%Y%m%dT%H%M%S} {lines} {error}\n  ours   {' '.join(shown)}\n  theirs {' '.join(wanted)}")
    print(f"rules: {agree} agree, {differ} differ, the oracle fails at {fails} and takes more than a second for {slow}")
    return differ


# Calendars


def offsets(zone):
    """When the offset of a zone changes; no two changes are within five days."""

    def at(second):
        return int(dt.datetime.fromtimestamp(second, zone).utcoffset().total_seconds())

    step, changes = 5 * 86400, []
    first, last = -365 * 86400, 60 * 365 * 86400
    for begin in range(first, last, step):
        if at(begin) != at(begin + step):
            low, high = begin, begin + step
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if at(middle) == at(begin) else (low, middle)
            changes.append([high, at(high)])
    return [at(first), changes]


class Zones:
    """Zones of calendars, as the program knows them."""

    def __init__(self):
        self.known = {}

    def of(self, time):
        """The name of a zone, and its offsets where it has none of the IANA database."""
        if not isinstance(time, dt.datetime):
            return None, None
        if time.tzinfo is None:
            return "floating", None
        if time.tzinfo == dt.timezone.utc:
            return "UTC", None
        if key := getattr(time.tzinfo, "key", None):
            return key, None
        key = id(time.tzinfo)
        if key not in self.known:
            # The zone is kept so that no other gets its id.
            self.known[key] = (time.tzinfo, offsets(time.tzinfo))
        offset = int(time.utcoffset().total_seconds())
        sign, offset = ("-", -offset) if offset < 0 else ("+", offset)
        return f"{sign}{offset // 3600:02}:{offset // 60 % 60:02}", self.known[key][1]


def described(component, zones):
    """The time of a component as the program reads it."""
    from recurring_ical_events.adapters.event import EventAdapter

    adapter = EventAdapter(component)
    start, end = adapter.start, adapter.end
    zone, table = zones.of(start)

    def text(time):
        if isinstance(time, dt.datetime) and time.tzinfo is not None:
            return time.astimezone(start.tzinfo).replace(tzinfo=None).isoformat()
        return time.isoformat()

    if isinstance(start, dt.datetime) or isinstance(end, dt.datetime):
        last = text(end) if isinstance(end, dt.datetime) and end > start else None
    else:
        last = (max(end - dt.timedelta(days=1), start)).isoformat()
    return {"start": text(start), "end": last, "zone": zone, "offsets": table}


def instance(time):
    """A RECURRENCE-ID as events of annals have it."""
    if isinstance(time, dt.datetime) and time.tzinfo is not None:
        return time.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return time.isoformat()


def series(calendar, zones):
    """The events of a calendar, a master with its overrides each."""
    from icalendar.parser import Contentline
    from recurring_ical_events.adapters.event import EventAdapter

    groups = {}
    for number, component in enumerate(calendar.walk("VEVENT")):
        groups.setdefault(str(component.get("UID", number)), []).append(component)
    for components in groups.values():
        adapters = [(EventAdapter(component), component) for component in components]
        masters = [pair for pair in adapters if not pair[0].is_modification()]
        # Of versions the newest counts, of equal ones the first.
        newest = {}
        for adapter, component in adapters:
            if adapter.is_modification():
                key = adapter.recurrence_ids[0]
                if key not in newest or newest[key][0].sequence < adapter.sequence:
                    newest[key] = (adapter, component)
        overrides = [
            described(component, zones)
            | {"instance": instance(component["RECURRENCE-ID"].dt), "this_and_future": adapter.this_and_future}
            for adapter, component in newest.values()
        ]
        if not masters:
            for override in overrides:
                yield override | {"lines": "", "overrides": []}
            continue
        _, master = max(masters, key=lambda pair: pair[0].sequence)
        lines = []
        for name in ("RRULE", "RDATE", "EXDATE"):
            values = master.get(name, [])
            for value in values if isinstance(values, list) else [values]:
                params = {key: param for key, param in value.params.items() if key != "VALUE"}
                lines.append(Contentline.from_parts(name, type(value.params)(params), value))
        yield described(master, zones) | {"lines": "\n".join(lines), "overrides": overrides}


def calendars(ours, folders):
    import icalendar
    import recurring_ical_events
    import x_wr_timezone

    agree, differ, refused, slow, starts, empty = 0, 0, 0, 0, 0, 0
    for path in sorted(file for folder in folders for file in Path(folder).rglob("*.ics")):
        zones = Zones()
        try:
            with alarm(10):
                for calendar in icalendar.Calendar.from_ical(path.read_bytes(), multiple=True):
                    calendar = x_wr_timezone.to_standard(calendar)
                    events = list(series(calendar, zones))
                    if not events:
                        empty += 1
                        continue
                    first = min(event["start"] for event in events)[:10]
                    first = max(dt.date.fromisoformat(first), dt.date(1970, 1, 1))
                    for begin in (first - dt.timedelta(days=9), dt.date(2026, 1, 1)):
                        finish = begin + dt.timedelta(days=700)
                        # Zones of the window differ, so only what is well within is compared.
                        low, high = seconds(begin) + 2 * 86400, seconds(finish) - 2 * 86400
                        found = recurring_ical_events.of(calendar, components=["VEVENT"]).between(begin, finish)
                        right = sorted(at for event in found if low <= (at := seconds(event["DTSTART"].dt)) < high)
                        window, got = [f"{begin}T00:00Z", f"{finish}T00:00Z"], []
                        for event in events:
                            times, error = ours.expand(**event, window=window)
                            got += [at for at in times if low <= at < high]
                            if error:
                                print(f"{path}: {error}")
                        got.sort()
                        if got == right:
                            agree, starts = agree + 1, starts + len(got)
                        else:
                            differ += 1
                            more = [str(dt.datetime.fromtimestamp(at, dt.timezone.utc)) for at in got if at not in right]
                            less = [str(dt.datetime.fromtimestamp(at, dt.timezone.utc)) for at in right if at not in got]
                            print(f"{path} from {begin}: {len(got)} ours, {len(right)} theirs")
                            print(f"  ours alone {more[:4]}\n  theirs alone {less[:4]}")
        except TooLong:
            slow += 1
            print(f"{path}: too long")
            # An answer may still be under way.
            ours.process.kill()
            ours.start()
        except Exception as error:  # noqa: BLE001 — whatever the oracle does not take.
            refused += 1
            print(f"{path}: the oracle says {type(error).__name__}: {str(error)[:90]}")
    print(
        f"calendars: {agree} windows with {starts} starts agree, {differ} differ; "
        f"{empty} calendars have no events, the oracle refuses {refused} files and takes too long for {slow}"
    )
    return differ


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ("rules", "calendars"):
        sys.exit(__doc__)
    ours = Ours(sys.argv[1])
    sys.exit(1 if (rules(ours) if sys.argv[2] == "rules" else calendars(ours, sys.argv[3:])) else 0)


if __name__ == "__main__":
    main()
