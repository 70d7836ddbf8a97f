//! Why a bundle is not made, or an answer not taken, for logs and for the person at the commune.

use crate::{store::StoreError, uplink::credential::CredentialError};
use proto::{bundle::BundleError as Faulty, pem::PemError};
use shared::{language::Language, system_words::reason};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why a bundle is not made, or an answer not taken.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Key and certificate of this computer.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The key's file.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The file itself.
    #[error(transparent)]
    Faulty(#[from] Faulty),
    /// There is a file of this name.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The province has never said for which key bundles are sealed.
    #[error("no session has brought the province's key for bundles yet")]
    NoKey,
    /// The answer is another commune's.
    #[error("the answer is for {0}")]
    OtherCommune(String),
    /// The answer is for a bundle that is not remembered here.
    #[error("the answer is for a bundle that was not made by this store")]
    Unknown,
    /// The store began another life since the bundle was made.
    #[error("the log was taken back from the province since the bundle was made")]
    Superseded,
    /// A frame of the answer cannot be read.
    #[error("frame {0} of the answer cannot be read")]
    Frame(usize),
}

impl BundleError {
    /// Whether the file is not one that can be taken here.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Faulty(_) | Self::OtherCommune(_) | Self::Unknown | Self::Superseded | Self::Frame(_))
    }

    /// For the person at the commune.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            Self::Store(error) => return error.explain(language),
            Self::Credential(error) => return error.explain(language),
            Self::Pem(error) => format!("khóa của máy này không dùng được, cần tham gia lại (join): {error}"),
            Self::Faulty(Faulty::NotABundle) => "tệp này không phải gói trả lời của tỉnh".into(),
            Self::Faulty(Faulty::TooLarge) => "gói quá lớn".into(),
            Self::Faulty(Faulty::Sealed) => {
                "gói bị hỏng trên đường đi, hoặc trả lời cho máy khác; xin tỉnh chép lại tệp".into()
            }
            Self::Faulty(error) => format!("gói không dùng được: {error}"),
            Self::Exists(path) => format!("{} đã có, không ghi đè; chọn tên khác", path.display()),
            Self::File { path, source } => format!("{}: {}", path.display(), reason(source, language)),
            Self::NoKey => {
                "máy này chưa biết khóa nhận gói của tỉnh: cần đồng bộ qua mạng ít nhất một lần (`commune-agent sync`)"
                    .into()
            }
            Self::OtherCommune(commune) => format!("gói này trả lời cho {commune}, không phải xã này"),
            Self::Unknown => "gói này trả lời cho một gói mà máy này không nhớ đã tạo; hãy tạo gói mới".into(),
            Self::Superseded => {
                "sau khi tạo gói, máy này đã ghép lại nhật ký với tỉnh; gói trả lời này không còn cần nữa".into()
            }
            Self::Frame(number) => format!("phần {number} của gói trả lời không đọc được; xin tỉnh làm lại"),
        };
        language.pick(vi, self.to_string())
    }
}
