#!/bin/sh
# Starts a program of the package that was built below target/swift: sh swift/run.sh debug/Driver.
# Where the compiler was unpacked, so were the libraries that its programs need. Ends with 77 where
# there is no compiler of Swift, and so no program.
set -eu
out=target/swift
program=$out/build/$1
shift
root=${SWARMLET_SWIFT_ROOT:-$out/debian}
if [ ! -x "$program" ]; then
    echo "it was not built: there is no compiler of Swift here" >&2
    exit 77
fi
if command -v swift >/dev/null; then
    LD_LIBRARY_PATH=$out exec "$program" "$@"
fi
lib=$root/usr/lib/$(uname -m)-linux-gnu
path=$lib:$root/usr/libexec/swift/lib/swift/linux:$out
for loader in "$root"/lib64/ld-linux-*.so.* "$lib"/ld-linux-*.so.*; do
    [ ! -x "$loader" ] || exec "$loader" --library-path "$path" "$program" "$@"
done
echo "there is no loader for it in $root" >&2
exit 77
