//! A question over plain HTTP on the loopback, as a monitor asks it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Longest wait for a piece of the answer.
const LONGEST: Duration = Duration::from_secs(30);

/// The status and the body of an answer.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn ask(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(LONGEST)).expect("a bound");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}
