//! Values as PostgreSQL sends them. Every whole number is BIGINT but amounts, which are NUMERIC: they may be beyond 64 bits.

use super::super::engine::{Cell, CellRef, Error};
use std::error::Error as StdError;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

type Fault = Box<dyn StdError + Sync + Send>;

/// A digit of NUMERIC stands for four decimal ones.
const BASE: u128 = 10_000;
const NEGATIVE: u16 = 0x4000;

impl ToSql for Cell<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        let number = match *self {
            Cell::Null => return Ok(IsNull::Yes),
            Cell::Text(text) => return text.to_sql(wanted, out),
            Cell::Bytes(bytes) => return bytes.to_sql(wanted, out),
            Cell::Large(number, _) => number,
            Cell::Integer(number) => i128::from(number),
        };
        match *wanted {
            Type::INT8 => i64::try_from(number)?.to_sql(wanted, out),
            Type::INT4 => i32::try_from(number)?.to_sql(wanted, out),
            Type::BOOL => (number != 0).to_sql(wanted, out),
            Type::NUMERIC => {
                put_numeric(number, out);
                Ok(IsNull::No)
            }
            _ => Err(format!("a number for {wanted}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn put_numeric(number: i128, out: &mut BytesMut) {
    let mut rest = number.unsigned_abs();
    let mut digits: Vec<u16> = Vec::new();
    while rest > 0 {
        digits.push(u16::try_from(rest % BASE).unwrap_or_default());
        rest /= BASE;
    }
    digits.reverse();
    let weight = i16::try_from(digits.len()).unwrap_or_default() - 1;
    out.extend_from_slice(&u16::try_from(digits.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(&weight.max(0).to_be_bytes());
    out.extend_from_slice(&if number < 0 { NEGATIVE } else { 0 }.to_be_bytes());
    out.extend_from_slice(&0_u16.to_be_bytes());
    for digit in digits {
        out.extend_from_slice(&digit.to_be_bytes());
    }
}

/// A whole number; none where it has a fraction or is no number.
fn numeric(raw: &[u8]) -> Option<i128> {
    let mut words = raw.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (count, weight, sign, _) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    if sign != 0 && sign != NEGATIVE {
        return None;
    }
    let mut number: i128 = 0;
    for place in 0..i32::from(count) {
        let digit = i128::from(words.next()?);
        let power = u32::try_from(i32::from(weight) - place).ok();
        match power {
            None if digit == 0 => {}
            None => return None,
            Some(power) => {
                let worth = 10_000_i128.checked_pow(power)?;
                number = number.checked_add(digit.checked_mul(worth)?)?;
            }
        }
    }
    Some(if sign == NEGATIVE { -number } else { number })
}

/// A column as it was sent.
struct Raw<'a>(CellRef<'a>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Raw(match *kind {
            Type::BOOL => CellRef::Integer(i64::from(bool::from_sql(kind, raw)?)),
            Type::INT8 => CellRef::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => CellRef::Integer(i64::from(i32::from_sql(kind, raw)?)),
            Type::TEXT | Type::VARCHAR | Type::NAME => CellRef::Text(<&str>::from_sql(kind, raw)?.into()),
            Type::BYTEA => CellRef::Bytes(raw),
            Type::NUMERIC => match numeric(raw) {
                None => CellRef::Other,
                Some(number) => {
                    i64::try_from(number).map_or_else(|_| CellRef::Text(number.to_string().into()), CellRef::Integer)
                }
            },
            _ => CellRef::Other,
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Raw(CellRef::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A column, from 0.
pub(crate) fn cell_of(row: &tokio_postgres::Row, at: usize) -> Result<CellRef<'_>, Error> {
    Ok(row.try_get::<_, Raw<'_>>(at)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_back() {
        for number in [0, 1, -1, 9_999, 10_000, -10_000, 123_456_789, i128::from(i64::MAX) * 7, -(10_i128.pow(37))] {
            let mut out = BytesMut::new();
            put_numeric(number, &mut out);
            assert_eq!(numeric(&out), Some(number), "{number}");
        }
        // 0.5: one digit of weight −1.
        assert_eq!(numeric(&[0, 1, 0xff, 0xff, 0, 0, 0, 1, 0x13, 0x88]), None);
        // 10000 as PostgreSQL sends it, without the zeros at its end.
        assert_eq!(numeric(&[0, 1, 0, 1, 0, 0, 0, 0, 0, 1]), Some(10_000));
    }
}
