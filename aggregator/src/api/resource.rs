//! What can be asked and done: one table. The router is made from it, what a request may carry is checked against it, and it is what the
//! description and the page tell.

use super::{
    ROOT,
    asked::Asked,
    caller::Caller,
    deed::{self, Deed},
    description,
    parameter::{Form, Parameter},
    problem::{Fault, Problem},
    reading,
};
use crate::{
    report::question::{
        AlertsAsked, AskError, DetailAsked, ExportTable, HistoryAsked, QueueAsked, Subject, TasksAsked, UnitsAsked,
        WhatIfAsked, any_light, kind, light,
    },
    site::Site,
    store::{AuditQuestion, Role},
};
use axum::{
    body::Bytes,
    extract::{RawPathParams, RawQuery, State, rejection::BytesRejection},
    http::{HeaderMap, Uri},
    routing::{MethodRouter, get, post},
};
use chrono::{DateTime, NaiveDate, Utc};
use shared::{calendar::end_of_day, ranking::Scope};

/// How a resource is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes something.
    Post,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a token.
    Open,
    /// The province's staff from a role on.
    Staff(Role),
    /// The staff, and a commune's leader of the own commune.
    Commune,
}

/// Where the rows of a list come from.
pub(super) enum Source {
    /// The answer to a question.
    Answer(Subject),
    /// Those rows of an answer that have these cells.
    Part(Subject, Vec<(&'static str, String)>),
    /// The closings of periods.
    Closings,
    /// The audit history.
    Audit(AuditQuestion),
}

/// What is done with a request.
pub(super) enum Work {
    /// A list is read.
    List(fn(&Asked) -> Result<Source, AskError>),
    /// Something is changed.
    Deed(Deed),
    /// The description of all this.
    Description,
}

/// Something that can be asked or done.
pub struct Resource {
    /// How.
    pub verb: Verb,
    /// Where, below the root.
    pub path: &'static str,
    /// What it is, in Vietnamese and English.
    pub about: (&'static str, &'static str),
    /// Who may.
    pub access: Access,
    /// What the request may carry, beside what every list takes.
    pub parameters: &'static [Parameter],
    pub(super) work: Work,
}

const VIEWER: Access = Access::Staff(Role::Viewer);

const PERIOD: Parameter = Parameter::query(
    "period",
    Form::Period,
    ("Kỳ báo cáo; mặc định là tháng mới nhất có số liệu", "The period; by default the latest month with figures"),
    "2026-10",
);
const SCHEME: Parameter =
    Parameter::query("scheme", Form::Scheme, ("Cách chấm; mặc định own", "The scheme; own by default"), "own");
const EDITION: Parameter = Parameter::query(
    "edition",
    Form::Edition,
    ("Của kỳ đã chốt: lần chốt thứ mấy, hoặc present", "Of a closed period: which closing, or present"),
    "present",
);
const COMMUNE: Parameter = Parameter::query(
    "commune",
    Form::Commune,
    ("Xã, phường: mã hoặc tên", "The commune: slug, code or name"),
    "dinh-quan",
);
const INDICATOR: Parameter =
    Parameter::query("indicator", Form::Indicator, ("Mã chỉ tiêu", "Code of an indicator"), "CDS-17");
const GROUP: Parameter = Parameter::query("group", Form::Text, ("Nhóm chỉ tiêu", "Group of indicators"), "CDS");
const KIND: Parameter = Parameter::query("kind", Form::Kind, ("xa hoặc phuong", "xa or phuong"), "xa");
const LIGHT: Parameter =
    Parameter::query("light", Form::Light, ("Đèn: red hoặc yellow", "The light: red or yellow"), "red");
const ANY_LIGHT: Parameter = Parameter::query(
    "light",
    Form::Choice(&["red", "yellow", "green", "grey"]),
    ("Đèn: red, yellow, green hoặc grey", "The light: red, yellow, green or grey"),
    "red",
);
const UNIT: Parameter = Parameter::query(
    "unit",
    Form::Text,
    ("Đơn vị chủ trì chứa chữ này, không cần dấu", "The lead unit contains this, whatever the diacritics"),
    "van hoa",
);
const SLUG: Parameter = Parameter::path("slug", Form::Commune, ("Mã xã, phường", "Slug of the commune"), "dinh-quan");
const CODE: Parameter = Parameter::path("code", Form::Indicator, ("Mã chỉ tiêu", "Code of the indicator"), "CDS-17");
const CLOSED: Parameter = Parameter::path("period", Form::Period, ("Kỳ báo cáo", "The period"), "2026-10");

/// What every list takes.
const OF_LISTS: [Parameter; 3] = [
    Parameter::query(
        "search",
        Form::Text,
        ("Chỉ các dòng chứa chữ này, không cần dấu", "Only rows that contain this, whatever the diacritics"),
        "a",
    ),
    Parameter::query(
        "limit",
        Form::Number(super::paging::MAX_LIMIT),
        ("Số dòng mỗi trang; mặc định 200", "Rows in a page; 200 by default"),
        "200",
    ),
    Parameter::query(
        "after",
        Form::Text,
        ("Con trỏ trang sau, lấy từ next của trang trước", "Cursor of a further page: next of the page before"),
        "",
    ),
];

const fn list(
    path: &'static str,
    access: Access,
    about: (&'static str, &'static str),
    parameters: &'static [Parameter],
    source: fn(&Asked) -> Result<Source, AskError>,
) -> Resource {
    Resource { verb: Verb::Get, path, about, access, parameters, work: Work::List(source) }
}

const fn deed(
    path: &'static str,
    role: Role,
    about: (&'static str, &'static str),
    parameters: &'static [Parameter],
    deed: Deed,
) -> Resource {
    Resource { verb: Verb::Post, path, about, access: Access::Staff(role), parameters, work: Work::Deed(deed) }
}

/// Everything.
pub static RESOURCES: [Resource; 26] = [
    Resource {
        verb: Verb::Get,
        path: "/openapi.json",
        about: ("Mô tả OpenAPI 3.1 của API này", "This API described as OpenAPI 3.1"),
        access: Access::Open,
        parameters: &[],
        work: Work::Description,
    },
    list("/periods", VIEWER, ("Các lần chốt kỳ", "The closings of periods"), &[], |_| Ok(Source::Closings)),
    list(
        "/rankings",
        VIEWER,
        ("Xếp hạng", "The ranking"),
        &[PERIOD, SCHEME, EDITION, GROUP, INDICATOR, KIND],
        |asked| {
            let scope = Scope {
                group: asked.owned("group"),
                indicator: asked.owned("indicator"),
                kind: kind(asked.text("kind").unwrap_or_default())?,
            };
            Ok(Source::Answer(Subject::Rankings(scope)))
        },
    ),
    list(
        "/schemes",
        VIEWER,
        ("Ba cách chấm đặt cạnh nhau", "The three schemes side by side"),
        &[PERIOD, EDITION],
        |_| Ok(Source::Answer(Subject::Schemes)),
    ),
    list("/communes", VIEWER, ("Các xã, phường và máy của xã", "The communes and their agents"), &[], |_| {
        Ok(Source::Answer(Subject::Communes))
    }),
    list(
        "/communes/{slug}/explanation",
        Access::Commune,
        ("Vì sao xã được điểm đó, từng mục tiêu", "A commune's points, target by target"),
        &[SLUG, PERIOD, SCHEME, EDITION],
        |asked| Ok(Source::Answer(Subject::Explain(asked.owned("slug").unwrap_or_default()))),
    ),
    list(
        "/communes/{slug}/explanation/{code}",
        Access::Commune,
        (
            "Một chỉ tiêu của xã đến tận gốc: cách chấm, phép tính, ai nhập, minh chứng, thẩm định",
            "One indicator of a commune to the bottom: rule, arithmetic, who entered it, evidence, review",
        ),
        &[SLUG, CODE, PERIOD, SCHEME, EDITION],
        |asked| {
            Ok(Source::Answer(Subject::Detail(DetailAsked {
                commune: asked.owned("slug").unwrap_or_default(),
                indicator: asked.owned("code").unwrap_or_default(),
                known: None,
            })))
        },
    ),
    list(
        "/communes/{slug}/history",
        Access::Commune,
        (
            "Mọi phiên bản số liệu của một chỉ tiêu hoặc nhiệm vụ: ai nhập, lúc nào, minh chứng, thẩm định",
            "Every version of an indicator's or task's figures: by whom and when, evidence, review",
        ),
        &[
            SLUG,
            Parameter::query(
                "indicator",
                Form::Text,
                ("Mã chỉ tiêu hoặc nhiệm vụ", "Code of an indicator or task"),
                "CDS-17",
            )
            .required(),
            PERIOD,
            Parameter::query("unit", Form::Text, ("Mã đơn vị của xã", "Code of a unit of the commune"), ""),
        ],
        |asked| {
            Ok(Source::Answer(Subject::History(HistoryAsked {
                commune: asked.owned("slug").unwrap_or_default(),
                indicator: asked.owned("indicator").unwrap_or_default(),
                unit: asked.owned("unit"),
                known: None,
            })))
        },
    ),
    list("/indicators", Access::Commune, ("Danh mục chỉ tiêu", "The catalogue of indicators"), &[], |_| {
        Ok(Source::Answer(Subject::Export(ExportTable::Indicators)))
    }),
    list(
        "/indicators/{code}",
        VIEWER,
        (
            "Một chỉ tiêu: thứ hạng các xã và số liệu toàn tỉnh",
            "An indicator: league table and the province's own figure",
        ),
        &[CODE, PERIOD, SCHEME, EDITION],
        |asked| Ok(Source::Answer(Subject::Indicator(asked.owned("code").unwrap_or_default()))),
    ),
    list(
        "/due",
        Access::Commune,
        ("Ai phải báo cáo gì, hạn ngày nào, còn thiếu gì", "Who has to report what, by which day, and what is missing"),
        &[
            COMMUNE,
            PERIOD,
            Parameter::query(
                "units",
                Form::Flag,
                ("Đơn vị nào của xã phải gửi xã số liệu gì; cần commune", "What units owe the commune; needs commune"),
                "",
            ),
        ],
        |asked| {
            let subject = match asked.owned("commune") {
                Some(commune) if asked.text("units") == Some("true") => Subject::UnitsDue(commune),
                commune => Subject::Due(commune),
            };
            Ok(Source::Answer(subject))
        },
    ),
    list(
        "/alerts",
        Access::Commune,
        ("Đèn đỏ, đèn vàng kèm lý do", "Red and yellow lights with their reasons"),
        &[
            COMMUNE,
            UNIT,
            LIGHT,
            PERIOD,
            Parameter::query(
                "changes",
                Form::Since,
                (
                    "Những gì bật, tắt từ hôm qua (yesterday) hoặc từ một ngày",
                    "What went on and off since yesterday or a day",
                ),
                "yesterday",
            ),
        ],
        |asked| {
            Ok(Source::Answer(Subject::Alerts(AlertsAsked {
                commune: asked.owned("commune"),
                unit: asked.owned("unit"),
                light: light(asked.text("light").unwrap_or_default())?,
                changes: asked.parsed("changes"),
            })))
        },
    ),
    list(
        "/tasks",
        Access::Commune,
        ("Nhiệm vụ trong kế hoạch: tiến độ, giải ngân, đèn", "The plans' tasks: progress, disbursement, light"),
        &[COMMUNE, UNIT, ANY_LIGHT, PERIOD],
        |asked| {
            Ok(Source::Answer(Subject::Tasks(TasksAsked {
                commune: asked.owned("commune"),
                unit: asked.owned("unit"),
                light: any_light(asked.text("light").unwrap_or_default())?,
            })))
        },
    ),
    list(
        "/units",
        Access::Commune,
        ("Các đơn vị của một xã, hoặc một chỉ tiêu theo đơn vị", "The units of a commune, or an indicator by units"),
        &[COMMUNE.required(), INDICATOR, PERIOD],
        |asked| {
            Ok(Source::Answer(Subject::Units(UnitsAsked {
                commune: asked.owned("commune").unwrap_or_default(),
                indicator: asked.owned("indicator"),
            })))
        },
    ),
    list(
        "/checks",
        Access::Commune,
        ("Số liệu cần xem lại", "Figures to look at again"),
        &[COMMUNE, PERIOD],
        |asked| Ok(Source::Answer(Subject::Checks(asked.owned("commune")))),
    ),
    list(
        "/quality",
        VIEWER,
        ("Đầy đủ, đúng hạn, số lần sửa của từng xã", "Completeness, punctuality and revisions of each commune"),
        &[PERIOD],
        |_| Ok(Source::Answer(Subject::Quality)),
    ),
    list(
        "/reviews",
        VIEWER,
        ("Đã thẩm định bao nhiêu, thế nào, mất bao lâu", "How many results were reviewed, how, and how fast"),
        &[PERIOD],
        |_| Ok(Source::Answer(Subject::Reviews)),
    ),
    list(
        "/queue",
        VIEWER,
        ("Kết quả chờ thẩm định, chờ lâu nhất trước", "Results that await a reviewer, the longest first"),
        &[
            COMMUNE,
            INDICATOR,
            PERIOD,
            Parameter::query(
                "all",
                Form::Flag,
                ("Cả kết quả chưa đạt mục tiêu", "Also results that do not reach their target"),
                "true",
            ),
        ],
        |asked| {
            Ok(Source::Answer(Subject::Queue(QueueAsked {
                commune: asked.owned("commune"),
                indicator: asked.owned("indicator"),
                all: asked.text("all") == Some("true"),
            })))
        },
    ),
    list(
        "/what-if",
        VIEWER,
        (
            "Điều gì nâng hạng một xã nhiều nhất; hoặc mọi xã sẽ đứng đâu",
            "What would lift a commune most; or where everyone would stand",
        ),
        &[
            COMMUNE.required(),
            PERIOD,
            SCHEME,
            EDITION,
            Parameter::query(
                "set",
                Form::Text,
                ("Giả định kết quả: MÃ=GIÁ_TRỊ", "A supposed result: CODE=VALUE"),
                "CDS-17=79/99",
            )
            .many(),
            Parameter::query(
                "returned",
                Form::Text,
                ("Giả định bị trả lại: mã chỉ tiêu", "A supposed return: code of an indicator"),
                "CDS-17",
            )
            .many(),
            Parameter::query(
                "points",
                Form::Text,
                ("Giả định điểm: MÃ=ĐIỂM", "Supposed points: CODE=POINTS"),
                "CDS-07=3",
            )
            .many(),
        ],
        |asked| {
            Ok(Source::Answer(Subject::WhatIf(WhatIfAsked {
                commune: asked.owned("commune").unwrap_or_default(),
                set: asked.all("set"),
                returned: asked.all("returned"),
                points: asked.all("points"),
            })))
        },
    ),
    list(
        "/catalogue/{table}",
        VIEWER,
        ("Một bảng của danh mục", "A table of the catalogue"),
        &[
            Parameter::path(
                "table",
                Form::Choice(&["communes", "indicators", "targets", "exceptions"]),
                ("Bảng", "The table"),
                "targets",
            ),
            PERIOD,
            EDITION,
        ],
        |asked| {
            let table = match asked.text("table") {
                Some("indicators") => ExportTable::Indicators,
                Some("targets") => ExportTable::Targets,
                Some("exceptions") => ExportTable::Exceptions,
                _ => ExportTable::Communes,
            };
            Ok(Source::Answer(Subject::Export(table)))
        },
    ),
    list(
        "/observations",
        VIEWER,
        (
            "Mọi phiên bản của mọi số liệu, như lệnh export observations",
            "Every version of every figure, as export observations has it",
        ),
        &[PERIOD, EDITION, COMMUNE, INDICATOR],
        observations,
    ),
    list(
        "/audit",
        Access::Staff(Role::Steward),
        ("Ai đã làm gì, lúc nào, từ đâu; mới nhất trước", "Who did what, when and from where; newest first"),
        &[
            Parameter::query("from", Form::Day, ("Từ ngày", "From this day"), "2026-10-01"),
            Parameter::query("until", Form::Day, ("Đến hết ngày", "To the end of this day"), "2099-12-31"),
            Parameter::query(
                "what",
                Form::Text,
                ("Loại việc, ví dụ reviewed", "What was done, like reviewed"),
                "reviewed",
            ),
        ],
        |asked| {
            let day = |name| asked.parsed::<NaiveDate>(name);
            let begins = |day: NaiveDate| -> Option<DateTime<Utc>> { Some(end_of_day(day.pred_opt()?)) };
            Ok(Source::Audit(AuditQuestion {
                from: day("from").and_then(begins),
                until: day("until").map(end_of_day),
                what: asked.owned("what"),
                search: None,
                limit: super::reading::MAX_AUDIT_LINES,
            }))
        },
    ),
    deed(
        "/reviews",
        Role::Reviewer,
        (
            "Thẩm định một phiên bản số liệu; gửi lại lần nữa không đổi gì",
            "Reviews one version of a figure; sent again it changes nothing",
        ),
        &[
            Parameter::body("commune", Form::Commune, ("Xã, phường", "The commune"), "dinh-quan").required(),
            Parameter::body(
                "indicator",
                Form::Text,
                ("Mã chỉ tiêu hoặc nhiệm vụ", "Code of the indicator or task"),
                "CDS-17",
            )
            .required(),
            Parameter::body("period", Form::Period, ("Kỳ báo cáo", "The period"), "2026-10").required(),
            Parameter::body(
                "unit",
                Form::Text,
                ("Đơn vị; không có là toàn xã", "The unit; none for the whole commune"),
                "",
            ),
            Parameter::body(
                "version",
                Form::Number(u32::MAX),
                ("Phiên bản được thẩm định", "The version reviewed"),
                "1",
            )
            .required(),
            Parameter::body(
                "decision",
                Form::Choice(&["accepted", "returned"]),
                ("Quyết định", "The decision"),
                "accepted",
            )
            .required(),
            Parameter::body(
                "code",
                Form::Reason,
                ("Lý do trả lại, theo danh mục", "Why it is returned, from the list"),
                "",
            ),
            Parameter::body(
                "reason",
                Form::Words,
                ("Lời giải thích khi trả lại", "Words of explanation when it is returned"),
                "",
            ),
            Parameter::body(
                "without_evidence",
                Form::Flag,
                ("Vẫn chấp nhận khi chưa có minh chứng bắt buộc", "Accepts it also without the evidence it needs"),
                "",
            ),
            Parameter::body(
                "replace",
                Form::Flag,
                ("Thay quyết định đã có", "Takes the place of a decision that stands"),
                "",
            ),
        ],
        Deed::Review,
    ),
    deed(
        "/exceptions",
        Role::Steward,
        ("Cho một xã hạn báo cáo khác", "Gives a commune another cut-off day"),
        &[
            Parameter::body("commune", Form::Commune, ("Xã, phường", "The commune"), "dinh-quan").required(),
            Parameter::body("period", Form::Period, ("Kỳ báo cáo", "The period"), "2026-10").required(),
            Parameter::body(
                "cutoff",
                Form::Day,
                ("Ngày cuối được coi là đúng hạn", "The last day that is on time"),
                "2026-10-24",
            )
            .required(),
            Parameter::body("reason", Form::Words, ("Lý do", "Why"), "mưa bão").required(),
        ],
        Deed::Exception,
    ),
    deed(
        "/periods/{period}/close",
        Role::Steward,
        ("Chốt một kỳ", "Closes a period"),
        &[
            CLOSED,
            Parameter::body(
                "early",
                Form::Flag,
                ("Chốt cả khi chưa hết hạn nộp", "Also before the last cut-off day"),
                "true",
            ),
        ],
        Deed::Close,
    ),
    deed(
        "/periods/{period}/reopen",
        Role::Steward,
        ("Mở lại một kỳ đã chốt", "Opens a closed period again"),
        &[CLOSED, Parameter::body("reason", Form::Words, ("Lý do", "Why"), "bổ sung minh chứng").required()],
        Deed::Reopen,
    ),
];

/// The versions of figures, of a commune and an indicator where they are named.
fn observations(asked: &Asked) -> Result<Source, AskError> {
    let only = ["commune", "indicator"].into_iter().filter_map(|name| Some((name, asked.owned(name)?)));
    Ok(Source::Part(Subject::Export(ExportTable::Observations), only.collect()))
}

impl Resource {
    /// Everything that a request may carry.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + use<> {
        let of_lists: &'static [Parameter] = if self.is_list() { &OF_LISTS } else { &[] };
        self.parameters.iter().chain(of_lists)
    }

    /// Whether it answers with a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.work, Work::List(_))
    }

