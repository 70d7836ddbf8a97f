//! The verdict, cell by cell.
