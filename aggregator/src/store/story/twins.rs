//! A busy month at a province, step by step the same on every engine, and everything that can be asked of it afterwards, as text. What
//! two engines tell must be the same to the letter.

use super::super::{
    Account, AccountChange, Alert, ApiToken, Append, AuditQuestion, CertificateRecord, DigestNote, EvidenceFile,
    EvidenceWanted, Exception, Founding, InvitationRecord, Judged, Note, OpeningQuestion, ParkedPlace, Renewal,
    Resending, ReviewRequest, Role, Store, TakenUp, VersionsWanted, WebSession,
};
use crate::sample::{self, act, batch, change, change_id, evidence, figure, moment, session_note};
use chrono::TimeDelta;
use shared::{
    amount::Amount,
    change::{Change, Conflict, Deed, Incarnation, LogPosition},
    light::Light,
    observation::{Decision, Observation, ObservationKey, Refusal, Value},
    period::Period,
    review::Reason,
};
use std::fmt::Write;

fn key(period: &str) -> ObservationKey {
    ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() }
}

fn valued(number: u64, indicator: &str, unit: &str, value: Value) -> Change {
    let key = ObservationKey { indicator: indicator.into(), unit: unit.into(), period: "2026-10".parse().unwrap() };
    change(number, Deed::Recorded(Observation { key, value, note: "Ớt, ốc, Ông – %_\\".into() }))
}

fn certificate(number: u8, commune: &str) -> CertificateRecord {
    CertificateRecord {
        fingerprint: [number; 32],
        serial: format!("{number:02x}"),
        identity: format!("urn:tiendo:dong-nai:commune:{commune}"),
        commune: Some(commune.into()),
        generation: 0,
        public_key: Some([number; 32]),
        issuer: None,
        issued_at: moment() + TimeDelta::hours(i64::from(number)),
        not_after: moment() + TimeDelta::days(14 + i64::from(number)),
        revoked_at: None,
        der: Some(vec![number]),
    }
}

fn account(name: &str, role: Role) -> Account {
    Account {
        name: name.into(),
        person: format!("Nguyễn Thị {name}"),
        role,
        commune: (role == Role::Viewer).then(|| "tan-phu".into()),
        password: None,
        totp: None,
        totp_step: 0,
        link: Some(([name.len() as u8; 32], moment() + TimeDelta::days(1))),
        created_at: moment(),
        signed_in_at: None,
        disabled_at: None,
    }
}

fn file(number: u8) -> EvidenceFile {
    EvidenceFile { sha256: [number; 32], size_bytes: 10, kind: "application/pdf".into(), received_at: moment() }
}

/// Lives through the month; what each step answered.
pub async fn month(store: &dyn Store) -> String {
    let mut told = String::new();
    macro_rules! step {
        ($done:expr) => {
            writeln!(told, "{:?}", $done.await.unwrap()).unwrap()
        };
    }
    figures(store, &mut told).await;
    for (commune, period, decision, code) in [
        ("tan-phu", "2026-09", Decision::Accepted, None),
        ("tan-phu", "2026-10", Decision::Returned, Some(Reason::Mismatch)),
        ("nowhere", "2026-10", Decision::Accepted, None),
    ] {
        let request = ReviewRequest {
            commune: commune.into(),
            key: key(period),
            version: None,
            decision,
            reason: "biểu 2".into(),
            code,
            first: true,
        };
        step!(store.review(request.clone(), act(moment())));
        step!(store.review(request, act(moment())));
    }
    for (commune, day) in [("tan-phu", "2026-10-24"), ("loc-tan", "2026-10-25"), ("tan-phu", "2026-10-26")] {
        let (period, cutoff) = ("2026-10".parse().unwrap(), day.parse().unwrap());
        let exception = Exception { commune: commune.into(), period, cutoff, reason: "mưa bão".into() };
        step!(store.set_exception(exception, act(moment())));
    }
    step!(store.withdraw_exception("loc-tan", "2026-10".parse().unwrap(), "tạnh", act(moment())));
    step!(async { Ok::<_, ()>(sample::close(store, "2026-09").await) });
    step!(store.reopen_period("2026-09".parse().unwrap(), "nộp muộn", act(moment())));
    step!(async { Ok::<_, ()>(sample::close(store, "2026-09").await) });
    step!(store.import_catalogue(sample::catalogue().1, act(moment())));
    let mut import = sample::catalogue().1;
    import.fingerprint = "ff".repeat(32);
    step!(store.import_catalogue(import, act(moment())));
    step!(store.set_clock_offset(-5, act(moment())));
    step!(store.note("something", "Định Quán", act(moment())));
    step!(store.note_bundle("tan-phu", "b1", act(moment())));
    identities(store, &mut told).await;
    people(store, &mut told).await;
    for light in [Light::Red, Light::Yellow] {
        let alert = |commune: &str, cause: &str| Alert {
            commune: commune.into(),
            plan_ref: "1.2".into(),
            light,
            cause: cause.into(),
        };
        let alerts = vec![alert("tan-phu", "returned"), alert("loc-tan", "far_behind"), alert("tan-phu", "again")];
        step!(store.note_alerts("2026-10".parse().unwrap(), alerts, moment()));
    }
    step!(store.note_reminder("a", moment()));
    step!(store.note_reminder("a", moment()));
    for number in [7, 8, 9] {
        step!(store.refuse_evidence(file(number), "kind"));
        step!(store.refuse_evidence(file(number), "size"));
    }
    step!(store.keep_evidence(file(7)));
    step!(store.keep_evidence(file(8)));
    step!(store.keep_evidence(file(7)));
    step!(store.lose_evidence([8; 32], act(moment())));
    step!(store.name_evidence_place([3; 16]));
    step!(store.name_evidence_place([4; 16]));
    step!(store.note_known_kinds((4, 1)));
    step!(store.restored([7; 16], "from a copy", moment() + TimeDelta::days(3), act(moment())));
    step!(store.adopt(certificate(60, "dinh-quan"), moment(), act(moment())));
    told
}

