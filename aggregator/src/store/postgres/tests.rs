//! The engine itself; what every store must do is told in `story`.

use super::{
    super::{
        Append, AuditQuestion, BatchOutcome, Exception, Store, StoreError,
        sql::{Engine, Scope},
        story::{self, twins},
    },
    cluster::{self, open, outside},
    *,
};
use crate::sample::{self, act, batch, evidence, figure, moment};
use shared::change::{Change, LogPosition};
use std::io::{BufRead, BufReader, Write};

#[tokio::test]
async fn it_tells_every_story() {
    story::every_story(cluster::store).await;
}

#[tokio::test]
async fn refuses_what_is_there_what_is_missing_and_what_is_newer() {
    let (url, store) = cluster::store().await;
    drop(store);
    let address = Address::read(&url, None).unwrap();
    let again = PostgresStore::create(&address, sample::founding(), sample::catalogue().1, act(moment())).await;
    assert!(matches!(again, Err(StoreError::Exists(_))));
    outside(&url, "INSERT INTO schema_version (version) VALUES (99)");
    assert!(matches!(PostgresStore::open(&address).await, Err(StoreError::Newer { found: 99, .. })));
    let empty = Address::read(&cluster::database(), None).unwrap();
    assert!(matches!(PostgresStore::open(&empty).await, Err(StoreError::Missing(_))));
    let nowhere = Address::read("postgres://nobody@%2Fnowhere/none", None).unwrap();
    assert!(matches!(PostgresStore::open(&nowhere).await, Err(StoreError::Unreachable(_))));
    let none = Address::read(&url.replace("/db", "/no"), None).unwrap();
    assert!(matches!(PostgresStore::open(&none).await, Err(StoreError::Refused(_))));
}

/// What two texts differ in first.
fn same(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

#[tokio::test]
async fn both_engines_tell_the_same_to_the_letter() {
    let (_folder, sqlite) = sample::store().await;
    let (url, postgres) = cluster::store().await;
    same(&twins::month(&postgres).await, &twins::month(&sqlite).await);
    let told = twins::everything(&sqlite).await;
    same(&twins::everything(&postgres).await, &told);
    drop(postgres);
    same(&twins::everything(&open(&url).await).await, &told);
}

/// A figure and its evidence appended by whichever process the agent met.
async fn enter(store: &PostgresStore, commune: &str, before: LogPosition, changes: Vec<Change>) -> LogPosition {
    let append = Append { batches: vec![batch(commune, 1, before, changes)], notes: Vec::new() };
    match store.append(append).await.unwrap().outcomes.remove(0) {
        BatchOutcome::Committed { position, refused, .. } => {
            assert!(refused.is_empty(), "{refused:?}");
            position
        }
        other => panic!("not committed: {other:?}"),
    }
}

#[tokio::test]
async fn two_processes_on_one_database_see_one_province() {
    let (url, one) = cluster::store().await;
    let other = open(&url).await;
    let (mut own, mut its, mut shared) = (LogPosition::START, LogPosition::START, LogPosition::START);
    let before = one.decisions().await.unwrap();
    for round in 0..12_u64 {
        let number = round * 10;
        let left = async {
            own = enter(&one, "tan-phu", own, vec![figure(number + 1, "2026-10", 1)]).await;
            one.note("bundle_taken", "left", act(moment())).await.unwrap();
            assert!(one.set_exception(exception("tan-phu"), act(moment())).await.unwrap());
        };
        let right = async {
            its = enter(&other, "loc-tan", its, vec![figure(number + 2, "2026-10", 1)]).await;
            assert!(other.set_exception(exception("loc-tan"), act(moment())).await.unwrap());
            other.note("bundle_taken", "right", act(moment())).await.unwrap();
        };
        tokio::join!(left, right);
        // An agent that goes from one to the other, and names in each what it told the other.
        let (first, second) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        shared = enter(first, "dinh-quan", shared, vec![figure(number + 3, "2026-10", 1)]).await;
        let evidence = evidence(number + 4, number + 3, u8::try_from(round).unwrap());
        shared = enter(second, "dinh-quan", shared, vec![evidence]).await;
    }
    // The same batch at both at once, as when a session was cut: stored once.
    let again = || vec![figure(900, "2026-09", 1)];
    let (left, right) =
        tokio::join!(enter(&one, "dinh-quan", shared, again()), enter(&other, "dinh-quan", shared, again()));
    assert_eq!(left, right);
    for store in [&one, &other] {
        assert_eq!(store.decisions().await.unwrap(), before + 24);
        assert!(store.size_bytes().await.unwrap() > 1_000_000);
        assert_eq!(store.observations().await.unwrap().len(), 37);
        assert_eq!(store.verify().await.unwrap(), []);
        assert_eq!(store.verify_audit().await.unwrap().1, []);
    }
    let positions = outside(&url, "SELECT count(*) = max(position) AND min(position) = 1 FROM feed");
    assert_eq!(positions, "t", "no position is left out or given twice");
}

fn exception(commune: &str) -> Exception {
    let (period, cutoff) = ("2026-10".parse().unwrap(), "2026-10-24".parse().unwrap());
    Exception { commune: commune.into(), period, cutoff, reason: "mưa".into() }
}

/// Somebody else's connection that goes on by itself.
struct Other {
    child: std::process::Child,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn new(url: &str) -> Self {
        let mut child = cluster::console(url);
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, answers }
    }

    /// Does something and returns when it is done.
    fn act(&mut self, sql: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{sql};\nSELECT 'done';").unwrap();
        while self.answers.next().unwrap().unwrap() != "done" {}
    }
}

