//! Certificates that were issued, as a list.

use crate::store::CertificateRecord;
use shared::{
    calendar::rfc3339,
    language::Language,
    listing::{Column, Form, Listing},
};

/// The last of each identity; they come by identity and generation.
#[must_use]
pub fn newest(certificates: Vec<CertificateRecord>) -> Vec<CertificateRecord> {
    let mut newest: Vec<CertificateRecord> = Vec::new();
    for certificate in certificates {
        match newest.last_mut() {
            Some(last) if last.identity == certificate.identity => *last = certificate,
            _ => newest.push(certificate),
        }
    }
    newest
}

/// Certificates as they come.
#[must_use]
pub fn listed(certificates: &[CertificateRecord], language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let row = |one: &CertificateRecord| {
        vec![
            one.identity.clone(),
            one.serial.clone(),
            one.generation.to_string(),
            rfc3339(one.issued_at),
            rfc3339(one.not_after),
            one.revoked_at.map_or_else(String::new, rfc3339),
        ]
    };
    Listing {
        title: l("Chứng thư", "Certificates").into(),
        columns: vec![
            Column::new("identity", l("Của ai", "Identity"), Form::Text),
            Column::new("serial", l("Số hiệu", "Serial"), Form::Text),
            Column::new("generation", l("Đời", "Generation"), Form::Number),
            Column::new("issued", l("Cấp", "Issued"), Form::Time),
            Column::new("expires", l("Hết hạn", "Expires"), Form::Time),
            Column::new("revoked", l("Thu hồi", "Revoked"), Form::Time),
        ],
        rows: certificates.iter().map(row).collect(),
        ..Listing::default()
    }
}
