//! A loopback proxy between agents and the aggregator that does something to the line at a byte: holds, cuts, alters or delays it.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// What happens to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing passes in this direction any more; the connection stays open.
    Hold,
    /// The connection ends.
    Cut,
    /// One bit of the next byte is turned over.
    Flip,
    /// What follows comes later.
    Delay(Duration),
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the agent.
    Up,
    /// From the aggregator.
    Down,
}

/// A proxy. It ends with this value; connections that it holds are closed.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    reached: mpsc::Receiver<()>,
    ended: Arc<AtomicBool>,
    passed: [Arc<AtomicU64>; 2],
}

/// What waits at a byte of one direction.
#[derive(Clone)]
struct Gate {
    fault: Fault,
    left: Arc<AtomicU64>,
    say: mpsc::Sender<()>,
}

impl Proxy {
    /// Forwards to `target` until `bytes` bytes have come from agents in all; then it holds everything and says so.
    ///
    /// # Panics
    /// Without a port.
    #[must_use]
    pub fn stopping_after(target: SocketAddr, bytes: u64) -> Self {
        Self::with(target, Fault::Hold, Way::Up, bytes)
    }

    /// Forwards to `target`; after `bytes` bytes in one direction the fault happens, once, and it says so.
    ///
    /// # Panics
    /// Without a port.
    #[must_use]
    pub fn with(target: SocketAddr, fault: Fault, way: Way, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (say, reached) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let stop = ended.clone();
        let passed = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
        let gate = Gate { fault, left: Arc::new(AtomicU64::new(bytes)), say };
        let counts = passed.clone();
        thread::spawn(move || {
            for agent in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(server) = TcpStream::connect(target) else { continue };
                carry(&agent, &server, way, &gate, &counts);
            }
        });
        Self { address, reached, ended, passed }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Waits until the byte is reached; false when every connection ended before.
    #[must_use]
    pub fn wait(&self, longest: Duration) -> bool {
        self.reached.recv_timeout(longest).is_ok()
    }

    /// How many bytes have passed in a direction.
    #[must_use]
    pub fn passed(&self, way: Way) -> u64 {
        self.passed[way as usize].load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn carry(agent: &TcpStream, server: &TcpStream, faulty: Way, gate: &Gate, passed: &[Arc<AtomicU64>; 2]) {
    let both = |stream: &TcpStream| stream.try_clone().ok();
    for way in [Way::Up, Way::Down] {
        let (from, to) = if way == Way::Up { (agent, server) } else { (server, agent) };
        if let (Some(from), Some(to)) = (both(from), both(to)) {
            let gate = (way == faulty).then(|| gate.clone());
            let passed = passed[way as usize].clone();
            thread::spawn(move || forward(from, to, gate.as_ref(), &passed));
        }
    }
}

/// Forwards one direction. At the gate's byte its fault happens.
fn forward(mut from: TcpStream, mut to: TcpStream, gate: Option<&Gate>, passed: &AtomicU64) {
    let mut buffer = [0; 16 * 1024];
    let mut alter = false;
    loop {
        let room = gate.map_or(u64::MAX, |gate| gate.left.load(Ordering::SeqCst));
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(buffer.len());
        if let Some(gate) = gate.filter(|_| room == 0) {
            let _ = gate.say.send(());
            match gate.fault {
                // The connection stays open and silent until one of its ends is gone.
                Fault::Hold => return,
                Fault::Cut => {
                    let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
                    return;
                }
                Fault::Flip => alter = true,
                // A wait that nobody ends.
                Fault::Delay(time) => drop(mpsc::channel::<()>().1.recv_timeout(time)),
            }
            gate.left.store(u64::MAX, Ordering::SeqCst);
            continue;
        }
        match from.read(&mut buffer[..room]) {
            Ok(n) if n > 0 => {
                if std::mem::take(&mut alter) {
                    buffer[0] ^= 0x10;
                }
                if to.write_all(&buffer[..n]).is_err() {
                    let _ = from.shutdown(Shutdown::Both);
                    return;
                }
                passed.fetch_add(n as u64, Ordering::SeqCst);
                if let Some(gate) = gate.filter(|gate| gate.left.load(Ordering::SeqCst) < u64::MAX) {
                    gate.left.fetch_sub(n as u64, Ordering::SeqCst);
                }
            }
            _ => {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}
