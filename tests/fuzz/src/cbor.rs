//! A second opinion on CBOR: well-formedness as in appendix C of RFC 8949, recursive and plain.
//!
//! Strings in chunks are left out, as in the engine; so is what is nested too deep.

/// Whether `bytes` are exactly one well-formed item, nested at most `depth_max` deep.
#[must_use]
pub fn is_well_formed(bytes: &[u8], depth_max: usize) -> bool {
    item(bytes, depth_max, false) == Some(Item::Whole(&[]))
}

/// What was read, with the bytes behind it.
#[derive(PartialEq)]
enum Item<'a> {
    Whole(&'a [u8]),
    Break(&'a [u8]),
}

fn item(bytes: &[u8], depth: usize, may_break: bool) -> Option<Item<'_>> {
    let (head, rest) = bytes.split_first()?;
    let (major, info) = (head >> 5, head & 0x1f);
    let argument_len = match info {
        0..=23 => 0,
        24..=27 => 1 << (info - 24),
        31 if major == 4 || major == 5 => return until_break(rest, depth, major == 5),
        31 if major == 7 && may_break => return Some(Item::Break(rest)),
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(argument_len)?;
    let number = argument
        .iter()
        .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let number = if argument_len == 0 {
        u64::from(info)
    } else {
        number
    };
    match major {
        0 | 1 => Some(Item::Whole(rest)),
        2 | 3 => string(rest, number, major == 3),
        4 => items(rest, depth, u128::from(number)),
        5 => items(rest, depth, u128::from(number) * 2),
        6 => items(rest, depth, 1),
        _ => (info != 24 || number >= 32).then_some(Item::Whole(rest)),
    }
}

fn string(bytes: &[u8], len: u64, is_text: bool) -> Option<Item<'_>> {
    let (string, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
    (!is_text || std::str::from_utf8(string).is_ok()).then_some(Item::Whole(rest))
}

fn items(mut bytes: &[u8], depth: usize, count: u128) -> Option<Item<'_>> {
    if count == 0 {
        return Some(Item::Whole(bytes));
    }
    let depth = depth.checked_sub(1)?;
    for _ in 0..count {
        bytes = match item(bytes, depth, false)? {
            Item::Whole(rest) => rest,
            Item::Break(_) => return None,
        };
    }
    Some(Item::Whole(bytes))
}

fn until_break(mut bytes: &[u8], depth: usize, is_map: bool) -> Option<Item<'_>> {
    let depth = depth.checked_sub(1)?;
    let mut count = 0;
    loop {
        let is_between = !is_map || count % 2 == 0;
        match item(bytes, depth, is_between)? {
            Item::Whole(rest) => bytes = rest,
            Item::Break(rest) => return Some(Item::Whole(rest)),
        }
        count += 1;
    }
}
