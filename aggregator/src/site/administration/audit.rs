//! The history of what was done at the province, to search, to prove and to take away.

use super::audit_words;
use crate::{
    report::{
        audit::{Anchor, WORDS, listing, midnight, midnight_after},
        finding::findings_list,
    },
    site::{
        Failure, Site,
        gate::{Staff, Visitor},
        working::{choice::capital, download},
    },
    store::{AuditHead, AuditQuestion, Role},
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use chrono::NaiveDate;
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self as table, Look, Row},
    part::{self, Notice, Tone},
};
use serde::{Deserialize, Serialize};
use shared::language::Language;

/// Lines on a page.
const PAGE_LINES: u32 = 200;
/// Most lines on a page, when more is asked for.
const MOST_LINES: u32 = 5_000;
/// Most lines of a file.
const MOST_IN_FILE: u32 = 100_000;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/audit", get(audit))
        .route("/audit/lines.csv", get(lines_csv))
        .route("/audit/verify", get(verify))
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Asked {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    until: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    what: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    limit: String,
}

impl Asked {
    fn question(&self, most: u32, language: Language) -> Result<AuditQuestion, Failure> {
        let day = |word: &str| -> Result<Option<NaiveDate>, Failure> {
            match word.trim() {
                "" => Ok(None),
                word => word
                    .parse()
                    .map(Some)
                    .map_err(|_| Failure::Bad(language.pick("Ngày không đúng.", "That is no day.").into())),
            }
        };
        let text = |text: &str| Some(text.trim().chars().take(200).collect::<String>()).filter(|text| !text.is_empty());
        Ok(AuditQuestion {
            from: day(&self.from)?.and_then(midnight),
            until: day(&self.until)?.and_then(midnight_after),
            what: text(&self.what),
            search: text(&self.q),
            limit: most,
        })
    }

    fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }
}

async fn audit(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let limit = asked.limit.parse().unwrap_or(PAGE_LINES).clamp(1, MOST_LINES);
    // One more than is shown tells whether there are more.
    let mut lines = site.province.store.audit(asked.question(limit + 1, language)?).await?;
    let more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let list = listing(&lines, language);
    let mut kinds = vec![(String::new(), l("Mọi việc", "Everything").to_owned())];
    kinds.extend(WORDS.iter().map(|(word, vi, en)| ((*word).to_owned(), capital(language.pick(*vi, *en)))));
    let actions = html! {
        a .button href={ "/audit/lines.csv?" (asked.query()) } download { (l("Tải về (CSV)", "Download (CSV)")) }
        a .button href="/audit/verify" { (l("Kiểm tra lịch sử", "Prove the history")) }
    };
    let said = |row: &Row<'_>, column: &str| {
        let words = audit_words::said(row.cell("what"), row.cell("detail"), language);
        words.filter(|_| column == "detail").map(|words| html! { (words) })
    };
    let body = html! {
        (frame::title(l("Nhật ký", "Audit"), l("Ai đã làm gì, lúc nào, từ đâu. Chỉ thêm, không sửa; mỗi dòng móc vào dòng trước.", "Who did what, when and from where. Only ever added to; each line is chained to the one before."), &actions))
        form .filters action="/audit" role="search" {
            label .field { span { (l("Từ ngày", "From")) } input type="date" name="from" value=(asked.from); }
            label .field { span { (l("Đến hết ngày", "Until the end of")) } input type="date" name="until" value=(asked.until); }
            (part::choice("what", l("Việc", "What"), &kinds, &asked.what))
            label .field { span { (l("Tìm người, nội dung (không cần dấu)", "Find who, or on what")) } input type="search" name="q" value=(asked.q) maxlength="200"; }
            button { (l("Tìm", "Search")) }
        }
        section .card.flush.breaks {
            @if list.rows.is_empty() {
                (part::empty(l("Không có dòng nào khớp", "No line fits"), l("Bỏ bớt điều kiện lọc.", "Use fewer filters.")))
            } @else {
                (table::table(&list, &Look { fit: &["who", "meaning", "origin"], said: Some(&said), ..Look::default() }, language))
            }
        }
        @if more && limit < MOST_LINES {
            p .steps { a href={ "/audit?" (Asked { limit: (limit * 5).min(MOST_LINES).to_string(), ..asked.clone() }.query()) } { (l("Xem thêm dòng cũ hơn", "Show older lines")) } }
        }
    };
    Ok(visitor.page(&site, l("Nhật ký", "Audit"), &body))
}

