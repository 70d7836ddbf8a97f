//! How a session ended: for the schedule, for the exit code, and in words a clerk understands.

use shared::language::Language;
use std::time::Duration;

/// The ways a session can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All sent, confirmed, and the feed taken over.
    Done,
    /// All figures are confirmed and the feed is taken over; the session ended before all evidence was sent.
    EvidencePending,
    /// All figures are confirmed and the feed is taken over; the session ended before both ends were compared.
    NotCompared,
    /// The province is busy and said when to come back.
    RetryLater,
    /// No connection, or it broke.
    Unreachable,
    /// The province did not answer in time.
    TimedOut,
    /// The server is not the province's.
    NotTrusted,
    /// The province does not take this computer's certificate.
    IdentityRefused,
    /// The server is another province's.
    WrongProvince,
    /// This program is too old, or too new.
    UpgradeRequired,
    /// The province holds more of our log than we do, and this session could not heal that: its protocol is the one before.
    AgentBehind,
    /// The province holds another log under our name, and this session could not heal that: its protocol is the one before, the log
    /// became another meanwhile, or the answer of a bundle was about another.
    Fork,
    /// One side did not keep to the protocol.
    Protocol,
    /// Our own store refused.
    Store,
}

/// How soon to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It went well: as scheduled.
    Scheduled,
    /// Soon, with growing waits.
    Soon,
    /// When the province said.
    Told(Duration),
    /// Once a day: a person has to do something first.
    Daily,
}

impl End {
    /// All ends.
    pub const ALL: [End; 14] = [
        End::Done,
        End::EvidencePending,
        End::NotCompared,
        End::RetryLater,
        End::Unreachable,
        End::TimedOut,
        End::NotTrusted,
        End::IdentityRefused,
        End::WrongProvince,
        End::UpgradeRequired,
        End::AgentBehind,
        End::Fork,
        End::Protocol,
        End::Store,
    ];

    /// The stable word, in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            End::Done => "done",
            End::EvidencePending => "evidence_pending",
            End::NotCompared => "not_compared",
            End::RetryLater => "retry_later",
            End::Unreachable => "unreachable",
            End::TimedOut => "timed_out",
            End::NotTrusted => "server_not_trusted",
            End::IdentityRefused => "identity_refused",
            End::WrongProvince => "wrong_province",
            End::UpgradeRequired => "upgrade_required",
            End::AgentBehind => "agent_behind",
            End::Fork => "fork",
            End::Protocol => "protocol",
            End::Store => "store",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == word)
    }

    /// For the person at the commune: what happened and what to do.
    #[must_use]
    pub fn explain(self, language: Language) -> &'static str {
        let (vi, en) = match self {
            End::Done => ("đã đồng bộ", "in step with the province"),
            End::EvidencePending => (
                "số liệu đã gửi đủ và được xác nhận; minh chứng còn lại sẽ tự gửi tiếp",
                "all figures are sent and confirmed; the evidence that is left will be sent by itself",
            ),
            End::NotCompared => (
                "số liệu đã gửi đủ và được xác nhận; việc đối chiếu với tỉnh sẽ làm ở lần sau",
                "all figures are sent and confirmed; the comparison with the province follows in the next session",
            ),
            End::RetryLater => {
                ("máy chủ tỉnh đang bận; sẽ tự thử lại", "the province is busy; will try again by itself")
            }
            End::Unreachable => (
                "không kết nối được với tỉnh; kiểm tra mạng, chương trình sẽ tự thử lại",
                "the province cannot be reached; check the network, will try again by itself",
            ),
            End::TimedOut => (
                "tỉnh không trả lời kịp; phần đã xác nhận vẫn giữ, chương trình sẽ tự thử lại",
                "the province did not answer in time; what was confirmed stays so, will try again by itself",
            ),
            End::NotTrusted => (
                "máy chủ không chứng minh được là của tỉnh, chưa gửi gì cả; báo cho tỉnh, và tham gia lại (join) nếu tỉnh yêu cầu",
                "the server could not prove to be the province's, nothing was sent; tell the province, and join again if it asks you to",
            ),
            End::IdentityRefused => (
                "tỉnh không chấp nhận chứng thư của máy này (hết hạn hoặc bị thu hồi); xin mã mời mới rồi tham gia lại (join)",
                "the province does not take this computer's certificate (expired or revoked); ask for an invitation and join again",
            ),
            End::WrongProvince => (
                "máy chủ thuộc tỉnh khác; kiểm tra địa chỉ máy chủ trong agent.toml",
                "the server belongs to another province; check the address in agent.toml",
            ),
            End::UpgradeRequired => (
                "phiên bản chương trình không còn phù hợp với tỉnh; cập nhật chương trình",
                "this version does not fit the province's any more; update the program",
            ),
            End::AgentBehind => (
                "tỉnh giữ nhiều số liệu hơn máy này (máy được phục hồi từ bản sao cũ?); không mất gì: sẽ tự ghép lại ở lần kết nối trực tiếp tới, khi chương trình của tỉnh đã cập nhật",
                "the province holds more than this computer (restored from an old backup?); nothing is lost: it heals by itself in the next session over the line, once the province's program is up to date",
            ),
            End::Fork => (
                "tỉnh giữ một lịch sử khác của xã này (kho dữ liệu bị sao chép?); không mất gì: sẽ tự ghép lại ở lần kết nối trực tiếp tới, khi chương trình của tỉnh đã cập nhật",
                "the province holds another history of this commune (a copied store?); nothing is lost: it heals by itself in the next session over the line, once the province's program is up to date",
            ),
            End::Protocol => (
                "trao đổi với tỉnh bị lỗi; số liệu vẫn an toàn trên máy này, chương trình sẽ tự thử lại",
                "the exchange with the province failed; the figures are safe on this computer, will try again by itself",
            ),
            End::Store => (
                "không ghi được vào kho dữ liệu trên máy này; kiểm tra dung lượng và quyền của thư mục dữ liệu",
                "the store on this computer cannot be written; check the space and the permissions of the data folder",
            ),
        };
        language.pick(vi, en)
    }
}

