//! Values on their way into a statement and out of a row.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use std::{borrow::Cow, sync::Arc};

/// A value for a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Nothing, of whatever type is wanted.
    Null,
    /// A whole number, or whether something is so.
    Integer(i64),
    /// A whole number beyond 64 bits; as text where the engine has no such numbers.
    Large(i128, &'a str),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// What can stand for a placeholder.
pub(crate) trait ToCell {
    /// As a value.
    fn cell(&self) -> Cell<'_>;
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CellRef<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text, or a number beyond 64 bits.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Something that this program never writes.
    Other,
}

/// What can be read from a row.
pub(crate) trait FromCell<'a>: Sized {
    /// What it is called where it is not there.
    const NAME: &'static str;
    /// Reads it; none where the column holds something else.
    fn from_cell(cell: CellRef<'a>) -> Option<Self>;
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Cell::Null => ValueRef::Null,
            Cell::Integer(number) => ValueRef::Integer(number),
            Cell::Text(text) | Cell::Large(_, text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl<'a> From<ValueRef<'a>> for CellRef<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => CellRef::Null,
            ValueRef::Integer(number) => CellRef::Integer(number),
            ValueRef::Text(text) => std::str::from_utf8(text).map_or(CellRef::Other, |text| CellRef::Text(text.into())),
            ValueRef::Blob(bytes) => CellRef::Bytes(bytes),
            ValueRef::Real(_) => CellRef::Other,
        }
    }
}

impl ToCell for Cell<'_> {
    fn cell(&self) -> Cell<'_> {
        *self
    }
}

impl<T: ToCell + ?Sized> ToCell for &T {
    fn cell(&self) -> Cell<'_> {
        (**self).cell()
    }
}

impl<T: ToCell> ToCell for Option<T> {
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, T::cell)
    }
}

macro_rules! whole_numbers {
    ($($number:ty),+) => { $(
        impl ToCell for $number {
            fn cell(&self) -> Cell<'_> {
                Cell::Integer(i64::from(*self))
            }
        }
        impl FromCell<'_> for $number {
            const NAME: &'static str = "number";
            fn from_cell(cell: CellRef<'_>) -> Option<Self> {
                match cell {
                    CellRef::Integer(number) => Self::try_from(number).ok(),
                    _ => None,
                }
            }
        }
    )+ };
}
whole_numbers!(i64, i32, u32, u16);

impl ToCell for bool {
    fn cell(&self) -> Cell<'_> {
        Cell::Integer(i64::from(*self))
    }
}

impl FromCell<'_> for bool {
    const NAME: &'static str = "yes or no";
    fn from_cell(cell: CellRef<'_>) -> Option<Self> {
        match cell {
            CellRef::Integer(number) => Some(number != 0),
            _ => None,
        }
    }
}

impl ToCell for str {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl ToCell for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl ToCell for Arc<str> {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl FromCell<'_> for String {
    const NAME: &'static str = "text";
    fn from_cell(cell: CellRef<'_>) -> Option<Self> {
        match cell {
            CellRef::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl ToCell for [u8] {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl<const N: usize> ToCell for [u8; N] {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl ToCell for Vec<u8> {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl<'a> FromCell<'a> for &'a [u8] {
    const NAME: &'static str = "bytes";
    fn from_cell(cell: CellRef<'a>) -> Option<Self> {
        match cell {
            CellRef::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromCell<'_> for Vec<u8> {
    const NAME: &'static str = "bytes";
    fn from_cell(cell: CellRef<'_>) -> Option<Self> {
        <&[u8]>::from_cell(cell).map(<[u8]>::to_vec)
    }
}

impl<const N: usize> FromCell<'_> for [u8; N] {
    const NAME: &'static str = "bytes";
    fn from_cell(cell: CellRef<'_>) -> Option<Self> {
        <&[u8]>::from_cell(cell)?.try_into().ok()
    }
}

impl<'a, T: FromCell<'a>> FromCell<'a> for Option<T> {
    const NAME: &'static str = T::NAME;
    fn from_cell(cell: CellRef<'a>) -> Option<Self> {
        match cell {
            CellRef::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
