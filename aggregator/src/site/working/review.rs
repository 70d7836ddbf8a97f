//! The review of results: the queue, one item in focus, and the decision on it.
//!
//! A decision is bound to the version that was shown, and is the first on it: whoever comes second is told who decided what. Everything can
//! be done with the keyboard: `a` accepts, `r` opens the return, `j` and `k` go on and back.

use super::{
    choice,
    item::{Item, Which, decided, told},
};
use crate::{
    decision,
    report::question::{Edition, Question, QueueAsked, Subject},
    reviewing::{self, ReviewError},
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
    },
    store::{ReviewRequest, Role},
};
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use pages::{
    frame,
    listing::Row,
    part::{self, Notice, Tone},
};
use serde::{Deserialize, Serialize};
use shared::{
    language::Language,
    listing::{Form, Listing, for_people},
    observation::{Decision, MAX_NOTE_CHARS},
    ranking::Scheme,
    review::Reason,
};
use std::{collections::BTreeMap, sync::Arc};

/// Most lines of the queue that are listed beside the item.
const MAX_LISTED: usize = 60;
/// How many of them stand before the item.
const LISTED_BEFORE: usize = 3;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/review", get(review).post(decide))
}

/// Which part of the queue, and which item.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Asked {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    period: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    commune: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    indicator: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    all: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    item: String,
    /// What was decided just now, to look at it again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    done: String,
}

impl Asked {
    fn href(&self) -> String {
        format!("/review?{}", serde_urlencoded::to_string(self).unwrap_or_default())
    }

    fn at(&self, item: &str) -> String {
        Self { item: item.to_owned(), done: String::new(), ..self.clone() }.href()
    }
}

/// The queue as filtered, and the filters' choices.
struct Queue {
    listing: Arc<Listing>,
    /// The places of its lines that fit the filters.
    kept: Vec<usize>,
    /// All that wait, by commune and by indicator.
    communes: BTreeMap<String, (String, usize)>,
    indicators: BTreeMap<String, usize>,
    all: usize,
    /// Of each kept line its address.
    items: Vec<String>,
}

impl Queue {
    async fn load(site: &Site, asked: &Asked, language: Language) -> Result<Self, Failure> {
        let period = choice::period(&asked.period, language)?;
        let subject = Subject::Queue(QueueAsked { all: !asked.all.is_empty(), ..QueueAsked::default() });
        let question = Question { subject, period, scheme: Scheme::Own, edition: Edition::InForce, language };
        let listing = site.answer(&question).await.map_err(|error| Failure::of(error, language))?;
        let (mut by_commune, mut by_indicator) = (BTreeMap::new(), BTreeMap::new());
        for row in Row::all(&listing) {
            by_commune.entry(row.cell("commune")).or_insert((row.cell("name"), 0)).1 += 1;
            *by_indicator.entry(row.cell("indicator")).or_insert(0) += 1;
        }
        let communes =
            by_commune.into_iter().map(|(slug, (name, count))| (slug.to_owned(), (name.to_owned(), count))).collect();
        let indicators = by_indicator.into_iter().map(|(code, count)| (code.to_owned(), count)).collect();
        let rulebook = site.province.rulebook();
        let address = |row: &Row<'_>| {
            let commune = row.cell("commune");
            let code = rulebook.catalogue.report_code(commune, row.cell("indicator")).unwrap_or_default();
            format!("{commune}/{}/{}/{code}", row.cell("period"), row.cell("unit"))
        };
        let is_wanted = |row: &Row<'_>| {
            let fits = |wanted: &str, cell| wanted.is_empty() || wanted == row.cell(cell);
            fits(&asked.commune, "commune") && fits(&asked.indicator, "indicator")
        };
        let wanted = Row::all(&listing).enumerate().filter(|(_, row)| is_wanted(row));
        let (kept, items) = wanted.map(|(at, row)| (at, address(&row))).unzip();
        let all = listing.rows.len();
        Ok(Self { listing, kept, communes, indicators, all, items })
    }
}

impl Queue {
    /// The lines that fit the filters.
    fn lines(&self) -> impl Iterator<Item = Row<'_>> {
        self.kept.iter().filter_map(|at| Row::at(&self.listing, *at))
    }
}

async fn review(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    visitor.must(Role::Reviewer)?;
    show(&site, &visitor, asked, &Typed::default()).await
}

/// What was typed and is wrong.
#[derive(Debug, Default)]
struct Typed {
    reason: String,
    words: String,
    fault: Option<String>,
    /// The fault is about the missing evidence.
    unconfirmed: bool,
}

