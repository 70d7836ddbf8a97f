//! A loopback proxy between agents and the aggregator that stops forwarding at a byte, so that a test can do something
//! at an exact place of a session.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

/// A proxy. It ends with this value; connections that it holds are closed.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    reached: mpsc::Receiver<()>,
    ended: Arc<AtomicBool>,
}

impl Proxy {
    /// Forwards to `target` until `bytes` bytes have come from agents in all; then it holds everything and says so.
    ///
    /// # Panics
    /// Without a port.
    #[must_use]
    pub fn stopping_after(target: SocketAddr, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (say, reached) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let (gate, stop) = (Arc::new(AtomicU64::new(bytes)), ended.clone());
        thread::spawn(move || {
            for agent in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(server) = TcpStream::connect(target) else { continue };
                carry(&agent, &server, gate.clone(), say.clone());
            }
        });
        Self { address, reached, ended }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Waits until the byte is reached; false when every connection ended before.
    #[must_use]
    pub fn wait(&self, longest: std::time::Duration) -> bool {
        self.reached.recv_timeout(longest).is_ok()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn carry(agent: &TcpStream, server: &TcpStream, gate: Arc<AtomicU64>, say: mpsc::Sender<()>) {
    let both = |stream: &TcpStream| stream.try_clone().ok();
    if let (Some(from), Some(to)) = (both(agent), both(server)) {
        let gate = (gate, say);
        thread::spawn(move || forward(from, to, Some(&gate)));
    }
    if let (Some(from), Some(to)) = (both(server), both(agent)) {
        thread::spawn(move || forward(from, to, None));
    }
}

/// Forwards one direction. With a gate, at most so many bytes pass; then nothing is read any more.
fn forward(mut from: TcpStream, mut to: TcpStream, gate: Option<&(Arc<AtomicU64>, mpsc::Sender<()>)>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let room = gate.map_or(buffer.len() as u64, |(left, _)| left.load(Ordering::SeqCst));
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            if let Some((_, say)) = gate {
                let _ = say.send(());
            }
            // The connection stays open and silent until one of its ends is gone.
            return;
        }
        match from.read(&mut buffer[..room]) {
            Ok(n) if n > 0 && to.write_all(&buffer[..n]).is_ok() => {
                if let Some((left, _)) = gate {
                    left.fetch_sub(n as u64, Ordering::SeqCst);
                }
            }
            _ => {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}
