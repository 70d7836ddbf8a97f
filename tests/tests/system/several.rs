//! Three servers on one PostgreSQL database, with real agents; one is killed under load.

use cluster::Cluster;
use std::{fmt::Write as _, fs, time::Duration};
use system_tests::{
    commune::{Commune, Running},
    document::pdf,
    program::run,
    province::Province,
    proxy::Proxy,
    waiting::until,
};

/// By the hash of their slugs they begin at the first, the second and the third of three addresses.
const COMMUNES: [(&str, usize); 5] =
    [("tan-loi", 0), ("tan-phu", 1), ("loc-tan", 2), ("dinh-quan", 2), ("minh-hung", 2)];
/// The one that is cut in mid-session.
const CUT: usize = 3;
const INDICATORS: [&str; 6] = ["NL-03", "CDS-05", "CDS-07", "CDS-08", "CDS-11", "CDS-17"];
const MONTHS: u32 = 10;
/// Bytes from the agent at which its server is killed: some batches are acknowledged then, others are on their way.
const PLACE: u64 = 300_000;
/// Longest until something has happened on this machine, however busy it is.
const LONGEST: Duration = Duration::from_secs(120);

/// Figures of all months; notes that do not compress make several batches of them.
fn figures(round: u32, note_words: u32) -> String {
    let mut noise = u64::from(round) + 0x9e37_79b9_7f4a_7c15;
    let mut csv = String::from("indicator,period,numerator,denominator,note\n");
    for code in INDICATORS {
        for month in 1..=MONTHS {
            let mut note = String::new();
            for _ in 0..note_words {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let _ = write!(note, "{noise:016x}");
            }
            let _ = writeln!(csv, "{code},2026-{month:02},{},1000,{note}", round * 7 + month);
        }
    }
    csv
}

/// The servers, agents that know all of them, and what the agents have entered.
struct Stage {
    cluster: Cluster,
    database: String,
    servers: Vec<Province>,
    communes: Vec<Commune>,
    entered: Vec<u64>,
}

impl Stage {
    fn set() -> Self {
        let cluster = Cluster::start(None).unwrap();
        let database = cluster.database().unwrap();
        let mut first = Province::found_in_database(&database);
        first.clock("2026-10-16T09:00:00+07:00");
        let mut others = [first.beside(&database), first.beside(&database)];
        first.serve();
        others.iter_mut().for_each(Province::serve);
        let communes = COMMUNES.map(|(slug, _)| Commune::joined(&first, slug)).into();
        let servers = [first].into_iter().chain(others).collect();
        Self { cluster, database, servers, communes, entered: vec![0; COMMUNES.len()] }
    }

    fn enter(&mut self, commune: usize, round: u32, note_words: u32) {
        let csv = figures(round, note_words);
        self.entered[commune] += csv.lines().count() as u64 - 1;
        let _ = self.communes[commune].import(&csv).ok();
    }

    /// How far the province holds a commune's log.
    fn held(&self, commune: usize) -> u64 {
        let sql = "SELECT head.seq FROM head JOIN name ON name.id = head.commune WHERE name.text = ";
        let seq = self.cluster.sql(&self.database, &format!("{sql}'{}'", COMMUNES[commune].0)).unwrap();
        if seq.is_empty() { 0 } else { seq.parse().unwrap() }
    }

    /// The server of a commune's last session, as its agent has noted it.
    fn server_of(&self, commune: usize) -> String {
        let store = rusqlite::Connection::open(self.communes[commune].data().join("store.db")).unwrap();
        store.query_row("SELECT value FROM meta WHERE name = 'last_server'", [], |row| row.get(0)).unwrap()
    }

    /// What a server answers to the staff.
    fn asked(&self, server: usize, question: &[&str]) -> String {
        let credential = self.servers[0].desk().join("can-bo");
        if !credential.exists() {
            let _ = self.servers[0].command(["credential", "nguyen-van-a", "--out", credential.to_str().unwrap()]).ok();
        }
        let afar = ["--server", self.servers[server].url(), "--credential", credential.to_str().unwrap()];
        run("province-aggregator", question.iter().chain(&afar)).ok()
    }
}