async fn show(site: &Site, visitor: &Visitor, asked: Asked, typed: &Typed) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let queue = Queue::load(site, &asked, language).await?;
    // Whoever goes on from a decision wants something that still waits, not what another one decided meanwhile.
    let goes_on = !asked.done.is_empty() && !queue.items.contains(&asked.item);
    let asked_for = Some(asked.item.clone()).filter(|item| !item.is_empty() && !goes_on);
    let wanted = asked_for.or_else(|| queue.items.first().cloned());
    let item = match wanted.as_deref() {
        None => None,
        Some(word) => {
            let nothing = || {
                let words = l(
                    "Không có số liệu này, hoặc danh mục không còn chỉ tiêu này.",
                    "There is no such figure, or the catalogue has it no more.",
                );
                Failure::NotFound(words.into())
            };
            let which = Which::parse(word).ok_or_else(nothing)?;
            Some(Item::load(site, which, language).await?.ok_or_else(nothing)?)
        }
    };
    let place = item.as_ref().and_then(|item| queue.items.iter().position(|one| *one == item.which.word()));
    let beside = |step: isize| {
        let at = place?.checked_add_signed(step)?;
        queue.items.get(at)
    };
    let body = html! {
        (frame::title(
            l("Thẩm định", "Review"),
            &language.pick(format!("{} số liệu đang chờ, chờ lâu nhất trước", queue.all), format!("{} figures wait, longest first", queue.all)),
            &filters(site, &queue, &asked, language),
        ))
        @if let Some(which) = Which::parse(&asked.done) {
            p .small.noprint { a href=(asked.at(&asked.done)) { (l("Xem lại mục vừa quyết định", "Look at what was decided just now")) } span .muted { " – " (which.commune) " " (which.key.indicator) } }
        }
        @match &item {
            None => section .card {
                (part::empty(l("Không còn gì chờ thẩm định", "Nothing waits for review"), l("Số liệu mới có minh chứng sẽ hiện ở đây khi các xã gửi về.", "New figures with evidence show here as the communes send them.")))
            },
            Some(item) => div .desk {
                (list(&queue, place, &asked, language))
                section .card.focus {
                    h2 { span { (item.facts.commune) " · " (item.facts.code) } small { (item.which.key.period.in_words(language)) } }
                    p { (item.facts.name) }
                    (item.figures(language))
                    (decision_form(site, visitor, item, &asked, beside(1), typed))
                    p .steps {
                        @if let Some(before) = beside(-1) { a href=(asked.at(before)) data-hotkey="k" rel="prev" { (l("← trước ", "← back ")) kbd { "k" } } }
                        @if let Some(after) = beside(1) { a href=(asked.at(after)) data-hotkey="j" rel="next" { (l("tiếp ", "next ")) kbd { "j" } " →" } }
                    }
                    (item.history(language))
                }
                div .exhibits { (item.files(language)) }
            },
        }
    };
    let status = if typed.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, l("Thẩm định", "Review"), &body)).into_response())
}

fn filters(site: &Site, queue: &Queue, asked: &Asked, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let everything = |label: &str| (String::new(), label.to_owned());
    let mut communes = vec![everything(l("Mọi xã, phường", "All communes"))];
    let mut named: Vec<_> = queue.communes.iter().collect();
    named.sort_by_cached_key(|(_, (name, _))| shared::vietnamese::sort_key(name));
    communes.extend(named.into_iter().map(|(slug, (name, count))| (slug.clone(), format!("{name} ({count})"))));
    let mut indicators = vec![everything(l("Mọi chỉ tiêu", "All indicators"))];
    indicators.extend(queue.indicators.iter().map(|(code, count)| (code.clone(), format!("{code} ({count})"))));
    for (options, chosen) in [(&mut communes, &asked.commune), (&mut indicators, &asked.indicator)] {
        if !options.iter().any(|(value, _)| value == chosen) {
            options.push((chosen.clone(), format!("{chosen} (0)")));
        }
    }
    let scopes = [
        everything(l("Báo đạt mục tiêu", "Claims of completion")),
        ("1".to_owned(), l("Mọi số liệu có minh chứng", "All with evidence").to_owned()),
    ];
    let period = choice::period(&asked.period, language).ok().flatten();
    html! {
        form .filters action="/review" {
            (choice::periods(site, l("Đến kỳ", "Until"), period.or_else(|| choice::begun(site).first().copied()), language))
            (part::choice("commune", l("Xã, phường", "Commune"), &communes, &asked.commune))
            (part::choice("indicator", l("Chỉ tiêu", "Indicator"), &indicators, &asked.indicator))
            (part::choice("all", l("Loại", "Which"), &scopes, &asked.all))
            noscript { button { (l("Lọc", "Filter")) } }
        }
    }
}