async fn figures(store: &dyn Store, told: &mut String) {
    let mut first = vec![figure(1, "2026-09", 10), figure(2, "2026-10", 20), evidence(3, 1, 7), evidence(4, 1, 7)];
    first.extend([figure(5, "2026-10", 30), evidence(6, 5, 8), evidence(7, 99, 8), figure(8, "2026", 1)]);
    let huge = Amount::from_micros(i128::from(i64::MAX) * 1_000).unwrap_or(Amount::from(4_000_000_000_u32));
    for (number, value) in (10..).zip([
        Value::Percent(Amount::from(7_u32)),
        Value::Count(123_456_789_012),
        Value::Decimal(huge),
        Value::Flag(true),
        Value::Ratio { numerator: huge, denominator: Amount::from(3_u32) },
    ]) {
        first.push(valued(number, "CDS-17", &format!("unit-{number}"), value));
    }
    let whole = batch("tan-phu", 1, LogPosition::START, first);
    let mut second = batch("loc-tan", 2, LogPosition::START, vec![figure(30, "2026-10", 5), evidence(31, 30, 9)]);
    second.changes[1].judged = Judged::Refused { change_id: change_id(31), refusal: Refusal::UnknownObservation };
    let noted = Conflict { earlier: change_id(2), later: change_id(5) };
    let third = batch(
        "tan-phu",
        3,
        whole.after(),
        vec![
            change(40, Deed::ConflictNoted(noted)),
            change(41, Deed::ConflictSettled(change_id(99))),
            figure(42, "2026-09", 11),
            change(43, Deed::ConflictNoted(Conflict { earlier: change_id(1), later: change_id(42) })),
            change(44, Deed::ConflictSettled(change_id(40))),
        ],
    );
    let mut fourth = batch(
        "dinh-quan",
        4,
        LogPosition::START,
        vec![figure(50, "2026-10", 1), evidence(51, 50, 3), figure(52, "2026-10", 2)],
    );
    fourth.changes[0].judged = Judged::Parked;
    let digests = Note::Digests(DigestNote { commune: "tan-phu".into(), at: moment(), differ: true });
    let notes = vec![session_note("tan-phu", None), session_note("loc-tan", Some("cut")), digests];
    let mut append = Append { batches: vec![whole.clone(), second, third.clone(), fourth.clone()], notes };
    for again in [false, true] {
        let appended = store.append(append.clone()).await.unwrap();
        writeln!(told, "{again} {:?} {:?}", appended.outcomes, appended.accepted).unwrap();
        append.notes.clear();
    }
    let forked = batch("tan-phu", 1, LogPosition::START, vec![figure(77, "2026-09", 10)]);
    let gap = batch("nghi-xuan", 1, LogPosition { seq: 7, ..LogPosition::START }, vec![figure(78, "2026-09", 10)]);
    let appended = store.append(Append { batches: vec![forked, gap], notes: Vec::new() }).await.unwrap();
    writeln!(told, "{:?}", appended.outcomes).unwrap();
    let resending = Resending {
        commune: "tan-phu".into(),
        indicator: "CDS-17".into(),
        period: "2026-10".parse().unwrap(),
        changes: vec![(2, whole.changes[1].body.clone()), (3, whole.changes[1].body.clone())],
        last: true,
        at: moment(),
    };
    writeln!(told, "{:?}", store.remake(resending).await.unwrap()).unwrap();
    let review = ReviewRequest {
        commune: "dinh-quan".into(),
        key: key("2026-10"),
        version: Some(1),
        decision: Decision::Accepted,
        reason: String::new(),
        code: None,
        first: false,
    };
    writeln!(told, "{:?}", store.review(review, act(moment())).await.unwrap()).unwrap();
    let parked = store.parked(ParkedPlace::default(), 10).await.unwrap();
    let bodies: Vec<_> = parked.iter().map(|one| (&one.commune, &one.body)).collect();
    writeln!(told, "{bodies:?}").unwrap();
    let known = [figure(50, "2026-10", 1), evidence(51, 50, 3)];
    let taken = parked.iter().zip(known).map(|(one, change)| TakenUp {
        place: one.place,
        commune: one.commune.clone(),
        judged: Judged::Fit(change),
    });
    writeln!(told, "{:?}", store.take_up(taken.collect()).await.unwrap()).unwrap();
}

