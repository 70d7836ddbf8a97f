//! The tables, their migrations. The numbers are those of SQLite's migrations: the same number is the same state.
//!
//! The records' keys begin with the commune, so that they can be spread over machines by it; `journal.log` is the commune's number
//! here. `turn` holds duties too (`duty:…`): until when, in milliseconds, one `serve` of all has what is done by time. What is small, or looked up by something else, is not keyed so: names, feed, catalogue, closings, certificates, accounts.

use super::{super::StoreError, session::Session};

/// Holds back whoever opens the same database at the same time. The number is arbitrary.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7246713205)";

const FIRST: &str = r#"
CREATE TABLE schema_version (version BIGINT PRIMARY KEY);
CREATE TABLE meta (key TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);
CREATE TABLE name (id BIGINT PRIMARY KEY, text TEXT COLLATE "C" NOT NULL UNIQUE);
-- The last number given of each kind; locked until the commit, so that numbers are given in the order of commits.
CREATE TABLE counter (name TEXT COLLATE "C" PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO counter (name, value) VALUES ('name', 0), ('feed', 0), ('alert', 0), ('audit', 0);
-- Who writes about a commune, or decides for the province (the empty slug), holds its row; counted up by each.
CREATE TABLE turn (commune TEXT COLLATE "C" PRIMARY KEY, turn BIGINT NOT NULL);

CREATE TABLE log (
  id BIGINT PRIMARY KEY, commune BIGINT NOT NULL, incarnation BYTEA NOT NULL, UNIQUE (commune, incarnation)
);
CREATE TABLE head (
  commune BIGINT PRIMARY KEY, log BIGINT NOT NULL, seq BIGINT NOT NULL, chain BYTEA NOT NULL, updated_at BIGINT NOT NULL
);
CREATE TABLE journal (
  log BIGINT NOT NULL, seq BIGINT NOT NULL, body BYTEA NOT NULL, chain BYTEA NOT NULL, received_at BIGINT NOT NULL,
  refusal TEXT COLLATE "C", PRIMARY KEY (log, seq)
);
CREATE INDEX journal_parked ON journal (log, seq) WHERE refusal = 'parked';

CREATE TABLE observation (
  commune BIGINT NOT NULL, indicator BIGINT NOT NULL, unit BIGINT NOT NULL, period BIGINT NOT NULL, version BIGINT NOT NULL,
  change_id BYTEA NOT NULL, kind BIGINT NOT NULL, amount NUMERIC NOT NULL, denominator NUMERIC, note TEXT COLLATE "C" NOT NULL,
  entered_by TEXT COLLATE "C" NOT NULL, entered_at BIGINT NOT NULL, received_at BIGINT NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (commune, indicator, unit, period, version)
);
CREATE TABLE evidence (
  commune BIGINT NOT NULL, indicator BIGINT NOT NULL, unit BIGINT NOT NULL, period BIGINT NOT NULL, version BIGINT NOT NULL,
  sha256 BYTEA NOT NULL, name TEXT COLLATE "C" NOT NULL, size_bytes BIGINT NOT NULL, entered_by TEXT COLLATE "C" NOT NULL,
  entered_at BIGINT NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (commune, indicator, unit, period, version, sha256)
);
CREATE INDEX evidence_by_file ON evidence (commune, sha256, size_bytes);
CREATE TABLE digest (
  commune BIGINT NOT NULL, period BIGINT NOT NULL, sum BYTEA NOT NULL, records BIGINT NOT NULL, PRIMARY KEY (commune, period)
);
CREATE TABLE incarnation (
  commune BIGINT NOT NULL, place BIGINT NOT NULL, incarnation BYTEA NOT NULL, from_seq BIGINT NOT NULL,
  first_seen BIGINT NOT NULL, returned_at BIGINT, PRIMARY KEY (commune, place), UNIQUE (commune, incarnation)
);
CREATE TABLE conflict (
  commune BIGINT NOT NULL, change_id BYTEA NOT NULL, earlier BYTEA NOT NULL, later BYTEA NOT NULL,
  noted_by TEXT COLLATE "C" NOT NULL, noted_at BIGINT NOT NULL, settled_by TEXT COLLATE "C", settled_at BIGINT,
  PRIMARY KEY (commune, change_id)
);
CREATE TABLE verdict (
  commune BIGINT NOT NULL, indicator BIGINT NOT NULL, unit BIGINT NOT NULL, period BIGINT NOT NULL, version BIGINT NOT NULL,
  decision TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL, reviewer TEXT COLLATE "C" NOT NULL,
  decided_at BIGINT NOT NULL, reason_code TEXT COLLATE "C", PRIMARY KEY (commune, indicator, unit, period, version)
);
CREATE TABLE exception (
  commune BIGINT NOT NULL, period BIGINT NOT NULL, cutoff TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL,
  decided_by TEXT COLLATE "C" NOT NULL, decided_at BIGINT NOT NULL, PRIMARY KEY (commune, period)
);
CREATE TABLE contact (
  commune BIGINT PRIMARY KEY, last_attempt BIGINT NOT NULL, last_success BIGINT, last_failure TEXT COLLATE "C",
  build TEXT COLLATE "C" NOT NULL, protocol BIGINT, clock_skew_ms BIGINT, authorities BYTEA, digests_at BIGINT,
  digests_differ_since BIGINT, healed BIGINT NOT NULL DEFAULT 0, healed_at BIGINT
);
CREATE TABLE enrolment (
  commune BIGINT PRIMARY KEY, copies BIGINT NOT NULL DEFAULT 0, last_copy BIGINT, authorities BYTEA
);
CREATE TABLE alert (
  id BIGINT NOT NULL, commune BIGINT NOT NULL, plan_ref TEXT COLLATE "C" NOT NULL, light TEXT COLLATE "C" NOT NULL,
  cause TEXT COLLATE "C" NOT NULL, period BIGINT NOT NULL, raised_at BIGINT NOT NULL, cleared_at BIGINT,
  PRIMARY KEY (commune, id)
);
CREATE INDEX alert_standing ON alert (commune) WHERE cleared_at IS NULL;
CREATE TABLE feed (
  position BIGINT NOT NULL, commune BIGINT NOT NULL, payload BYTEA, PRIMARY KEY (commune, position)
);
CREATE INDEX feed_by_position ON feed (position);

CREATE TABLE evidence_file (
  sha256 BYTEA PRIMARY KEY, size_bytes BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, received_at BIGINT NOT NULL
);
CREATE TABLE evidence_refused (
  sha256 BYTEA PRIMARY KEY, size_bytes BIGINT NOT NULL, code TEXT COLLATE "C" NOT NULL, refused_at BIGINT NOT NULL
);
CREATE TABLE catalogue_version (
  version BIGINT PRIMARY KEY, imported_at BIGINT NOT NULL, imported_by TEXT COLLATE "C" NOT NULL,
  fingerprint TEXT COLLATE "C" NOT NULL, plan_year BIGINT NOT NULL
);
CREATE TABLE catalogue_file (
  version BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (version, name)
);
CREATE TABLE closing (
  period BIGINT NOT NULL, revision BIGINT NOT NULL, closed_at BIGINT NOT NULL, closed_by TEXT COLLATE "C" NOT NULL,
  catalogue_version BIGINT NOT NULL, rules TEXT COLLATE "C", as_of TEXT COLLATE "C", digest BYTEA, reopened_at BIGINT,
  reopened_by TEXT COLLATE "C", reopen_reason TEXT COLLATE "C", PRIMARY KEY (period, revision)
);
CREATE TABLE snapshot_table (
  period BIGINT NOT NULL, revision BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, size BIGINT NOT NULL, bytes BYTEA NOT NULL,
  PRIMARY KEY (period, revision, name)
);
CREATE TABLE invitation (
  id TEXT COLLATE "C" PRIMARY KEY, secret_sha256 BYTEA NOT NULL, commune BIGINT NOT NULL, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, used_at BIGINT, certificate BYTEA
);
CREATE TABLE certificate (
  fingerprint BYTEA PRIMARY KEY, serial TEXT COLLATE "C" NOT NULL, identity TEXT COLLATE "C" NOT NULL, commune BIGINT,
  issued_at BIGINT NOT NULL, not_after BIGINT NOT NULL, revoked_at BIGINT, generation BIGINT NOT NULL DEFAULT 0,
  public_key BYTEA, issuer BYTEA, der BYTEA
);
CREATE INDEX certificate_by_commune ON certificate (commune, issued_at);
CREATE UNIQUE INDEX certificate_by_generation ON certificate (identity, generation);
CREATE TABLE reminder (key TEXT COLLATE "C" PRIMARY KEY, at BIGINT NOT NULL);

CREATE TABLE account (
  name TEXT COLLATE "C" PRIMARY KEY, person TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" NOT NULL, commune TEXT COLLATE "C",
  password TEXT COLLATE "C", totp BYTEA, totp_step BIGINT NOT NULL DEFAULT 0, link BYTEA, link_until BIGINT,
  created_at BIGINT NOT NULL, signed_in_at BIGINT, disabled_at BIGINT
);
CREATE UNIQUE INDEX account_by_link ON account (link) WHERE link IS NOT NULL;
CREATE TABLE web_session (
  token BYTEA PRIMARY KEY, account TEXT COLLATE "C" NOT NULL, opened_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
  origin TEXT COLLATE "C" NOT NULL
);
CREATE INDEX web_session_by_account ON web_session (account, opened_at);
CREATE TABLE api_token (
  token BYTEA PRIMARY KEY, label TEXT COLLATE "C" NOT NULL, account TEXT COLLATE "C" NOT NULL, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, used_at BIGINT
);

CREATE TABLE audit (
  id BIGINT PRIMARY KEY, at BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL, chain BYTEA, origin TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the audit history is only added to'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

INSERT INTO meta (key, value) VALUES ('epoch', replace(CAST(gen_random_uuid() AS TEXT), '-', ''));
"#;

/// As SQLite's.
const REVOKED: &str = "CREATE INDEX certificate_revoked ON certificate (revoked_at) WHERE revoked_at IS NOT NULL";

/// Migrations in order, by the version that they lead to; released ones are never changed.
const MIGRATIONS: [(usize, &str); 2] = [(10, FIRST), (11, REVOKED)];

/// The newest version that this program knows.
pub(super) fn known() -> usize {
    MIGRATIONS.iter().map(|(version, _)| *version).max().unwrap_or_default()
}

/// Makes the tables in an empty database.
///
/// # Errors
/// [`StoreError::Exists`] when there is anything in it.
pub(super) fn create(session: &Session<'_>, shown: &str) -> Result<(), StoreError> {
    session.batch(ONE_AT_A_TIME)?;
    let sql = "SELECT count(*) FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace =
               (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())";
    let tables: i64 = session.ask(sql, &[])?.first().map_or(0, |row| row.get(0));
    if tables > 0 {
        return Err(StoreError::Exists(shown.to_owned()));
    }
    migrate(session, 0)
}

/// Brings an existing store up to date.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::Newer`], and all others.
pub(super) fn update(session: &Session<'_>, shown: &str) -> Result<(), StoreError> {
    session.batch(ONE_AT_A_TIME)?;
    let there = session.ask("SELECT to_regclass('schema_version') IS NOT NULL", &[])?;
    if !there.first().is_some_and(|row| row.get(0)) {
        return Err(StoreError::Missing(shown.to_owned()));
    }
    let found = session.ask("SELECT coalesce(max(version), 0) FROM schema_version", &[])?;
    let found: i64 = found.first().map_or(0, |row| row.get(0));
    let (found, known) = (usize::try_from(found).unwrap_or(usize::MAX), known());
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    migrate(session, found)
}

fn migrate(session: &Session<'_>, found: usize) -> Result<(), StoreError> {
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        session.batch(sql)?;
        let version = i64::try_from(*version).unwrap_or(i64::MAX);
        session.act("INSERT INTO schema_version (version) VALUES ($1)", &[&version])?;
    }
    Ok(())
}
