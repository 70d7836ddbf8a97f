//! A runtime of its own for the staff's pages and questions: a question does not wait its turn behind hundreds of sessions that are
//! ready to go on, but has processor time as the system divides it between threads. What both need and have to wait for is in two
//! lanes, too, by [`is_here`]: places to read the store, and the looks for what others wrote. Whoever holds one of these on a runtime
//! that is busy holds it until it is its turn there. Where the processors are busy, threads of the sessions [give way](give_way).

use std::{cell::Cell, io};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Handle, Runtime},
};

/// Threads that answer and that hear greetings: some pages of a nation take a second, and do not hold up all others.
const THREADS: usize = 4;

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// How much less than others a thread that gives way weighs: with 10 it has a tenth of the processor time of one that does not, where
/// both are ready, and all of it where it is alone.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Has this thread, and those that it starts, give way to those who answer the staff: a session takes a little longer while somebody asks,
/// and the answer does not wait for it. Elsewhere than on Linux threads have no such thing of their own, and nothing is done.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "the threads of the sessions do not give way to the staff's");
    }
}

/// Whether this is a thread that answers the staff.
#[must_use]
pub fn is_here() -> bool {
    HERE.get()
}

/// See the module. What runs on it ends where it waits next when this is dropped.
#[derive(Debug)]
pub struct Apart {
    handle: Handle,
    /// Taken at the end alone.
    runtime: Option<Runtime>,
}

impl Apart {
    /// Starts its threads.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("staff").on_thread_start(|| HERE.set(true)).enable_all();
        let runtime = builder.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// To spawn on it.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// A listener that is served on it.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub fn listener(&self, listener: std::net::TcpListener) -> io::Result<TcpListener> {
        let _within = self.handle.enter();
        TcpListener::from_std(listener)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for nobody: it may be dropped within another runtime.
            runtime.shutdown_background();
        }
    }
}
