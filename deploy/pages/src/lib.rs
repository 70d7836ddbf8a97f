//! What the pages of both programs share: one look, one way to fill in forms, one way to be known, one way to be served.
//!
//! | file | noun |
//! | --- | --- |
//! | `frame` | what stands around every page: head, navigation, banner, foot |
//! | `part` | pieces of a page: lights, states, movements, notices, empty states |
//! | `listing` | a [`shared::listing::Listing`] as a table |
//! | `chart` | distributions, trends and bars as inline SVG |
//! | `asset` | styles, scripts and fonts, built in |
//! | `preference` | language and theme of a visitor |
//! | `flash` | what a form did, told on the page that follows |
//! | `cookie` | reading and setting cookies |
//! | `token` | random tokens, their hashes, and the tokens of forms |
//! | `password` | rules for passwords and their hashes |
//! | `throttle` | how often somebody may try to sign in |
//! | `guard` | headers of every answer, and what is refused before a page is asked |
//! | `serving` | connections, with bounds on what each can take up |
//!
//! It knows no store, no commune and no province: who may see what is decided by the program that uses it.

pub mod asset;
pub mod chart;
pub mod cookie;
pub mod flash;
pub mod frame;
pub mod guard;
pub mod listing;
pub mod part;
pub mod password;
pub mod preference;
pub mod serving;
pub mod throttle;
pub mod token;

pub use maud;
