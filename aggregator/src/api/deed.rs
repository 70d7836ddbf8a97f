//! What changes something: decided through the same port as the commands, under the account's name.

use super::{
    asked::Asked,
    caller::Caller,
    parameter::{CLOSED, Form, Parameter},
    problem::{Fault, Problem},
    resource::{Resource, deed},
};
use crate::{
    decision::check_day,
    report::{
        asking::AskingError,
        closings::{self, Obstacle, Outcome},
        question::AskError,
    },
    reviewing::{self, ReviewError},
    site::Site,
    store::{Exception, ReviewRequest, Role, StoredVerdict},
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use shared::{
    language::Language,
    observation::{Decision, MAX_NOTE_CHARS, ObservationKey},
    period::Period,
    review::Reason,
};

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A version of a figure is reviewed.
    Review,
    /// A commune is given another cut-off day.
    Exception,
    /// A period is closed.
    Close,
    /// A closed period is opened again.
    Reopen,
}

/// Everything that is done.
pub(super) static DEEDS: [Resource; 4] = [
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

/// Does it, and tells what was done.
///
/// # Errors
/// Why it is not done.
pub(super) async fn done(deed: Deed, site: &Site, caller: &Caller, asked: &Asked) -> Result<Response, Problem> {
    site.settle().await?;
    let done = match deed {
        Deed::Review => review(site, caller, asked).await?,
        Deed::Exception => exception(site, caller, asked).await?,
        Deed::Close => close(site, caller, asked).await?,
        Deed::Reopen => reopen(site, caller, asked).await?,
    };
    Ok(Json(done).into_response())
}

fn unusable(language: Language, vi: impl Into<String>, en: impl Into<String>) -> Problem {
    Problem::new(Fault::Unusable, language.pick(vi.into(), en.into()))
}

/// The period of a request, which must lie in the plan year.
fn period(site: &Site, caller: &Caller, asked: &Asked) -> Result<Period, Problem> {
    let year = site.province.rulebook().catalogue.province.plan_year;
    match asked.parsed::<Period>("period") {
        Some(period) if period.year() == year => Ok(period),
        Some(period) => {
            let error = AskError::OutsidePlanYear(period, year);
            Err(Problem::new(Fault::Unusable, error.explain(caller.language)))
        }
        None => Err(Problem::new(Fault::Unusable, "period")),
    }
}

/// Words that must say something.
fn words(asked: &Asked, language: Language) -> Result<String, Problem> {
    let text = asked.text("reason").unwrap_or_default().trim();
    if text.is_empty() {
        Err(unusable(language, "reason: thiếu lý do", "reason: say why"))
    } else {
        Ok(text.to_owned())
    }
}

async fn review(site: &Site, caller: &Caller, asked: &Asked) -> Result<Value, Problem> {
    let language = caller.language;
    let period = period(site, caller, asked)?;
    let commune = asked.owned("commune").unwrap_or_default();
    let typed = asked.text("indicator").unwrap_or_default();
    let indicator = site.province.rulebook().catalogue.report_code(&commune, typed);
    let unknown = || Problem::asked(&AskError::UnknownIndicator(typed.chars().take(40).collect()), language);
    let key = ObservationKey {
        indicator: indicator.ok_or_else(unknown)?,
        unit: asked.owned("unit").unwrap_or_default(),
        period,
    };
    let version = asked.parsed::<u32>("version");
    let decision = asked.text("decision").and_then(Decision::from_word).unwrap_or(Decision::Returned);
    let given = asked.text("reason").unwrap_or_default().trim();
    let code = match decision {
        Decision::Accepted => None,
        Decision::Returned => Some(asked.text("code").and_then(Reason::from_word).unwrap_or(Reason::Other)),
    };
    let reason = code.map_or_else(String::new, |code| code.told(given));
    if code.is_some() && (reason.trim().is_empty() || reason.chars().count() > MAX_NOTE_CHARS) {
        return Err(unusable(language, "reason: cần lý do trả lại", "reason: say why it is returned"));
    }
    let told = |version: u32, unchanged: bool| {
        json!({
            "commune": commune, "indicator": key.indicator, "unit": key.unit, "period": period.to_string(), "version": version,
            "decision": decision.as_str(), "code": code.map(Reason::as_str), "unchanged": unchanged,
        })
    };
    // Asked for again, the same verdict is the same answer.
    let verdicts = site.province.store.verdicts_of(&commune, &key.indicator).await?;
    let is_same = |one: &StoredVerdict| {
        one.key == key && Some(one.version) == version && one.decision == decision && one.code == code
    };
    if let Some(standing) = verdicts.iter().find(|one| is_same(one)) {
        return Ok(told(standing.version, true));
    }
    let first = asked.text("replace") != Some("true");
    let request = ReviewRequest { commune: commune.clone(), key: key.clone(), version, decision, reason, code, first };
    let without_evidence = asked.text("without_evidence") == Some("true");
    let judged = reviewing::review(&*site.province.store, request, without_evidence, caller.act(site)).await;
    match judged {
        Ok(judged) => {
            let mut told = told(judged.version, false);
            told["period_closed"] = judged.is_closed.into();
            Ok(told)
        }
        Err(ReviewError::Nothing) => {
            Err(Problem::new(Fault::NotFound, language.pick("không có số liệu này", "there is no such figure")))
        }
        Err(ReviewError::Outdated { newest }) => {
            let words =
                language.pick(format!("phiên bản mới nhất: {newest}"), format!("the newest version is {newest}"));
            Err(Problem::new(Fault::Outdated, words))
        }
        Err(ReviewError::Decided { by, decision }) => {
            Err(Problem::new(Fault::Decided, format!("{by}: {}", decision.as_str())))
        }
        Err(ReviewError::NoEvidence { .. }) => Err(unusable(
            language,
            "báo cáo đạt mà chưa có minh chứng bắt buộc; without_evidence: true để vẫn chấp nhận",
            "it claims completion without the evidence it needs; without_evidence: true accepts it all the same",
        )),
        Err(ReviewError::Store(error)) => Err(error.into()),
    }
}

async fn exception(site: &Site, caller: &Caller, asked: &Asked) -> Result<Value, Problem> {
    let language = caller.language;
    let (period, reason) = (period(site, caller, asked)?, words(asked, language)?);
    let commune = asked.owned("commune").unwrap_or_default();
    let cutoff: NaiveDate = asked.parsed("cutoff").ok_or_else(|| Problem::new(Fault::Unusable, "cutoff"))?;
    let rulebook = site.province.rulebook();
    let known = rulebook.catalogue.commune(&commune).ok_or_else(|| Problem::new(Fault::NotFound, ""))?;
    check_day(&rulebook.catalogue, known, period, cutoff)
        .map_err(|fault| Problem::new(Fault::Unusable, fault.explain(language)))?;
    let exception = Exception { commune: commune.clone(), period, cutoff, reason };
    if !site.province.store.set_exception(exception, caller.act(site)).await? {
        let words = language.pick(format!("kỳ {period} đã chốt"), format!("{period} is closed"));
        return Err(Problem::new(Fault::PeriodState, words));
    }
    Ok(json!({"commune": commune, "period": period.to_string(), "cutoff": cutoff.to_string()}))
}

async fn close(site: &Site, caller: &Caller, asked: &Asked) -> Result<Value, Problem> {
    let language = caller.language;
    let period = period(site, caller, asked)?;
    let obstacle = closings::obstacle(&site.live.read(), period, asked.text("early") == Some("true"));
    if let Some(obstacle) = obstacle {
        let words = match obstacle {
            Obstacle::NotBegun => language.pick(format!("kỳ {period} chưa bắt đầu"), format!("{period} has not begun")),
            Obstacle::BeforeCutoff { day, commune } => language.pick(
                format!("{commune} còn được nộp đến hết ngày {day}; early: true để chốt sớm"),
                format!("{commune} may report until the end of {day}; early: true closes all the same"),
            ),
        };
        return Err(Problem::new(Fault::PeriodState, words));
    }
    let store = &*site.province.store;
    // As the command and the page do: what is told was read back from the disk and proved.
    let outcome = closings::close(store, period, caller.act(site)).await.map_err(|error| match error {
        AskingError::Ask(error) => Problem::new(Fault::PeriodState, error.explain(language)),
        AskingError::Store(error) => error.into(),
        AskingError::Figures(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the API could not answer");
            Problem::new(Fault::Unavailable, "")
        }
    })?;
    let (closing, unchanged) = match outcome {
        Outcome::Done { closing, .. } => (closing, false),
        Outcome::Before(closing) => (closing, true),
        Outcome::Unproved => {
            let words = language.pick(
                format!("kỳ {period} đã chốt nhưng bản lưu không khớp; xem `period verify`"),
                format!("{period} is closed, but what was kept does not agree with itself; see `period verify`"),
            );
            return Err(Problem::new(Fault::PeriodState, words));
        }
    };
    Ok(json!({
        "period": period.to_string(), "revision": closing.revision, "digest": closing.digest.map(hex::encode), "unchanged": unchanged,
    }))
}

async fn reopen(site: &Site, caller: &Caller, asked: &Asked) -> Result<Value, Problem> {
    let language = caller.language;
    let (period, reason) = (period(site, caller, asked)?, words(asked, language)?);
    if !site.province.store.reopen_period(period, &reason, caller.act(site)).await? {
        let words = language.pick(format!("kỳ {period} chưa chốt"), format!("{period} is not closed"));
        return Err(Problem::new(Fault::PeriodState, words));
    }
    Ok(json!({"period": period.to_string(), "closed": false}))
}
