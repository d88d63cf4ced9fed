"""How much the service carries: `make bench-service` prints the table "The service" of docs/performance.md.

The load comes from wrk, a compiled client, on a core of its own (Debian: apt-get install wrk):

1. One derivative over and over, from the cache, by 16 connections into one process.
2. Every derivation of the corpus, with nothing cached, in all worker processes.
3. A minute of good requests with 5 % hostile ones: endless ones, memory hogs, malformed bodies. No good one may be
   lost or wrong, no memory leak, no worker be left.
4. The time from the start of the process to the first answer, and what a first visit of the page loads.

Rates depend on what else the machine has to do; a rate by a second of CPU time does not, so it is shown as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import psutil

import matcalc as mc
from benchmarks.tables import table
from tools import cases

ROOT = Path(__file__).parents[1]
CACHED = {"expression": "u.T @ tanh(W @ x + b)", "wrt": "W"}
ENDLESS = {"expression": "logsumexp(A @ tanh(B @ softmax(C @ x)))", "wrt": "x", "order": 6}
HUGE = {"expression": "sum(tanh(x @ x.T))", "wrt": "x", "values": {"x": [1.5] * 30_000}}
MALFORMED = (b"", b"{", b"\xff", b"[" * 1000, b'{"expression": 3}', b'{"expression": "x @ y", "wrt": "x"}')
HOSTILE = 0.05
CLIENTS = 16
# A list of requests in turn, as wrk is told in Lua.
SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local turn = 0
request = function()
  turn = turn %% #bodies + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, bodies[turn])
end
"""


class Load(NamedTuple):
    """What wrk saw: requests by a second, and by a second of the service's CPU time; latencies in ms."""

    rate: float
    by_cpu: float
    median: float
    slow: float


@contextmanager
def serving(**settings: object) -> Iterator[tuple[str, psutil.Process, float]]:
    """A service: its address, its process, and the seconds to its first answer."""
    environment = {
        **os.environ,
        **{f"MATCALC_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with tempfile.TemporaryFile("w+") as log:
        start = time.perf_counter()
        command = [sys.executable, "-m", "matcalc", "serve", "--port", "0"]
        process = psutil.Popen(command, cwd=ROOT, env=environment, stderr=log)
        try:
            url = ""
            while not url:
                time.sleep(0.005)
                log.seek(0)
                found = re.search(r"(http://\S+)/\n", log.read())
                url = found[1] if found else ""
            while True:
                try:
                    httpx.post(f"{url}/v1/derive", json=CACHED).raise_for_status()
                    break
                except httpx.TransportError:
                    time.sleep(0.005)
            yield url, process, time.perf_counter() - start
        finally:
            process.terminate()
            process.wait(30)


def pinned(process: psutil.Process, cores: Sequence[int]) -> None:
    """Keeps a process to some of the cores, where the system can do that."""
    if hasattr(process, "cpu_affinity") and len(psutil.cpu_percent(percpu=True)) > 1:
        process.cpu_affinity(list(cores))


def wrk(url: str, served: psutil.Process, bodies: Sequence[str], seconds: int, cores: Sequence[int]) -> Load:
    """The load of 16 connections for some seconds, from the given cores."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "bodies")
        lines.write_text("\n".join(bodies))
        script = Path(folder, "script.lua")
        script.write_text(SCRIPT % lines)
        command = [
            "wrk",
            "-t1",
            f"-c{CLIENTS}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            str(script),
            f"{url}/v1/derive",
        ]
        before = cpu_seconds(served)
        process = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
        pinned(process, cores)
        out, _ = process.communicate()
        busy = cpu_seconds(served) - before
    factor = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    latencies = re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", out)
    times = {part: float(value) * factor[unit] for part, value, unit in latencies}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    count = re.search(r"(\d+) requests in", out)
    assert rate, out
    assert count, out
    assert "Non-2xx" not in out, out
    return Load(float(rate[1]), int(count[1]) / busy, times["50"], times["99"])


def cpu_seconds(process: psutil.Process) -> float:
    """What a process and all those below it have computed."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


# --- the corpus


def corpus() -> dict[str, str]:
    """Request bodies for every derivation of the corpus, and the texts of their answers."""
    found = {}
    for case in cases.read_cases():
        request = {"expression": case.expr, "wrt": case.wrt, "shapes": case.shapes, "order": case.order}
        derivation = mc.derive(case.expr, case.wrt, shapes=case.shapes, order=case.order)
        found[json.dumps(request)] = derivation.text
    return found


# --- the mixed load


class Tally:
    """What came of the requests."""

    def __init__(self) -> None:
        self.good: list[float] = []
        self.hostile: Counter[int] = Counter()
        self.lost: list[str] = []


async def mixed(url: str, texts: dict[str, str], seconds: float) -> Tally:
    """Good and hostile requests by turns that a fixed seed decides, from as many clients as `CLIENTS`."""
    tally, end, draw = Tally(), time.monotonic() + seconds, random.Random(5)
    bodies = list(texts)

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=120) as session:
            while time.monotonic() < end:
                if draw.random() < HOSTILE:
                    tally.hostile[await _attack(session, draw)] += 1
                    continue
                body, start = draw.choice(bodies), time.perf_counter()
                response = await _post(session, "derive", body.encode())
                tally.good.append(time.perf_counter() - start)
                if response.status_code != 200 or response.json()["text"] != texts[body]:
                    tally.lost.append(f"{response.status_code}: {body}")

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return tally


async def _attack(session: httpx.AsyncClient, draw: random.Random) -> int:
    kind = draw.randrange(3)
    if kind == 0:
        # Never the same twice, so that the cache is no help.
        request = {**ENDLESS, "functions": [f"g{draw.randrange(10**9)}"]}
        response = await _post(session, "derive", json.dumps(request).encode())
    elif kind == 1:
        request = {**HUGE, "functions": [f"g{draw.randrange(10**9)}"]}
        response = await _post(session, "evaluate", json.dumps(request).encode())
    else:
        response = await _post(session, "derive", draw.choice(MALFORMED))
    return response.status_code


async def _post(session: httpx.AsyncClient, route: str, body: bytes) -> httpx.Response:
    return await session.post(f"/v1/{route}", content=body, headers={"Content-Type": "application/json"})


def memory(process: psutil.Process) -> tuple[float, int]:
    """MiB of the service and all its processes, each page counted once, and how many processes it has."""
    family = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family) / 2**20, len(family)


