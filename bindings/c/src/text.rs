//! Texts and bytes as they cross: a pointer and a length.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use swarmlet_facade::{Failure, Result};

/// A UTF-8 text: `data` is NULL where there is none. Given to the library it needs no NUL at its
/// end; from the library it has one, beyond `len`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// The first byte.
    pub data: *const c_char,
    /// Bytes.
    pub len: usize,
}

/// Bytes: `data` is NULL where there are none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The first byte.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

impl Text {
    /// No text.
    pub(crate) const NONE: Self = Self {
        data: ptr::null(),
        len: 0,
    };

    /// The text, which has to be there.
    ///
    /// # Safety
    ///
    /// `data` is NULL or points to `len` bytes that live and stay as they are for `'a`.
    pub(crate) unsafe fn read<'a>(self, name: &str) -> Result<&'a str> {
        // SAFETY: what this function asks for.
        let text = unsafe { self.read_if_given(name)? };
        text.ok_or_else(|| missing(name))
    }

    /// The text, if there is one.
    ///
    /// # Safety
    ///
    /// As for [`Text::read`].
    pub(crate) unsafe fn read_if_given<'a>(self, name: &str) -> Result<Option<&'a str>> {
        // SAFETY: what this function asks for.
        let bytes = unsafe { slice(self.data.cast::<u8>(), self.len, name)? };
        if self.data.is_null() {
            return Ok(None);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!("{name} is not UTF-8: {error}");
            Failure::invalid("", message)
        })?;
        Ok(Some(text))
    }
}

impl Bytes {
    /// No bytes.
    pub(crate) const NONE: Self = Self {
        data: ptr::null(),
        len: 0,
    };

    /// Points to bytes that somebody else keeps.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            data: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// The bytes; none where there is no pointer.
    ///
    /// # Safety
    ///
    /// As for [`Text::read`].
    pub(crate) unsafe fn read<'a>(self, name: &str) -> Result<&'a [u8]> {
        // SAFETY: what this function asks for.
        unsafe { slice(self.data, self.len, name) }
    }
}

/// The items that C points to; none without a pointer.
///
/// # Safety
///
/// `data` is NULL or points to `len` items, initialised and aligned, that live and stay as they are
/// for `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize, name: &str) -> Result<&'a [T]> {
    if data.is_null() {
        if len > 0 {
            return Err(missing(name));
        }
        return Ok(&[]);
    }
    if len > isize::MAX as usize / size_of::<T>().max(1) {
        let message = format!("{name} has an impossible length");
        return Err(Failure::invalid("", message).with("length", len.to_string()));
    }
    // SAFETY: the pointer is not NULL, the size fits, and the rest is what this function asks for.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// An argument that has to be there is not.
pub(crate) fn missing(name: &str) -> Failure {
    Failure::invalid("", format!("{name} must not be NULL"))
}

/// A text for C to keep and to free with `swarmlet_string_free`; what follows a NUL in it is cut.
pub(crate) fn string(text: &str) -> *mut c_char {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).map_or(ptr::null_mut(), CString::into_raw)
}

/// Frees a text that the library gave as `char *`. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_string_free(string: *mut c_char) {
    if !string.is_null() {
        // SAFETY: it comes from `string`, and the caller gives it back once.
        drop(unsafe { CString::from_raw(string) });
    }
}

/// A text that lives as long as the program.
pub(crate) fn constant(text: &'static CStr) -> *const c_char {
    text.as_ptr()
}
