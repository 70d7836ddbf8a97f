//! The communes' files: shown within a page where browsers can show them safely, else downloaded. Only what the province holds whole.

use super::download::disposition;
use crate::{
    evidence_shelf::{Opened, ShelfError},
    site::{Failure, Site, gate::Visitor},
    store::EvidenceWanted,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream;
use pages::guard::FILE_POLICY;
use safekeeping::PlaceError;
use serde::Deserialize;
use shared::evidence_kind::{self, EvidenceKind};
use std::{
    fs::File,
    io::{self, Seek},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::OwnedSemaphorePermit,
};

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/evidence/{sha256}", get(evidence))
}

#[derive(Deserialize)]
struct Asked {
    /// Of which commune, where the same bytes came from several.
    #[serde(default)]
    commune: String,
    /// To keep and not to look at.
    #[serde(default)]
    download: String,
}

/// Whether a browser shows it within a page.
pub(super) fn is_shown(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Pdf | EvidenceKind::Png | EvidenceKind::Jpeg)
}

async fn evidence(
    State(site): State<Site>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let nothing = || {
        let words = visitor.pick(
            "Không có tệp minh chứng này, hoặc tỉnh chưa nhận đủ tệp.",
            "There is no such evidence, or the province does not hold all of it yet.",
        );
        Failure::NotFound(words.to_owned())
    };
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&name, &mut sha256).map_err(|_| nothing())?;
    if !asked.commune.is_empty() {
        visitor.must_see(&asked.commune)?;
    }
    // A leader sees what the own commune attached.
    let commune = visitor.account.commune.clone().or(Some(asked.commune).filter(|slug| !slug.is_empty()));
    let wanted = EvidenceWanted { sha256: Some(sha256), commune, ..EvidenceWanted::default() };
    let claim = site.province.store.evidence(wanted, 1).await?.into_iter().next().ok_or_else(nothing)?;
    let held = site.province.store.evidence_file(sha256).await?.ok_or_else(nothing)?;
    let tag = HeaderValue::from_str(&format!("\"{name}\"")).map_err(|_| nothing())?;
    if headers.get(IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let size = held.size_bytes;
    let gone = || {
        visitor.pick(
            "Tệp minh chứng này ở máy chủ bị mất hoặc bị thay đổi. Quản trị viên chạy `province-aggregator verify --repair` để xin xã gửi lại.",
            "This file of evidence is missing or altered on the server. The administrator runs `province-aggregator verify --repair`.",
        )
    };
    let (file, kind, turn) = match open(&site, sha256, size).await {
        Ok(Some(opened)) => opened,
        Ok(None) => {
            tracing::error!(sha256 = %name, "a file of evidence that is held is not there, or has another size");
            return Err(Failure::NotFound(gone().to_owned()));
        }
        Err(error @ ShelfError::Place(PlaceError::Damaged(_))) => {
            tracing::error!(sha256 = %name, %error, "a file of evidence that is held is another one");
            return Err(Failure::NotFound(gone().to_owned()));
        }
        // The disk or the object store: that says nothing of the file.
        Err(error) => {
            tracing::error!(sha256 = %name, %error, "a file of evidence cannot be read now");
            return Err(Failure::Internal);
        }
    };
    let shown = asked.download.is_empty() && kind.is_some_and(is_shown);
    let media_type = kind.map_or("application/octet-stream", EvidenceKind::media_type);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_LENGTH, HeaderValue::from(size)),
        (CONTENT_DISPOSITION, disposition(shown, &claim.name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY)),
        (ETAG, tag),
    ];
    Ok((headers, streamed(tokio::fs::File::from_std(file), size, turn)).into_response())
}

/// A file that is read, what it is by its content, and what is to be kept while it is read.
type Whole = (File, Option<EvidenceKind>, Option<OwnedSemaphorePermit>);

/// A file of just this size; none where there is none.
async fn open(site: &Site, sha256: [u8; 32], size: u64) -> Result<Option<Whole>, ShelfError> {
    let io = |source| ShelfError::Place(PlaceError::Io { path: site.shelf.path(sha256), source });
    let Some((mut file, turn)) = site.shelf.open_file(sha256, size).await?.map(Opened::into_parts) else {
        return Ok(None);
    };
    let looked = tokio::task::spawn_blocking(move || {
        let kind = evidence_kind::detect(&mut file)?;
        file.rewind()?;
        Ok((file, kind))
    });
    let (file, kind) = looked.await.map_err(io::Error::other).flatten().map_err(io)?;
    Ok(Some((file, kind, turn)))
}

/// No more than so many bytes, piece by piece. What is `kept` is kept until the last one.
fn streamed(file: impl AsyncRead + Send + Unpin + 'static, size: u64, kept: impl Send + 'static) -> Body {
    let pieces = stream::try_unfold((file.take(size), kept), |(mut file, kept)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(piece), (file, kept))))
    });
    Body::from_stream(pieces)
}
