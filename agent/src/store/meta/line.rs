//! How thin the line to the province was found to be.

use super::{StoreError, View, Writing};

impl View<'_> {
    /// By what the sizes of pieces and batches are divided; 1 on a line that carries them whole.
    ///
    /// # Errors
    /// What the store says.
    pub fn line_divisor(&self) -> Result<u32, StoreError> {
        Ok(self.fact::<u32>("line_divisor")?.unwrap_or(1).max(1))
    }
}

impl Writing<'_> {
    /// Remembers by what sizes are divided.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_line_divisor(&self, divisor: u32) -> Result<(), StoreError> {
        self.set("line_divisor", divisor)
    }
}
