//! Whether a shared library can be loaded by a system whose pages have 16 KiB.

use anyhow::{Context, Result, ensure};

/// What current Android devices may have.
const PAGE_BYTES: u64 = 16 * 1024;
const LOAD: u32 = 1;

/// Fails if a segment of the library that is to be loaded is aligned to less than a page.
pub(super) fn check(elf: &[u8]) -> Result<()> {
    let alignments = alignments(elf).context("this is no ELF file that can be understood")?;
    ensure!(!alignments.is_empty(), "nothing of it is to be loaded");
    for alignment in alignments {
        ensure!(
            alignment >= PAGE_BYTES,
            "a segment is aligned to {alignment} bytes, not to {PAGE_BYTES}"
        );
    }
    Ok(())
}

/// The alignments of what is to be loaded, from the program headers.
fn alignments(elf: &[u8]) -> Option<Vec<u64>> {
    let is_64 = match elf.get(..6)? {
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        _ => return None,
    };
    // Where the table begins, and where the size and the number of its entries are.
    let (table, sizes) = if is_64 {
        (number(elf, 0x20, 8)?, 0x36)
    } else {
        (number(elf, 0x1c, 4)?, 0x2a)
    };
    let (size, count) = (number(elf, sizes, 2)?, number(elf, sizes + 2, 2)?);
    let mut found = Vec::new();
    for index in 0..count {
        let entry = usize::try_from(table + index * size).ok()?;
        if number(elf, entry, 4)? == u64::from(LOAD) {
            found.push(if is_64 {
                number(elf, entry + 0x30, 8)?
            } else {
                number(elf, entry + 0x1c, 4)?
            });
        }
    }
    Some(found)
}

/// A number of so many bytes, the lowest first.
fn number(elf: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = elf.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file header of 64 bit and one program header.
    fn elf(kind: u8, alignment: u64) -> Vec<u8> {
        let mut elf = vec![0; 64 + 56];
        elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        elf[0x20] = 64;
        elf[0x36] = 56;
        elf[0x38] = 1;
        elf[64] = kind;
        elf[64 + 0x30..64 + 0x38].copy_from_slice(&alignment.to_le_bytes());
        elf
    }

    #[test]
    fn pages_of_sixteen_kibibytes_are_asked_for() {
        check(&elf(1, 0x4000)).unwrap();
        check(&elf(1, 0x10000)).unwrap();
        let error = check(&elf(1, 0x1000)).unwrap_err();
        assert!(error.to_string().contains("aligned to 4096 bytes"));
        assert!(
            check(&elf(6, 0x1000))
                .unwrap_err()
                .to_string()
                .contains("nothing")
        );
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_refused() {
        let whole = elf(1, 0x4000);
        for len in 0..whole.len() {
            assert!(check(&whole[..len]).is_err(), "{len}");
        }
        assert!(check(b"#!/bin/sh\n").is_err());
    }
}
