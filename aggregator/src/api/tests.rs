//! The API asked as a program would.

use super::{MAX_TOKENS, ROOT, Verb, description, parameter::Place, resource::Resource, resources};
use crate::{
    config::{Config, Pages},
    report::{
        cli::{Format, render},
        held::Held,
        question::{Edition, ExportTable, HistoryAsked, Question, Subject},
    },
    sample::{self, act, batch, figure, moment},
    site::stand::Stand,
    store::{AccountChange, Append, AuditQuestion, Role},
};
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::{
    change::LogPosition,
    language::Language,
    listing::Listing,
    ranking::{Scheme, Scope},
};
use std::collections::HashSet;

async fn stand() -> (Stand, String) {
    let stand = Stand::open().await;
    stand.account("lan", Role::Administrator, None).await;
    let token = stand.token("lan").await;
    (stand, token)
}

fn code(answer: &crate::site::stand::Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    answer.json()["code"].as_str().unwrap().to_owned()
}

/// What the command of a question has.
async fn commanded(stand: &Stand, subject: Subject) -> Listing {
    let mut held = Held::load(stand.store.clone(), stand.now()).await.unwrap();
    let question =
        Question { subject, period: None, scheme: Scheme::Own, edition: Edition::InForce, language: Language::Vi };
    held.ask(&question).await.unwrap()
}

