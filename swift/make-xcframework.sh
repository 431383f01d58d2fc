#!/bin/sh
# Makes SwarmletNativeFFI.xcframework: the native half for Apple's platforms, which Package.swift takes.
#
# Run it on macOS, anywhere; it says what it lacks. Settings: PROFILE (release unless given), and
# TARGETS, all of them unless given.
set -eu
cd "$(dirname "$0")/.."

profile=${PROFILE:-release}
macos="aarch64-apple-darwin x86_64-apple-darwin"
simulator="aarch64-apple-ios-sim x86_64-apple-ios"
device="aarch64-apple-ios"
targets=${TARGETS:-$macos $simulator $device}
out=target/swift/xcframework
framework=swift/SwarmletNativeFFI.xcframework

missing=
lack() {
    missing="$missing
  $1"
}
[ "$(uname -s)" = Darwin ] || lack "macOS: Apple's libraries are nowhere else"
command -v cargo >/dev/null || lack "cargo, from rustup"
for program in xcodebuild lipo swift; do
    command -v "$program" >/dev/null || lack "$program, from Xcode"
done
if command -v rustup >/dev/null; then
    installed=$(rustup target list --installed)
    for target in $targets; do
        case " $(echo $installed) " in
        *" $target "*) ;;
        *) lack "the standard library of Rust for it: rustup target add $target" ;;
        esac
    done
else
    lack "rustup, to know which targets there are"
fi
if [ -n "$missing" ]; then
    echo "cannot make the XCFramework, since this machine lacks:$missing" >&2
    exit 1
fi

# The sources that belong to the library, and its header.
cargo xtask swift

rm -rf "$out" "$framework" "$framework.zip"
mkdir -p "$out"
target_folder=${CARGO_TARGET_DIR:-target}
[ "$profile" = dev ] && built=debug || built=$profile
export MACOSX_DEPLOYMENT_TARGET=13.0 IPHONEOS_DEPLOYMENT_TARGET=16.0
for target in $targets; do
    cargo rustc --package swarmlet-uniffi --crate-type staticlib \
        --profile "$profile" --target "$target"
done

# A folder of its own: else the module maps of two frameworks meet in one place.
headers=$out/headers/SwarmletNativeFFI
mkdir -p "$headers"
cp swift/Sources/SwarmletNativeFFI/SwarmletNativeFFI.h "$headers/"
cat >"$headers/module.modulemap" <<'END'
module SwarmletNativeFFI {
    header "SwarmletNativeFFI.h"
    export *
}
END

set --
# One library for each platform, of those targets that are built.
for group in macos simulator device; do
    eval "members=\$$group"
    libraries=
    for target in $members; do
        case " $targets " in
        *" $target "*) libraries="$libraries $target_folder/$target/$built/libswarmlet_uniffi.a" ;;
        esac
    done
    [ -n "$libraries" ] || continue
    mkdir -p "$out/$group"
    # shellcheck disable=SC2086 # Several paths, none with a space in it.
    lipo -create $libraries -output "$out/$group/libswarmlet_uniffi.a"
    set -- "$@" -library "$out/$group/libswarmlet_uniffi.a" -headers "$out/headers"
done
xcodebuild -create-xcframework "$@" -output "$framework"
(cd swift && zip -qry SwarmletNativeFFI.xcframework.zip SwarmletNativeFFI.xcframework)
echo "made $framework"
echo "checksum of its zip: $(swift package compute-checksum "$framework.zip")"