async fn lines_csv(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    visitor.must(Role::Steward)?;
    let lines = site.province.store.audit(asked.question(MOST_IN_FILE, visitor.language)?).await?;
    let name = format!("nhat-ky-{}.csv", shared::calendar::local_day(site.province.clock.now()));
    Ok(download::file(&name, download::CSV, listing(&lines, visitor.language).csv()))
}

#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    anchor: String,
}

async fn verify(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(noted): Query<Noted>,
) -> Result<Response, Failure> {
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let (AuditHead { lines, chain }, findings) = site.province.store.verify_audit().await?;
    let head = Anchor { number: lines, chain };
    let result = match findings.len() {
        0 => Notice::new(
            Tone::Done,
            language.pick(
                format!("Lịch sử nguyên vẹn: {lines} dòng, dòng nào cũng khớp với dòng trước."),
                format!("The history is whole: {lines} lines, each fits the one before."),
            ),
        ),
        many => Notice::new(
            Tone::Fault,
            language.pick(
                format!("{many} chỗ không khớp: lịch sử đã bị sửa ngoài chương trình. Hãy so với bản sao lưu."),
                format!(
                    "{many} places do not fit: the history was altered outside the program. Compare with a backup."
                ),
            ),
        ),
    };
    let body = html! {
        (frame::title(l("Kiểm tra lịch sử", "The history, proved"), "", &html! { a .button href="/audit" { (l("Về nhật ký", "Back")) } }))
        (part::notice(&result))
        @if !findings.is_empty() { section .card.flush { (table::table(&findings_list(&findings, language), &Look { without: &["commune"], ..Look::default() }, language)) } }
        div .columns {
            section .card {
                h2 { (l("Mốc của dòng cuối", "Anchor of the last line")) }
                p .secret { (head) }
                p .small.muted { (l("Ghi mốc này ra giấy hoặc gửi người khác giữ: sau này so lại sẽ biết lịch sử đến đó có bị sửa không.", "Note this anchor on paper or give it to someone: compared later, it proves that the history up to it was not altered.")) }
            }
            (compared(&site, &visitor, &noted.anchor).await?)
        }
    };
    Ok(visitor.page(&site, l("Kiểm tra lịch sử", "The history, proved"), &body))
}

/// Whether the history still has an anchor that somebody noted.
async fn compared(site: &Site, visitor: &Visitor, typed: &str) -> Result<Markup, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let anchor = typed.trim().parse::<Anchor>().ok();
    let fits = match anchor {
        None => None,
        Some(anchor) => Some(site.province.store.audit_chain(anchor.number).await? == Some(anchor.chain)),
    };
    let is_wrong = !typed.trim().is_empty() && anchor.is_none();
    Ok(html! {
        section .card {
            h2 { (l("So với mốc đã ghi", "Compare with a noted anchor")) }
            form action="/audit/verify" .fields {
                label .field.wrong[is_wrong] {
                    span { (l("Mốc (số dòng:mã băm)", "Anchor (line:hash)")) }
                    input name="anchor" value=(typed) maxlength="100" spellcheck="false" autocomplete="off" required;
                    @if is_wrong { span .fault role="alert" { (l("Mốc gồm số dòng, dấu hai chấm và 64 chữ số mười sáu.", "A line number, a colon and 64 hexadecimal digits.")) } }
                }
                div { button { (l("So", "Compare")) } }
            }
            @match fits {
                None => {},
                Some(true) => (part::notice(&Notice::new(Tone::Done, l("Khớp: lịch sử đến dòng đó đúng như khi ghi mốc.", "It fits: the history up to that line is what it was.")))),
                Some(false) => (part::notice(&Notice::new(Tone::Fault, l("KHÔNG khớp: lịch sử đến dòng đó đã bị sửa, mất, hoặc mốc là của máy chủ khác.", "It does NOT fit: the history up to that line was altered, lost, or the anchor is another server's.")))),
            }
        }
    })
}
