//! Several ways at once.

use super::*;
use service::Service;

#[tokio::test]
async fn one_way_that_fails_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let silent = Service::start(None, "").await;
    let mail = sink::Sink::start(sink::Manner::default()).await;
    let notifier = open(&format!(
        "[file]\nfolder = {:?}\n[webhook]\nurl = \"http://127.0.0.1:{}/\"\n[mail]\nhost = \"localhost\"\nport = {}\n\
         security = \"none\"\nfrom = \"a@b.vn\"\nto = [\"c@d.vn\"]",
        folder.path().to_str().unwrap(),
        silent.port,
        mail.port,
    ))
    .with_timeout(SHORT);
    assert_eq!(notifier.channels(), [Channel::File, Channel::Webhook, Channel::Mail]);
    let results = notifier.deliver(&reminder()).await;
    let ok: Vec<_> = results.iter().map(|(channel, result)| (*channel, result.is_ok())).collect();
    assert_eq!(ok, [(Channel::File, true), (Channel::Webhook, false), (Channel::Mail, true)]);
    assert!(mail.kept()[0].letter.is_some());

    let again = notifier.deliver_by(&[Channel::Webhook], &reminder()).await;
    assert!(matches!(again[..], [(Channel::Webhook, Err(_))]));
    assert_eq!((silent.kept().len(), mail.kept().len()), (2, 1));
}

#[tokio::test]
async fn a_reminder_that_no_way_can_carry_is_sent_by_none() {
    let folder = tempfile::tempdir().unwrap();
    let notifier = open(&format!("[file]\nfolder = {:?}", folder.path().to_str().unwrap()));
    let wild = Reminder { key: "../../etc/cron.d/x".into(), ..reminder() };
    let (channel, result) = notifier.deliver(&wild).await.remove(0);
    let error = result.unwrap_err();
    assert!(channel == Channel::File && error.is_permanent() && matches!(error.fault, Fault::Unfit(_)));
    assert!(open("").deliver(&reminder()).await.is_empty(), "nothing is connected");
}
