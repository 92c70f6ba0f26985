#!/bin/sh
# Fuzzes every target for a while: fuzz/run.sh [seconds per target, default 60] [target ...]
#
# What is found stays: an input that crashes a target lands in fuzz/crashers/TARGET, where unit tests replay it. Commit
# it together with the fix. MERGE=1 adds the inputs that reached new code to fuzz/corpus, as few as do.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- request-head response-head chunked-body path log-text yaml \
    script script-modules script-patterns token

swift=$(command -v swift || echo /opt/swift/usr/bin/swift)
# Links into the parent's tree, made here: not every way of copying a tree keeps links.
for layer in Bytes CHeaderTable CLinux CLua CLuaShim CPCRE2 CTLS Config EventLoop HTTP Plugins Routing TLS Telemetry; do
    ln -sfn "../../Sources/$layer" "$here/Sources/$layer"
done
rm -rf "$here/Sources/ControlPlane"
mkdir "$here/Sources/ControlPlane"
ln -sfn ../../../Sources/ControlPlane/ConfigFile "$here/Sources/ControlPlane/ConfigFile"
for file in ScriptFiles ScriptHistory ScriptManifest ScriptStaging; do
    ln -sfn "../../../Sources/ControlPlane/Scripts/$file.swift" "$here/Sources/ControlPlane/$file.swift"
done
ln -sfn ../../Tests/PluginsTests/Properties "$here/Sources/ScriptProperties"
ln -sfn ../../Tests/HTTPTests/Properties "$here/Sources/HTTPProperties"
ln -sfn ../../Tests/ControlPlaneTests/Properties "$here/Sources/ConfigProperties"
# The address sanitizer and the compiler's interface to its index do not go together with gold; see Package.swift.
"$swift" build --package-path "$here" -c release --product Fuzz
program="$here/.build/release/Fuzz"

# Swift's own crash handler would stand in the way of libFuzzer's, which writes the input down.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
failed=
for target; do
    found="$here/.build/corpus/$target"
    mkdir -p "$found" "$here/crashers/$target"
    dictionary=http
    [ "$target" = yaml ] && dictionary=yaml
    echo "== $target: $seconds s"
    FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
        -dict="$here/dictionaries/$dictionary.dict" -artifact_prefix="$here/crashers/$target/" -print_final_stats=1 \
        "$found" "$here/corpus/$target" 2>"$found.log" || failed="$failed $target"
    grep -E 'stat::(number_of_executed_units|new_units_added)|SUMMARY|Fatal error|ERROR' "$found.log" || true
    grep -E 'cov: ' "$found.log" | tail -1
    if [ "${MERGE:-0}" = 1 ]; then
        FUZZ_TARGET=$target "$program" -merge=1 -max_len=4096 "$here/corpus/$target" "$found" 2>>"$found.log"
    fi
done
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in $here/crashers" >&2; exit 1; }
