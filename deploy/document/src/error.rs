//! Why a report or a chart is refused.

/// A fault of a report or a chart, with the part it lies in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text has more characters than it may have.
    #[error("{part} is too long: at most {limit} characters")]
    TooLong {
        /// Which part.
        part: String,
        /// Most characters.
        limit: usize,
    },
    /// There are more things than there may be.
    #[error("{part} are too many: at most {limit}")]
    TooMany {
        /// Which part.
        part: String,
        /// The largest count.
        limit: usize,
    },
    /// Something that has to be there is not.
    #[error("{part} is empty")]
    Empty {
        /// Which part.
        part: String,
    },
    /// A row has another number of cells than the table has columns.
    #[error("{part} has {found} cells for {expected} columns")]
    Uneven {
        /// Which part.
        part: String,
        /// Columns of the table.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A heading's level is neither 1, 2 nor 3.
    #[error("{part} has the level {level}: 1 to 3 are possible")]
    Level {
        /// Which part.
        part: String,
        /// The level given.
        level: u8,
    },
    /// A picture is no PNG, or larger than it may be.
    #[error("{part} is no PNG of at most {limit} by {limit} points", limit = crate::bounds::PICTURE_SIDE)]
    Picture {
        /// Which part.
        part: String,
    },
    /// A chart's figure is negative, infinite or not a number: axes start at 0.
    #[error("{part} cannot be drawn: figures from 0 to 1e15 are possible")]
    Figure {
        /// Which part.
        part: String,
    },
    /// The typeface or the picture could not be made.
    #[error("the chart could not be drawn: {0}")]
    Drawing(String),
    /// The library wrote a package that lacks what has to be completed in it.
    #[error("the package lacks {0}")]
    Package(&'static str),
    /// The package could not be written.
    #[error("writing the document: {0}")]
    Write(#[from] std::io::Error),
}
