//! Joining: a one-time token and the authority's fingerprint become a certificate and a store of the commune's own.
//!
//! The key is made here and never leaves this computer.

use super::{
    BUILD,
    credential::{self, CredentialError},
    pending::{self, PendingError, Purpose},
    renew::{MAX_CERTIFICATES, ders},
};
use crate::{
    config::TEMPLATE,
    folder::Folder,
    store::{Store, StoreError, meta::Belonging},
};
use chrono::{DateTime, Utc};
use proto::{
    MAX_FRAME_BYTES,
    connect::{self, ConnectError},
    enrolment::v1::{JoinRequest, JoinResponse, enrolment_service_client::EnrolmentServiceClient},
    identity::{Identity, IdentityError},
    tls::{self, Fingerprint, TlsError},
};
use rand::RngCore;
use rustls::pki_types::CertificateDer;
use shared::{change::Incarnation, language::Language};
use std::{fs, io, time::Duration};
use thiserror::Error;
use tonic::{Code, Status};

/// Longest wait for the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a person gives to join.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// `https://host:port`
    pub server: String,
    /// The one-time token.
    pub token: String,
    /// The authority's fingerprint.
    pub authority: Fingerprint,
}

/// Why joining failed.
#[derive(Debug, Error)]
pub enum JoinError {
    /// No connection, or not to the one expected.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The token is unknown, used or out of date.
    #[error("token refused: {0}")]
    Token(String),
    /// The province says no for another reason.
    #[error("not joined: {0}")]
    Turned(String),
    /// The answer makes no sense.
    #[error("unusable answer: {0}")]
    Answer(String),
    /// The folder belongs to another commune.
    #[error("the folder belongs to {0}")]
    OtherCommune(String),
    /// Another process is in a session.
    #[error("another session is going on")]
    Busy,
    /// Key or request could not be made.
    #[error(transparent)]
    Pending(#[from] PendingError),
    /// The certificate names nobody.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// TLS settings.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The certificate could not be kept.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be made.
    #[error("data folder: {0}")]
    Folder(#[from] io::Error),
}

impl JoinError {
    /// For the person at the commune.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Connect(ConnectError::Url(url)) => language.pick(
                format!("{url:?} không phải địa chỉ máy chủ: viết https://máy-chủ:cổng"),
                format!("{url:?} is not an address: write https://host:port"),
            ),
            Self::Connect(ConnectError::Unreachable(why)) => language.pick(
                format!("không kết nối được với tỉnh, mã mời vẫn còn dùng được: {why}"),
                format!("the province cannot be reached, the invitation stays good: {why}"),
            ),
            Self::Connect(ConnectError::ServerNotTrusted(why)) => language.pick(
                format!("máy chủ không khớp dấu vân tay --authority, chưa gửi mã mời: {why}"),
                format!("the server does not fit the fingerprint --authority, the token was not sent: {why}"),
            ),
            Self::Token(_) => language
                .pick(
                    "mã mời không đúng, đã dùng hoặc đã hết hạn: xin tỉnh mã mới",
                    "the token is unknown, used or out of date: ask the province for a new one",
                )
                .into(),
            Self::OtherCommune(commune) => language.pick(
                format!("thư mục dữ liệu này thuộc về {commune}: dùng --data với thư mục khác"),
                format!("this data folder belongs to {commune}: use another one with --data"),
            ),
            Self::Busy => language
                .pick("một phiên đồng bộ khác đang chạy: thử lại sau", "another session is going on: try again")
                .into(),
            Self::Store(error) => error.explain(language),
            Self::Connect(_)
            | Self::Turned(_)
            | Self::Answer(_)
            | Self::Pending(_)
            | Self::Identity(_)
            | Self::Tls(_)
            | Self::Credential(_)
            | Self::Folder(_) => {
                language.pick(format!("không tham gia được: {self}"), format!("could not join: {self}"))
            }
        }
    }
}

