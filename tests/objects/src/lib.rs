//! A server that speaks S3, on loopback, over a folder: the crates `s3s` (protocol and signatures) and `s3s-fs` (buckets as folders).
//! For tests alone. It runs on threads of its own, so that tests with and without a runtime can use it, and it can go away in the middle of
//! anything and come back at the same address. `line` is a connection that can break, or be held.

// A harness has nobody to hand an error to: a test that cannot be set up fails where it stands.
#![allow(clippy::expect_used)]

mod line;

use cluster::port;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
pub use line::Gate;
use line::{Budget, Line};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Runtime,
};

/// The key that is let in.
pub const KEY: &str = "TIENDO";
/// Its secret.
pub const SECRET: &str = "chi-dung-de-thu";
/// The bucket that is there.
pub const BUCKET: &str = "tiendo";
/// Threads.
const THREADS: usize = 2;

/// A server with a bucket.
pub struct ObjectServer {
    folder: PathBuf,
    address: SocketAddr,
    running: Option<Runtime>,
    budget: Budget,
    gate: Gate,
}

impl ObjectServer {
    /// A server with an empty bucket in this folder, on a port of its own.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        fs::create_dir_all(folder.join(BUCKET)).expect("a folder for the bucket");
        let mut server = Self {
            folder: folder.to_owned(),
            address: port::unclaimed().expect("a port"),
            running: None,
            budget: Budget::default(),
            gate: Gate::default(),
        };
        server.back();
        server
    }

    /// Ends it at once, with whatever is on its way. What it answered for stays.
    pub fn gone(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_background();
        }
    }

    /// Starts it again at the same address.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn back(&mut self) {
        let mut files = S3ServiceBuilder::new(FileSystem::new(&self.folder).expect("a folder"));
        files.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = files.build();
        let running = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .expect("a runtime");
        let entered = running.enter();
        let listener = listen(self.address);
        drop(entered);
        let (budget, gate) = (self.budget.clone(), self.gate.clone());
        running.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let service = service.clone();
                // A connection that breaks is the client's to notice.
                let line = TokioIo::new(Line::new(stream, budget.clone(), gate.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(line, service));
            }
        });
        self.running = Some(running);
    }

    /// Breaks the connection that brings it so many bytes more; the next ones hold again.
    pub fn cut_after(&self, bytes: u64) {
        self.budget.set(bytes);
    }

    /// Whether that has happened.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.budget.is_spent()
    }

    /// Before everything that comes to it.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of its bucket's server, as settings have it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where an object's bytes lie.
    #[must_use]
    pub fn object(&self, key: &str) -> PathBuf {
        self.folder.join(BUCKET).join(key)
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        self.gone();
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("the same port again");
    socket.bind(address).expect("the port");
    socket.listen(64).expect("listening")
}
