#!/usr/bin/env python3
"""What operating the gateway costs while it serves: each row says what was done, and what clients noticed of it.

usage: operations.py [--gateway PATH] [--seconds N] {reload,routes,restart,scrape,all}
  reload   200 reloads that change routes, upstreams and listeners under full load: errors, p99 with and without, memory
  routes   reloads of 5,000 routes under full load: time until every worker serves them, long turns of its loop
  restart  two gateways behind HAProxy, restarted in turn with SIGTERM under load: errors
  scrape   a scrape of 10,000 series: time
Needs Debian's nginx, wrk and, for restart, haproxy. Load goes to loopback only.
"""
import argparse, json, os, re, shutil, signal, statistics, subprocess, sys, threading, time, urllib.request

from processes import Processes

ap = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
ap.add_argument("workload", choices=["reload", "routes", "restart", "scrape", "all"])
ap.add_argument("--gateway", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.build/release/gateway"))
ap.add_argument("--seconds", type=int, default=40)
a = ap.parse_args()
processes = Processes("operations")
start, stop, write, DIR = processes.start, processes.stop, processes.write, processes.dir
UPSTREAM, PORT, ADMIN = 9301, 8301, 9311


def http(path, method="GET", port=ADMIN, timeout=60):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=timeout) as answer: return answer.read().decode()


def ready(port=ADMIN):
    deadline = time.time() + 60
    while time.time() < deadline:
        try:
            http("/readyz", port=port)
            return
        except Exception: time.sleep(0.02)
    sys.exit(f"not ready; see {DIR}/errors.log")


class Load:
    """wrk, with what it saw."""

    def __init__(self, port, seconds, connections=32):
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency",
                   f"http://127.0.0.1:{port}/api/x"]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def result(self):
        out = self.child.communicate()[0]
        unit = {"us": 1, "ms": 1000, "s": 1_000_000}
        p99 = re.search(r"\n\s+99%\s+([\d.]+)(us|ms|s)\n", out)
        errors = re.search(r"Socket errors: (.*)", out)
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        return {
            "requests": int(re.search(r"(\d+) requests in", out)[1]),
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            "p99_us": float(p99[1]) * unit[p99[2]],
            "errors": (errors[1] if errors else "none") + (f", {bad[1]} not 2xx" if bad else ""),
        }


def config(number, routes=20, workers=1, listeners=True, extra=""):
    """A configuration that differs from the one before in its routes, an upstream and a listener."""
    text = f"workers: {workers}\nadmin: {{ address: \"127.0.0.1:{ADMIN}\" }}\naccess_log: {{ output: off }}\n"
    text += "reload: { watch: false }\nlisteners:\n"
    text += f"  - {{ name: http, address: \"127.0.0.1:{PORT}\" }}\n"
    if listeners: text += f"  - {{ name: extra, address: \"127.0.0.1:{8400 + number % 7}\" }}\n"
    text += "upstreams:\n"
    text += f"  stable: {{ targets: [\"http://127.0.0.1:{UPSTREAM}\"] }}\n"
    text += f"  changing: {{ targets: [\"http://127.0.0.1:{UPSTREAM}\"], connect_timeout: {1 + number % 5}s }}\n"
    text += "routes:\n"
    text += f"  - {{ name: api, path: \"/api/*\", upstream: {'changing' if number % 2 else 'stable'} }}\n"
    text += "  - { name: other, path: \"/other\", split: [{ upstream: stable }, { upstream: changing }] }\n"
    for i in range(routes):
        text += f"  - {{ name: r{number % 3}-{i}, path: \"/r{i}/{{id}}/items/*\", upstream: stable }}\n"
    return text + extra


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]) / 1024


def value(name, text=None):
    text = text or http("/metrics")
    return [float(m) for m in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)]


def gateway():
    # On whichever CPU it likes: its own work besides serving goes where there is room, as it would in production.
    child = start([a.gateway, "run", "-c", f"{DIR}/gateway.yaml"])
    ready()
    return child


def step_back():
    """What drives the bench must not be what the bench measures."""
    os.setpriority(os.PRIO_PROCESS, 0, 10)


def reload():
    up = processes.upstream(UPSTREAM)
    write("gateway.yaml", config(0))
    child = gateway()
    Load(PORT, 2).result()
    alone = Load(PORT, a.seconds).result()
    for number in range(1, 31):
        write("gateway.yaml", config(number))
        http("/reload", "POST")
    before = rss(child.pid)
    load = Load(PORT, a.seconds)
    step_back()
    time.sleep(0.5)
    took, pause = [], max((a.seconds - 2) / 200, 0.01)
    for number in range(31, 231):
        write("gateway.yaml", config(number))
        start_time = time.time()
        answer = json.loads(http("/reload", "POST"))
        took.append(time.time() - start_time)
        assert answer["result"] == "published", answer
        time.sleep(max(pause - took[-1], 0))
    during = load.result()
    time.sleep(1)
    live = value("gateway_config_generations_live")[0]
    print(f"reload: 200 reloads in {a.seconds} s, median {statistics.median(took) * 1000:.1f} ms, max {max(took) * 1000:.1f} ms")
    print(f"  without reloads  {alone['rate']:9.0f}/s  p99 {alone['p99_us']:7.0f} us  errors: {alone['errors']}")
    print(f"  with reloads     {during['rate']:9.0f}/s  p99 {during['p99_us']:7.0f} us  errors: {during['errors']}"
          f"  ({during['p99_us'] / alone['p99_us']:.2f} of the p99 without)")
    print(f"  memory {before:.1f} MB after 30 reloads, {rss(child.pid):.1f} MB after 230; generations live: {live:.0f}")
    stop(child); stop(up)