async fn identities(store: &dyn Store, told: &mut String) {
    for (id, commune) in [("a", "tan-phu"), ("b", "loc-tan"), ("c", "tan-phu")] {
        let (created_at, expires_at) = (moment(), moment() + TimeDelta::days(2));
        let commune = commune.to_owned();
        let record =
            InvitationRecord { id: id.into(), secret_sha256: [1; 32], commune, created_at, expires_at, used_at: None };
        store.add_invitation(record, act(moment())).await.unwrap();
    }
    for (id, record) in
        [("a", certificate(1, "tan-phu")), ("a", certificate(2, "tan-phu")), ("b", certificate(3, "loc-tan"))]
    {
        writeln!(told, "{:?}", store.redeem(id, record).await.unwrap()).unwrap();
    }
    let mut next = certificate(200, "tan-phu");
    writeln!(told, "{:?}", store.renew(Renewal { presented: [1; 32], next: next.clone(), absent: false }).await)
        .unwrap();
    next.fingerprint = [201; 32];
    next.public_key = Some([77; 32]);
    writeln!(told, "{:?}", store.renew(Renewal { presented: [1; 32], next, absent: false }).await).unwrap();
    store.add_certificate(certificate(5, "dinh-quan"), act(moment())).await.unwrap();
    store.note_authorities("tan-phu", &[[1; 32], [2; 32]]).await.unwrap();
    store.note_authorities("tan-phu", &[[2; 32]]).await.unwrap();
    let revoked = store.revoke("urn:tiendo:dong-nai:commune:loc-tan", "mất máy", act(moment())).await.unwrap();
    writeln!(told, "{revoked}").unwrap();
}

async fn people(store: &dyn Store, told: &mut String) {
    for (name, role) in
        [("an", Role::Administrator), ("binhh", Role::Viewer), ("an", Role::Viewer), ("chii", Role::Reviewer)]
    {
        writeln!(told, "{:?}", store.add_account(account(name, role), act(moment())).await).unwrap();
    }
    for (name, change) in [
        ("an", AccountChange::Password("hash".into())),
        ("an", AccountChange::Role(Role::Reviewer, None)),
        ("an", AccountChange::Disabled(true)),
        ("binhh", AccountChange::Person("Trần Bình".into())),
        ("binhh", AccountChange::Totp(Some(vec![1, 2]))),
        ("binhh", AccountChange::Step(7)),
        ("binhh", AccountChange::Step(7)),
        ("chii", AccountChange::Link([3; 32], moment())),
        ("chii", AccountChange::Disabled(true)),
        ("nobody", AccountChange::Disabled(true)),
    ] {
        writeln!(told, "{:?}", store.change_account(name, change, act(moment())).await).unwrap();
    }
    for number in 1..=14_u8 {
        let at = moment() + TimeDelta::minutes(i64::from(number));
        let (account, origin) = (if number > 12 { "chii" } else { "an" }.to_owned(), "máy 1".to_owned());
        let session = WebSession { token: [number; 32], account, opened_at: at, used_at: at, origin };
        store.open_web_session(session, act(at)).await.unwrap();
    }
    store.use_web_session([5; 32], moment() + TimeDelta::hours(2)).await.unwrap();
    writeln!(told, "{:?}", store.end_web_sessions("an", Some([6; 32]), act(moment())).await).unwrap();
    writeln!(told, "{:?}", store.end_web_sessions("chii", None, act(moment())).await).unwrap();
    store.forget_web_sessions(moment() + TimeDelta::minutes(4), moment()).await.unwrap();
    for number in [1_u8, 2] {
        let (label, account) = (format!("kho {number}"), "an".to_owned());
        let (created_at, expires_at) = (moment(), moment() + TimeDelta::days(9));
        let token = ApiToken { token: [number; 32], label, account, created_at, expires_at, used_at: None };
        store.add_api_token(token, act(moment())).await.unwrap();
    }
    store.use_api_token([1; 32], moment()).await.unwrap();
    writeln!(told, "{:?}", store.remove_api_token([2; 32], act(moment())).await).unwrap();
    writeln!(told, "{:?}", store.remove_api_token([9; 32], act(moment())).await).unwrap();
}

