//! The window of a query: which offsets of which streams can hold events that are wanted.
//!
//! It comes from the offset bounds, and from the time bounds where whole blocks lie outside of
//! them. Deciding it reads pages of the block index, never a block.

use std::ops::Range;

use super::open::Segment;
use crate::error::Result;
use crate::event::{Offsets, Timestamp};
use crate::select::{Comparison, Selection};

/// What is wanted of each stream, and between which lamports it lies.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Ascending ranges of offsets by number of the stream; usually none or one.
    ranges: Vec<Vec<Range<u64>>>,
    /// No wanted event has a smaller lamport.
    pub(super) lamport_min: u64,
    /// No wanted event has a larger lamport.
    pub(super) lamport_max: u64,
}

impl Window {
    /// The window of a query with these bounds.
    pub(super) fn new(
        segment: &Segment,
        selection: &Selection,
        lower: &Offsets,
        upper: &Offsets,
    ) -> Result<Self> {
        let times = Times::of(selection);
        let streams = segment.streams();
        let ranges = vec![Vec::new(); streams.len()];
        let mut window = Self {
            ranges,
            lamport_min: u64::MAX,
            lamport_max: 0,
        };
        for (number, entry) in streams.iter().enumerate() {
            let first = entry.first.get().max(lower.next(entry.stream));
            let end = upper.next(entry.stream).min(entry.last.get() + 1);
            if first < end {
                window.add_stream(segment, number, first..end, &times)?;
            }
        }
        Ok(window)
    }

    /// Whether nothing can be wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.lamport_min > self.lamport_max
    }

    /// Whether the event at `offset` of the stream with this number lies in it.
    pub(super) fn contains(&self, stream: u32, offset: u64) -> bool {
        match self.ranges[stream as usize].as_slice() {
            [] => false,
            [range] => range.contains(&offset),
            ranges => {
                let index = ranges.partition_point(|range| range.end <= offset);
                ranges
                    .get(index)
                    .is_some_and(|range| range.contains(&offset))
            }
        }
    }

    fn add_stream(
        &mut self,
        segment: &Segment,
        number: usize,
        wanted: Range<u64>,
        times: &Times,
    ) -> Result<()> {
        let entry = &segment.streams()[number];
        let is_whole = wanted == (entry.first.get()..entry.last.get() + 1);
        let index = segment.block_index(number);
        if is_whole && times.is_unbounded() {
            self.add(
                number,
                wanted,
                index.pages[0].first_lamport,
                entry.last_lamport.get(),
            );
            return Ok(());
        }
        let (from, to) = (index.page_of(wanted.start), index.page_of(wanted.end - 1));
        for page_number in from..=to {
            let page = &index.pages[page_number];
            let is_inner = from < page_number && page_number < to;
            if times.excludes(page.time_min, page.time_max) {
                continue;
            }
            let page_end = index.pages.get(page_number + 1);
            let page_max = page_end.map_or(entry.last_lamport.get(), |next| next.first_lamport);
            if is_inner && times.includes(page.time_min, page.time_max) {
                let end = page_end.map_or(wanted.end, |next| next.first);
                self.add(number, page.first..end, page.first_lamport, page_max);
                continue;
            }
            let blocks = index.page(page_number)?;
            for (place, block) in blocks.iter().enumerate() {
                let range = block.first.max(wanted.start)..block.next().min(wanted.end);
                if !range.is_empty() && !times.excludes(block.time_min, block.time_max) {
                    let next = blocks.get(place + 1);
                    let max = next.map_or(page_max, |next| next.first_lamport);
                    self.add(number, range, block.first_lamport, max);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, number: usize, range: Range<u64>, lamport_min: u64, lamport_max: u64) {
        self.lamport_min = self.lamport_min.min(lamport_min);
        self.lamport_max = self.lamport_max.max(lamport_max);
        let ranges = &mut self.ranges[number];
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
}

/// The times that every matching event has, in microseconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    min: i64,
    max: i64,
}

impl Times {
    const ALL: Self = Self {
        min: i64::MIN,
        max: i64::MAX,
    };
    const NONE: Self = Self {
        min: i64::MAX,
        max: i64::MIN,
    };

    /// The times a selection allows; what is not about time allows all.
    fn of(selection: &Selection) -> Self {
        match selection {
            Selection::Nothing => Self::NONE,
            Selection::Time(comparison, time) => Self::of_comparison(*comparison, *time),
            Selection::And(parts) => {
                parts
                    .iter()
                    .map(Self::of)
                    .fold(Self::ALL, |left, right| Self {
                        min: left.min.max(right.min),
                        max: left.max.min(right.max),
                    })
            }
            Selection::Or(parts) => {
                parts
                    .iter()
                    .map(Self::of)
                    .fold(Self::NONE, |left, right| Self {
                        min: left.min.min(right.min),
                        max: left.max.max(right.max),
                    })
            }
            _ => Self::ALL,
        }
    }

    fn of_comparison(comparison: Comparison, time: Timestamp) -> Self {
        let time = time.micros();
        match comparison {
            Comparison::Less => match time.checked_sub(1) {
                Some(max) => Self { min: i64::MIN, max },
                None => Self::NONE,
            },
            Comparison::AtMost => Self {
                min: i64::MIN,
                max: time,
            },
            Comparison::Greater => match time.checked_add(1) {
                Some(min) => Self { min, max: i64::MAX },
                None => Self::NONE,
            },
            Comparison::AtLeast => Self {
                min: time,
                max: i64::MAX,
            },
        }
    }

    fn is_unbounded(&self) -> bool {
        *self == Self::ALL
    }

    /// Whether no event with a time from `min` to `max` is allowed.
    fn excludes(&self, min: i64, max: i64) -> bool {
        max < self.min || self.max < min
    }

    /// Whether every event with a time from `min` to `max` is allowed.
    fn includes(&self, min: i64, max: i64) -> bool {
        self.min <= min && max <= self.max
    }
}
