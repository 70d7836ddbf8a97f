//! What the system refuses, in the words of the person who reads it.

use crate::language::Language;
use std::io::{self, ErrorKind};

/// The reason of an error of the system. In Vietnamese the usual ones have words of their own; the others keep the system's.
#[must_use]
pub fn reason(error: &io::Error, language: Language) -> String {
    let vi = match error.kind() {
        ErrorKind::NotFound => "không có tệp hoặc thư mục này",
        ErrorKind::PermissionDenied => "không có quyền",
        ErrorKind::AlreadyExists => "đã có rồi, không ghi đè",
        ErrorKind::NotADirectory => "không phải thư mục",
        ErrorKind::IsADirectory => "là thư mục, không phải tệp",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "ổ đĩa đầy",
        ErrorKind::ReadOnlyFilesystem => "ổ đĩa chỉ cho đọc",
        ErrorKind::InvalidFilename => "tên tệp không dùng được",
        ErrorKind::InvalidData => "nội dung không đúng dạng",
        ErrorKind::UnexpectedEof => "tệp bị cụt",
        ErrorKind::AddrInUse => "cổng này đang được chương trình khác dùng",
        ErrorKind::AddrNotAvailable => "máy này không có địa chỉ đó",
        ErrorKind::TimedOut => "quá thời gian chờ",
        _ => return error.to_string(),
    };
    language.pick(vi.to_owned(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_reasons_have_words_and_the_others_stay() {
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(reason(&missing, Language::Vi), "không có tệp hoặc thư mục này");
        assert_eq!(reason(&missing, Language::En), missing.to_string());
        let strange = io::Error::other("strange");
        assert_eq!(reason(&strange, Language::Vi), "strange");
    }
}
