//! An example for each command, shown at the end of its `--help`.

use clap::Command;

/// Name of the command, and an example of it.
const EXAMPLES: [(&str, &str); 47] = [
    ("init", "province-aggregator init --catalogue deploy/catalogue/dong-nai-2026 --host tiendo.example.vn"),
    ("serve", "province-aggregator serve --listen 0.0.0.0:8443"),
    ("doctor", "province-aggregator doctor --format json"),
    ("config", "province-aggregator config check"),
    ("invite", "province-aggregator invite dinh-quan"),
    ("credential", "province-aggregator credential lan --out lan-credential"),
    ("certificates", "province-aggregator certificates --all --format csv"),
    ("revoke", r#"province-aggregator revoke tan-phu --reason "mất máy""#),
    ("authority", "province-aggregator authority status"),
    ("account", r#"province-aggregator account add lan --person "Nguyễn Thị Lan" --role administrator"#),
    ("token", r#"province-aggregator token add lan --label "bảng điều hành" --days 90"#),
    ("keys", "province-aggregator keys export /media/usb/tiendo-keys"),
    ("catalogue", "province-aggregator catalogue check deploy/catalogue/dong-nai-2026"),
    (
        "review",
        r#"province-aggregator review dinh-quan CDS-17 --period 2026-10 --version 1 --return "biểu 2" --reason mismatch"#,
    ),
    ("remind", "province-aggregator remind --dry-run"),
    ("report", "province-aggregator report --period 2026-10 --out bao-cao.docx --annex phu-luc.xlsx"),
    ("exception", r#"province-aggregator exception tan-phu --period 2026-10 --cutoff 2026-10-24 --reason "mưa bão""#),
    ("period", "province-aggregator period close 2026-09"),
    ("publish", "province-aggregator publish --period 2026-09 --out dong-nai-2026-09.publication"),
    ("nation", "province-aggregator --data quoc-gia nation ranking --period 2026-09"),
    ("evidence", "province-aggregator evidence get dinh-quan CDS-17 --period 2026-10 --out files"),
    ("bundle", "province-aggregator bundle take dinh-quan.bundle --out dinh-quan.answer"),
    ("backup", "province-aggregator backup /mnt/backup/tiendo"),
    ("restore", "province-aggregator restore /mnt/backup/tiendo"),
    ("migrate", "province-aggregator migrate --to postgres://tiendo@db.example.vn/tiendo --password-file db.password"),
    ("exercise", "province-aggregator exercise clock 2026-10-16T09:00:00+07:00"),
    ("audit", r#"province-aggregator audit --search "dinh quan" --from 2026-10-01"#),
    ("verify", "province-aggregator verify --format json"),
    ("verify-receipt", "province-aggregator verify-receipt receipts.json"),
    ("conflicts", "province-aggregator conflicts"),
    ("rankings", "province-aggregator rankings --period 2026-10 --group CDS --kind xa"),
    ("schemes", "province-aggregator schemes --period 2026-10"),
    ("explain", r#"province-aggregator explain "dinh quan" --indicator CDS-17"#),
    ("history", r#"province-aggregator history "dinh quan" CDS-17 --period 2026-10"#),
    ("indicator", "province-aggregator indicator CDS-17 --format csv"),
    ("communes", "province-aggregator communes"),
    ("due", r#"province-aggregator due "dinh quan" --period 2026-10"#),
    ("alerts", r#"province-aggregator alerts "dinh quan" --light red"#),
    ("queue", "province-aggregator queue --indicator CDS-05"),
    ("what-if", r#"province-aggregator what-if "loc tan" --set CDS-17=79/99 --points CDS-07=3"#),
    ("tasks", r#"province-aggregator tasks "loc tan" --light red"#),
    ("units", r#"province-aggregator units "loc tan" --indicator OT-13"#),
    ("checks", r#"province-aggregator checks "dinh quan" --period 2026-10"#),
    ("quality", "province-aggregator quality --period 2026-10"),
    ("reviews", "province-aggregator reviews --period 2026-10"),
    ("export", "province-aggregator export observations --period 2026-10"),
    ("recompute", "province-aggregator recompute exported rankings --period 2026-10"),
];

/// Of the commands within these: the command, the one in it, and an example.
const WITHIN: [(&str, &str, &str); 15] = [
    ("nation", "init", r#"province-aggregator --data quoc-gia nation init --name "Cả nước""#),
    (
        "nation",
        "add-province",
        r#"province-aggregator --data quoc-gia nation add-province dong-nai --name "Tỉnh Đồng Nai" --authority dong-nai.pem"#,
    ),
    ("nation", "accept", "province-aggregator --data quoc-gia nation accept dong-nai-2026-09.publication"),
    ("evidence", "move", "province-aggregator evidence move --remove"),
    ("period", "close", "province-aggregator period close 2026-09"),
    ("period", "reopen", r#"province-aggregator period reopen 2026-09 --reason "số liệu nộp muộn của Định Quán""#),
    ("period", "list", "province-aggregator period list --format json"),
    ("period", "verify", "province-aggregator period verify 2026-09"),
    ("period", "late", "province-aggregator period late 2026-09"),
    ("period", "export", "province-aggregator period export 2026-09 --out chot-2026-09"),
    ("catalogue", "check", "province-aggregator catalogue check danh-muc.xlsx"),
    ("catalogue", "diff", "province-aggregator catalogue diff danh-muc.xlsx"),
    ("catalogue", "import", "province-aggregator catalogue import deploy/catalogue/dong-nai-2026"),
    ("catalogue", "export", "province-aggregator catalogue export danh-muc.xlsx"),
    (
        "catalogue",
        "adopt-standard",
        "province-aggregator catalogue adopt-standard deploy/catalogue/dong-nai-2026 xuan-lap",
    ),
];

/// The command line with its examples.
#[must_use]
pub fn with_examples(command: Command) -> Command {
    let shown = |example: &str| format!("Ví dụ:\n  {example}");
    let command = EXAMPLES
        .into_iter()
        .fold(command, |command, (name, example)| command.mut_subcommand(name, |one| one.after_help(shown(example))));
    WITHIN.into_iter().fold(command, |command, (outer, name, example)| {
        command.mut_subcommand(outer, |outer| outer.mut_subcommand(name, |one| one.after_help(shown(example))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn each_command_of_periods_and_catalogues_has_an_example() {
        let all = with_examples(crate::cli::Cli::command());
        for outer in ["period", "catalogue"] {
            for one in all.find_subcommand(outer).into_iter().flat_map(Command::get_subcommands) {
                assert!(one.get_after_help().is_some() || one.get_name() == "help", "{outer} {}", one.get_name());
            }
        }
    }
}
