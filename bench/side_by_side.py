#!/usr/bin/env python3
"""The gateway beside nginx and HAProxy, in one run on one machine.

Each proxy runs alone, pinned to one CPU; load and upstream share another. Rounds alternate between the proxies, medians
are printed, and ratios are what to compare: absolute figures drift with the machine. CPU per request is the time that
the kernel's scheduler says the proxy ran (/proc/PID/task/*/schedstat), divided by the requests that were answered.

Needs Debian's nginx, haproxy, wrk and nghttp2-client (h2load, for `latency`); a peer that is missing is left out.
"""

import argparse
import asyncio
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
UPSTREAM_PORT = 19000
PROXY_PORT = 19001

WORKLOADS = {
    "get": "small answers over 64 keep-alive connections",
    "connect": "a new connection for every request",
    "body": "1 MiB answers over 8 connections",
    "idle": "connections that were used once and then stay silent",
    "latency": "a moderate fixed rate; what the proxy adds to a direct connection",
}


def find(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


class Proxy:
    """One program under test, started anew for every round."""

    def __init__(self, name, config, command):
        self.name, self.config, self.command, self.process = name, config, command, None

    def start(self, directory, cpu):
        text = (HERE / "peers" / self.config).read_text()
        for key, value in (("@DIR@", directory), ("@PORT@", PROXY_PORT), ("@UPSTREAM@", UPSTREAM_PORT)):
            text = text.replace(key, str(value))
        path = directory / self.config
        path.write_text(text)
        command = ["taskset", "-c", str(cpu)] + [part.replace("@CONFIG@", str(path)) for part in self.command]
        log = open(directory / f"{self.name}.out", "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        port = UPSTREAM_PORT if self.name == "upstream" else PROXY_PORT
        for _ in range(200):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                return
            except OSError:
                time.sleep(0.05)
        output = (directory / f"{self.name}.out").read_text()
        self.stop()
        sys.exit(f"{self.name} does not serve port {port}:\n{output}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def processes(self):
        """The process and all of its descendants."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += [int(child) for child in task.read_text().split()]
        return found

    def cpu_ns(self):
        return sum(
            int(entry.read_text().split()[0])
            for pid in self.processes()
            for entry in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
        )

    def resident_kib(self):
        return sum(
            int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
            for pid in self.processes()
        )


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def wrk(options, port, path, connections, close=False):
    command = ["taskset", "-c", str(options.load_cpu), find("wrk"), "-t1", f"-c{connections}", f"-d{options.seconds}s"]
    command += ["--latency", f"http://127.0.0.1:{port}{path}"]
    if close:
        command += ["-H", "Connection: close"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # wrk counts a closed connection as a read error when it asked for the close itself.
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {
        "requests": int(re.search(r"(\d+) requests in", text)[1]),
        "req/s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50 us": microseconds(re.search(r"\n\s+50%\s+(\S+)", text)[1]),
        "p99 us": microseconds(re.search(r"\n\s+99%\s+(\S+)", text)[1]),
        "errors": int(failed[1] if failed else 0) + sum(map(int, errors.groups()) if errors else []),
    }


def fixed_rate(options, port, directory):
    log = directory / "requests.log"
    log.unlink(missing_ok=True)
    clients = 20
    command = ["taskset", "-c", str(options.load_cpu), find("h2load"), "--h1", "-t1", f"-c{clients}"]
    command += [f"-D{options.seconds}", f"--rps={options.rate / clients}", f"--log-file={log}"]
    subprocess.run(command + [f"http://127.0.0.1:{port}/item"], capture_output=True, check=True)
    rows = [line.split() for line in log.read_text().splitlines()]
    times = sorted(int(row[2]) for row in rows if row[1] == "200") or [0]
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    return {"requests": len(times), "p50 us": at(0.5), "p99 us": at(0.99), "errors": len(rows) - len(times)}


async def open_idle(count):
    """Opens connections, uses each once, and keeps them."""
    request = f"GET /item HTTP/1.1\r\nHost: 127.0.0.1:{PROXY_PORT}\r\n\r\n".encode()
    writers, gate = [], asyncio.Semaphore(64)

    async def one():
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", PROXY_PORT)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"idle: {head[:60]!r}")
            writers.append(writer)

    await asyncio.gather(*(one() for _ in range(count)))
    return writers


def idle(options, proxy):
    async def run():
        before = proxy.resident_kib()
        writers = await open_idle(options.idle)
        await asyncio.sleep(2)
        after = proxy.resident_kib()
        for writer in writers:
            writer.close()
        return before, after

    before, after = asyncio.run(run())
    return {"MB before": before / 1024, "MB after": after / 1024, "bytes/conn": (after - before) * 1024 / options.idle}


def measure(options, proxy, directory):
    if options.workload == "idle":
        return idle(options, proxy)
    start = proxy.cpu_ns()
    if options.workload == "latency":
        figures = fixed_rate(options, PROXY_PORT, directory)
    elif options.workload == "body":
        figures = wrk(options, PROXY_PORT, "/large", 8)
    else:
        figures = wrk(options, PROXY_PORT, "/item", options.connections, close=options.workload == "connect")
    figures["us CPU/req"] = (proxy.cpu_ns() - start) / 1000 / max(figures.pop("requests"), 1)
    figures["MB RSS"] = proxy.resident_kib() / 1024
    return figures


def warm(options):
    seconds, options.seconds = options.seconds, 1
    wrk(options, PROXY_PORT, "/item", 16)
    options.seconds = seconds


def report(options, rounds, direct):
    medians = {
        name: {key: statistics.median(figures[key] for figures in rows) for key in rows[0]}
        for name, rows in rounds.items() if rows
    }
    if direct:
        for figures in medians.values():
            for key in ("p50 us", "p99 us"):
                figures[f"added {key}"] = figures.pop(key) - statistics.median(row[key] for row in direct)
    keys = list(next(iter(medians.values())))
    print(f"\n{options.workload}: {WORKLOADS[options.workload]}; medians of {options.rounds} rounds")
    print(" " * 10 + "".join(f"{key:>14}" for key in keys))
    for name, figures in medians.items():
        print(f"{name:10}" + "".join(f"{figures[key]:14.2f}" for key in keys))
    ours = medians.get("gateway")
    for name, figures in medians.items():
        if ours and name != "gateway":
            ratios = (f"{ours[key] / figures[key]:14.2f}" if figures[key] > 0 else " " * 13 + "-" for key in keys)
            print(f"{'/ ' + name:10}" + "".join(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS, nargs="?", default="get")
    parser.add_argument("--gateway", default=str(HERE.parent / ".build/release/gateway"), help="the program to compare")
    parser.add_argument("--peers", default="nginx,haproxy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=int, default=4000, help="requests per second of `latency`")
    parser.add_argument("--idle", type=int, default=4000, help="connections of `idle`")
    parser.add_argument("--proxy-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    options = parser.parse_args()

    if not pathlib.Path(options.gateway).exists():
        sys.exit(f"{options.gateway} is not there: make build")
    for program in ["nginx", "wrk"] + (["h2load"] if options.workload == "latency" else []):
        if not find(program):
            sys.exit(f"{program} is not installed: apt install nginx-light wrk nghttp2-client")
    known = {
        "nginx": Proxy("nginx", "nginx.conf", [find("nginx") or "nginx", "-c", "@CONFIG@"]),
        "haproxy": Proxy("haproxy", "haproxy.cfg", [find("haproxy") or "haproxy", "-db", "-f", "@CONFIG@"]),
    }
    proxies = [Proxy("gateway", "gateway.yaml", [options.gateway, "run", "-c", "@CONFIG@"])]
    for name in filter(None, options.peers.split(",")):
        if name not in known:
            sys.exit(f"no peer is called {name}; there are {', '.join(known)}")
        if find(name):
            proxies.append(known[name])
        else:
            print(f"{name} is not installed and left out", file=sys.stderr)

    directory = pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-"))
    directory.chmod(0o755)
    (directory / "large").write_bytes(bytes(range(256)) * 4096)
    upstream = Proxy("upstream", "upstream.conf", [find("nginx"), "-c", "@CONFIG@"])
    rounds, direct = {proxy.name: [] for proxy in proxies}, []
    try:
        upstream.start(directory, options.load_cpu)
        for number in range(options.rounds):
            if options.workload == "latency":
                direct.append(fixed_rate(options, UPSTREAM_PORT, directory))
            for proxy in proxies:
                print(f"round {number + 1}: {proxy.name}", file=sys.stderr)
                proxy.start(directory, options.proxy_cpu)
                try:
                    if options.workload != "idle":
                        warm(options)
                    rounds[proxy.name].append(measure(options, proxy, directory))
                finally:
                    proxy.stop()
        report(options, rounds, direct)
    finally:
        upstream.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