def turns_past():
    """Turns of the worker's loop so far that took longer than 1, 2.5 and 5 ms."""
    text = http("/metrics")
    counts = dict(re.findall(r'^gateway_worker_loop_lag_seconds_bucket{worker="0",le="([^"]+)"} (\d+)$', text, re.M))
    return [int(counts["+Inf"]) - int(counts[bound]) for bound in ("0.001", "0.0025", "0.005")]


def routes():
    up = processes.upstream(UPSTREAM)
    write("gateway.yaml", config(0, listeners=False))
    child = gateway()
    for number in range(1, 5):
        load = Load(PORT, 10)
        time.sleep(1)
        start_counts = turns_past()
        time.sleep(3)
        quiet_counts = turns_past()
        write("gateway.yaml", config(number, routes=5000, listeners=False))
        answer = json.loads(http("/reload", "POST"))
        assert answer["result"] == "published", answer
        # The older generation is freed in here too.
        time.sleep(3 - answer["duration_ms"] / 1000)
        counts = turns_past()
        seen = load.result()
        quiet = [after - before for before, after in zip(start_counts, quiet_counts)]
        busy = [after - before for before, after in zip(quiet_counts, counts)]
        print(f"routes: 5,000 routes published in {answer['duration_ms']} ms; turns past 1, 2.5 and 5 ms in 3 s: {busy}, "
              f"in 3 s without: {quiet}; {seen['rate']:.0f}/s, errors: {seen['errors']}")
    stop(child); stop(up)


def restart():
    up = processes.upstream(UPSTREAM)
    ports = [(8311, 9321), (8312, 9322)]
    names = []
    for port, admin in ports:
        text = config(0, listeners=False).replace(str(PORT), str(port)).replace(str(ADMIN), str(admin))
        write(f"gateway-{port}.yaml", text + "timeouts: { drain_delay: 1500ms }\n")
        names.append(f"  server g{port} 127.0.0.1:{port} check port {admin} inter 200 fall 2 rise 1\n")
    proxy = write("haproxy.cfg", f"""
global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  option httpchk GET /readyz
frontend f
  bind 127.0.0.1:{PORT}
  default_backend b
backend b
  balance roundrobin
""" + "".join(names))

    def run(port): return start([a.gateway, "run", "-c", f"{DIR}/gateway-{port}.yaml"])
    gateways = {port: run(port) for port, _ in ports}
    for _, admin in ports: ready(admin)
    haproxy = start([shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", proxy])
    time.sleep(1.5)
    load = Load(PORT, a.seconds + 5)
    rounds, codes, end = 0, [], time.time() + a.seconds
    while time.time() < end:
        for port, admin in ports:
            codes.append(stop(gateways[port]))
            gateways[port] = run(port)
            ready(admin)
            time.sleep(0.7)
            rounds += 1
    seen = load.result()
    print(f"restart: {rounds} restarts, exit codes {sorted(set(codes))}, {seen['requests']} requests, errors: {seen['errors']}")
    for child in [haproxy, *gateways.values(), up]: stop(child)


def scrape():
    # A route has 36 series after its first request: two histograms and four counters.
    count = 10_000 // 36 + 1
    routes = "".join(f"  - {{ name: s{i}, path: \"/s{i}\", respond: {{ status: 204 }} }}\n" for i in range(count))
    write("gateway.yaml", config(0, routes=0, listeners=False) + routes)
    child = gateway()
    for i in range(count): http(f"/s{i}", port=PORT)
    text = http("/metrics")
    series = sum(1 for line in text.split("\n") if line and not line.startswith("#"))
    http("/metrics")
    took = []
    for _ in range(20):
        start_time = time.time()
        text = http("/metrics")
        took.append(time.time() - start_time)
    print(f"scrape: {series} series, {len(text) / 1e6:.1f} MB: median {statistics.median(took) * 1000:.1f} ms, "
          f"max {max(took) * 1000:.1f} ms")
    stop(child)


try:
    for name, body in [("reload", reload), ("routes", routes), ("restart", restart), ("scrape", scrape)]:
        if a.workload in (name, "all"): body()
finally:
    processes.end()
