"""What an evaluation costs: 1,000,000 rows by 100 checks, then 20 facts over 1,000,000 related rows.

Prints CPU seconds and peak memory of the evaluation, loading apart, beside a Python loop and `jsonschema` over a sample of
the same rows, extrapolated. Figures move with the machine; trust the ratios of one run. Smaller: `evaluation.py 100000`.
"""

import gc
import os
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from auditor.catalog.control import parse
from auditor.codec import parse_yaml
from auditor.evaluate.database import Database
from auditor.evaluate.result import ControlResult
from auditor.evaluate.run import World, judge
from auditor.evidence.cells import CellName, Sight
from auditor.evidence.row import Row

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
SAMPLE = min(ROWS, 20_000)
SCHEMA_SAMPLE = min(ROWS, 1_000)
AS_OF = datetime(2026, 11, 24, 8)
CONTROL = """
id: {id}
code: {id}
title: {{fr: t, en: t}}
severity: high
grade: minor
why: {{fr: w, en: w}}
remedy: {{fr: r, en: r}}
examples: [{{name: e, given: {{}}, expect: {{}}}}]
check:
  subject: machine
  facts: {facts}
  when: "{when}"
  expect: "{expect}"
  show: [name]
"""


class Machine(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    TABLE = "machine"
    KEY = ("id",)
    name: str | None = None
    family: int | None = None
    encrypted: bool | None = None
    owner: str | None = None
    size: int | None = None
    seen_at: datetime | None = None
    region: str | None = None


class Copy(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    TABLE = "copy"
    KEY = ("id",)
    machine: str | None = None
    status: str | None = None
    age: int | None = None


TABLES = {"machine": Machine, "copy": Copy}


def machines():
    for number in range(ROWS):
        yield Machine(
            source="cloud", scope="p", id=f"m{number:07d}", name=f"machine {number}", family=number % 5, size=number % 1000,
            encrypted=None if number % 97 == 0 else number % 31 != 0, owner="customer" if number % 29 else "provider", region=("paris", "lyon", "lille")[number % 3],
        )  # fmt: skip


def copies():
    for number in range(ROWS):
        yield Copy(
            source="cloud",
            scope="p",
            id=f"c{number:07d}",
            machine=f"m{number * 7 % ROWS:07d}",
            status="ok" if number % 101 else None,
            age=number % 64,
        )


FAMILIES = (
    ("machine.encrypted", lambda row, _n: row["encrypted"], {"encrypted": {"const": True}}),
    ("machine.encrypted and machine.owner = 'customer'", lambda row, _n: row["encrypted"] and row["owner"] == "customer", {"encrypted": {"const": True}, "owner": {"const": "customer"}}),
    ("machine.size < {n}", lambda row, n: row["size"] < n, {"size": {"exclusiveMaximum": 950}}),
    ("machine.region in ('paris', 'lyon', 'lille') and machine.size <= {n}", lambda row, n: row["region"] in {"paris", "lyon", "lille"} and row["size"] <= n, {"region": {"enum": ["paris", "lyon", "lille"]}}),
    ("machine.name like 'machine%' and machine.encrypted", lambda row, _n: row["name"].startswith("machine") and row["encrypted"], {"name": {"pattern": "^machine"}, "encrypted": {"const": True}}),
)  # fmt: skip


def control(name, expect, when="true", facts="{}"):
    return parse(parse_yaml(CONTROL.format(id=name, expect=expect, when=when, facts=facts), f"{name}.yaml"))


def plain():
    return [control(f"c{n:03d}", FAMILIES[n % 5][0].format(n=900 + n), f"machine.family = {n % 5}") for n in range(100)]


def with_facts():
    return [
        control(
            f"f{n:03d}", "copied", facts=f"{{copied: {{any: copy, on: {{machine: id}}, where: \"r.status = 'ok' and r.age < {60 + n}\"}}}}"
        )
        for n in range(20)
    ]


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb(reset=False):
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def timed(what, controls, database):
    gc.collect()
    base, before, wall = peak_mb(reset=True), cpu(), time.perf_counter()
    world = World(database, {CellName("cloud", "p", name): Sight(seen=True) for name in TABLES}, AS_OF)
    values = {item.id: {} for item in controls}
    findings = passed = failed = unknown = 0
    for line in judge(world, controls, values, (), TABLES):
        if isinstance(line, ControlResult):
            passed, failed, unknown = passed + line.passed, failed + line.failed, unknown + line.unknown
        else:
            findings += 1
    used, wall = cpu() - before, time.perf_counter() - wall
    print(
        f"{what}: {used:.2f} s CPU, {wall:.2f} s; peak {peak_mb()} MB ({base} MB loaded); {passed} pass, {failed} fail, {unknown} unknown"
    )
    return used


def python_loop():
    rows = [{name: getattr(row, name) for name in row.__struct_fields__} for row, _n in zip(machines(), range(SAMPLE), strict=False)]
    before, findings = cpu(), 0
    for n in range(100):
        judged, family = FAMILIES[n % 5][1], n % 5
        for row in rows:
            if row["family"] == family and judged(row, 900 + n) is not True:
                findings += 1
    return (cpu() - before) * ROWS / SAMPLE


def json_schema():
    import jsonschema

    rows = [{name: getattr(row, name) for name in ("encrypted", "owner", "size", "region", "name", "family")} for row, _n in zip(machines(), range(SCHEMA_SAMPLE), strict=False)]  # fmt: skip
    validators = [jsonschema.Draft202012Validator({"properties": FAMILIES[n % 5][2]}) for n in range(100)]
    before = cpu()
    for n, validator in enumerate(validators):
        for row in rows:
            if row["family"] == n % 5:
                validator.is_valid(row)
    return (cpu() - before) * ROWS / SCHEMA_SAMPLE


def main():
    import msgspec

    encoder = msgspec.json.Encoder(order="sorted")
    print(f"{ROWS} rows, {os.cpu_count()} cores")
    with Database() as database:
        before = cpu()
        database.load(Machine, map(encoder.encode, machines()))
        database.load(Copy, map(encoder.encode, copies()))
        database.complete(TABLES.values(), [], [], {})
        database.lock()
        print(f"making and loading {2 * ROWS} rows: {cpu() - before:.1f} s CPU")
        ours = timed("100 checks", plain(), database)
        timed(f"20 facts over {ROWS} related rows", with_facts(), database)
    loop, schema = python_loop(), json_schema()
    print(f"100 checks in a Python loop over dicts: {loop:.1f} s CPU (from {SAMPLE} rows): {loop / ours:.1f} times ours")
    print(f"100 checks in jsonschema: {schema:.1f} s CPU (from {SCHEMA_SAMPLE} rows): {schema / ours:.1f} times ours")


if __name__ == "__main__":
    main()