const TAKE_THE_PROVINCES_TURN: &str =
    "BEGIN; INSERT INTO turn VALUES ('', 1) ON CONFLICT (commune) DO UPDATE SET turn = turn.turn + 1";
const STORES: &str = "application_name = 'province-aggregator' AND datname = current_database()";

/// Returns when a connection of the store waits for a lock.
async fn until_it_waits(url: &str) {
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {STORES}");
    let (url, asked) = (url.to_owned(), move |url: &str| outside(url, &sql) == "0");
    // Each look takes a process of its own, which is pause enough.
    tokio::task::spawn_blocking(move || while asked(&url) {}).await.unwrap();
}

fn end_all(url: &str) {
    outside(url, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {STORES}"));
}

#[tokio::test]
async fn a_lost_connection_is_replaced_and_what_it_was_at_is_done_once() {
    let (url, store) = cluster::store().await;
    assert!(store.observations().await.unwrap().is_empty());
    end_all(&url);
    assert!(store.observations().await.unwrap().is_empty(), "idle connections were lost");
    end_all(&url);
    store.note("before", "", act(moment())).await.unwrap();
    let mut other = Other::new(&url);
    other.act(TAKE_THE_PROVINCES_TURN);
    let amid = async {
        until_it_waits(&url).await;
        end_all(&url);
        other.act("COMMIT");
    };
    let (done, ()) = tokio::join!(store.note("amid", "", act(moment())), amid);
    done.unwrap();
    let lines = store.audit(AuditQuestion::newest(2)).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.what.as_str()).collect::<Vec<_>>(), ["amid", "before"]);
    assert_eq!(store.verify_audit().await.unwrap().1, []);
}

#[tokio::test]
async fn a_commit_that_was_not_answered_is_no_success() {
    let (url, store) = cluster::store().await;
    // A check that the commit waits for, on a lock that somebody else holds.
    outside(
        &url,
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION hold()",
    );
    let mut other = Other::new(&url);
    other.act("SELECT pg_advisory_lock(1)");
    let amid = async {
        until_it_waits(&url).await;
        end_all(&url);
    };
    let (done, ()) = tokio::join!(store.note("amid", "", act(moment())), amid);
    assert!(matches!(done, Err(StoreError::CommitUnknown)), "{done:?}");
    assert!(!done.unwrap_err().is_permanent());
    other.act("SELECT pg_advisory_unlock(1)");
    // Whoever asks again finds the store as it is, and goes on.
    assert_eq!(store.audit(AuditQuestion::newest(9)).await.unwrap().len(), 2);
    store.note("after", "", act(moment())).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().1, []);
}