# --- the report


def report(seconds: int, mixed_seconds: int) -> None:
    """Measures and prints."""
    texts = corpus()
    rows: list[tuple[str, str, str]] = []
    starts = []
    for _ in range(3):
        with serving() as (_, _, took):
            starts.append(took)
    rows.append(("from the start to the first answer", f"{median(starts):.2f} s", "< 2 s"))
    last = len(psutil.cpu_percent(percpu=True)) - 1
    with serving(log_level="warning") as (url, process, _):
        rows.append(("first visit of the page, all files", f"{visit(url) / 1000:.0f} KB", "< 600 KB"))
        time.sleep(3)
        pinned(process, [0])
        load = wrk(url, process, [json.dumps(CACHED)], seconds, [last])
        rows.append(("cached: requests a second, in one process", f"{load.rate:,.0f}", "≥ 3,000"))
        rows.append(("cached: requests by a second of CPU time", f"{load.by_cpu:,.0f}", ""))
        rows.append(("cached: latency, median", f"{load.median:.1f} ms", ""))
        rows.append(("cached: latency, 99 of 100 within", f"{load.slow:.1f} ms", "< 20 ms"))
    with serving(log_level="warning", cache=0) as (url, process, _):
        time.sleep(3)
        load = wrk(url, process, list(texts), seconds, range(last + 1))
        rows.append(("corpus, nothing cached: derivations a second", f"{load.rate:,.0f}", "≥ 300"))
        rows.append(("corpus: derivations by a second of CPU time", f"{load.by_cpu:,.0f}", ""))
    if not mixed_seconds:
        print(table(("", "measured", "wanted"), rows))
        return
    with serving(log_level="error", time_limit=2, memory_limit=400, workers=4, cache=1) as (url, process, _):
        time.sleep(3)
        # A first round fills the cache and the workers' memory to what it stays at.
        asyncio.run(mixed(url, texts, max(5, mixed_seconds / 6)))
        time.sleep(3)
        before, count = memory(process)
        tally = asyncio.run(mixed(url, texts, mixed_seconds))
        time.sleep(3)
        after, left = memory(process)
        assert not tally.lost, tally.lost[:5]
        hostile = ", ".join(f"{number} × {status}" for status, number in sorted(tally.hostile.items()))
        rows.append((f"mixed, {mixed_seconds} s: good requests", f"{len(tally.good):,}", ""))
        rows.append(("mixed: good requests lost or wrong", f"{len(tally.lost)}", "0"))
        rows.append(("mixed: hostile requests, by their answers", hostile, "no 5xx"))
        rows.append(("mixed: memory before and after", f"{before:.0f} and {after:.0f} MiB", "within 10 %"))
        rows.append(("mixed: processes before and after", f"{count} and {left}", "the same"))
    print(table(("", "measured", "wanted"), rows))


def visit(url: str) -> int:
    """The bytes of everything that the page loads, as they travel."""
    with httpx.Client(base_url=url) as client:
        names = [path.name for path in (ROOT / "api" / "page").iterdir() if path.name != "index.html"]
        paths = ["/", "/static/math.woff2", *(f"/static/{name}" for name in names)]
        sizes = []
        for path in paths:
            with client.stream("GET", path) as response:
                sizes.append(sum(map(len, response.iter_raw())))
        return sum(sizes)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10, help="for each of wrk's runs (default: 10)")
    parser.add_argument("--mixed", type=int, default=60, help="seconds of mixed load; 0: none (default: 60)")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("the load comes from wrk, which is not installed: apt-get install wrk")
    report(options.seconds, options.mixed)


if __name__ == "__main__":
    main()
