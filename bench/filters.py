#!/usr/bin/env python3
"""What filters cost: the ones that come with the gateway, and scripts that misbehave beside routes that do not.

usage: filters.py [--gateway PATH] [--rounds N] {costs,neighbour,density,scripts,all}
  costs      CPU that each filter adds to a request. One gateway has a route for each; every client sends the same fields
             to all of them. Turns of a second go round in shuffled order, and a filter's turn is compared with the plain
             turn of its round: medians of the differences, and the interval that holds their true median 95 times in 100
  neighbour  p99 of a route while a script on another one loops, allocates or matches without end: on the worker it
             shares, and on another
  density    16 workers with 50 scripts each: time to start and bytes per VM
  scripts    CPU of an empty script, of one that works with three fields, and of one that reads and writes a body of
             4 KB as JSON, each against its budget
Needs Debian's nginx, wrk, nghttp2-client and python3-jwt. Load goes to loopback only.
"""
import argparse, hashlib, json, os, random, re, shutil, statistics, subprocess, sys, time, urllib.request

from processes import Processes

ap = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
ap.add_argument("workload", choices=["costs", "neighbour", "density", "scripts", "all"])
ap.add_argument("--gateway", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.build/release/gateway"))
ap.add_argument("--rounds", type=int, default=24)
a = ap.parse_args()
processes = Processes("filters")
start, stop, write, DIR = processes.start, processes.stop, processes.write, processes.dir
UPSTREAM, PORT, ADMIN = 9302, 8302, 9312
SECRET = "a secret of more than thirty-two bytes"
KEY = "gwk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


def admin(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}{path}", timeout=10) as answer: return answer.read().decode()


def gateway(config, core=0):
    child = start([a.gateway, "run", "--config", write("gateway.yaml", config)], core)
    deadline = time.time() + 60
    while time.time() < deadline and child.poll() is None:
        try:
            admin("/readyz")
            return child
        except Exception: time.sleep(0.02)
    sys.exit(f"the gateway is not ready: {open(f'{DIR}/errors.log').read()}")


def threads_us(pid, name=""):
    """CPU of a process's threads whose names begin with `name`, from the scheduler's statistics."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        if open(f"/proc/{pid}/task/{task}/comm").read().startswith(name):
            total += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
    return total / 1000


def rss_kib(pid):
    return next(int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS"))


def wrk(path, seconds, headers=(), connections=64):
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers: command += ["-H", header]
    out = subprocess.run(command + [f"http://127.0.0.1:{PORT}{path}"], capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out: sys.exit(f"{path}: {out}")
    return int(re.search(r"(\d+) requests in", out)[1])


HEAD = f"""
listeners: [{{ name: http, address: "127.0.0.1:{PORT}" }}]
admin: {{ address: "127.0.0.1:{ADMIN}" }}
access_log: {{ output: off }}
timeouts: {{ keep_alive: 5m }}
upstreams: {{ target: {{ targets: ["http://127.0.0.1:{UPSTREAM}"], keep_alive: {{ per_worker: 256 }} }} }}
"""


def median_interval(values):
    """The median, and the ranks between which the true one lies with 95 % (a sign test turned round)."""
    values, n = sorted(values), len(values)
    margin = int(0.98 * n ** 0.5)
    return statistics.median(values), values[max(0, n // 2 - margin)], values[min(n - 1, (n - 1) // 2 + margin)]


def costs():
    import jwt
    now = int(time.time())
    token = jwt.encode({"sub": "ada", "aud": "shop", "exp": now + 86400, "iat": now}, SECRET, algorithm="HS256")
    rows = {
        "plain": "", "plain again": "", "jwt": "token", "api-key": "key", "rate-limit": "limit",
        "rate-limit, quiet": "quiet", "cors": "pages", "jwt, rate-limit, cors": "token, limit, pages",
        "all four": "token, key, limit, pages", "lua": "script",
    }
    routes = "".join(f'  - {{ name: r{i}, path: "/{chr(97 + i)}/*", upstream: target, middleware: [{m}] }}\n'
                     for i, m in enumerate(rows.values()))
    write("scripts/three.lua", """return { api = 1, on_request = function(req)
  req.headers["x-user"] = req.query.user or "none"
end, on_response = function(res) res.headers["x-served-by"] = "lua" end }""")
    config = HEAD + f"""
workers: 1
lua: {{ path: scripts }}
middleware:
  token: {{ type: jwt, secret: "{SECRET}", claims_validation: [exp, aud], audience: shop, sources: ["header:authorization"] }}
  key: {{ type: api-key, keys: [{{ id: bench, hash: "sha256:{hashlib.sha256(KEY.encode()).hexdigest()}", consumer: bench }}] }}
  limit: {{ type: rate-limit, requests_per_second: 1000000, burst: 1000000 }}
  quiet: {{ type: rate-limit, requests_per_second: 1000000, burst: 1000000, headers: false }}
  pages: {{ type: cors, origins: ["https://shop.example.com"] }}
  script: {{ type: lua, script: three }}
routes:
{routes}"""
    headers = [f"Authorization: Bearer {token}", f"X-Api-Key: {KEY}", "Origin: https://shop.example.com"]
    server, child = processes.upstream(UPSTREAM), gateway(config)
    seen = {name: [] for name in rows}
    try:
        for _ in range(a.rounds + 1):
            turns = list(enumerate(rows))
            random.shuffle(turns)
            for i, name in turns:
                before = threads_us(child.pid)
                requests = wrk(f"/{chr(97 + i)}/x?user=ada", 1, headers)
                seen[name].append((threads_us(child.pid) - before) / requests)
    finally:
        stop(child); stop(server)
    plain = seen["plain"][1:]
    print(f"costs: {a.rounds} rounds; plain {statistics.median(plain):.2f} us of CPU per request")
    for name in rows:
        middle, low, high = median_interval([us - base for us, base in zip(seen[name][1:], plain)])
        if name != "plain": print(f"  {name:24} {middle:+6.2f} us   ({low:+.2f} to {high:+.2f})")


def probe(path, seconds, connections=8, rate=100):
    """The p99 of each of some connections in ms, the best first, and how many requests failed."""
    logs = [f"{DIR}/latency-{i}.log" for i in range(connections)]
    for log in logs:
        if os.path.exists(log): os.unlink(log)
    probes = [subprocess.Popen(
        ["taskset", "-c", "1", "h2load", "--h1", "-t1", "-c1", f"-D{seconds}", f"--rps={rate}", f"--log-file={log}",
         f"http://127.0.0.1:{PORT}{path}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for log in logs]
    for child in probes: child.wait()
    seen, bad = [], 0
    for log in logs:
        rows = [line.split() for line in open(log)]
        good = sorted(int(row[2]) for row in rows if row[1] == "200")
        bad += len(rows) - len(good)
        seen.append(good[min(len(good) - 1, int(len(good) * 0.99))] / 1000 if good else float("nan"))
    return sorted(seen), bad


def neighbour():
    scripts = {
        "loop": "while true do end",
        "allocate": "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1024) .. i end",
        "match": "return string.find(('a'):rep(4000), ('a-'):rep(30) .. 'b')",
    }
    for name, body in scripts.items():
        write(f"scripts/{name}.lua", f"return {{ api = 1, on_request = function(req) {body} end }}")
    # With a breaker that leaves a script out only after many kills.
    limits = "limits: { cpu: 5ms }, breaker: { kills: 1000, errors: 100000, window: 1s, open: 1s }"
    routes = "".join(f'  - {{ name: {n}, path: "/{n}/*", upstream: target, '
                     f'middleware: [{{ type: lua, script: {n}, {limits} }}] }}\n' for n in scripts)
    server = processes.upstream(UPSTREAM)
    print("neighbour: a script on one connection at 20/s, killed each time after 5 ms of CPU; p99 of eight connections of"
          "\n  a quiet route at 100/s each, best and worst: those on the same worker wait, those on another do not")
    try:
        for workers, core in ((1, "0"), (2, "0-1")):
            child = gateway(HEAD + f"workers: {workers}\nlua: {{ path: scripts }}\nroutes:\n"
                            f'  - {{ name: quiet, path: "/quiet/*", upstream: target }}\n{routes}', core)
            try:
                for name in ["alone", *scripts]:
                    attack = None
                    if name != "alone":
                        attack = subprocess.Popen(
                            ["taskset", "-c", "1", "h2load", "--h1", "-t1", "-c1", "-D7", "--rps=20",
                             f"http://127.0.0.1:{PORT}/{name}/x"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    time.sleep(0.5)
                    seen, bad = probe("/quiet/x", 5)
                    print(f"  {workers} worker(s), {name:9} {seen[0]:7.2f} {seen[-1]:7.2f} ms, {bad} errors   "
                          + " ".join(f"{ms:.1f}" for ms in seen))
                    if attack: attack.wait()
            finally:
                stop(child)
    finally:
        stop(server)


def density():
    write("scripts/small.lua", """local seen = gw.metrics.counter("seen_total", "Requests", { "tenant" })
return { api = 1, on_request = function(req) seen:inc(1, req.headers["x-tenant"] or "none") end }""")
    for scripts in (0, 50):
        for i in range(scripts): shutil.copy(f"{DIR}/scripts/small.lua", f"{DIR}/scripts/s{i}.lua")
        routes = "".join(f'  - {{ name: r{i}, path: "/r{i}/*", upstream: target, middleware: [{{ type: lua, script: s{i} }}] }}\n'
                         for i in range(scripts)) or '  - { name: r, path: "/*", upstream: target }\n'
        begun = time.time()
        child = gateway(HEAD + f"workers: 16\nlua: {{ path: scripts }}\nroutes:\n{routes}")
        took, rss = time.time() - begun, rss_kib(child.pid)
        stop(child)
        if not scripts: without = rss
        print(f"density: 16 workers, {scripts} scripts: ready after {took:.2f} s, {rss / 1024:.1f} MiB"
              + (f", {(rss - without) / (16 * scripts):.1f} KiB per VM" if scripts else ""))


def scripts():
    reads = 'local h = req.headers local id, host, accept = h["x-id"], h["host"], h["accept"]'
    filters = {
        "empty": (120, "", ""), "three reads": (600, "", reads), "three reads, a write": (600, "", reads + ' h["x-seen"] = id'),
        "JSON, read and written": (40000, 'request_body = "buffer",', "local v = req:json() v.seen = true req:set_body(v)"),
    }
    for n, (_, need, body) in enumerate(filters.values()):
        write(f"bench/b{n}.lua", f"return {{ api = 1, {need} on_request = function(req) {body} end }}")
    order = {"id": 1017, "customer": "Grace Hopper", "email": "grace.hopper@example.com", "total": 129.9, "paid": True,
             "address": "1 Main Street, 22202 Arlington", "created_at": "2026-11-29T12:00:00Z", "tags": ["new", "gift"]}
    document = {"orders": [dict(order, id=1000 + i) for i in range(19)]}
    text = json.dumps(document)
    file = write("request.http", "POST /a HTTP/1.1\r\nhost: a\r\nx-id: 7\r\naccept: */*\r\n"
                 f"content-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n{text}")
    begun = time.process_time_ns()
    for _ in range(2000): json.dumps(json.loads(text))
    print(f"scripts: CPU of one request, best of five, each with cold caches as `gateway filter bench` measures; a body of "
          f"{len(text)} bytes, which Python's json takes {(time.process_time_ns() - begun) // 2000} ns for")
    for n, (name, (budget, _, _)) in enumerate(filters.items()):
        command = [a.gateway, "filter", "bench", "--path", f"{DIR}/bench", "--file", file, f"b{n}"]
        outs = [subprocess.run(command, capture_output=True, text=True) for _ in range(5)]
        if not all(" 0 failures" in out.stdout for out in outs): sys.exit(outs[0].stdout + outs[0].stderr)
        best = min(int(re.search(r"(\d+) ns", out.stdout)[1]) for out in outs)
        print(f"  {name:24} {best:6} ns, budget {budget}")


WORKLOADS = {"costs": costs, "neighbour": neighbour, "density": density, "scripts": scripts}
try:
    for name, run in WORKLOADS.items():
        if a.workload in (name, "all"): run()
finally:
    processes.end()
