//! `service install|uninstall|status` on Windows, and `service run`, which its service manager starts.
//!
//! **Never run on Windows**: type-checked for it only. The log of the service goes to standard error, which nobody reads there.

use super::{Desk, Failure, Printed, arguments::ServiceCommand, failure::FAILED, syncing};
use crate::config::Config;
use std::{ffi::OsString, io};
use winservice::{State, Stop};

const NAME: &str = "commune-agent";
const TITLE: &str = "Tiến Độ: dịch vụ nền của xã";

/// `service`
pub fn service(desk: &Desk, command: &ServiceCommand) -> Result<Printed, Failure> {
    let language = desk.language;
    let system = |error: winservice::Error| Failure::System(io::Error::other(error));
    match command {
        ServiceCommand::Install {} => {
            let program = std::env::current_exe().map_err(Failure::System)?;
            let data = std::path::absolute(desk.folder.root()).map_err(Failure::System)?;
            let arguments = ["--data".into(), data.into(), "service".into(), "run".into()];
            winservice::install(NAME, TITLE, program, arguments.map(|word: OsString| word).into()).map_err(system)?;
            let done = language.pick(
                "Đã cài và chạy dịch vụ commune-agent (phần này chưa từng thử trên Windows). Xem: commune-agent service status\n",
                "The service commune-agent is installed and runs (this was never tried on Windows). See: commune-agent service status\n",
            );
            Ok(done.to_owned().into())
        }
        ServiceCommand::Uninstall {} => {
            winservice::uninstall(NAME).map_err(system)?;
            let done = language.pick(
                "Đã gỡ dịch vụ commune-agent; số liệu vẫn còn nguyên.\n",
                "The service commune-agent is removed; the figures are where they were.\n",
            );
            Ok(done.to_owned().into())
        }
        ServiceCommand::Status {} => {
            let is_active = winservice::state(NAME).map_err(system)? == State::Runs;
            let text = match is_active {
                true => language.pick("Dịch vụ đang chạy\n", "The service runs\n"),
                false => language.pick("Dịch vụ không chạy\n", "The service does not run\n"),
            };
            Ok(Printed { text: text.to_owned(), code: if is_active { 0 } else { FAILED } })
        }
        ServiceCommand::Run => {
            let (folder, clock, format) = (desk.folder.clone(), desk.clock.clone(), desk.format);
            let work = move |stop: Stop| {
                let done = Config::read(&folder.config()).map_err(Failure::from).and_then(|config| {
                    syncing::run_until(&Desk { folder, config, clock, language, format }, || {
                        Ok(async move {
                            // Ends with the word, or when nobody can say it any more.
                            let _ = tokio::task::spawn_blocking(move || stop.recv()).await;
                        })
                    })
                });
                match done {
                    Ok(_) => 0,
                    Err(failure) => {
                        tracing::error!(reason = failure.explain(language), "the service ends");
                        failure.code().into()
                    }
                }
            };
            winservice::run(NAME, Box::new(work)).map_err(system)?;
            Ok(String::new().into())
        }
    }
}
