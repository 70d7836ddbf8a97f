//! What this machine can do at most, taken in the same run: the same rows by one raw connection, and handshakes without a network.

use crate::{
    log::Log,
    province::{Province, act, founding},
};
use aggregator::{
    clock::{Clock, SystemClock},
    ingest::writer::MAX_GROUP_CHANGES,
    store::{CatalogueImport, sqlite::SqliteStore},
};
use proto::{pem, tls};
use rusqlite::{Connection, TransactionBehavior, params};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, pki_types::ServerName};
use shared::change::Deed;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// The rows of all logs by one connection with `synchronous=FULL`, nothing checked, in transactions of [`MAX_GROUP_CHANGES`].
pub async fn rows(path: &Path, import: &CatalogueImport, logs: &[Log]) -> Duration {
    drop(SqliteStore::create(path, founding(), import.clone(), act()).await.unwrap());
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.pragma_update(None, "cache_size", -65_536).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).unwrap();
    let chains: Vec<Vec<[u8; 32]>> = logs.iter().map(Log::chains).collect();
    let at = SystemClock.now().timestamp_millis();
    let started = Instant::now();
    let per_transaction = (MAX_GROUP_CHANGES / logs[0].bodies.len()).max(1);
    let numbered: Vec<(usize, &Log)> = logs.iter().enumerate().collect();
    for group in numbered.chunks(per_transaction) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        {
            let mut journal =
                transaction.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, NULL)").unwrap();
            let sql = "INSERT INTO observation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
            let mut observation = transaction.prepare_cached(sql).unwrap();
            let mut head = transaction.prepare_cached("INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5)").unwrap();
            for (number, log) in group {
                let commune = *number as i64 + 1_000;
                for (place, ((change, body), chain)) in
                    log.changes.iter().zip(&log.bodies).zip(&chains[*number]).enumerate()
                {
                    let seq = place as i64 + 1;
                    journal.execute(params![commune, seq, &body[..], chain, at]).unwrap();
                    let Deed::Recorded(figure) = &change.deed else { continue };
                    let (indicator, month, version) = place_of(place);
                    let (id, note, by) = (change.id.as_bytes(), figure.note.as_str(), change.entered_by.as_str());
                    observation
                        .execute(params![
                            commune,
                            indicator,
                            0,
                            month,
                            version,
                            id,
                            0,
                            seq * 1_000_000,
                            10_000_000_000i64,
                            note,
                            by,
                            at,
                            at,
                            seq
                        ])
                        .unwrap();
                }
                head.execute(params![commune, commune, log.bodies.len() as i64, chains[*number].last(), at]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    started.elapsed()
}

/// Numbers of an indicator, a packed period and a version, as close together as those of a log's figures are.
#[must_use]
pub fn place_of(number: usize) -> (i64, i64, i64) {
    let number = number as i64;
    (number % 80 + 1, number / 80 % 10 + 518_657, number / 800 + 1)
}

/// How long one full handshake with certificates on both sides takes, both sides on one core and no network between them.
#[must_use]
pub fn handshake(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>) -> Duration {
    const ROUNDS: u32 = 100;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let mut ours = ClientConnection::new(client.clone(), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut theirs = ServerConnection::new(server.clone()).unwrap();
        while ours.is_handshaking() || theirs.is_handshaking() {
            let mut line = Vec::new();
            ours.write_tls(&mut line).unwrap();
            theirs.read_tls(&mut &line[..]).unwrap();
            theirs.process_new_packets().unwrap();
            line.clear();
            while theirs.wants_write() {
                theirs.write_tls(&mut line).unwrap();
            }
            ours.read_tls(&mut &line[..]).unwrap();
            ours.process_new_packets().unwrap();
        }
    }
    began.elapsed() / ROUNDS
}

/// The two ends of [`handshake`], as the programs make them.
#[must_use]
pub fn ends(province: &Province) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let folder = &province.folder;
    let roots = [province.authority.clone()];
    let chain = pem::read_certificates(&folder.server_certificate()).unwrap();
    let key = pem::read_key(&folder.server_key()).unwrap();
    let server = tls::server_config(chain, key, &roots).unwrap();
    let (chain, key) = &province.agents[0];
    let client = tls::client_config(&roots, Some((chain.clone(), key.clone_key()))).unwrap();
    (Arc::new(server), Arc::new(client))
}
