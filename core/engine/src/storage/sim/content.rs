//! The bytes of one simulated file: a platter below, the page cache above it.
//!
//! Reads see the cache, power failures the platter. Only what differs from the platter is cached
//! and pages of zeros are not stored, so a preallocated file costs nothing. It knows no names and
//! decides nothing but by the chance it is given. Sits below `machine`.

use std::collections::BTreeMap;

use super::random::Random;

type Page = Box<[u8; PAGE_LEN]>;
type Pages = BTreeMap<u64, Page>;

/// One file.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// What is on the medium. A page that is missing is all zeros, and so is all beyond the end.
    platter: Pages,
    /// The pages that read differently from the platter, or may.
    cache: BTreeMap<u64, CachedPage>,
    bytes_visible: u64,
    bytes_durable: u64,
    /// Whether the next sync will make the visible length durable.
    is_len_dirty: bool,
}

#[derive(Debug)]
struct CachedPage {
    bytes: Page,
    /// Sectors a sync will write, one bit each. Clear after a failed sync, though the bytes
    /// may differ from the platter: this is how the operating system forgets them.
    dirty: u8,
}

impl Content {
    pub(super) const fn len(&self) -> u64 {
        self.bytes_visible
    }

    /// Bytes the file takes up, in whole pages.
    pub(super) const fn bytes_allocated(&self) -> u64 {
        self.bytes_visible
            .div_ceil(PAGE_BYTES)
            .saturating_mul(PAGE_BYTES)
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let bytes_left = self.bytes_visible.saturating_sub(offset);
        let count = bytes_left.min(buffer.len() as u64) as usize;
        let mut filled = 0;
        while filled < count {
            let (number, start) = page_at(offset + filled as u64);
            let part = (count - filled).min(PAGE_LEN - start);
            let target = &mut buffer[filled..filled + part];
            match self.visible_page(number) {
                Some(page) => target.copy_from_slice(&page[start..start + part]),
                None => target.fill(0),
            }
            filled += part;
        }
        count
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64, random: &mut Random) {
        let mut written = 0;
        while written < bytes.len() {
            let (number, start) = page_at(offset + written as u64);
            let part = (bytes.len() - written).min(PAGE_LEN - start);
            self.write_page(number, start, &bytes[written..written + part], random);
            written += part;
        }
        if written > 0 {
            self.extend(offset + written as u64);
        }
    }

    /// Makes the file at least `len` long; what is added is zeros.
    pub(super) fn extend(&mut self, len: u64) {
        if len > self.bytes_visible {
            self.bytes_visible = len;
            self.is_len_dirty = true;
        }
    }

    /// Writes every dirty sector to the platter, and says how many bytes that were.
    pub(super) fn sync(&mut self) -> u64 {
        let platter = &mut self.platter;
        let mut sectors = 0;
        self.cache.retain(|&number, page| {
            for sector in sectors_in(page.dirty) {
                write_sector(platter, number, sector, &page.bytes);
                sectors += 1;
            }
            page.dirty = 0;
            // A page that lost sectors in a failed sync goes on hiding it.
            platter
                .get(&number)
                .is_none_or(|written| *written != page.bytes)
        });
        if self.is_len_dirty {
            self.bytes_durable = self.bytes_visible;
            self.is_len_dirty = false;
        }
        sectors * SECTOR_BYTES as u64
    }