/// Joins. The caller holds the session lock.
///
/// # Errors
/// [`JoinError`]; an existing identity stays then.
pub async fn join(
    folder: &Folder,
    invitation: &Invitation,
    now: DateTime<Utc>,
    random: &mut dyn RngCore,
) -> Result<Belonging, JoinError> {
    let before = match Store::open(folder) {
        Ok(store) => store.view().belonging()?,
        Err(StoreError::NotJoined) => None,
        Err(error) => return Err(error.into()),
    };
    // Kept before asking: if the answer is lost, the same key may ask again with the same token.
    let request = pending::request(folder, Purpose::Join(invitation.token.trim()))?;
    let answer = ask(invitation, request.request_der).await?;
    let issued = Issued::read(&answer, invitation.authority)?;
    if let Some(before) = before.as_ref().filter(|b| b.commune != issued.commune || b.province != issued.province) {
        return Err(JoinError::OtherCommune(format!("{} ({})", before.commune_name, before.province)));
    }
    credential::keep(folder, &request.key_pem, &issued.chain, &issued.authorities)?;
    let mut incarnation = [0; 16];
    random.fill_bytes(&mut incarnation);
    let belonging = Belonging {
        province: issued.province,
        commune: issued.commune,
        commune_name: answer.commune_name.chars().take(200).collect(),
        server: invitation.server.trim().to_owned(),
        joined_at: now,
        incarnation: before.map_or(Incarnation(incarnation), |before| before.incarnation),
    };
    let mut store = Store::open_or_create(folder)?;
    store.write(|writing| writing.set_belonging(&belonging))?;
    pending::forget(folder)?;
    if !folder.config().exists() {
        fs::write(folder.config(), TEMPLATE)?;
    }
    Ok(belonging)
}

async fn ask(invitation: &Invitation, signing_request: Vec<u8>) -> Result<JoinResponse, JoinError> {
    let settings = tls::pinned_client_config(invitation.authority)?;
    let channel = connect::channel(&invitation.server, settings).await?;
    let mut client = EnrolmentServiceClient::new(channel).max_decoding_message_size(MAX_FRAME_BYTES);
    let request = JoinRequest { token: invitation.token.trim().to_owned(), signing_request, build: BUILD.into() };
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, client.join(request)).await;
    let answer = answer.map_err(|_| ConnectError::Unreachable("no answer".into()))?;
    Ok(answer.map_err(|status| refusal(&status))?.into_inner())
}

fn refusal(status: &Status) -> JoinError {
    if let Some(error) = ConnectError::within(status) {
        return error.into();
    }
    let text = status.message().chars().take(200).collect();
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => JoinError::Token(text),
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => ConnectError::Unreachable(text).into(),
        _ => JoinError::Turned(text),
    }
}

/// What the province issued, checked.
struct Issued {
    province: String,
    commune: String,
    chain: Vec<CertificateDer<'static>>,
    authorities: Vec<CertificateDer<'static>>,
}

impl Issued {
    fn read(answer: &JoinResponse, authority: Fingerprint) -> Result<Self, JoinError> {
        let wrong = |what: &str| JoinError::Answer(what.into());
        if answer.certificates.len() > MAX_CERTIFICATES {
            return Err(wrong("too many certificates"));
        }
        let chain = ders(&answer.certificates);
        let leaf = chain.first().ok_or_else(|| wrong("no certificate"))?;
        let Identity::Commune { province, commune } = Identity::from_certificate(leaf)? else {
            return Err(wrong("the certificate is no commune's"));
        };
        if province != answer.province || commune != answer.commune {
            return Err(wrong("the certificate names another commune"));
        }
        // A province of the version before names none: the one that was pinned is in the chain.
        let told = if answer.authorities.is_empty() { chain[1..].to_vec() } else { ders(&answer.authorities) };
        if !told.iter().any(|certificate| Fingerprint::of(certificate) == authority) {
            return Err(wrong("the authority's certificate is missing"));
        }
        Ok(Self { province, commune, chain, authorities: told })
    }
}
