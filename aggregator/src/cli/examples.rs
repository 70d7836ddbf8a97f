//! An example for each command, shown at the end of its `--help`.

use clap::Command;

/// Name of the command, and an example of it.
const EXAMPLES: [(&str, &str); 40] = [
    ("init", "province-aggregator init --catalogue deploy/catalogue/dong-nai-2026 --host tiendo.example.vn"),
    ("serve", "province-aggregator serve --listen 0.0.0.0:8443"),
    ("invite", "province-aggregator invite dinh-quan"),
    ("credential", "province-aggregator credential lan --out lan-credential"),
    ("certificates", "province-aggregator certificates --all --format csv"),
    ("revoke", r#"province-aggregator revoke tan-phu --reason "mất máy""#),
    ("authority", "province-aggregator authority status"),
    ("account", r#"province-aggregator account add lan --person "Nguyễn Thị Lan" --role administrator"#),
    ("token", r#"province-aggregator token add lan --label "bảng điều hành" --days 90"#),
    ("catalogue", "province-aggregator catalogue check deploy/catalogue/dong-nai-2026"),
    (
        "review",
        r#"province-aggregator review dinh-quan CDS-17 --period 2026-10 --version 1 --return "biểu 2" --reason mismatch"#,
    ),
    ("remind", "province-aggregator remind --dry-run"),
    ("report", "province-aggregator report --period 2026-10 --out bao-cao.docx --annex phu-luc.xlsx"),
    ("exception", r#"province-aggregator exception tan-phu --period 2026-10 --cutoff 2026-10-24 --reason "mưa bão""#),
    ("period", "province-aggregator period close 2026-09"),
    ("evidence", "province-aggregator evidence get dinh-quan CDS-17 --period 2026-10 --out files"),
    ("bundle", "province-aggregator bundle take dinh-quan.bundle --out dinh-quan.answer"),
    ("backup", "province-aggregator backup /mnt/backup/tiendo"),
    ("restore", "province-aggregator restore /mnt/backup/tiendo"),
    ("exercise", "province-aggregator exercise clock 2026-10-16T09:00:00+07:00"),
    ("audit", r#"province-aggregator audit --search "dinh quan" --from 2026-10-01"#),
    ("verify", "province-aggregator verify --format json"),
    ("verify-receipt", "province-aggregator verify-receipt receipts.json"),
    ("conflicts", "province-aggregator conflicts"),
    ("rankings", "province-aggregator rankings --period 2026-10 --group CDS --kind xa"),
    ("schemes", "province-aggregator schemes --period 2026-10"),
    ("explain", r#"province-aggregator explain "dinh quan" --scheme common"#),
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

/// The command line with its examples.
#[must_use]
pub fn with_examples(command: Command) -> Command {
    EXAMPLES.into_iter().fold(command, |command, (name, example)| {
        command.mut_subcommand(name, |one| one.after_help(format!("Ví dụ:\n  {example}")))
    })
}
