//! `service install|uninstall|status` on Windows, and `service run`, which its service manager starts.
//!
//! **Never run on Windows**: type-checked for it only. The log of the service goes to standard error, which nobody reads there.

use super::{Desk, Failure, Printed, arguments::ServiceCommand, failure::FAILED, syncing};
use crate::config::Config;
use std::{ffi::OsString, io};
use winservice::{State, Stop};

const NAME: &str = "commune-agent";
const TITLE: &str = "Tiến Độ: dịch vụ nền của xã";

/// The command that gives the account of the service what it needs.
fn rights(data: &str) -> String {
    format!("icacls \"{data}\" /grant \"{}:(OI)(CI)M\" /T", winservice::ACCOUNT)
}

/// `service`
pub fn service(desk: &Desk, command: &ServiceCommand) -> Result<Printed, Failure> {
    let language = desk.language;
    let system = |error: winservice::Error| Failure::System(io::Error::other(error));
    match command {
        ServiceCommand::Install {} => {
            let program = std::env::current_exe().map_err(Failure::System)?;
            let data = std::path::absolute(desk.folder.root()).map_err(Failure::System)?;
            let rights = rights(&data.display().to_string());
            let arguments = ["--data".into(), data.into(), "service".into(), "run".into()];
            let arguments = arguments.map(|word: OsString| word).into();
            if winservice::install(NAME, TITLE, program, arguments).map_err(system)? == State::Runs {
                let done = language.pick(
                    format!("Dịch vụ commune-agent đã cài và đang chạy (phần này chưa từng thử trên Windows). Tài khoản của dịch vụ phải luôn ghi được thư mục dữ liệu: {rights}\n"),
                    format!("The service commune-agent is installed and runs (this was never tried on Windows). Its account has to have rights on the data folder: {rights}\n"),
                );
                return Ok(done.into());
            }
            let text = language.pick(
                format!("Dịch vụ không chạy được nên đã gỡ lại; số liệu vẫn còn nguyên. Thường do tài khoản của dịch vụ không ghi được thư mục dữ liệu: chạy {rights} rồi cài lại; nếu vẫn không được, chạy `commune-agent run` để xem lý do.\n"),
                format!("The service did not stay up and was taken out again; the figures are where they were. Most often its account has no rights on the data folder: run {rights} and install it again; if that does not help, `commune-agent run` says why.\n"),
            );
            Ok(Printed { text, code: FAILED })
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
