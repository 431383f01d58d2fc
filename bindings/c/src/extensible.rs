//! Structs with options that may grow: their first field says how large the caller knows them.

use std::mem::MaybeUninit;
use std::ptr;

use swarmlet::ErrorKind;
use swarmlet_facade::{Failure, Result};

/// A struct whose first field is its size, and of which all bits zero mean that nothing is said.
///
/// # Safety
///
/// It is `repr(C)`, begins with a `usize`, and every sequence of bytes is a value of it.
pub(crate) unsafe trait Extensible: Copy {
    /// What it is called in messages.
    const NAME: &'static str;
}

/// The options that C points to; nothing said where there is no pointer. A caller that was compiled
/// with a smaller struct says nothing about the rest; one with a larger struct may only have zeros
/// there.
///
/// # Safety
///
/// `given` is NULL or points to a `usize` and as many bytes as that says, itself included.
pub(crate) unsafe fn options<T: Extensible>(given: *const T) -> Result<T> {
    let mut read = MaybeUninit::<T>::zeroed();
    if !given.is_null() {
        // SAFETY: the size is the first field, and what this function asks for.
        let size = unsafe { given.cast::<usize>().read_unaligned() };
        check_size(T::NAME, size)?;
        let known = size.min(size_of::<T>());
        // SAFETY: as many bytes are there as `size` says, and here as the type has.
        unsafe { ptr::copy_nonoverlapping(given.cast::<u8>(), read.as_mut_ptr().cast(), known) };
        for index in known..size {
            // SAFETY: below `size`.
            let byte = unsafe { *given.cast::<u8>().add(index) };
            check_unknown(T::NAME, byte)?;
        }
    }
    // SAFETY: all of it was written, if only with zeros, and every sequence of bytes is a value.
    Ok(unsafe { read.assume_init() })
}

/// Larger than any struct of options will ever be: a size beyond it is garbage.
const SIZE_MAX: usize = 4096;

fn check_size(name: &str, size: usize) -> Result<()> {
    if (size_of::<usize>()..=SIZE_MAX).contains(&size) {
        return Ok(());
    }
    let message = format!("the size of {name} must be set to sizeof({name})");
    Err(Failure::invalid("", message).with("size", size.to_string()))
}

fn check_unknown(name: &str, byte: u8) -> Result<()> {
    if byte == 0 {
        return Ok(());
    }
    let message = format!("{name} says something that this release does not know");
    Err(Failure::new(ErrorKind::Unsupported, "", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Small {
        size: usize,
        first: u64,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Large {
        size: usize,
        first: u64,
        second: u64,
    }

    // SAFETY: a `usize` first, and integers only.
    unsafe impl Extensible for Small {
        const NAME: &'static str = "small";
    }

    // SAFETY: a `usize` first, and integers only.
    unsafe impl Extensible for Large {
        const NAME: &'static str = "large";
    }

    #[test]
    fn nothing_said_is_all_zeros() {
        // SAFETY: NULL is fine.
        let read = unsafe { options::<Large>(ptr::null()) }.unwrap();
        assert_eq!((read.size, read.first, read.second), (0, 0, 0));
    }

    #[test]
    fn an_older_caller_says_nothing_about_what_is_new() {
        let older = Small {
            size: size_of::<Small>(),
            first: 7,
        };
        // SAFETY: only as much is read as the size says.
        let read = unsafe { options(ptr::from_ref(&older).cast::<Large>()) }.unwrap();
        assert_eq!((read.first, read.second), (7, 0));
    }

    #[test]
    fn a_newer_caller_may_not_ask_for_what_is_not_there() {
        let mut newer = Large {
            size: size_of::<Large>(),
            first: 7,
            second: 0,
        };
        // SAFETY: as large as its size says.
        let read = unsafe { options(ptr::from_ref(&newer).cast::<Small>()) };
        assert_eq!(read.unwrap().first, 7);
        newer.second = 1;
        // SAFETY: as large as its size says.
        let read = unsafe { options(ptr::from_ref(&newer).cast::<Small>()) };
        assert_eq!(read.err().unwrap().kind, ErrorKind::Unsupported);
    }

    #[test]
    fn a_size_that_was_not_set_is_found() {
        for size in [0, 1, SIZE_MAX + 1] {
            let unset = Small { size, first: 0 };
            // SAFETY: such a size is refused before anything else is read.
            let read = unsafe { options(ptr::from_ref(&unset)) };
            assert_eq!(read.err().unwrap().kind, ErrorKind::InvalidArgument);
        }
    }
}
