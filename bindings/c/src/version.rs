//! Which library this is.

use std::ffi::{CStr, c_char};

use crate::status::{Advice, Status};
use crate::text::constant;

/// What programs are compiled against. It grows when a program compiled before would misunderstand
/// the library.
pub const SWARMLET_ABI_VERSION: u32 = 0;

/// The `SWARMLET_ABI_VERSION` of the library. A program for which it differs from the macro must
/// not go on.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_abi_version() -> u32 {
    SWARMLET_ABI_VERSION
}

/// The version of the library, like `0.1.0`. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    constant(VERSION)
}

/// The name of a status, like `invalid_argument`, the same word in every language. It lives as long
/// as the program.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_status_name(status: i32) -> *const c_char {
    constant(Status::of_number(status).name())
}

/// The name of a piece of advice, like `fix_call`. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_advice_name(advice: i32) -> *const c_char {
    constant(Advice::of_number(advice).map_or(c"", Advice::name))
}