    /// Does what a failed sync does: some sectors arrive, all count as clean from now on, and
    /// the cache goes on showing the lost ones or drops them.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        let platter = &mut self.platter;
        self.cache.retain(|&number, page| {
            for sector in sectors_in(page.dirty) {
                if random.coin() {
                    write_sector(platter, number, sector, &page.bytes);
                }
            }
            page.dirty = 0;
            random.coin()
        });
        if self.is_len_dirty && random.coin() {
            self.bytes_durable = self.bytes_visible;
        }
        self.is_len_dirty = false;
    }

    /// Leaves what the platter holds after the power failed, given how likely a sector and a
    /// new length are to have reached it.
    pub(super) fn lose_power(
        &mut self,
        sectors_per_million: u32,
        lengths_per_million: u32,
        random: &mut Random,
    ) {
        for (number, page) in std::mem::take(&mut self.cache) {
            let is_torn = random.below(4) == 0;
            let is_page_kept = random.hits(sectors_per_million);
            for sector in sectors_in(page.dirty) {
                let is_kept = if is_torn {
                    random.hits(sectors_per_million)
                } else {
                    is_page_kept
                };
                if is_kept {
                    write_sector(&mut self.platter, number, sector, &page.bytes);
                }
            }
        }
        if self.bytes_visible > self.bytes_durable {
            let bytes_undecided = self.bytes_visible - self.bytes_durable;
            if random.hits(lengths_per_million) {
                self.bytes_durable = self.bytes_visible;
            } else if random.coin() {
                self.bytes_durable += random.below(bytes_undecided);
            }
        }
        self.bytes_visible = self.bytes_durable;
        self.is_len_dirty = false;
        self.clear_beyond_end();
    }

    /// Flips one bit, in the cache and on the platter.
    pub(super) fn flip_bit(&mut self, offset: u64, bit: u8) {
        assert!(
            offset < self.bytes_visible,
            "no byte {offset} in {} bytes",
            self.bytes_visible
        );
        assert!(bit < 8, "no bit {bit} in a byte");
        let (number, start) = page_at(offset);
        if let Some(page) = self.cache.get_mut(&number) {
            page.bytes[start] ^= 1 << bit;
        }
        self.platter.entry(number).or_insert_with(zeros)[start] ^= 1 << bit;
    }

    fn visible_page(&self, number: u64) -> Option<&Page> {
        let cached = self.cache.get(&number).map(|page| &page.bytes);
        cached.or_else(|| self.platter.get(&number))
    }

    fn write_page(&mut self, number: u64, start: usize, bytes: &[u8], random: &mut Random) {
        let platter = &mut self.platter;
        let page = self.cache.entry(number).or_insert_with(|| CachedPage {
            bytes: platter.get(&number).cloned().unwrap_or_else(zeros),
            dirty: 0,
        });
        let end = start + bytes.len();
        let touched = sectors_touched(start, end);
        for sector in sectors_in(page.dirty & touched) {
            // The operating system may have written the sector at any time before now, so each
            // of its unsynced versions has a chance to be the one that survives.
            if random.coin() {
                write_sector(platter, number, sector, &page.bytes);
            }
        }
        page.bytes[start..end].copy_from_slice(bytes);
        page.dirty |= touched;
    }

    fn clear_beyond_end(&mut self) {
        let (number, start) = page_at(self.bytes_durable);
        let mut beyond = self.platter.split_off(&number);
        if let Some(mut last) = beyond.remove(&number).filter(|_| start > 0) {
            last[start..].fill(0);
            self.platter.insert(number, last);
        }
    }
}

/// The page a position is in, and where in the page.
const fn page_at(offset: u64) -> (u64, usize) {
    (offset / PAGE_BYTES, (offset % PAGE_BYTES) as usize)
}

fn zeros() -> Page {
    Box::new([0; PAGE_LEN])
}

fn write_sector(platter: &mut Pages, number: u64, sector: usize, from: &Page) {
    let range = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
    platter.entry(number).or_insert_with(zeros)[range.clone()].copy_from_slice(&from[range]);
}

/// The sectors between two positions of a page, one bit each.
fn sectors_touched(start: usize, end: usize) -> u8 {
    (start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES)).fold(0, |mask, sector| mask | 1 << sector)
}

fn sectors_in(mask: u8) -> impl Iterator<Item = usize> {
    (0..SECTORS_PER_PAGE).filter(move |sector| mask & (1 << sector) != 0)
}

/// What the page cache keeps and writes back as one.
pub(super) const PAGE_BYTES: u64 = PAGE_LEN as u64;

const PAGE_LEN: usize = 4096;

/// What a medium writes whole or not at all.
const SECTOR_BYTES: usize = 512;

const SECTORS_PER_PAGE: usize = PAGE_LEN / SECTOR_BYTES;