#[tokio::test]
async fn only_a_good_token_lets_in() {
    let (stand, token) = stand().await;
    let without = stand.ask(Method::GET, "/api/v1/rankings", &[], "").await;
    assert_eq!((without.status, &*code(&without)), (StatusCode::UNAUTHORIZED, "no_token"));
    assert_eq!(without.header("www-authenticate"), r#"Bearer realm="Tien Do""#);
    let lan = stand.sign_in("lan").await;
    let by_cookie = lan.get("/api/v1/rankings").await;
    assert_eq!(by_cookie.status, StatusCode::UNAUTHORIZED, "a cookie is no token");
    assert_eq!(stand.read(&token, "/rankings").await.status, StatusCode::OK);
    // The last use is noted, once a minute.
    let used = async || stand.store.api_tokens().await.unwrap()[0].used_at;
    assert_eq!(used().await, Some(moment()));
    stand.pass(TimeDelta::seconds(30));
    stand.read(&token, "/rankings").await;
    assert_eq!(used().await, Some(moment()));
    stand.pass(TimeDelta::minutes(1));
    stand.read(&token, "/rankings").await;
    assert_eq!(used().await, Some(stand.now()));
    // The last administrator could not be.
    stand.account("quan-tri", Role::Administrator, None).await;
    stand.store.change_account("lan", AccountChange::Disabled(true), act(moment())).await.unwrap();
    assert_eq!(code(&stand.read(&token, "/rankings").await), "disabled_account");
    stand.store.change_account("lan", AccountChange::Disabled(false), act(moment())).await.unwrap();
    stand.pass(TimeDelta::days(30));
    assert_eq!(code(&stand.read(&token, "/rankings").await), "expired_token");
}

#[tokio::test]
async fn wrong_tokens_have_to_wait_and_right_ones_do_not() {
    let (stand, token) = stand().await;
    let mut last = stand.read("tiendo_wrong", "/rankings").await;
    assert_eq!((last.status, &*code(&last)), (StatusCode::UNAUTHORIZED, "wrong_token"));
    for _ in 0..5 {
        last = stand.read("tiendo_wrong", "/rankings").await;
    }
    assert_eq!((last.status, &*code(&last)), (StatusCode::TOO_MANY_REQUESTS, "too_many_tries"));
    assert!(last.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(stand.read(&token, "/rankings").await.status, StatusCode::OK);
    stand.pass(TimeDelta::minutes(1));
    assert_eq!(code(&stand.read("tiendo_wrong", "/rankings").await), "wrong_token");
}

#[tokio::test]
async fn a_token_may_what_its_account_may() {
    let stand = Stand::open().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        stand.account(role.as_str(), role, None).await;
        tokens.push((role, stand.token(role.as_str()).await));
    }
    for (role, token) in &tokens {
        let audit = stand.read(token, "/audit").await.status;
        assert_eq!(audit == StatusCode::OK, *role >= Role::Steward, "{role:?}");
        assert_eq!(stand.read(token, "/rankings").await.status, StatusCode::OK);
        // Faulty on purpose: whoever may is told what is wrong.
        let review = stand.send(token, "/reviews", &json!({})).await.status;
        let expected = if *role >= Role::Reviewer { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::FORBIDDEN };
        assert_eq!(review, expected, "{role:?}");
        let close = stand.send(token, "/periods/2026-12/close", &json!({})).await.status;
        let expected = if *role >= Role::Steward { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
        assert_eq!(close, expected, "{role:?}");
    }
}

#[tokio::test]
async fn a_leader_sees_the_own_commune_alone() {
    let stand = Stand::open().await;
    stand.account("chu-tich", Role::Viewer, Some("loc-tan")).await;
    let token = stand.token("chu-tich").await;
    let own = stand.read(&token, "/communes/loc-tan/explanation").await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text());
    for path in
        ["/due", "/alerts", "/tasks", "/checks", "/communes/loc-tan/history?indicator=CDS-17", "/units?commune=loc-tan"]
    {
        let answer = stand.read(&token, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert!(!answer.text().contains("dinh-quan") && !answer.text().contains("Định Quán"), "{path}");
    }
    for resource in resources().filter(|one| one.verb == Verb::Get && one.access != super::Access::Open) {
        let answer = stand.read(&token, &address(resource, "dinh-quan")).await;
        let is_free = resource.path == "/indicators";
        assert_eq!(answer.status == StatusCode::OK, is_free, "{}", resource.path);
        assert!(is_free || answer.status == StatusCode::FORBIDDEN, "{}: {}", resource.path, answer.text());
    }
}

/// The address of a resource with every example.
fn address(resource: &Resource, commune: &str) -> String {
    let example = |one: &super::Parameter| if one.example == "dinh-quan" { commune } else { one.example }.to_owned();
    let of_path = resource.all_parameters().filter(|one| one.place == Place::Path);
    let path =
        of_path.fold(resource.path.to_owned(), |path, one| path.replace(&format!("{{{}}}", one.name), &example(one)));
    let query: Vec<_> = resource
        .all_parameters()
        .filter(|one| one.place == Place::Query && !one.example.is_empty() && one.name != "edition")
        .map(|one| (one.name, example(one)))
        .collect();
    format!("{path}?{}", serde_urlencoded::to_string(query).unwrap())
}

#[tokio::test]
async fn every_path_of_the_description_answers_and_every_route_is_in_it() {
    let (stand, token) = stand().await;
    let described = stand.ask(Method::GET, "/api/v1/openapi.json", &[], "").await;
    assert_eq!(described.json(), description());
    let text = described.json();
    let paths = text["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(operations, resources().count());
    let mut names = HashSet::new();
    for (path, verb, operation) in paths.iter().flat_map(|(path, verbs)| {
        verbs.as_object().unwrap().iter().map(move |(verb, operation)| (path, verb, operation))
    }) {
        assert!(names.insert(operation["operationId"].to_string()), "{path}");
        let resource = resources().find(|one| one.path == *path && (one.verb == Verb::Get) == (verb == "get")).unwrap();
        let asked = address(resource, "dinh-quan");
        let answer = match resource.verb {
            Verb::Get => stand.read(&token, &asked).await,
            Verb::Post => {
                let fields =
                    resource.parameters.iter().filter(|one| one.place == Place::Body && !one.example.is_empty());
                let value = |one: &super::Parameter| match one.form {
                    super::parameter::Form::Flag => json!(one.example == "true"),
                    super::parameter::Form::Number(_) => json!(one.example.parse::<u32>().unwrap()),
                    _ => json!(one.example),
                };
                let body: Value =
                    fields.map(|one| (one.name.to_owned(), value(one))).collect::<serde_json::Map<_, _>>().into();
                stand.send(&token, &asked, &body).await
            }
        };
        // A review of version 1 comes too late, all else is done.
        let expected = if path == "/reviews" && verb == "post" { StatusCode::CONFLICT } else { StatusCode::OK };
        assert_eq!(answer.status, expected, "{verb} {path}: {}", answer.text());
        if resource.is_list() {
            let required = text["components"]["schemas"]["List"]["required"].as_array().unwrap();
            let body = answer.json();
            assert_eq!(required.len(), body.as_object().unwrap().len(), "{path}");
            assert!(required.iter().all(|name| body.get(name.as_str().unwrap()).is_some()), "{path}");
        }
    }
}

#[tokio::test]
async fn figures_are_those_of_the_commands() {
    let (stand, token) = stand().await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("accept", "text/csv")];
    for (path, subject) in [
        ("/rankings", Subject::Rankings(Scope::default())),
        ("/schemes", Subject::Schemes),
        ("/communes", Subject::Communes),
        ("/communes/loc-tan/explanation", Subject::Explain("loc-tan".into())),
        (
            "/communes/loc-tan/history?indicator=CDS-17",
            Subject::History(HistoryAsked {
                commune: "loc-tan".into(),
                indicator: "CDS-17".into(),
                ..HistoryAsked::default()
            }),
        ),
        ("/indicators/CDS-17", Subject::Indicator("CDS-17".into())),
        ("/due", Subject::Due(None)),
        ("/queue", Subject::Queue(crate::report::question::QueueAsked::default())),
        ("/quality", Subject::Quality),
        ("/reviews", Subject::Reviews),
        ("/tasks", Subject::Tasks(crate::report::question::TasksAsked::default())),
        ("/observations", Subject::Export(ExportTable::Observations)),
        ("/catalogue/targets", Subject::Export(ExportTable::Targets)),
    ] {
        let command = commanded(&stand, subject).await;
        let csv = stand.ask(Method::GET, &format!("{ROOT}{path}"), &headers, "").await;
        assert_eq!(csv.text().as_bytes(), render(&command, Format::Csv, Language::Vi).unwrap(), "{path}");
        let more = if path.contains('?') { '&' } else { '?' };
        let json = stand.read(&token, &format!("{path}{more}limit=1000")).await.json();
        assert_eq!(json["rows"], command.json(), "{path}");
        assert_eq!(json["title"], json!(command.title));
        assert_eq!((&json["simulated"], &json["next"]), (&json!(true), &Value::Null));
    }
    // As printed, and as text.
    let rows = stand.read(&token, "/rankings").await.json();
    assert_eq!((&rows["period"], &rows["scheme"], &rows["closed"]), (&json!("2026-10"), &json!("own"), &Value::Null));
    assert!(rows["rows"][0]["score"].is_string() && rows["rows"][0]["rank"].is_number(), "{rows}");
}

#[tokio::test]
async fn the_history_tells_every_version_and_who_entered_it() {
    let (stand, token) = stand().await;
    let history = stand.read(&token, "/communes/dinh-quan/history?indicator=cds-17").await.json();
    let mut versions: Vec<_> = history["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["commune"].as_str().unwrap(),
                row["period"].as_str().unwrap(),
                row["version"].as_i64().unwrap(),
                row["entered_by"].as_str().unwrap(),
            )
        })
        .collect();
    versions.sort_unstable();
    assert_eq!(
        versions,
        [("dinh-quan", "2026-09", 1, "Bình"), ("dinh-quan", "2026-10", 1, "Bình"), ("dinh-quan", "2026-10", 2, "Bình")]
    );
}

