#!/bin/sh
# The gateway beside nginx and HAProxy: bench/side_by_side.sh [get|connect|body|idle|latency] [--help for the rest].
# Needs two CPUs with nothing else on them, and: apt install nginx-light haproxy wrk nghttp2-client python3
set -eu
exec python3 "$(dirname "$0")/side_by_side.py" "$@"
