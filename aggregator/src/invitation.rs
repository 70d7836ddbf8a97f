//! Letting a commune in and shutting it out: the one-time token, what its computer is told to run, and what the store keeps of it. The commands `invite` and `revoke`
//! and the pages do the same by it.

use crate::{
    config::{Config, address_of},
    enrol::random,
    folder::Folder,
    serve::{ServeError, load_authority},
    store::{Act, InvitationRecord, Store, StoreError},
    token::Token,
};
use chrono::{DateTime, TimeDelta, Utc};
use proto::identity::Identity;

/// How long an invitation is good, where nobody says otherwise, in hours.
pub const USUAL_HOURS: i64 = 72;
/// How long at most.
pub const MOST_HOURS: i64 = 720;

/// An invitation as it is told once.
#[derive(Debug)]
pub struct Invitation {
    /// The token; the store keeps a hash of its secret part.
    pub token: String,
    /// SHA-256 of the authority's certificate, by which the commune's computer knows the province.
    pub authority: String,
    /// Address of the server.
    pub server: String,
    /// Until when it is good (real time).
    pub expires_at: DateTime<Utc>,
    /// What to run on the commune's computer.
    pub join: String,
}

/// Invites a commune. `act` is dated in real time, also in an exercise: tokens and certificates live in it.
///
/// # Errors
/// The store's; the authority's files.
pub async fn invite(
    store: &dyn Store,
    folder: &Folder,
    (commune, hours): (&str, i64),
    server: String,
    act: Act,
) -> Result<Invitation, ServeError> {
    // Nothing is written where the fingerprint cannot be told.
    let authority = load_authority(folder)?.fingerprint().to_string();
    let token = Token::new(random());
    let expires_at = act.at + TimeDelta::hours(hours.clamp(1, MOST_HOURS));
    let record = InvitationRecord {
        id: token.id(),
        secret_sha256: token.secret_sha256(),
        commune: commune.to_owned(),
        created_at: act.at,
        expires_at,
        used_at: None,
    };
    store.add_invitation(record, act).await?;
    let join = format!("commune-agent join --server {server} --token {token} --authority {authority}");
    Ok(Invitation { token: token.to_string(), authority, server, expires_at, join })
}

/// Ends an identity's certificates and unused invitations; how many certificates, none where there was nothing to end.
///
/// # Errors
/// The store's.
pub async fn revoke(store: &dyn Store, identity: &Identity, reason: &str, act: Act) -> Result<Option<u32>, StoreError> {
    let uri = identity.to_uri();
    // A restored store may not know yet of a commune that joined after the backup; its certificates are not adopted then.
    let may_come = matches!(identity, Identity::Commune { .. }) && store.restored_at().await?.is_some();
    if !may_come && !store.certificates(None).await?.iter().any(|one| one.identity == uri) {
        return Ok(None);
    }
    store.revoke(&uri, reason, act).await.map(Some)
}

/// Where a running `serve` is reached, else where it will be by the settings.
#[must_use]
pub fn server_address(folder: &Folder, config: &Config) -> String {
    let by_settings = || config.public_address(config.listen.port());
    match &config.address {
        Some(address) => address.clone(),
        None => folder.address().unwrap_or_else(by_settings),
    }
}

/// Where the pages are, or will be by the settings.
#[must_use]
pub fn pages_address(folder: &Folder, config: &Config) -> String {
    let host = config.hosts.first().map_or("localhost", String::as_str);
    folder.pages_address().unwrap_or_else(|| address_of(host, config.pages.listen.port()))
}
