//! An example for each command, shown at the end of its `--help`.

use clap::Command;

/// Name of the command, and an example of it.
const EXAMPLES: [(&str, &str); 31] = [
    ("join", "commune-agent join --server https://tiendo.example.vn:8443 --token … --authority …"),
    ("run", "commune-agent run"),
    ("doctor", "commune-agent doctor"),
    ("service", "commune-agent service install --user --dry-run"),
    ("config", "commune-agent config check"),
    ("record", "commune-agent record CDS-17 --period 2026-10 --ratio 9120/11830"),
    ("template", "commune-agent template --period 2026-10 -o thang-10.xlsx"),
    ("import", "commune-agent import thang-10.xlsx --dry-run"),
    ("progress", "commune-agent progress III.1 --period 2026-10 --done 60 --spent 920"),
    ("due", "commune-agent due --period 2026-10"),
    ("checks", "commune-agent checks --period 2026-10"),
    ("alerts", "commune-agent alerts --unit CA --light red"),
    ("tasks", r#"commune-agent tasks --search "an toan thong tin""#),
    ("units", "commune-agent units OT-13 --period 2026-10"),
    ("report", "commune-agent report --period 2026-10 --out bao-cao.docx --annex phu-luc.xlsx"),
    ("attach", "commune-agent attach CDS-17 --period 2026-10 bien-ban.pdf anh.jpg"),
    ("evidence", "commune-agent evidence CDS-17 --period 2026-10"),
    ("targets", r#"commune-agent targets --search "chu ky so""#),
    ("history", "commune-agent history CDS-17 --format csv"),
    ("status", "commune-agent status --format json"),
    ("remind", "commune-agent remind --dry-run"),
    ("sync", "commune-agent sync"),
    ("standing", "commune-agent standing --scheme standard"),
    ("receipts", "commune-agent receipts --export bien-nhan.json"),
    ("verify-receipts", "commune-agent verify-receipts bien-nhan.json"),
    ("conflicts", "commune-agent conflicts 1 --keep later"),
    ("verify", "commune-agent verify"),
    ("bundle", "commune-agent bundle make /media/usb/dinh-quan.bundle --with-evidence"),
    ("account", r#"commune-agent account add lan --full-name "Nguyễn Thị Lan""#),
    ("backup", "commune-agent backup /media/usb/dinh-quan"),
    ("restore", "commune-agent restore /media/usb/dinh-quan"),
];

/// The command line with its examples.
#[must_use]
pub fn with_examples(command: Command) -> Command {
    EXAMPLES.into_iter().fold(command, |command, (name, example)| {
        command.mut_subcommand(name, |one| one.after_help(format!("Ví dụ:\n  {example}")))
    })
}