/// Everything that can be asked.
pub async fn everything(store: &dyn Store) -> String {
    let mut told = String::new();
    macro_rules! ask {
        ($($question:ident ( $($argument:expr),* ));+ $(;)?) => { $(
            writeln!(told, "{}: {:?}", stringify!($question), store.$question($($argument),*).await.unwrap()).unwrap();
        )+ };
    }
    let (period, later): (Period, Period) = ("2026-09".parse().unwrap(), "2026-10".parse().unwrap());
    ask! {
        founding(); epoch(); decisions(); level(); catalogue_at(2); catalogue_at(9); observations(); verdicts(); exceptions();
        contacts(); conflicts(); closings(); snapshot(period, 1); snapshot(period, 2); snapshot(period, 3);
        frozen_rankings(); alert_events(moment()); is_reminded("a"); is_reminded("b"); certificates(None);
        certificates(Some(moment())); certificate([1; 32]); certificate([99; 32]); invitation("a"); invitation("z");
        noted_copies(); trust_reports(moment()); accounts(); account("an"); account("x"); account_by_link([3; 32]);
        web_session([5; 32]); web_session([6; 32]); api_tokens(); api_token([1; 32]); api_token([2; 32]);
        evidence_files(); evidence_file([7; 32]); evidence_file([8; 32]); evidence_held_bytes("tan-phu");
        evidence_claims("tan-phu", vec![[7; 32], [8; 32], [9; 32]]); evidence_place(); known_kinds(); restored_at(); verify(); verify_audit();
        audit(AuditQuestion::newest(1_000)); audit_chain(3); audit_chain(999); evidence(EvidenceWanted::default(), 100);
    }
    let founded: Founding = store.founding().await.unwrap();
    let search = AuditQuestion {
        search: Some("dinh quan".into()),
        what: Some("something".into()),
        from: Some(moment()),
        until: Some(moment() + TimeDelta::days(1)),
        limit: 5,
    };
    writeln!(told, "{founded:?} {:?}", store.audit(search).await.unwrap()).unwrap();
    for commune in ["tan-phu", "loc-tan", "dinh-quan", "nghi-xuan", "nowhere"] {
        let wanted = EvidenceWanted {
            commune: Some(commune.into()),
            indicator: Some("CDS-17".into()),
            period: Some(later),
            sha256: Some([8; 32]),
        };
        let versions =
            VersionsWanted { commune: commune.into(), codes: vec!["CDS-17".into(), "X".into()], period: Some(later) };
        let all = VersionsWanted { period: None, ..versions.clone() };
        let question = OpeningQuestion {
            commune: commune.into(),
            certificate: [1; 32],
            incarnation: Incarnation([1; 16]),
            head_seq: 3,
            acknowledged_seq: 2,
        };
        ask! {
            observations_of(commune, "CDS-17"); verdicts_of(commune, "CDS-17"); figure_versions(commune, None);
            figure_versions(commune, Some("CDS-17")); record_digests(commune); history(commune, LogPosition::START, 200, 9);
            history(commune, LogPosition::START, 1 << 20, 100); chain_at(commune, 2); feed(commune, 0, 3); feed(commune, 2, 100);
            feed(commune, 999, 100); newest(commune, &key("2026-10")); evidence(wanted.clone(), 3); versions(versions.clone());
            versions(all.clone()); opening(question.clone());
        }
    }
    told
}
