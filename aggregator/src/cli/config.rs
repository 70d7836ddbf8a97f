//! `config check`: the settings in force and where each comes from, or every fault with its line.

use super::{Context, Failure, doctor::Form, write_out};
use crate::{config::Config, folder::Folder};
use clap::Subcommand;
use operation::settings::{Fault, Source, told};
use serde_json::{Value, json};
use shared::language::Language;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Kiểm tra cấu hình: in các giá trị đang dùng, hoặc từng lỗi với tệp, dòng, khóa và cách sửa
    Check {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Form::Text)]
        format: Form,
    },
}

impl ConfigCommand {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self::Check { format } = self;
        let layers = Config::layers(&Folder::at(&context.data).config());
        let language = context.language;
        match layers.check(|figment| Config::of(figment).map_err(|error| error.refused())) {
            Ok(_) => {
                let settings = layers.effective().map_err(|refused| Failure::Config(refused.into()))?;
                let text = match format {
                    Form::Text => told(&settings, language),
                    Form::Json => {
                        let one = |one: &operation::settings::Setting| json!({ "key": one.key, "value": one.value, "source": one.source.told(Language::En) });
                        format!("{:#}\n", json!({ "settings": settings.iter().map(one).collect::<Vec<_>>() }))
                    }
                };
                write_out(text.as_bytes())
            }
            Err(faults) => {
                let text = match format {
                    Form::Text => faults.iter().map(|fault| fault.told(language)).collect(),
                    Form::Json => format!("{:#}\n", json!({ "faults": faults.iter().map(json).collect::<Vec<_>>() })),
                };
                write_out(text.as_bytes())?;
                Err(Failure::Faults(faults.len()))
            }
        }
    }
}

fn json(fault: &Fault) -> Value {
    let line = match fault.source {
        Source::File(_, line) => line,
        _ => None,
    };
    json!({
        "source": fault.source.told(Language::En),
        "line": line,
        "key": fault.refused.key,
        "reason": fault.refused.reason,
    })
}