/// How one session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The way.
    pub end: End,
    /// For logs.
    pub detail: String,
    /// The province's word on when to come back.
    pub retry_after: Option<Duration>,
}

/// Shortest and longest wait that the province can order.
const TOLD_WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
/// The pace while a person has to do something.
pub const DAILY: Duration = Duration::from_secs(24 * 3600);

impl Outcome {
    /// It went well.
    #[must_use]
    pub fn done() -> Self {
        Self::of(End::Done, "")
    }

    /// Another end.
    #[must_use]
    pub fn of(end: End, detail: impl Into<String>) -> Self {
        Self { end, detail: detail.into(), retry_after: None }
    }

    /// How soon to try again.
    #[must_use]
    pub fn pace(&self) -> Pace {
        match self.end {
            End::Done => Pace::Scheduled,
            End::EvidencePending
            | End::NotCompared
            | End::RetryLater
            | End::Unreachable
            | End::TimedOut
            | End::Protocol
            | End::Store => {
                self.retry_after.map_or(Pace::Soon, |wait| Pace::Told(wait.clamp(TOLD_WAITS.0, TOLD_WAITS.1)))
            }
            End::NotTrusted
            | End::IdentityRefused
            | End::WrongProvince
            | End::UpgradeRequired
            | End::AgentBehind
            | End::Fork => Pace::Daily,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_heals_by_itself_is_not_called_a_matter_for_the_province() {
        for end in [End::AgentBehind, End::Fork] {
            let (vi, en) = (end.explain(Language::Vi), end.explain(Language::En));
            assert!(vi.contains("tự ghép lại") && !vi.contains("liên hệ"), "{vi}");
            assert!(en.contains("heals by itself") && !en.contains("cannot"), "{en}");
        }
    }

    #[test]
    fn words_are_read_back_and_the_pace_fits() {
        for end in End::ALL {
            assert_eq!(End::from_word(end.as_str()), Some(end));
            assert_ne!(end.explain(Language::Vi), end.explain(Language::En));
        }
        let told = Outcome { retry_after: Some(Duration::ZERO), ..Outcome::of(End::RetryLater, "") };
        assert_eq!(told.pace(), Pace::Told(Duration::from_secs(1)));
        assert_eq!(Outcome::of(End::RetryLater, "").pace(), Pace::Soon);
        assert_eq!(Outcome::of(End::Fork, "").pace(), Pace::Daily);
    }
}
