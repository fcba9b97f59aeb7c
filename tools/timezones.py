#!/usr/bin/env python3
"""Makes assets/schema/timezones.txt from this machine's time zone database (public domain): for each rule that is in
force today, in the form of POSIX' TZ variable, the names of the zones that follow it. What held in the past is left
out: simulated time begins in 2026."""
import pathlib

ZONES = pathlib.Path("/usr/share/zoneinfo")
SKIPPED = ("posix/", "right/", "posixrules", "localtime", "leapseconds")


def main():
    rules = {}
    for path in sorted(path for path in ZONES.rglob("*") if path.is_file()):
        name = str(path.relative_to(ZONES))
        data = path.read_bytes()
        if data[:4] == b"TZif" and not name.startswith(SKIPPED):
            rule = data.rstrip(b"\n").rsplit(b"\n", 1)[1].decode()
            rules.setdefault(rule, []).append(name)
    lines = [f"{rule} {' '.join(names)}\n" for rule, names in sorted(rules.items())]
    pathlib.Path(__file__, "../../assets/schema/timezones.txt").resolve().write_text("".join(lines))


main()
