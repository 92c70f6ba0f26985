"""What the benches start: programs on cores of their own, their files, and an nginx that answers."""
import os, shutil, subprocess, tempfile, time


class Processes:
    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix=f"gateway-{name}-")
        self.children = []

    def start(self, command, core=None, env=None):
        if core is not None: command = ["taskset", "-c", str(core)] + command
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(f"{self.dir}/errors.log", "a"), env=env)
        self.children.append(child)
        return child

    def stop(self, child):
        """Asks it to end, and does not kill it: nginx and HAProxy would leave their workers behind; its exit code."""
        child.terminate()
        code = child.wait(timeout=60)
        self.children.remove(child)
        return code

    def write(self, name, text):
        """Puts a file in place whole; its path."""
        path = f"{self.dir}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w") as f: f.write(text)
        os.rename(f"{path}.new", path)
        return path

    def upstream(self, port):
        """The server behind the gateway, on the core that makes the load."""
        conf = self.write("upstream.conf", f"""
worker_processes 1; daemon off; pid {self.dir}/upstream.pid; error_log {self.dir}/upstream.err;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 300s;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "hello from the upstream"; }} }} }}
""")
        child = self.start([shutil.which("nginx") or "/usr/sbin/nginx", "-c", conf], core=1)
        time.sleep(0.3)
        return child

    def end(self):
        for child in list(self.children): self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)