#[tokio::test]
async fn a_closing_that_got_in_anothers_way_is_begun_anew() {
    let (url, store) = cluster::store().await;
    enter(&store, "tan-phu", LogPosition::START, vec![figure(1, "2026-09", 1)]).await;
    let mut other = Other::new(&url);
    other.act(TAKE_THE_PROVINCES_TURN);
    let amid = async {
        until_it_waits(&url).await;
        // The closing's snapshot is older than this: PostgreSQL refuses it (40001).
        other.act("COMMIT");
    };
    let (closed, ()) = tokio::join!(sample::close(&store, "2026-09"), amid);
    assert!(closed);
    assert_eq!(store.closings().await.unwrap().len(), 1);
    assert_eq!(store.verify_audit().await.unwrap().1, []);
}

#[tokio::test]
async fn the_audit_history_is_only_added_to_and_what_is_cut_off_is_missed() {
    let (url, store) = cluster::store().await;
    for sql in ["DELETE FROM audit", "UPDATE audit SET who = 'x'", "TRUNCATE audit"] {
        let done =
            store.transact(Scope::NOTHING, (), move |transaction, _, ()| Ok(transaction.execute_batch(sql)?)).await;
        assert!(done.is_err(), "{sql}");
    }
    store.note("last", "", act(moment())).await.unwrap();
    outside(&url, "ALTER TABLE audit DISABLE TRIGGER ALL; DELETE FROM audit WHERE what = 'last'");
    let (_, findings) = store.verify_audit().await.unwrap();
    assert_eq!(findings.iter().map(|finding| finding.place.as_str()).collect::<Vec<_>>(), ["3–3"]);
}

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    let (folder, _sqlite) = sample::store().await;
    let (url, _postgres) = cluster::store().await;
    let connection = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    let sql = "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    let ours: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
               AND table_name NOT IN ('counter', 'turn', 'schema_version') ORDER BY (table_name || '.' || column_name) COLLATE \"C\"";
    let theirs: Vec<String> = outside(&url, sql).lines().map(str::to_owned).collect();
    assert_eq!(theirs, ours);
    let version: u32 = outside(&url, "SELECT max(version) FROM schema_version").parse().unwrap();
    let user_version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, user_version, "the same number is the same state");
}

#[tokio::test]
async fn a_store_of_the_version_before_is_upgraded_when_it_is_opened() {
    let (url, store) = cluster::store().await;
    drop(store);
    outside(&url, "DROP INDEX certificate_revoked; DELETE FROM schema_version WHERE version = 11");
    assert_eq!(outside(&url, "SELECT max(version) FROM schema_version"), "10");
    drop(open(&url).await);
    assert_eq!(
        outside(&url, "SELECT max(version), to_regclass('certificate_revoked') FROM schema_version"),
        "11|certificate_revoked"
    );
}

#[tokio::test]
async fn over_a_line_it_is_encrypted_and_the_server_is_known() {
    let (url, store) = cluster::store().await;
    drop(store);
    let (line, certificate) = cluster::over_the_line(&url);
    let open =
        async |settings: &str| PostgresStore::open(&Address::read(&format!("{line}?{settings}"), None).unwrap()).await;
    let known = format!("sslmode=require&sslrootcert={}", certificate.display());
    let store = open(&known).await.unwrap();
    assert_eq!(store.founding().await.unwrap(), sample::founding());
    let encrypted = format!("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE {STORES}");
    assert_eq!(outside(&url, &encrypted), "t");
    drop(store);
    let stranger = open("sslmode=require").await;
    assert!(matches!(stranger, Err(StoreError::Unreachable(_))), "not one that browsers know");
}