#[tokio::test]
async fn paging_gives_every_row_once_also_while_figures_change() {
    let (stand, token) = stand().await;
    let whole = stand.read(&token, "/catalogue/targets?limit=1000").await.json();
    let whole = whole["rows"].as_array().unwrap().clone();
    let (mut seen, mut path) = (Vec::new(), "/catalogue/targets?limit=50".to_owned());
    loop {
        let page = stand.read(&token, &path).await;
        let body = page.json();
        seen.extend(body["rows"].as_array().unwrap().clone());
        let link = page.header("link").to_owned();
        match body["next"].as_str() {
            None => {
                assert_eq!(link, "");
                break;
            }
            Some(next) => {
                let (address, rel) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
                assert!(address.contains(next) && rel.contains("next"), "{link}");
                path = address.strip_prefix(ROOT).unwrap().to_owned();
            }
        }
    }
    assert!(whole.len() > 150);
    assert_eq!(seen, whole);
    // A figure in between: the reader goes on in the edition that it began with.
    let first = stand.read(&token, "/observations?limit=2").await.json();
    let next = first["next"].as_str().unwrap().to_owned();
    let more = batch("an-loc", 3, LogPosition::START, vec![figure(900, "2026-10", 10)]);
    stand.store.append(Append { batches: vec![more], notes: Vec::new() }).await.unwrap();
    let now = stand.read(&token, "/observations").await.json();
    assert_eq!(now["rows"].as_array().unwrap().len(), 7);
    let exhausted = stand.read(&token, &format!("/observations?limit=1000&after={next}")).await.json();
    assert_eq!(first["rows"].as_array().unwrap().len() + exhausted["rows"].as_array().unwrap().len(), 6);
    // A cursor of another list, and one of an edition that is gone.
    let foreign = stand.read(&token, &format!("/rankings?after={next}")).await;
    assert_eq!((foreign.status, &*code(&foreign)), (StatusCode::CONFLICT, "changed"));
    assert_eq!(code(&stand.read(&token, "/rankings?after=x").await), "bad_parameter");
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let (stand, token) = stand().await;
    let first = stand.read(&token, "/rankings").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 30);
    let bearer = format!("Bearer {token}");
    let again = async |known: &str| {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", known)];
        stand.ask(Method::GET, "/api/v1/rankings", &headers, "").await
    };
    let same = again(&format!("\"other\", {tag}")).await;
    assert_eq!((same.status, same.body.len(), same.header("etag")), (StatusCode::NOT_MODIFIED, 0, tag.as_str()));
    assert_eq!(again("\"other\"").await.status, StatusCode::OK);
    let review = json!({"commune": "dinh-quan", "indicator": "CDS-17", "period": "2026-10", "version": 2, "decision": "returned", "code": "mismatch"});
    assert_eq!(stand.send(&token, "/reviews", &review).await.status, StatusCode::OK);
    assert_eq!(again(&tag).await.status, StatusCode::OK, "the returned result earns nothing any more");
}

