#!/bin/sh
# Micro-benches: bench/run.sh [part of a name]. Each figure stands beside a baseline of the same run: compare ratios, as
# times drift with the machine. Fails when something on the path of a request allocates.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
swift=$(command -v swift || echo /opt/swift/usr/bin/swift)
# The measured sources are links into the parent's tree, made here: not every way of copying a tree keeps links.
for layer in Bytes CHeaderTable CPCRE2 Config HTTP Routing Telemetry Upstream; do
    ln -sfn "../../Sources/$layer" "$here/Sources/$layer"
done
"$swift" build --package-path "$here" -c release --product MicroBench
exec "$here/.build/release/MicroBench" "$@"
