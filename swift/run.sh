#!/bin/sh
# Starts a program of the package that was built below target/swift: sh swift/run.sh debug/Driver.
# Where the compiler was unpacked, so were the libraries that its programs need. Ends with 77, and a
# line that says why, where there is no compiler of Swift, and so no program.
set -eu
out=target/swift
program=$out/build/$1
shift
root=${SWARMLET_SWIFT_ROOT:-$out/debian}
if [ "$(uname -s)" = Darwin ]; then
    echo "SKIPPED: the programs of the Swift package are built and run on Linux only" >&2
    exit 77
fi
if [ ! -x "$program" ]; then
    echo "SKIPPED: it was not built, as there is no compiler of Swift here" >&2
    exit 77
fi
# As xtask asks before it builds: other programs are called `swift` too.
if swift build --version >/dev/null 2>&1; then
    LD_LIBRARY_PATH=$out exec "$program" "$@"
fi
lib=$root/usr/lib/$(uname -m)-linux-gnu
path=$lib:$root/usr/libexec/swift/lib/swift/linux:$out
for loader in "$root"/lib64/ld-linux-*.so.* "$lib"/ld-linux-*.so.*; do
    [ ! -x "$loader" ] || exec "$loader" --library-path "$path" "$program" "$@"
done
echo "SKIPPED: there is no loader for it in $root" >&2
exit 77