#[tokio::test]
async fn bad_input_is_told_in_the_callers_language() {
    let (stand, token) = stand().await;
    for (path, status, problem) in [
        ("/rankings?period=October", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?period=2025-10", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?scheme=mine", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?kind=town", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?colour=red", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?limit=0", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?limit=1001", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?period=2026-10&period=2026-09", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/rankings?group=ZZ", StatusCode::NOT_FOUND, "not_found"),
        ("/rankings?edition=3", StatusCode::NOT_FOUND, "not_found"),
        ("/alerts?light=green", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/communes/atlantis/explanation", StatusCode::NOT_FOUND, "not_found"),
        ("/communes/dinh-quan/history", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/indicators/ZZ-99", StatusCode::NOT_FOUND, "not_found"),
        ("/catalogue/people", StatusCode::BAD_REQUEST, "bad_parameter"),
        ("/nothing", StatusCode::NOT_FOUND, "not_found"),
    ] {
        let answer = stand.read(&token, path).await;
        assert_eq!((answer.status, &*code(&answer)), (status, problem), "{path}");
    }
    let bearer = format!("Bearer {token}");
    let send = async |kind: &str, body: &str| {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let answer = stand.ask(Method::POST, "/api/v1/exceptions", &headers, body).await;
        code(&answer)
    };
    assert_eq!(send("text/plain", "{}").await, "no_json");
    assert_eq!(send("application/json", "[]").await, "no_json");
    assert_eq!(send("application/json", "{").await, "no_json");
    assert_eq!(send("application/json", r#"{"colour": "red"}"#).await, "unusable");
    assert_eq!(send("application/json", r#"{"commune": 3}"#).await, "unusable");
    assert_eq!(send("application/json", &format!("\"{}\"", "x".repeat(20_000))).await, "too_large");
    assert_eq!(send("application/json", &format!("\"{}\"", "x".repeat(400_000))).await, "too_large");
    let delete = stand.ask(Method::DELETE, "/api/v1/rankings", &[("authorization", &bearer)], "").await;
    assert_eq!((delete.status, &*code(&delete)), (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"));
    for (asked, words) in [
        ("en-GB,en;q=0.9", "A parameter cannot be used"),
        ("en;q=0.2, vi;q=0.8", "Tham số không dùng được"),
        ("fr", "Tham số không dùng được"),
    ] {
        let headers = [("authorization", bearer.as_str()), ("accept-language", asked)];
        let answer = stand.ask(Method::GET, "/api/v1/rankings?limit=x", &headers, "").await;
        assert_eq!(answer.json()["title"], words, "{asked}");
    }
}

#[tokio::test]
async fn a_review_sent_twice_is_one_review() {
    let (stand, token) = stand().await;
    let review = |decision: &str, more: Value| {
        let mut body = json!({"commune": "Định Quán", "indicator": "CDS-17", "period": "2026-10", "version": 2, "decision": decision});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let accepted = review("accepted", json!({}));
    let first = stand.send(&token, "/reviews", &accepted).await;
    assert_eq!((first.status, &first.json()["unchanged"]), (StatusCode::OK, &json!(false)), "{}", first.text());
    assert_eq!(stand.send(&token, "/reviews", &accepted).await.json()["unchanged"], true);
    let lines =
        stand.store.audit(AuditQuestion { what: Some("reviewed".into()), ..AuditQuestion::newest(10) }).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((&*lines[0].who, &*lines[0].origin), ("Bà lan (lan)", "api 127.0.0.1 (thử)"));
    assert_eq!(code(&stand.send(&token, "/reviews", &review("returned", json!({}))).await), "unusable");
    let returned = json!({"code": "mismatch", "reason": "biểu 2"});
    assert_eq!(code(&stand.send(&token, "/reviews", &review("returned", returned.clone())).await), "decided");
    let mut replacing = returned;
    replacing["replace"] = true.into();
    assert_eq!(stand.send(&token, "/reviews", &review("returned", replacing)).await.status, StatusCode::OK);
    let outdated = review("accepted", json!({"version": 1}));
    assert_eq!(code(&stand.send(&token, "/reviews", &outdated).await), "outdated");
    let missing = review("accepted", json!({"version": 9}));
    assert_eq!(code(&stand.send(&token, "/reviews", &missing).await), "not_found");
}

#[tokio::test]
async fn periods_are_closed_and_opened_again() {
    let (stand, token) = stand().await;
    let exception = json!({"commune": "tan-phu", "period": "2026-09", "cutoff": "2026-09-24", "reason": "mưa bão"});
    assert_eq!(stand.send(&token, "/exceptions", &exception).await.status, StatusCode::OK);
    let early = stand.send(&token, "/periods/2026-10/close", &json!({})).await;
    assert_eq!((early.status, &*code(&early)), (StatusCode::CONFLICT, "period_state"));
    let closed = stand.send(&token, "/periods/2026-09/close", &json!({})).await;
    assert_eq!((closed.status, &closed.json()["revision"]), (StatusCode::OK, &json!(1)), "{}", closed.text());
    assert_eq!(stand.send(&token, "/periods/2026-09/close", &json!({})).await.json()["unchanged"], true);
    let ranking = stand.read(&token, "/rankings?period=2026-09").await.json();
    assert_eq!(ranking["closed"]["digest"], closed.json()["digest"]);
    assert_eq!(stand.read(&token, "/rankings?period=2026-09&edition=present").await.json()["closed"], Value::Null);
    assert_eq!(code(&stand.send(&token, "/exceptions", &exception).await), "period_state");
    assert_eq!(stand.read(&token, "/periods").await.json()["rows"][0]["state"], "closed");
    assert_eq!(code(&stand.send(&token, "/periods/2026-09/reopen", &json!({})).await), "unusable");
    let reason = json!({"reason": "bổ sung"});
    assert_eq!(stand.send(&token, "/periods/2026-09/reopen", &reason).await.status, StatusCode::OK);
    assert_eq!(code(&stand.send(&token, "/periods/2026-09/reopen", &reason).await), "period_state");
    let audit = stand.read(&token, "/audit?search=mua%20bao&limit=5").await.json();
    assert_eq!(audit["rows"][0]["what"], "exception_set", "{audit}");
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_ended() {
    let stand = Stand::open().await;
    stand.account("lan", Role::Administrator, None).await;
    stand.account("minh", Role::Viewer, None).await;
    let (lan, minh) = (stand.sign_in("lan").await, stand.sign_in("minh").await);
    let made = minh.post("/tokens", &[("label", "<b>bảng</b>"), ("days", "30")]).await;
    assert_eq!((made.status, made.header("cache-control")), (StatusCode::OK, "no-store"));
    let secret = made.text().split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(stand.read(&secret, "/rankings").await.status, StatusCode::OK);
    let page = minh.get("/tokens").await;
    assert!(page.text().contains("&lt;b&gt;bảng") && !page.text().contains(&secret));
    for (label, days) in [("", "30"), ("a", "0"), ("a", "367"), ("a", "x"), (&"x".repeat(61), "3")] {
        let refused = minh.post("/tokens", &[("label", label), ("days", days)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{label} {days}");
    }
    let own = stand.token("lan").await;
    let id = |token: &str| hex::encode(pages::token::hash(token));
    minh.post("/tokens/end", &[("token", &id(&own))]).await;
    assert_eq!(stand.read(&own, "/rankings").await.status, StatusCode::OK, "not hers to end");
    assert!(lan.get("/tokens").await.text().contains("minh"));
    lan.post("/tokens/end", &[("token", &id(&secret))]).await;
    assert_eq!(code(&stand.read(&secret, "/rankings").await), "wrong_token");
    for _ in 0..MAX_TOKENS {
        stand.token("minh").await;
    }
    let too_many = minh.post("/tokens", &[("label", "một nữa"), ("days", "30")]).await;
    assert_eq!(too_many.status, StatusCode::UNPROCESSABLE_ENTITY);
    let explained = minh.get("/api").await;
    assert!(resources().all(|one| explained.text().contains(one.path)));
}

#[tokio::test]
async fn closed_periods_are_open_data_where_the_province_says_so() {
    let off = Stand::open().await;
    assert_eq!(off.ask(Method::GET, "/open-data", &[], "").await.status, StatusCode::NOT_FOUND);
    let pages = Pages { open_data: true, ..Pages::default() };
    let stand = Stand::with(Config { pages, ..Config::default() }).await;
    let get = async |path: &str| stand.ask(Method::GET, path, &[], "").await;
    assert_eq!(get("/open-data").await.status, StatusCode::OK);
    assert_eq!(get("/open-data/2026-09/rankings-own.csv").await.status, StatusCode::NOT_FOUND);
    assert!(sample::close(&*stand.store, "2026-09").await);
    let snapshot = stand.store.snapshot("2026-09".parse().unwrap(), 1).await.unwrap().unwrap();
    let list = get("/open-data").await;
    assert!(list.text().contains(&hex::encode(snapshot.digest())) && list.text().contains("MÔ PHỎNG"));
    let package = get("/open-data/2026-09/datapackage.json").await.json();
    assert!(package["title"].as_str().unwrap().contains("SIMULATED"));
    let resources = package["resources"].as_array().unwrap();
    assert_eq!(resources.len(), snapshot.tables.len());
    for resource in resources {
        let path = resource["path"].as_str().unwrap();
        let file = get(&format!("/open-data/2026-09/{path}")).await;
        assert_eq!(file.body, snapshot.tables[path], "{path}");
        assert_eq!(resource["bytes"], file.body.len());
        let hash = format!("sha256:{}", hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&file.body)));
        assert_eq!(resource["hash"], hash);
        assert!(file.header("cache-control").starts_with("public"));
        let known = [("if-none-match", file.header("etag"))];
        let again = stand.ask(Method::GET, &format!("/open-data/2026-09/{path}"), &known, "").await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    assert_eq!(get("/open-data/2026-09/snapshot.txt").await.body, snapshot.head_file());
    for path in ["/open-data/2026-08/rankings-own.csv", "/open-data/2026-09/accounts.csv", "/open-data/x/y"] {
        assert_eq!(get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    stand.store.reopen_period("2026-09".parse().unwrap(), "sửa", act(moment())).await.unwrap();
    assert_eq!(get("/open-data/2026-09/rankings-own.csv").await.status, StatusCode::NOT_FOUND);
}
