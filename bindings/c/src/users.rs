//! What users give along with a callback, and when they get it back.

use std::ffi::c_void;

/// A pointer that the library hands back to callbacks and never looks behind.
pub(crate) struct User {
    pointer: *mut c_void,
    drop: Option<extern "C" fn(user: *mut c_void)>,
}

// SAFETY: the header says that callbacks, and what they are given, are used on another thread than
// that which gave them.
unsafe impl Send for User {}

impl User {
    /// The pointer, and who is told when it is not used any more.
    pub(crate) fn new(
        pointer: *mut c_void,
        drop: Option<extern "C" fn(user: *mut c_void)>,
    ) -> Self {
        Self { pointer, drop }
    }

    /// To be handed to a callback.
    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(tell) = self.drop {
            tell(self.pointer);
        }
    }
}
