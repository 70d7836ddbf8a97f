//! More than one server of the province, on a PostgreSQL of this run alone; one of them is killed on the way.

use crate::{
    failure::Failure,
    options::Options,
    stage::{Database, Stage},
};
use cluster::{Cluster, ClusterError};
use shared::period::Period;
use std::fs;

/// A server that was killed: its number and address.
pub type Killed = (usize, String);

/// Makes a database where one is asked for; its address.
///
/// # Errors
/// When PostgreSQL is not installed, or does not start.
pub async fn database(stage: &mut Stage, options: &Options) -> Result<Option<String>, Failure> {
    if !options.postgres {
        return Ok(None);
    }
    stage.teller.say("Dựng một cụm PostgreSQL riêng…", "Starting a PostgreSQL of this run alone…");
    let started = tokio::task::spawn_blocking(|| {
        let cluster = Cluster::start(None)?;
        let url = cluster.database()?;
        Ok::<_, ClusterError>(Database { cluster, url })
    });
    let database = started.await.map_err(|_| Failure::Interrupted)??;
    let url = database.url.clone();
    stage.database = Some(database);
    Ok(Some(url))
}

/// Starts the further servers.
///
/// # Errors
/// When one does not come up.
pub async fn serve(stage: &mut Stage, options: &Options) -> Result<(), Failure> {
    let servers = usize::from(options.aggregators);
    stage.province.serve_more(servers, &stage.folder).await?;
    if servers > 1 {
        let others = stage.province.addresses()[1..].join(", ");
        stage.teller.say(
            format!("{servers} máy chủ trên cùng cơ sở dữ liệu; ngoài máy đầu còn {others}. Xã gặp máy nào cũng được"),
            format!("{servers} servers on one database; besides the first, {others}. A commune may meet any of them"),
        );
    }
    Ok(())
}

/// Kills the last of several servers while figures are on their way.
///
/// # Errors
/// When the system does not let it.
pub async fn kill(stage: &mut Stage) -> Result<Option<Killed>, Failure> {
    let killed = stage.province.kill_last().await?;
    if let Some((number, address)) = &killed {
        stage.teller.say(
            format!("✗ Máy chủ {number} ({address}) bị tắt ngang (kill -9) trong lúc các xã đang gửi số liệu"),
            format!("✗ Server {number} ({address}) is killed (kill -9) while the communes are sending figures"),
        );
    }
    Ok(killed)
}

/// Everything has arrived all the same: tells it, and asks those that remain whether they say the same.
///
/// # Errors
/// When they do not.
pub async fn go_on(stage: &Stage, (number, _): Killed, period: Period) -> Result<(), Failure> {
    let province = &stage.province;
    let answers = province.answers(period, &stage.folder.credential()).await?;
    let servers = province.addresses().join(", ");
    if answers.iter().any(|answer| *answer != answers[0]) {
        return Err(Failure::Unequal(servers));
    }
    let left = answers.len();
    stage.teller.say(
        format!("✓ Các xã của máy {number} tự chuyển sang máy khác, mọi thay đổi đã đến đủ; {left} máy còn lại ({servers}) xếp hạng như nhau"),
        format!("✓ The communes of server {number} have gone on at another, every change has arrived; the {left} that remain ({servers}) rank alike"),
    );
    Ok(())
}

/// Keeps what was in the database, where the folder stays.
///
/// # Errors
/// When it cannot be written.
pub fn keep(stage: &Stage) -> Result<(), Failure> {
    match &stage.database {
        Some(Database { cluster, url }) if !stage.folder.is_temporary() => {
            let dump = stage.folder.dump();
            fs::write(&dump, cluster.dump(url)?).map_err(Failure::io(&dump))
        }
        _ => Ok(()),
    }
}
