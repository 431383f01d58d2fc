#!/bin/sh
# Starts the driver of Swift, a program of the package in swift/Tests/Driver, which the step `swift`
# or `conformance` of the tests builds. Where its compiler was unpacked, so were the libraries that it
# needs.
set -eu
out=target/swift
driver=$out/build/debug/Driver
root=${SWARMLET_SWIFT_ROOT:-$out/debian}
if [ ! -x "$driver" ]; then
    echo "it was not built: there is no compiler of Swift here" >&2
    exit 77
fi
if command -v swift >/dev/null; then
    LD_LIBRARY_PATH=$out exec "$driver"
fi
lib=$root/usr/lib/$(uname -m)-linux-gnu
set -- "$root"/lib64/ld-linux-*.so.* "$lib"/ld-linux-*.so.*
for loader; do
    [ ! -x "$loader" ] ||
        exec "$loader" --library-path "$lib:$root/usr/libexec/swift/lib/swift/linux:$out" "$driver"
done
echo "there is no loader for it in $root" >&2
exit 77
