//! Evidence review (thẩm định): the reasons for which a reported result is returned.
//!
//! Source: plan of xã Tân Lợi, V.2.2: what is not valid goes back to "Chờ hoàn thiện" and earns nothing.

use crate::language::Language;

/// Why a result is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is no evidence, or not all of it.
    EvidenceMissing,
    /// The evidence cannot be read.
    EvidenceUnreadable,
    /// The document is not signed or not issued.
    NotIssued,
    /// The evidence is of another period.
    OtherPeriod,
    /// The evidence is about something else.
    OtherSubject,
    /// The figure is not what the evidence says.
    Mismatch,
    /// Numerator, denominator or the way of counting is not the indicator's.
    WrongMethod,
    /// The result does not fit the sector's own figures.
    AgainstSector,
    /// Anything else; needs words.
    Other,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 9] = [
        Reason::EvidenceMissing,
        Reason::EvidenceUnreadable,
        Reason::NotIssued,
        Reason::OtherPeriod,
        Reason::OtherSubject,
        Reason::Mismatch,
        Reason::WrongMethod,
        Reason::AgainstSector,
        Reason::Other,
    ];

    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::EvidenceMissing => "evidence_missing",
            Reason::EvidenceUnreadable => "evidence_unreadable",
            Reason::NotIssued => "not_issued",
            Reason::OtherPeriod => "other_period",
            Reason::OtherSubject => "other_subject",
            Reason::Mismatch => "mismatch",
            Reason::WrongMethod => "wrong_method",
            Reason::AgainstSector => "against_sector",
            Reason::Other => "other",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// For people.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (vi, en) = match self {
            Reason::EvidenceMissing => ("thiếu minh chứng", "evidence is missing"),
            Reason::EvidenceUnreadable => ("minh chứng không đọc được", "the evidence cannot be read"),
            Reason::NotIssued => ("văn bản chưa ký, chưa ban hành", "the document is not signed or issued"),
            Reason::OtherPeriod => ("minh chứng không đúng kỳ", "the evidence is of another period"),
            Reason::OtherSubject => ("minh chứng không đúng nội dung chỉ tiêu", "the evidence is about something else"),
            Reason::Mismatch => ("số liệu không khớp minh chứng", "the figure is not what the evidence says"),
            Reason::WrongMethod => {
                ("tử số, mẫu số hoặc cách tính chưa đúng", "numerator, denominator or method is wrong")
            }
            Reason::AgainstSector => ("không khớp số liệu của ngành", "it does not fit the sector's figures"),
            Reason::Other => ("lý do khác", "another reason"),
        };
        language.pick(vi, en)
    }

    /// What the clerk reads: the reason in Vietnamese, then the reviewer's own words.
    #[must_use]
    pub fn told(self, words: &str) -> String {
        match (self, words.trim()) {
            (Reason::Other, words) => words.to_owned(),
            (reason, "") => reason.label(Language::Vi).to_owned(),
            (reason, words) => format!("{}: {words}", reason.label(Language::Vi)),
        }
    }
}

/// What [`Reason::told`] made, for a reader of a language: the reason of the list in that language, the reviewer's words as they are.
#[must_use]
pub fn in_language(told: &str, language: Language) -> String {
    let listed = Reason::ALL.into_iter().find_map(|reason| {
        let rest = told.strip_prefix(reason.label(Language::Vi))?;
        (rest.is_empty() || rest.starts_with(": ")).then(|| format!("{}{rest}", reason.label(language)))
    });
    listed.unwrap_or_else(|| told.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_told() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_word(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::from_word("because"), None);
        assert_eq!(Reason::Mismatch.told(" biểu 2 "), "số liệu không khớp minh chứng: biểu 2");
        assert_eq!(Reason::Mismatch.told(" "), "số liệu không khớp minh chứng");
        assert_eq!(Reason::Other.told("trùng lặp"), "trùng lặp");
        for (told, en) in [
            (Reason::Mismatch.told("biểu 2"), "the figure is not what the evidence says: biểu 2"),
            (Reason::EvidenceMissing.told(""), "evidence is missing"),
            (Reason::Other.told("thiếu minh chứng số 2"), "thiếu minh chứng số 2"),
        ] {
            assert_eq!(in_language(&told, Language::Vi), told);
            assert_eq!(in_language(&told, Language::En), en);
        }
    }
}
