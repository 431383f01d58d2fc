//! Resolving a selection to positions in the event table, with the indexes alone.
//!
//! The outcome is a superset of what matches, and what remains to be checked on each event: on its
//! table entry where that suffices, else on the decoded event.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::open::Segment;
use super::terms::{Term, app_term, tag_term};
use crate::error::Result;
use crate::event::{EventKey, NodeId, StreamId};
use crate::select::{Comparison, KeyPoint, Selection};

/// Positions in the event table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Positions {
    /// All of a range.
    Range(Range<u32>),
    /// Some.
    Some(RoaringBitmap),
}

impl Positions {
    const NONE: Self = Self::Range(0..0);

    fn is_empty(&self) -> bool {
        match self {
            Self::Range(range) => range.is_empty(),
            Self::Some(bitmap) => bitmap.is_empty(),
        }
    }

    fn into_bitmap(self) -> RoaringBitmap {
        match self {
            Self::Range(range) => {
                let mut bitmap = RoaringBitmap::new();
                bitmap.insert_range(range);
                bitmap
            }
            Self::Some(bitmap) => bitmap,
        }
    }

    /// Those in both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Range(left), Self::Range(right)) => {
                let range = left.start.max(right.start)..left.end.min(right.end);
                if range.is_empty() {
                    Self::NONE
                } else {
                    Self::Range(range)
                }
            }
            (Self::Range(range), Self::Some(mut bitmap))
            | (Self::Some(mut bitmap), Self::Range(range)) => {
                bitmap.remove_range(..range.start);
                bitmap.remove_range(range.end.max(range.start)..);
                Self::Some(bitmap)
            }
            (Self::Some(left), Self::Some(right)) => Self::Some(left & right),
        }
    }

    fn or(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        match (self, other) {
            (Self::Range(left), Self::Range(right))
                if left.start <= right.end && right.start <= left.end =>
            {
                Self::Range(left.start.min(right.start)..left.end.max(right.end))
            }
            (left, right) => Self::Some(left.into_bitmap() | right.into_bitmap()),
        }
    }
}

/// A superset of the positions that match, and what is still to be checked of each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidates {
    /// Where matching events can be.
    pub(super) positions: Positions,
    /// What an event there must satisfy to match; `None` if all do.
    pub(super) residual: Option<Selection>,
}

impl Candidates {
    fn exact(positions: Positions) -> Self {
        Self {
            positions,
            residual: None,
        }
    }
}

/// Resolves `selection` as far as the indexes of `segment` can.
pub(super) fn resolve(
    segment: &Segment,
    selection: &Selection,
    local: NodeId,
) -> Result<Candidates> {
    let all = 0..segment.table().count;
    Ok(match selection {
        Selection::All => Candidates::exact(Positions::Range(all)),
        Selection::Nothing => Candidates::exact(Positions::NONE),
        Selection::Tag(_) | Selection::App(_) => {
            let term = find_term(segment, selection)?;
            let positions = match term {
                Some(term) => Positions::Some(segment.terms().positions(&term, true)?),
                None => Positions::NONE,
            };
            Candidates::exact(positions)
        }
        Selection::Local => resolve_local(segment, local, all),
        Selection::Key(comparison, point) => {
            let positions = Positions::Range(resolve_key(segment, *comparison, point)?);
            Candidates::exact(positions)
        }
        Selection::Time(..) => Candidates {
            positions: Positions::Range(all),
            residual: Some(selection.clone()),
        },
        Selection::And(parts) => resolve_and(segment, parts, local)?,
        Selection::Or(parts) => resolve_or(segment, parts, local)?,
    })
}

/// Whether `selection` can be decided by the event's key alone.
pub(super) fn needs_key_only(selection: &Selection) -> bool {
    match selection {
        Selection::All | Selection::Nothing | Selection::Local | Selection::Key(..) => true,
        Selection::Tag(_) | Selection::App(_) | Selection::Time(..) => false,
        Selection::And(parts) | Selection::Or(parts) => parts.iter().all(needs_key_only),
    }
}

