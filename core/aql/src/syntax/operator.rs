//! Binary operators: their spellings and how tightly they bind.

use std::fmt;

/// What stands between two operands. All of them group from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Alternative,
    Or,
    Xor,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Operator {
    /// In the order in which to try them: a longer symbol before its beginning.
    pub(crate) const ALL: [Self; 16] = [
        Self::Alternative,
        Self::Or,
        Self::Xor,
        Self::And,
        Self::Equal,
        Self::NotEqual,
        Self::LessOrEqual,
        Self::GreaterOrEqual,
        Self::Less,
        Self::Greater,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
        Self::Power,
    ];

    /// The ASCII spelling.
    pub(crate) const fn symbol(self) -> &'static str {
        self.spellings()[0]
    }

    /// All spellings, the ASCII one first.
    pub(crate) const fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Alternative => &["??"],
            Self::Or => &["|", "\u{2228}"],
            Self::Xor => &["~", "\u{22bb}"],
            Self::And => &["&", "\u{2227}"],
            Self::Equal => &["="],
            Self::NotEqual => &["!=", "\u{2260}"],
            Self::Less => &["<"],
            Self::LessOrEqual => &["<=", "\u{2264}"],
            Self::Greater => &[">"],
            Self::GreaterOrEqual => &[">=", "\u{2265}"],
            Self::Add => &["+"],
            Self::Subtract => &["-"],
            Self::Multiply => &["*", "\u{d7}"],
            Self::Divide => &["/", "\u{f7}", "\u{2044}"],
            Self::Remainder => &["%"],
            Self::Power => &["^"],
        }
    }

    /// The higher, the tighter.
    pub(crate) const fn binding(self) -> u8 {
        match self {
            Self::Alternative => 0,
            Self::Or => 1,
            Self::Xor => 2,
            Self::And => 3,
            Self::Equal | Self::NotEqual => 4,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 5,
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
            Self::Power => 8,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.symbol())
    }
}