#[test]
fn one_of_three_is_killed_under_load_and_its_agents_go_on_at_another() {
    let mut stage = Stage::set();
    let urls: Vec<String> = stage.servers.iter().map(|server| server.url().to_owned()).collect();
    let proxy = Proxy::stopping_after(urls[2].trim_start_matches("https://").parse().unwrap(), PLACE);
    for (place, commune) in stage.communes.iter().enumerate() {
        let third = if place == CUT { proxy.url() } else { urls[2].clone() };
        commune.point_at_all(&[&urls[0], &urls[1], &third]);
    }
    for round in 1..=8 {
        stage.enter(CUT, round, 120);
    }
    let mut agents: Vec<Running> = stage.communes.iter().map(|commune| commune.start(["run"])).collect();
    for commune in (0..COMMUNES.len()).filter(|commune| *commune != CUT) {
        stage.enter(commune, 1, 2);
    }
    for (commune, (slug, first)) in COMMUNES.iter().enumerate().filter(|(commune, _)| *commune != CUT) {
        until(slug, LONGEST, || stage.held(commune) == stage.entered[commune]);
        until(slug, LONGEST, || stage.server_of(commune) == urls[*first]);
    }
    assert!(proxy.wait(LONGEST), "the session was not cut");
    // Load on all of them at the moment of the kill.
    for commune in (0..COMMUNES.len()).filter(|commune| *commune != CUT) {
        stage.enter(commune, 2, 2);
    }
    stage.servers[2].kill();
    let of_the_cut = stage.communes[CUT].status()["acknowledged"].as_u64().unwrap();
    assert!(of_the_cut < stage.entered[CUT], "it was in mid-session: {of_the_cut}");
    let acknowledged: Vec<u64> =
        stage.communes.iter().map(|commune| commune.status()["acknowledged"].as_u64().unwrap()).collect();
    for (commune, acknowledged) in acknowledged.iter().enumerate() {
        assert!(stage.held(commune) >= *acknowledged, "{}: acknowledged and not held", COMMUNES[commune].0);
    }
    drop(proxy);
    for (commune, (slug, _)) in COMMUNES.iter().enumerate() {
        stage.enter(commune, 10, 2);
        until(slug, LONGEST, || stage.held(commune) == stage.entered[commune]);
        until(slug, LONGEST, || stage.communes[commune].status()["pending"] == 0);
        assert!(urls[..2].contains(&stage.server_of(commune)), "{}", stage.server_of(commune));
    }
    for agent in &mut agents {
        assert_eq!(agent.terminate(), Some(0));
    }
    // Everything once, the same at both that remain, proved at both ends.
    let all = stage.asked(0, &["export", "observations"]);
    assert_eq!(all.lines().count() as u64 - 1, stage.entered.iter().sum::<u64>());
    for question in [
        &["export", "observations"][..],
        &["rankings", "--period", "2026-10", "--format", "csv"],
        &["rankings", "--period", "2026-09", "--scheme", "standard", "--format", "csv"],
        &["export", "explain", "--period", "2026-10"],
        &["alerts", "--period", "2026-10", "--format", "csv"],
    ] {
        assert_eq!(stage.asked(0, question), stage.asked(1, question), "{question:?}");
    }
    for server in &stage.servers[..2] {
        let _ = server.command(["verify"]).ok();
        let _ = server.command(["audit", "--verify"]).ok();
    }
    for commune in &stage.communes {
        let _ = commune.command(["sync"]).ok();
        let _ = commune.command(["verify"]).ok();
        assert_eq!(commune.status()["digests"], "equal");
    }
    // The one that was killed comes back and knows everything.
    stage.servers[2].serve();
    assert_eq!(stage.asked(2, &["export", "observations"]), all);
}

#[test]
fn what_one_server_acknowledged_another_answers_with() {
    let stage = Stage::set();
    let [one, two] = [0, 1].map(|server| stage.servers[server].url().to_owned());
    let (commune, other) = (&stage.communes[0], &stage.communes[1]);
    commune.point_at(&one);
    for numerator in [310, 620, 930] {
        let ratio = format!("{numerator}/1000");
        let _ = commune.command(["record", "CDS-17", "--period", "2026-10", "--ratio", &ratio]).ok();
        let _ = commune.command(["sync"]).ok();
        for server in [1, 2, 0] {
            // Made of the figures that the server holds ready, not of the store.
            let told = stage.asked(server, &["export", "explain", "--period", "2026-10"]);
            let line = told.lines().find(|line| line.starts_with("tan-loi,") && line.contains(",CDS-17,")).unwrap();
            assert!(line.contains(&format!(",{}.000000,", numerator / 10)), "server {server}: {line}");
        }
    }
    // Where nobody asks it is taken in by itself: an agent is told of its own rank by the server that it meets.
    other.point_at(&two);
    let _ = other.command(["record", "CDS-17", "--period", "2026-10", "--ratio", "10/1000"]).ok();
    let _ = other.command(["sync"]).ok();
    let rank = || {
        let _ = other.command(["sync"]).ok();
        let words = ["standing", "--period", "2026-10", "--scheme", "common", "--format", "json"];
        let standing = other.command(words).json();
        (standing["rank"].as_u64(), standing["ranked_communes"].as_u64())
    };
    until("the first standing", LONGEST, || rank() == (Some(1), Some(5)));
    for code in INDICATORS {
        let _ = commune.command(["record", code, "--period", "2026-10", "--ratio", "999/1000"]).ok();
    }
    let third = &stage.communes[2];
    third.point_at(&one);
    let _ = third.command(["record", "CDS-17", "--period", "2026-10", "--ratio", "900/1000"]).ok();
    let _ = third.command(["sync"]).ok();
    let _ = commune.command(["sync"]).ok();
    until("the standing told by another server", Duration::from_secs(20), || rank() == (Some(2), Some(5)));

    // Decisions at one, in force at the others; evidence that came to one, read at another.
    let except = ["exception", "tan-phu", "--period", "2026-10", "--cutoff", "2026-10-25", "--reason", "lũ"];
    let _ = stage.servers[2].command(except).ok();
    let due = stage.asked(0, &["due", "tan-phu", "--period", "2026-10", "--format", "csv"]);
    assert!(due.contains("2026-10-25"), "{due}");
    let file = commune.desk().join("bien-ban.pdf");
    fs::write(&file, pdf("several")).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", "2026-10", file.to_str().unwrap()]).ok();
    let _ = commune.command(["sync"]).ok();
    let out = stage.servers[1].desk().join("out");
    let get = ["evidence", "get", "tan-loi", "CDS-17", "--period", "2026-10", "--out", out.to_str().unwrap()];
    let _ = stage.servers[1].command(get).ok();
    assert_eq!(fs::read(out.join("bien-ban.pdf")).unwrap(), pdf("several"));

    // Shut out at one, refused at all.
    let _ = stage.servers[0].command(["revoke", "tan-phu", "--reason", "mất máy"]).ok();
    let _ = other.command(["sync"]).failed(5);
}
