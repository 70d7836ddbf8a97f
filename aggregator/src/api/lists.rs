//! What can be read: one table.

use super::{
    asked::Asked,
    parameter::{
        ANY_LIGHT, CODE, COMMUNE, EDITION, Form, GROUP, INDICATOR, KIND, LIGHT, PERIOD, Parameter, SCHEME, SLUG, UNIT,
    },
    reading::MAX_AUDIT_LINES,
    resource::{Access, Resource, Source, Verb, Work, list},
};
use crate::{
    report::question::{
        AlertsAsked, AskError, DetailAsked, ExportTable, HistoryAsked, QueueAsked, Subject, TasksAsked, UnitsAsked,
        WhatIfAsked, any_light, kind, light,
    },
    store::{AuditQuestion, Role},
};
use chrono::{DateTime, NaiveDate, Utc};
use shared::{calendar::end_of_day, ranking::Scope};

const VIEWER: Access = Access::Staff(Role::Viewer);

/// Everything that is read.
pub(super) static LISTS: [Resource; 22] = [
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
                limit: MAX_AUDIT_LINES,
            }))
        },
    ),
];

/// The versions of figures, of a commune and an indicator where they are named.
fn observations(asked: &Asked) -> Result<Source, AskError> {
    let only = ["commune", "indicator"].into_iter().filter_map(|name| Some((name, asked.owned(name)?)));
    Ok(Source::Part(Subject::Export(ExportTable::Observations), only.collect()))
}