fn list(queue: &Queue, place: Option<usize>, asked: &Asked, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let first = place.unwrap_or_default().saturating_sub(LISTED_BEFORE);
    let after = queue.items.len().saturating_sub(first + MAX_LISTED);
    html! {
        nav .card.flush.queue aria-label=(l("Hàng chờ", "Queue")) {
            @if first > 0 { a .more href=(asked.at(&queue.items[first - 1])) { (language.pick(format!("↑ {first} mục trước"), format!("↑ {first} before"))) } }
            ol {
                @for (at, row) in queue.lines().enumerate().skip(first).take(MAX_LISTED) {
                    li { a href=(asked.at(&queue.items[at])) aria-current=[(Some(at) == place).then_some("true")] {
                        span { (row.cell("name")) @if !row.cell("checks").is_empty() { span .doubt title=(l("cần xem lại", "look twice")) { " !" } } }
                        span .muted { (row.cell("indicator")) " · " (row.cell("period")) @if !row.cell("unit").is_empty() { " · " (row.cell("unit")) } }
                        span .days { (for_people(Form::Number, row.cell("waiting_days"), language)) (l(" ngày", " d")) }
                    } }
                }
            }
            @if queue.items.is_empty() { p .notes { (l("Không có mục nào theo bộ lọc này", "Nothing fits these filters")) } }
            @if after > 0 { a .more href=(asked.at(&queue.items[first + MAX_LISTED])) { (language.pick(format!("↓ {after} mục nữa"), format!("↓ {after} more"))) } }
        }
    }
}

/// A word for the verdict that was seen, so that nobody overrules one that was not.
fn seen(item: &Item) -> String {
    item.verdict
        .as_ref()
        .map(|verdict| format!("{} {}", verdict.decided_at.timestamp_millis(), verdict.reviewer))
        .unwrap_or_default()
}

