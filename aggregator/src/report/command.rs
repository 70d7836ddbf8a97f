//! What is typed to ask: the commands, read into questions.

use super::{
    cli::Format,
    question::{
        AlertsAsked, AskError, DetailAsked, Edition, ExportTable, HistoryAsked, Question, QueueAsked, Since, Subject,
        TasksAsked, UnitsAsked, WhatIfAsked, any_light, kind, light,
    },
    recompute::Recomputed,
    remote::Server,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use shared::{
    language::Language,
    period::Period,
    ranking::{Scheme, Scope},
};
use std::path::PathBuf;

/// The commands.
// A doc comment on a flattened field would become help text of the command.
#[allow(missing_docs)]
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Xếp hạng các xã, phường
    Rankings {
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        of: Of,
        /// Chỉ trong một nhóm chỉ tiêu (HT, NL, KH, DM, CDS, OT)
        #[arg(long)]
        group: Option<String>,
        /// Chỉ theo một chỉ tiêu
        #[arg(long)]
        indicator: Option<String>,
        /// Chỉ xã (xa) hoặc chỉ phường (phuong)
        #[arg(long, value_parser = ["xa", "phuong"])]
        kind: Option<String>,
    },
    /// Ba cách chấm cạnh nhau: hạng và điểm của từng xã, phường
    Schemes {
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Giải thích điểm của một xã, phường, từng mục tiêu một
    Explain {
        /// Mã, mã số hoặc tên (không cần dấu)
        commune: String,
        /// Chỉ một chỉ tiêu, đến tận gốc: cách chấm, phép tính, ai nhập, minh chứng, thẩm định
        #[arg(long, value_name = "MÃ")]
        indicator: Option<String>,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        of: Of,
    },
    /// Lịch sử một số liệu: mọi phiên bản, ai nhập, minh chứng, thẩm định
    History {
        /// Mã, mã số hoặc tên (không cần dấu)
        commune: String,
        /// Mã chỉ tiêu hoặc nhiệm vụ
        indicator: String,
        /// Chỉ một kỳ: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
        #[arg(long)]
        period: Option<Period>,
        /// Chỉ một đơn vị của xã
        #[arg(long, value_name = "MÃ")]
        unit: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Bảng xếp theo một chỉ tiêu và số liệu chung của tỉnh
    Indicator {
        /// Mã chỉ tiêu, ví dụ CDS-17
        code: String,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        of: Of,
    },
    /// Các xã, phường và tình trạng đồng bộ
    Communes {
        #[command(flatten)]
        asking: Asking,
    },
    /// Đến hạn: ai phải báo cáo gì, hạn ngày nào, còn thiếu gì
    Due {
        /// Chỉ một xã, phường: mã, mã số hoặc tên (không cần dấu)
        commune: Option<String>,
        /// Ấp, đơn vị nào của xã phải gửi xã số liệu gì, cả số liệu không chấm điểm
        #[arg(long, requires = "commune")]
        units: bool,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng này
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Đèn đỏ, đèn vàng với lý do; hoặc đèn nào vừa bật, vừa tắt
    Alerts {
        /// Chỉ một xã, phường: mã, mã số hoặc tên (không cần dấu)
        commune: Option<String>,
        /// Chỉ của một đơn vị chủ trì: mã (CA) hoặc tên (không cần dấu)
        #[arg(long)]
        unit: Option<String>,
        /// Chỉ đèn đỏ (red) hoặc chỉ đèn vàng (yellow)
        #[arg(long, value_parser = ["red", "yellow"])]
        light: Option<String>,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long, conflicts_with = "changes")]
        period: Option<Period>,
        /// Những đèn bật, tắt từ ngày này (YYYY-MM-DD); không ghi ngày là từ hôm qua
        #[arg(long, value_name = "NGÀY", num_args = 0..=1, default_missing_value = "yesterday", value_parser = since)]
        changes: Option<Since>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Số liệu chờ thẩm định, chờ lâu nhất trước
    Queue {
        /// Chỉ một xã, phường: mã, mã số hoặc tên (không cần dấu)
        commune: Option<String>,
        /// Chỉ một chỉ tiêu
        #[arg(long)]
        indicator: Option<String>,
        /// Cả số liệu chưa đạt mục tiêu mà có minh chứng
        #[arg(long)]
        all: bool,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Đã thẩm định bao nhiêu, trả lại vì sao, mất bao lâu
    Reviews {
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Nhiệm vụ trong các kế hoạch: tiến độ, thời hạn, giải ngân, đèn
    Tasks {
        /// Chỉ một xã, phường: mã, mã số hoặc tên (không cần dấu)
        commune: Option<String>,
        /// Chỉ của một đơn vị chủ trì: mã (CA) hoặc tên (không cần dấu)
        #[arg(long)]
        unit: Option<String>,
        /// Chỉ đèn đỏ (red), vàng (yellow), xanh (green) hoặc xám (grey)
        #[arg(long, value_parser = ["red", "yellow", "green", "grey"])]
        light: Option<String>,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ấp, phòng, đoàn thể của một xã: thứ hạng, hoặc một chỉ tiêu theo đơn vị
    Units {
        /// Mã, mã số hoặc tên (không cần dấu)
        commune: String,
        /// Một chỉ tiêu theo từng đơn vị
        #[arg(long)]
        indicator: Option<String>,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Số liệu cần xem lại: giảm, tăng khác thường, mâu thuẫn, thiếu minh chứng
    Checks {
        /// Chỉ một xã, phường: mã, mã số hoặc tên (không cần dấu)
        commune: Option<String>,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Chất lượng báo cáo: đầy đủ, đúng hạn, sửa lại, cần xem lại
    Quality {
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
        #[arg(long)]
        period: Option<Period>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Nếu như: kết quả nào nâng hạng nhiều nhất, bị trả lại thì mất gì
    WhatIf {
        /// Mã, mã số hoặc tên (không cần dấu)
        commune: String,
        /// Giả định kết quả, ví dụ CDS-17=79/99, CDS-17=85,5, CDS-19=có; coi như đã được chấp nhận
        #[arg(long, value_name = "MÃ=GIÁ_TRỊ")]
        set: Vec<String>,
        /// Giả định kết quả của chỉ tiêu này bị trả lại
        #[arg(long = "return", value_name = "MÃ")]
        returned: Vec<String>,
        /// Giả định điểm của chỉ tiêu, ví dụ CDS-17=3
        #[arg(long, value_name = "MÃ=ĐIỂM")]
        points: Vec<String>,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        of: Of,
    },
    /// Xuất dữ liệu để ai cũng tính lại được
    Export {
        /// Bảng cần xuất
        table: ExportTable,
        #[command(flatten)]
        of: Of,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Tính lại một kỳ chỉ từ các tệp CSV đã xuất
    Recompute {
        /// Thư mục có communes.csv, indicators.csv, targets.csv, exceptions.csv, observations.csv
        folder: PathBuf,
        /// Tính lại bảng nào
        what: Recomputed,
        /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
        #[arg(long)]
        period: Period,
        /// Cách chấm
        #[arg(long, default_value = "own", value_parser = scheme)]
        scheme: Scheme,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
        /// Ngày được coi là hôm nay (YYYY-MM-DD), chỉ ảnh hưởng đèn vàng của kỳ chưa đến hạn; của bản chốt là ngày chốt
        #[arg(long)]
        today: Option<NaiveDate>,
    },
}

/// How a report for people is asked for and printed.
#[derive(Debug, Args)]
pub struct Asking {
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    server: ServerArgs,
}

/// Where to ask.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Hỏi máy chủ https://HOST:PORT thay vì thư mục tại chỗ
    #[arg(long, value_name = "URL", requires = "credential")]
    server: Option<String>,
    /// Thư mục chứng thư cán bộ, tạo bằng lệnh `credential`
    #[arg(long, value_name = "DIR")]
    credential: Option<PathBuf>,
}

/// Which period and scheme.
#[derive(Debug, Args)]
pub struct Of {
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026; mặc định là tháng mới nhất có số liệu
    #[arg(long)]
    period: Option<Period>,
    /// Cách chấm: own (mục tiêu riêng), common (chỉ tiêu chung), standard (chuẩn của tỉnh)
    #[arg(long, default_value = "own", value_parser = scheme)]
    scheme: Scheme,
    /// Của kỳ đã chốt: lần chốt thứ mấy, hoặc present là số liệu hiện tại; mặc định là lần chốt đang có hiệu lực
    #[arg(long, default_value = "", hide_default_value = true, value_parser = edition)]
    revision: Edition,
}

fn since(word: &str) -> Result<Since, String> {
    word.parse().map_err(|_| "YYYY-MM-DD".to_owned())
}

fn edition(word: &str) -> Result<Edition, String> {
    word.parse().map_err(|_| "1, 2, …, present".to_owned())
}

fn scheme(word: &str) -> Result<Scheme, String> {
    Scheme::from_word(word).ok_or_else(|| "own, common, standard".to_owned())
}

/// The question that a command asks, how the answer is printed, and whom it goes to.
pub(super) fn asked(
    command: ReportCommand,
    language: Language,
) -> Result<(Question, Format, Option<Server>), AskError> {
    let whole = Of { period: None, scheme: Scheme::Own, revision: Edition::InForce };
    let (subject, of, format, server) = match command {
        ReportCommand::Rankings { asking, of, group, indicator, kind: word } => {
            let scope = Scope { group, indicator, kind: kind(word.as_deref().unwrap_or_default())? };
            (Subject::Rankings(scope), of, asking.format, asking.server)
        }
        ReportCommand::Schemes { period, asking } => {
            (Subject::Schemes, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Explain { commune, indicator, asking, of } => {
            let subject = match indicator {
                Some(indicator) => Subject::Detail(DetailAsked { commune, indicator, known: None }),
                None => Subject::Explain(commune),
            };
            (subject, of, asking.format, asking.server)
        }
        ReportCommand::History { commune, indicator, period, unit, asking } => {
            let subject = Subject::History(HistoryAsked { commune, indicator, unit, known: None });
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Indicator { code, asking, of } => (Subject::Indicator(code), of, asking.format, asking.server),
        ReportCommand::Communes { asking } => (Subject::Communes, whole, asking.format, asking.server),
        ReportCommand::Due { commune, units, period, asking } => {
            let subject = match commune {
                Some(commune) if units => Subject::UnitsDue(commune),
                commune => Subject::Due(commune),
            };
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Alerts { commune, unit, light: word, period, changes, asking } => {
            let light = light(word.as_deref().unwrap_or_default())?;
            let subject = Subject::Alerts(AlertsAsked { commune, unit, light, changes });
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Queue { commune, indicator, all, period, asking } => {
            let subject = Subject::Queue(QueueAsked { commune, indicator, all });
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Tasks { commune, unit, light: word, period, asking } => {
            let light = any_light(word.as_deref().unwrap_or_default())?;
            let subject = Subject::Tasks(TasksAsked { commune, unit, light });
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Units { commune, indicator, period, asking } => {
            let subject = Subject::Units(UnitsAsked { commune, indicator });
            (subject, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Checks { commune, period, asking } => {
            (Subject::Checks(commune), Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Quality { period, asking } => {
            (Subject::Quality, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::WhatIf { commune, set, returned, points, asking, of } => {
            (Subject::WhatIf(WhatIfAsked { commune, set, returned, points }), of, asking.format, asking.server)
        }
        ReportCommand::Reviews { period, asking } => {
            (Subject::Reviews, Of { period, ..whole }, asking.format, asking.server)
        }
        ReportCommand::Export { table, of, format, server } => (Subject::Export(table), of, format, server),
        ReportCommand::Recompute { .. } => return Err(AskError::UnknownWord("command", "recompute".into())),
    };
    let question = Question { subject, period: of.period, scheme: of.scheme, edition: of.revision, language };
    let server = server.server.zip(server.credential).map(|(url, credential)| Server { url, credential });
    Ok((question, format, server))
}
