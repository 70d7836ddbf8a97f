//! Which provinces take part, and by which authorities each is known. An authority is pinned by a person who compared its fingerprint.

use super::{
    NationError, NationPlace,
    place::{entries, make_folder, read_toml, to_toml, write},
};
use proto::{pem, tls::Fingerprint};
use rustls::pki_types::CertificateDer;
use safekeeping::copying::sync_folder;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Longest code of a province, in bytes.
const MAX_CODE_BYTES: usize = 64;
/// Most authorities by which a province is known.
const MAX_AUTHORITIES: usize = 8;

/// What `province.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    name: String,
}

/// A province that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Province id, as in its certificates.
    pub code: String,
    /// Its name.
    pub name: String,
    /// By whom it is known.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// Lets a province take part, or pins another authority of it. Says the fingerprint that has to be compared.
///
/// # Errors
/// [`NationError`]
pub fn enrol(place: &NationPlace, code: &str, name: &str, certificate: &Path) -> Result<Fingerprint, NationError> {
    let is_code = (1..=MAX_CODE_BYTES).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_code {
        return Err(NationError::Code(code.to_owned()));
    }
    let unreadable = |reason: String| NationError::Unreadable { path: certificate.to_owned(), reason };
    let certificates = pem::read_certificates(certificate).map_err(|error| unreadable(error.to_string()))?;
    let [authority] = certificates.as_slice() else {
        return Err(unreadable("one certificate is needed, the authority's".into()));
    };
    let _alone = place.write_alone()?;
    let folder = place.province(code);
    let pinned = folder.join("authorities");
    let fingerprint = Fingerprint::of(authority);
    if entries(&pinned)?.len() >= MAX_AUTHORITIES {
        return Err(NationError::TooManyAuthorities(code.to_owned()));
    }
    make_folder(&pinned)?;
    write(
        &pinned.join(format!("{}.pem", hex::encode(fingerprint.0))),
        pem::certificates_to_pem(&certificates).as_bytes(),
    )?;
    write(&folder.join("province.toml"), to_toml(&About { name: name.to_owned() }).as_bytes())?;
    for made in [&folder, &place.provinces()] {
        sync_folder(made).map_err(super::place::on(made))?;
    }
    Ok(fingerprint)
}

/// All provinces, by code.
pub(super) fn members(place: &NationPlace) -> Result<Vec<Member>, NationError> {
    let mut members = Vec::new();
    for folder in entries(&place.provinces())? {
        let code = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if let Some(member) = member(place, &code)? {
            members.push(member);
        }
    }
    Ok(members)
}

/// A province; none where it does not take part.
pub(super) fn member(place: &NationPlace, code: &str) -> Result<Option<Member>, NationError> {
    let about = place.province(code).join("province.toml");
    // A code from a file that somebody sent is no way to anywhere else.
    if code.contains(['/', '\\', '.']) || code.is_empty() || !about.is_file() {
        return Ok(None);
    }
    let About { name } = read_toml(&about)?;
    let mut authorities = Vec::new();
    for path in entries(&place.province(code).join("authorities"))? {
        if path.extension().is_some_and(|extension| extension == "pem") {
            let read = pem::read_certificates(&path);
            authorities.extend(read.map_err(|error| NationError::Unreadable { path, reason: error.to_string() })?);
        }
    }
    Ok(Some(Member { code: code.to_owned(), name, authorities }))
}
