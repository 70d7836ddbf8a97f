//! What watches over a running `serve`: two probes and the metrics, in plain HTTP for this computer alone.
//!
//! | file | noun |
//! | --- | --- |
//! | `metrics` | every metric with its name; counted where things happen |
//! | `survey` | what is not counted but looked up: the list of communes, certificates, room on the disk; once a minute |
//! | `probe` | `/healthz`, `/readyz`, `/metrics` |
//!
//! Nothing here decides anything, and no metric has a label that grows with the communes.

mod metrics;
mod probe;
mod survey;

pub use metrics::{Metrics, Surface};
pub use probe::{Probes, Stage, Watched};
