//! Places in a change log, and incarnations.

use crate::{WireError, field, sync::v1};
use shared::change::{Chain, Incarnation, LogPosition};

/// To the wire.
#[must_use]
pub fn to_wire(position: LogPosition) -> v1::LogPosition {
    v1::LogPosition { seq: position.seq, chain: position.chain.0.to_vec() }
}

/// From the wire. Takes the field as it is generated, present or not.
///
/// # Errors
/// When it is missing, the chain is not 32 bytes, the number is too large for a store, or seq 0 has another chain than the beginning.
pub fn from_wire(wire: impl Into<Option<v1::LogPosition>>) -> Result<LogPosition, WireError> {
    let wire = wire.into().ok_or_else(|| WireError::field("position", "missing"))?;
    let position = LogPosition {
        seq: field::number("position.seq", wire.seq)?,
        chain: Chain(field::bytes("position.chain", &wire.chain)?),
    };
    if position.seq == 0 && position != LogPosition::START {
        return Err(WireError::field("position.chain", "not the beginning, at seq 0"));
    }
    Ok(position)
}

/// Reads an incarnation.
///
/// # Errors
/// Unless 16 bytes.
pub fn incarnation(bytes: &[u8]) -> Result<Incarnation, WireError> {
    field::bytes("incarnation", bytes).map(Incarnation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_the_wire() {
        for position in [LogPosition::START, LogPosition::START.then(b"a").then(b"b")] {
            assert_eq!(from_wire(to_wire(position)), Ok(position));
        }
    }

    #[test]
    fn a_position_that_cannot_be_is_refused() {
        let wire = |seq, bytes| Some(v1::LogPosition { seq, chain: vec![1; bytes] });
        for wrong in [None, wire(0, 32), wire(1, 31), wire(1, 0), wire(u64::MAX, 32)] {
            assert!(from_wire(wrong.clone()).is_err(), "{wrong:?}");
        }
        assert!(incarnation(&[1; 15]).is_err());
        assert!(incarnation(&[1; 16]).is_ok());
    }
}