    /// What the router does at its path.
    pub(super) fn route(&'static self) -> MethodRouter<Site> {
        match &self.work {
            Work::Description => get(description::answer),
            Work::List(source) => get(
                async move |State(site): State<Site>,
                            caller: Caller,
                            uri: Uri,
                            path: RawPathParams,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap| {
                    caller.must(self.access)?;
                    let query = query.unwrap_or_default();
                    let asked = Asked::take(self, path.iter(), &query, caller.language)?;
                    let asked = asked.resolve(self, &caller, &site)?;
                    let source = source(&asked).map_err(|error| Problem::asked(&error, caller.language))?;
                    // The router took the root off.
                    let path = format!("{ROOT}{}", uri.path());
                    reading::listed(&site, self, (source, asked), &caller, (&path, &headers)).await
                },
            ),
            Work::Deed(deed) => post(
                async move |State(site): State<Site>,
                            caller: Caller,
                            path: RawPathParams,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap,
                            body: Result<Bytes, BytesRejection>| {
                    caller.must(self.access)?;
                    let language = caller.language;
                    let is_json = headers
                        .get("content-type")
                        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
                    let body = body.map_err(|_| Problem::new(Fault::TooLarge, ""))?;
                    if !body.is_empty() && !is_json {
                        return Err(Problem::new(Fault::NoJson, "Content-Type: application/json"));
                    }
                    let asked = Asked::take(self, path.iter(), &query.unwrap_or_default(), language)?;
                    let asked = asked.with_body(self, &body, language)?.resolve(self, &caller, &site)?;
                    deed::done(*deed, &site, &caller, &asked).await
                },
            ),
        }
    }
}
