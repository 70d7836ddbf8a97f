//! The command line.

use clap::{Parser, ValueEnum};
use shared::{
    language::Language,
    period::{Cycle, Period},
};
use std::{ffi::OsString, path::PathBuf};

/// The catalogue that is shown when none is named.
const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalogue/dong-nai-2026");

const EXIT_CODES: &str = "\
Mã thoát:
  0  thành công
  1  thất bại, hoặc bị dừng giữa chừng
  2  sai cú pháp, hoặc thư mục --dir không trống";

/// Chạy thử toàn bộ hệ thống trên một máy, với SỐ LIỆU MÔ PHỎNG: máy chủ của tỉnh và agent của các xã, phường.
#[derive(Debug, Parser)]
#[command(name = "demo", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Options {
    /// Tự kết thúc sau khi in kết quả, không chờ Ctrl-C
    #[arg(long)]
    pub once: bool,
    /// Thư mục để giữ lại mọi thứ (phải trống hoặc chưa có); không nêu thì dùng thư mục tạm
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Hạt giống của số liệu mô phỏng
    #[arg(long, value_name = "N", default_value_t = 2026)]
    pub seed: u64,
    /// Số xã, phường
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(5..=95))]
    pub communes: u16,
    /// Tháng được xếp hạng
    #[arg(long, value_name = "P", default_value = "2026-10", value_parser = month)]
    pub period: Period,
    /// Kho dữ liệu trên một cụm PostgreSQL riêng của lần chạy này (cần cài máy chủ PostgreSQL)
    #[arg(long)]
    pub postgres: bool,
    /// Số máy chủ của tỉnh trên cùng cơ sở dữ liệu; từ 2 trở lên thì một máy bị tắt ngang giữa chừng
    #[arg(long, value_name = "N", default_value_t = 1, requires = "postgres", value_parser = clap::value_parser!(u16).range(1..=5))]
    pub aggregators: u16,
    /// Ngôn ngữ
    #[arg(long, env = "TIENDO_LANG", value_enum, default_value = "vi")]
    pub lang: Lang,
    /// Thư mục danh mục chỉ tiêu, mục tiêu
    #[arg(long, value_name = "DIR", default_value = CATALOGUE, hide_default_value = true)]
    pub catalogue: PathBuf,
}

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

impl Options {
    /// Reads the command line, or ends with what is wrong with it. Both `cargo demo --once` and `cargo demo -- --once` are
    /// understood: cargo hands on the two dashes of the second.
    pub fn read(arguments: impl Iterator<Item = OsString>) -> Self {
        Self::parse_from(without_dashes(arguments))
    }
}

fn without_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).is_some_and(|first| first == "--") {
        arguments.remove(1);
    }
    arguments
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Vi => Language::Vi,
            Lang::En => Language::En,
        }
    }
}

fn month(text: &str) -> Result<Period, String> {
    let period = text.trim().parse::<Period>().ok().filter(|period| period.cycle() == Cycle::Monthly);
    period.ok_or_else(|| "viết một tháng, ví dụ 2026-10".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn read(line: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["demo"], line].concat())
    }

    #[test]
    fn defaults() {
        Options::command().debug_assert();
        let options = read(&[]).unwrap();
        assert_eq!((options.once, options.seed, options.communes), (false, 2026, 5));
        assert_eq!(options.period.to_string(), "2026-10");
        assert!(options.dir.is_none() && options.catalogue.join("targets.csv").exists());
    }

    #[test]
    fn the_dashes_that_cargo_hands_on_are_left_out() {
        for line in [["demo", "--", "--once"].as_slice(), &["demo", "--once"]] {
            let arguments = line.iter().map(OsString::from);
            assert_eq!(without_dashes(arguments), ["demo", "--once"]);
        }
    }

    #[test]
    fn what_is_accepted_and_what_is_not() {
        for good in [
            &["--once", "--dir", "d"][..],
            &["--communes", "95"],
            &["--period", "2026-02"],
            &["--lang", "en"],
            &["--postgres", "--aggregators", "3"],
        ] {
            read(good).unwrap();
        }
        let bad = [
            &["--communes", "4"][..],
            &["--communes", "96"],
            &["--seed", "-1"],
            &["--seed", "x"],
            &["--period", "2026-Q3"],
            &["--period", "2026-13"],
            &["--period", "2026"],
            &["--lang", "fr"],
            &["--aggregators", "3"],
            &["--postgres", "--aggregators", "0"],
            &["--postgres", "--aggregators", "6"],
            &["--forever"],
            &["stray"],
        ];
        for line in bad {
            assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
