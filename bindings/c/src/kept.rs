//! Results in the hands of C: a plain struct, and behind it what it points to.

use std::any::Any;

use crate::failure::quiet;
use crate::text::Text;

/// Bytes of texts are collected in pieces of this size, or of one text if that is larger.
const CHUNK_BYTES: usize = 4096;

/// Keeps what a struct of C points to. Nothing on it moves before it is dropped.
#[derive(Default)]
pub(crate) struct Shelf {
    /// Only filled up to their capacity, so that they never move.
    chunks: Vec<Vec<u8>>,
    lists: Vec<Box<dyn Any>>,
}

impl Shelf {
    /// Keeps a copy of a text, with a NUL behind it.
    pub(crate) fn text(&mut self, text: &str) -> Text {
        let room = text.len() + 1;
        let has_room = |chunk: &Vec<u8>| chunk.capacity() - chunk.len() >= room;
        if !self.chunks.last().is_some_and(has_room) {
            self.chunks.push(Vec::with_capacity(CHUNK_BYTES.max(room)));
        }
        let Some(chunk) = self.chunks.last_mut() else {
            return Text::NONE;
        };
        let start = chunk.len();
        chunk.extend_from_slice(text.as_bytes());
        chunk.push(0);
        Text {
            data: chunk[start..].as_ptr().cast(),
            len: text.len(),
        }
    }

    /// Keeps a copy of a text if there is one.
    pub(crate) fn text_if_any(&mut self, text: Option<&str>) -> Text {
        text.map_or(Text::NONE, |text| self.text(text))
    }

    /// Keeps copies of texts.
    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> List<Text> {
        let texts = texts.into_iter().map(|text| self.text(text)).collect();
        self.list(texts)
    }

    /// Keeps items.
    pub(crate) fn list<T: 'static>(&mut self, items: Vec<T>) -> List<T> {
        let list = List {
            data: items.as_ptr(),
            len: items.len(),
        };
        self.lists.push(Box::new(items));
        list
    }
}

/// Where items are, and how many.
pub(crate) struct List<T> {
    pub(crate) data: *const T,
    pub(crate) len: usize,
}

impl<T> List<T> {
    /// The first item, or NULL if there is none.
    pub(crate) fn first(&self) -> *const T {
        if self.len > 0 {
            self.data
        } else {
            std::ptr::null()
        }
    }
}

/// A struct of C with what it points to.
#[repr(C)]
pub(crate) struct Kept<P> {
    /// First, so that a pointer to it is one to all.
    public: P,
    shelf: Shelf,
}

impl<P> Kept<P> {
    /// To be freed by [`Kept::free`], which is what `swarmlet_..._free` of the type does.
    pub(crate) fn give(public: P, shelf: Shelf) -> *mut P {
        Box::into_raw(Box::new(Self { public, shelf })).cast()
    }

    /// Frees what was given out. NULL is fine.
    ///
    /// # Safety
    ///
    /// `given` is NULL, or comes from [`Kept::give`] and was not freed.
    pub(crate) unsafe fn free(given: *mut P) {
        if !given.is_null() {
            // SAFETY: `give` made it from such a box, and the caller gives it back once.
            let Self { public, shelf } = *unsafe { Box::from_raw(given.cast::<Self>()) };
            quiet((), || drop((public, shelf)));
        }
    }
}
