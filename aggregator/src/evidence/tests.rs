//! Files in pieces.
