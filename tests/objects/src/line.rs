//! A connection that breaks, or over which nothing comes any more, when a number of bytes has come over all of them.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How many bytes may still come before one connection breaks; none: as many as want to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Arc<Mutex<Option<u64>>>);

impl Budget {
    pub(crate) fn set(&self, bytes: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether these bytes still come.
    fn take(&self, bytes: usize) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *left {
            None => true,
            Some(some) => {
                *left = some.checked_sub(bytes as u64);
                left.is_some()
            }
        }
    }
}

/// How long a test waits until so many bytes have come.
const LONGEST: Duration = Duration::from_secs(60);

/// How many bytes may still come before nothing does until it is opened; none: it is open.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<Passage>, Condvar)>);

#[derive(Debug, Default)]
struct Passage {
    left: Option<u64>,
    /// Who stands before it.
    waiting: Vec<Waker>,
}

impl Gate {
    fn passage(&self) -> MutexGuard<'_, Passage> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes it behind so many bytes more.
    pub fn close_after(&self, bytes: u64) {
        self.passage().left = Some(bytes);
    }

    /// Opens it.
    pub fn open(&self) {
        let mut passage = self.passage();
        passage.left = None;
        passage.waiting.drain(..).for_each(Waker::wake);
    }

    /// Blocks until somebody stands before it.
    ///
    /// # Panics
    /// When nobody comes.
    pub fn wait_until_reached(&self) {
        let reached = self.0.1.wait_timeout_while(self.passage(), LONGEST, |passage| passage.waiting.is_empty());
        let (_passage, waited) = reached.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "nobody stands before the gate");
    }

    fn pass(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut passage = self.passage();
        if passage.left != Some(0) {
            return Poll::Ready(());
        }
        passage.waiting.push(cx.waker().clone());
        self.0.1.notify_all();
        Poll::Pending
    }

    fn count(&self, bytes: usize) {
        let mut passage = self.passage();
        passage.left = passage.left.map(|left| left.saturating_sub(bytes as u64));
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    budget: Budget,
    gate: Gate,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, budget: Budget, gate: Gate) -> Self {
        Self { stream, budget, gate }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.gate.pass(cx));
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let came = buffer.filled().len() - before;
        self.gate.count(came);
        match self.budget.take(came) {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
