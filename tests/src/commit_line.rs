//! The line between an aggregator and its database, which can be cut at a commit: before it arrived, or after it was done and before
//! that was answered. Connections made after the cut pass.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A commit as it goes over the line: a simple query of PostgreSQL's protocol.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// On which side of a commit the line is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The commit does not arrive.
    Before,
    /// It is done; the answer does not arrive.
    After,
}

/// What is to happen: at which of the commits to come, and how.
#[derive(Debug, Default)]
struct Plan {
    cut: Option<(u32, Cut)>,
    /// Commits since the plan was made.
    seen: u32,
}

/// See the [module](self). It ends with this value.
#[derive(Debug)]
pub struct CommitLine {
    address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    ended: Arc<AtomicBool>,
}

impl CommitLine {
    /// A line to the database at an address.
    ///
    /// # Panics
    /// Without a port.
    #[must_use]
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (plan, ended) = (Arc::<Mutex<Plan>>::default(), Arc::new(AtomicBool::new(false)));
        let (held, stop) = (plan.clone(), ended.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(server) = TcpStream::connect(target) else { continue };
                carry(&client, &server, &held);
            }
        });
        Self { address, plan, ended }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts at one of the next commits, counted from 1, whichever connection it is on.
    pub fn cut_at(&self, commit: u32, cut: Cut) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Plan { cut: Some((commit, cut)), seen: 0 };
    }

    /// Lets everything pass from now on; whether the cut had come.
    #[must_use]
    pub fn let_pass(&self) -> bool {
        let plan = std::mem::take(&mut *self.plan.lock().unwrap_or_else(PoisonError::into_inner));
        plan.cut.is_some_and(|(commit, _)| plan.seen >= commit)
    }
}

impl Drop for CommitLine {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

impl Plan {
    /// Counts a commit; how the line is to be cut at it.
    fn commit(&mut self) -> Option<Cut> {
        let (commit, cut) = self.cut?;
        self.seen += 1;
        (self.seen == commit).then_some(cut)
    }
}

fn carry(client: &TcpStream, server: &TcpStream, plan: &Arc<Mutex<Plan>>) {
    let both = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
    let (Some((up_from, up_to)), Some((down_to, down_from))) = (both(), both()) else { return };
    let is_deaf = Arc::new(AtomicBool::new(false));
    let (heard, plan) = (is_deaf.clone(), plan.clone());
    thread::spawn(move || up(up_from, up_to, &plan, &is_deaf));
    thread::spawn(move || down(down_from, down_to, &heard));
}

fn close(one: &TcpStream, other: &TcpStream) {
    // Either may be closed already.
    let _ = (one.shutdown(Shutdown::Both), other.shutdown(Shutdown::Both));
}

/// From the aggregator: looks for commits, which come in one piece with what is asked before them at most.
fn up(mut from: TcpStream, mut to: TcpStream, plan: &Mutex<Plan>, is_deaf: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let said = &buffer[..read];
        let commit = said.windows(COMMIT.len()).any(|window| window == COMMIT);
        let cut = if commit { plan.lock().unwrap_or_else(PoisonError::into_inner).commit() } else { None };
        match cut {
            Some(Cut::Before) => break,
            // What comes down from here on is the answer to the commit.
            Some(Cut::After) => is_deaf.store(true, Ordering::SeqCst),
            None => {}
        }
        if to.write_all(said).is_err() {
            break;
        }
    }
    close(&from, &to);
}

/// From the database. An answer that is not to arrive ends the connection.
fn down(mut from: TcpStream, mut to: TcpStream, is_deaf: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if is_deaf.load(Ordering::SeqCst) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    close(&from, &to);
}
