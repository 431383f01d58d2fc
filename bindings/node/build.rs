//! Tells the linker that what Node brings is found when the addon is loaded.

fn main() {
    napi_build::setup();
}