/// Looks the terms up before it reads any postings, so that one missing term settles it, and
/// starts with the rarest.
fn resolve_and(segment: &Segment, parts: &[Selection], local: NodeId) -> Result<Candidates> {
    let (mut terms, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        if !is_term(part) {
            others.push(part);
            continue;
        }
        match find_term(segment, part)? {
            Some(term) => terms.push(term),
            None => return Ok(Candidates::exact(Positions::NONE)),
        }
    }
    terms.sort_by_key(|term| term.count);
    let mut positions = Positions::Range(0..segment.table().count);
    let mut residual = Vec::new();
    for term in terms {
        positions = positions.and(Positions::Some(segment.terms().positions(&term, true)?));
        if positions.is_empty() {
            return Ok(Candidates::exact(Positions::NONE));
        }
    }
    for part in others {
        let found = resolve(segment, part, local)?;
        positions = positions.and(found.positions);
        residual.extend(found.residual);
        if positions.is_empty() {
            return Ok(Candidates::exact(Positions::NONE));
        }
    }
    let residual = match residual.len() {
        0 | 1 => residual.pop(),
        _ => Some(Selection::And(residual)),
    };
    Ok(Candidates {
        positions,
        residual,
    })
}

/// A part that is not exact makes the whole uncertain, since the event may be there by another.
fn resolve_or(segment: &Segment, parts: &[Selection], local: NodeId) -> Result<Candidates> {
    let mut positions = Positions::NONE;
    let mut is_exact = true;
    for part in parts {
        let found = resolve(segment, part, local)?;
        is_exact &= found.residual.is_none() || found.positions.is_empty();
        positions = positions.or(found.positions);
    }
    let residual = (!is_exact).then(|| Selection::Or(parts.to_vec()));
    Ok(Candidates {
        positions,
        residual,
    })
}

fn is_term(selection: &Selection) -> bool {
    matches!(selection, Selection::Tag(_) | Selection::App(_))
}

fn find_term(segment: &Segment, selection: &Selection) -> Result<Option<Term>> {
    let term = match selection {
        Selection::Tag(tag) => tag_term(tag),
        Selection::App(app_id) => app_term(app_id),
        _ => return Ok(None),
    };
    segment.terms().find(&term)
}

fn resolve_local(segment: &Segment, local: NodeId, all: Range<u32>) -> Candidates {
    let streams = segment.streams();
    let own_count = streams
        .iter()
        .filter(|entry| entry.stream.node == local)
        .count();
    if own_count == 0 {
        return Candidates::exact(Positions::NONE);
    }
    let residual = (own_count < streams.len()).then_some(Selection::Local);
    Candidates {
        positions: Positions::Range(all),
        residual,
    }
}

fn resolve_key(segment: &Segment, comparison: Comparison, point: &KeyPoint) -> Result<Range<u32>> {
    let table = segment.table();
    let streams = segment.streams();
    // Offsets do not count in a comparison with a point, and streams are in order.
    let key = |stream: StreamId, lamport: u64| EventKey {
        lamport: crate::event::Lamport::new(lamport).unwrap_or(crate::event::Lamport::MAX),
        stream,
        offset: crate::event::Offset::ZERO,
    };
    let split = |is_before: fn(std::cmp::Ordering) -> bool| {
        table.partition_point(|entry| {
            let stream = streams[entry.stream as usize].stream;
            is_before(point.compare(&key(stream, entry.lamport)))
        })
    };
    Ok(match comparison {
        Comparison::Less => 0..split(std::cmp::Ordering::is_lt)?,
        Comparison::AtMost => 0..split(std::cmp::Ordering::is_le)?,
        Comparison::Greater => split(std::cmp::Ordering::is_le)?..table.count,
        Comparison::AtLeast => split(std::cmp::Ordering::is_lt)?..table.count,
    })
}
