//! Certificates and authorities over their whole life, with real agents: renewed, expired, revoked, under a new authority.
//!
//! Where a certificate must have grown old, the server runs within the test and its clock is set by hand: it issues in the past what
//! is old or expired now. Everything else is real processes.

use aggregator::{
    clock::{Clock, SystemClock},
    config::{Config, Pages},
    folder::Folder,
    ingest::NoStandings,
    province::Province as Rules,
    serve::{Followers, Server, open_store},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};
use system_tests::{
    commune::Commune,
    program::figures_csv,
    province::{Invitation, Province},
};
use tokio::sync::oneshot;

/// Most looks at whether a running service has done its work; each takes two processes.
const MOST_LOOKS: u32 = 3_000;

struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A province whose server runs here, by a clock that is set by hand.
pub struct Elder {
    pub province: Arc<Province>,
    clock: Arc<Hand>,
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Elder {
    fn found(days_ago: i64) -> Self {
        Self::serve(Arc::new(Province::found()), -days_ago)
    }

    /// Serves a province by a clock that is so many days ahead.
    pub fn serve(province: Arc<Province>, days_ahead: i64) -> Self {
        let clock = Arc::new(Hand(Mutex::new(SystemClock.now() + TimeDelta::days(days_ahead))));
        let (stop, stopped) = oneshot::channel();
        let (say, heard) = mpsc::channel();
        let (data, hand) = (province.data(), clock.clone());
        let serve = async move {
            let folder = Folder::open(&data).unwrap();
            let config = Config {
                listen: ([127, 0, 0, 1], 0).into(),
                pages: Pages { enabled: false, ..Pages::default() },
                ..Config::read(&folder.config()).unwrap()
            };
            let store = open_store(&folder).await.unwrap();
            let rules = Arc::new(Rules::load(store, hand.clone()).await.unwrap());
            let server = Server::bind(folder, config, hand, shared::language::Language::Vi).await.unwrap();
            say.send(server.url()).unwrap();
            let followers = Followers { standings: Arc::new(NoStandings), live: None, reminding: None };
            server.run(rules, followers, async { drop(stopped.await) }).await.unwrap();
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serving = Some(thread::spawn(move || runtime.block_on(serve)));
        Self { province, clock, url: heard.recv().unwrap(), stop: Some(stop), serving }
    }

    pub fn joined(&self, slug: &str) -> Commune {
        let commune = Commune::new();
        let _ = commune.join(&self.url, &self.province.invite(slug)).ok();
        commune
    }

    /// It is now.
    fn come_to_the_present(&self) {
        self.set_ahead(0);
    }

    /// Its clock is so many days ahead.
    pub fn set_ahead(&self, days: i64) {
        *self.clock.0.lock().unwrap() = SystemClock.now() + TimeDelta::days(days);
    }
}

impl Drop for Elder {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.serving.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

/// The newest certificate of a commune, as the province lists it.
fn newest(province: &Province, slug: &str) -> serde_json::Value {
    let list = province.command(["certificates", "--format", "json"]).json();
    let identity = format!("urn:tiendo:dong-nai:commune:{slug}");
    list.as_array().unwrap().iter().find(|one| one["identity"] == identity.as_str()).unwrap().clone()
}

fn report(commune: &Commune) {
    let _ = commune.import(&figures_csv("2026-10", &[("CDS-17", 1, 2)])).ok();
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["pending"], 0);
}

#[test]
fn a_certificate_is_renewed_at_half_life_and_nothing_is_started_anew() {
    let elder = Elder::found(9);
    let (by_hand, served) = (elder.joined("loc-tan"), elder.joined("tan-phu"));
    served.point_at(&elder.url);
    let mut service = served.start(["run"]);
    elder.come_to_the_present();
    report(&by_hand);
    assert_eq!(newest(&elder.province, "loc-tan")["generation"], 2);
    report(&by_hand);
    assert_eq!(newest(&elder.province, "loc-tan")["generation"], 2, "once");
    let _ = served.import(&figures_csv("2026-10", &[("CDS-17", 1, 2)])).ok();
    // The service sends what was entered, and whichever session of its does so renews before.
    let sent = || newest(&elder.province, "tan-phu")["generation"] != 1 && served.status()["pending"] == 0;
    assert!((0..MOST_LOOKS).any(|_| sent()));
    assert_eq!(service.terminate(), Some(0));
    let _ = served.command(["sync"]).ok();
    assert_eq!(newest(&elder.province, "tan-phu")["generation"], 2);
}

#[test]
fn an_agent_whose_certificate_expired_comes_back_by_itself() {
    let elder = Elder::found(40);
    let (commune, gone) = (elder.joined("tan-phu"), elder.joined("loc-tan"));
    elder.come_to_the_present();
    let before = newest(&elder.province, "tan-phu")["generation"].as_u64().unwrap();
    let _ = commune.command(["sync"]).ok();
    assert_eq!(newest(&elder.province, "tan-phu")["generation"], before + 1);
    report(&commune);
    // Not one that was revoked while it was away.
    let _ = elder.province.command(["revoke", "loc-tan"]).ok();
    let _ = gone.command(["sync"]).failed(5);
    assert!(gone.command(["status"]).ok().contains("thu hồi"));
}

#[test]
fn a_revoked_agent_is_refused_in_plain_words_and_the_others_go_on() {
    let mut province = Province::found();
    province.serve();
    let [revoked, other] = ["tan-phu", "loc-tan"].map(|slug| Commune::joined(&province, slug));
    let _ = province.command(["revoke", "tan-phu", "--reason", "máy bị mất"]).ok();
    let _ = revoked.import(&figures_csv("2026-10", &[("CDS-17", 1, 2)])).ok();
    let done = revoked.command(["sync"]);
    assert_eq!(done.code, Some(5), "{}{}", done.out, done.err);
    assert!(format!("{}{}", done.out, done.err).contains("thu hồi"), "{}{}", done.out, done.err);
    assert_eq!(revoked.status()["pending"], 1, "what was entered stays");
    report(&other);
    assert!(newest(&province, "tan-phu")["revoked"].is_string() && newest(&province, "loc-tan")["revoked"].is_null());
    let _ = revoked.join(province.url(), &province.invite("tan-phu")).ok();
    let _ = revoked.command(["sync"]).ok();
    assert_eq!(revoked.status()["pending"], 0, "invited again it goes on");
}

#[test]
fn the_authority_is_replaced_and_nobody_joins_again() {
    let mut province = Province::found();
    province.serve();
    let communes = ["tan-phu", "loc-tan", "dinh-quan"].map(|slug| Commune::joined(&province, slug));
    let old = province.invite("tan-loi");
    assert!(province.command(["authority", "rotate"]).ok().contains("đã áp dụng"));
    let _ = communes[0].command(["sync"]).ok();
    let refused = province.command(["authority", "finish"]).failed(1);
    assert!(refused.contains("loc-tan") && refused.contains("--force"), "{refused}");
    for commune in &communes {
        // In the first session it is told, in the second it says so.
        let _ = commune.command(["sync"]).ok();
        let _ = commune.command(["sync"]).ok();
    }
    let status = province.command(["authority", "status", "--format", "json"]).json();
    assert_eq!((&status[1]["role"], &status[1]["trusted_by"]), (&"next".into(), &3.into()), "{status}");
    assert!(province.command(["authority", "finish"]).ok().contains("đã áp dụng"));
    communes.iter().for_each(report);
    let status = province.command(["authority", "status", "--format", "json"]).json();
    assert_eq!((&status[1]["role"], &status[1]["live"]), (&"former".into(), &3.into()), "{status}");
    // The old fingerprint is not the server's any more; the new one lets a new commune in.
    let newcomer = Commune::new();
    assert_ne!(newcomer.join(province.url(), &old).code, Some(0));
    let invitation = province.invite("tan-loi");
    assert_ne!(invitation.authority, old.authority);
    let _ = newcomer.join(province.url(), &invitation).ok();
    report(&newcomer);
    province.kill();
    province.serve();
    communes.iter().for_each(report);
}

/// Forwards everything to the server, and of its first connection's answers only so many bytes; then it cuts.
fn cutting_after(target: SocketAddr, bytes: u64) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let passed = Arc::new(AtomicU64::new(0));
    let counted = passed.clone();
    thread::spawn(move || {
        // Only the first connection: the one that joins.
        let Ok((agent, _)) = listener.accept() else { return };
        let server = TcpStream::connect(target).unwrap();
        let (mut from, mut to) = (agent.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let (mut from, mut to) = (server, agent);
        let mut buffer = [0; 1];
        while passed.load(Ordering::SeqCst) < bytes && from.read(&mut buffer).is_ok_and(|read| read == 1) {
            if to.write_all(&buffer).is_err() {
                break;
            }
            passed.fetch_add(1, Ordering::SeqCst);
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
    (url, counted)
}

#[test]
fn a_join_that_was_cut_off_is_repeated() {
    let mut province = Province::found();
    province.serve();
    let target: SocketAddr = province.url().trim_start_matches("https://").parse().unwrap();
    // How long the answers to a join are, in all.
    let (url, counted) = cutting_after(target, u64::MAX);
    let _ = Commune::new().join(&url, &province.invite("loc-tan"));
    let whole = counted.load(Ordering::SeqCst);
    let (commune, invitation) = (Commune::new(), province.invite("tan-phu"));
    let (url, _) = cutting_after(target, whole - 600);
    assert_ne!(commune.join(&url, &invitation).code, Some(0));
    assert_eq!(newest(&province, "tan-phu")["generation"], 1, "the province has answered");
    assert_used_up(&province, &invitation);
    let _ = commune.join(province.url(), &invitation).ok();
    report(&commune);
    assert_eq!(newest(&province, "tan-phu")["generation"], 1, "the same certificate");
}

fn assert_used_up(province: &Province, invitation: &Invitation) {
    let _ = Commune::new().join(province.url(), invitation).failed(5);
}