fn decision_form(
    site: &Site,
    visitor: &Visitor,
    item: &Item,
    asked: &Asked,
    next: Option<&String>,
    typed: &Typed,
) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let is_returning = typed.fault.is_some() && !typed.unconfirmed;
    let form = html! {
        form method="post" action="/review" .decide {
            (part::form_token(&visitor.form_token(site)))
            @for (name, value) in [("period", &asked.period), ("commune", &asked.commune), ("indicator", &asked.indicator), ("all", &asked.all)] {
                input type="hidden" name=(name) value=(value);
            }
            input type="hidden" name="item" value=(item.which.word());
            input type="hidden" name="version" value=(item.newest.version);
            input type="hidden" name="instead" value=(seen(item));
            input type="hidden" name="next" value=(next.map_or("", String::as_str));
            @if item.facts.lacks_evidence {
                label .check.wrong[typed.unconfirmed] { input type="checkbox" name="without_evidence" value="yes"; span { (l("Chấp nhận dù không có minh chứng", "Accept it without evidence")) } }
                @if typed.unconfirmed { @if let Some(fault) = &typed.fault { p .fault role="alert" { (fault) } } }
            }
            button .main name="decision" value="accepted" data-hotkey="a" { (l("Chấp nhận ", "Accept ")) kbd { "a" } }
            details data-opens open[is_returning] {
                summary .button data-hotkey="r" { (l("Trả lại… ", "Return… ")) kbd { "r" } }
                div .fields {
                    label .field.wrong[is_returning] {
                        span { (l("Lý do", "Reason")) }
                        select name="reason" {
                            option value="" { (l("– chọn lý do –", "– choose –")) }
                            @for reason in Reason::ALL { option value=(reason.as_str()) selected[reason.as_str() == typed.reason] { (choice::capital(reason.label(language))) } }
                        }
                        @if is_returning { @if let Some(fault) = &typed.fault { span .fault role="alert" { (fault) } } }
                    }
                    label .field {
                        span { (l("Viết thêm cho xã (xã đọc được)", "Words to the commune")) }
                        textarea name="words" maxlength=(MAX_NOTE_CHARS) rows="3" { (typed.words) }
                    }
                    button .danger name="decision" value="returned" { (l("Trả lại cho xã", "Return it")) }
                }
            }
        }
    };
    html! {
        @match &item.verdict {
            None => (form),
            Some(verdict) => {
                p { (told(verdict, language)) }
                details open[typed.fault.is_some()] { summary { (l("Đổi quyết định này", "Change this decision")) } (form) }
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(flatten)]
    asked: Asked,
    version: String,
    decision: String,
    #[serde(default)]
    instead: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    without_evidence: String,
}

async fn decide(State(site): State<Site>, sent: Sent<Verdict>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Reviewer)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let unreadable = || Failure::Bad(l("Quyết định không đọc được.", "The decision cannot be read.").into());
    let decision = Decision::from_word(&form.decision).ok_or_else(unreadable)?;
    let version: u32 = form.version.parse().map_err(|_| unreadable())?;
    let which = Which::parse(&form.asked.item).ok_or_else(unreadable)?;
    site.settle().await?;
    let item = Item::load(&site, which, language).await?.ok_or_else(unreadable)?;
    let label = item.label();
    let code = Reason::from_word(&form.reason);
    let reason = match decision {
        Decision::Accepted => String::new(),
        Decision::Returned => {
            let told =
                code.or((!form.words.trim().is_empty()).then_some(Reason::Other)).map(|code| code.told(&form.words));
            match told.as_deref().and_then(decision::reason) {
                Some(told) => told,
                None => {
                    let fault = language.pick(
                        format!("Chọn lý do, hoặc viết vài lời (không quá {MAX_NOTE_CHARS} ký tự); “lý do khác” cần lời giải thích."),
                        format!("Choose a reason or write some words (at most {MAX_NOTE_CHARS} characters); “another reason” needs words."),
                    );
                    let typed =
                        Typed { reason: form.reason, words: form.words, fault: Some(fault), unconfirmed: false };
                    return show(&site, &visitor, form.asked, &typed).await;
                }
            }
        }
    };
    let is_newest = version == item.newest.version;
    if decision == Decision::Accepted && is_newest && item.facts.lacks_evidence && form.without_evidence != "yes" {
        let fault =
            l("Đánh dấu vào ô này nếu vẫn chấp nhận.", "Tick this box if you accept it all the same.").to_owned();
        let typed = Typed { reason: form.reason, words: form.words, fault: Some(fault), unconfirmed: true };
        return show(&site, &visitor, form.asked, &typed).await;
    }
    // Whoever saw a verdict may put another one in its place; who saw none must be the first.
    let overrules = !form.instead.is_empty() && form.instead == seen(&item);
    let request = ReviewRequest {
        commune: item.which.commune.clone(),
        key: item.which.key.clone(),
        version: Some(version),
        decision,
        reason,
        code: (decision == Decision::Returned).then(|| code.unwrap_or(Reason::Other)),
        first: !overrules,
    };
    let store = &*site.province.store;
    let outcome = reviewing::review(store, request, form.without_evidence == "yes", visitor.act(&site)).await;
    let on = Asked { item: form.next, done: form.asked.item.clone(), ..form.asked.clone() };
    let again = form.asked.at(&form.asked.item);
    Ok(match outcome {
        Ok(_) => {
            let word = match decision {
                Decision::Accepted => l("Đã chấp nhận", "Accepted"),
                Decision::Returned => l("Đã trả lại", "Returned"),
            };
            go(&on.href(), &Notice::new(Tone::Done, format!("{word}: {label}")))
        }
        Err(ReviewError::Decided { by, decision }) => {
            let word = decided(decision, language);
            let words = language.pick(
                format!("{label}: {by} đã quyết định trước ({word}). Quyết định của bạn không được ghi."),
                format!("{label}: {by} decided before ({word}). Your decision was not kept."),
            );
            go(&on.href(), &Notice::new(Tone::Warning, words))
        }
        // What is looked at and what is judged differ only when a version came in between.
        Err(ReviewError::Outdated { newest } | ReviewError::NoEvidence { version: newest }) => {
            let words = language.pick(
                format!("{label}: xã vừa gửi phiên bản {newest}. Quyết định của bạn về phiên bản {version} không được ghi; hãy xem phiên bản mới."),
                format!("{label}: the commune has just sent version {newest}. Your decision on version {version} was not kept; look at the new one."),
            );
            go(&again, &Notice::new(Tone::Warning, words))
        }
        Err(ReviewError::Store(error)) => return Err(error.into()),
        Err(ReviewError::Nothing) => {
            let words = l("Không có số liệu này.", "There is no such figure.");
            go("/review", &Notice::new(Tone::Fault, words))
        }
    })
}
