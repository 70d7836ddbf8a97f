//! What to try next: commands that can be copied, for the folder of this demo.

use crate::{commune::Entered, options::Options, stage::Stage, words};
use shared::observation::Value;

/// A command and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Suggestion {
    vi: &'static str,
    en: &'static str,
    line: String,
}

/// Tells what to try next.
pub fn tell(stage: &Stage, options: &Options) {
    let teller = stage.teller;
    teller.head("Thử tiếp (chép lệnh)", "What to try next (copy a line)");
    if options.once && stage.folder.is_temporary() {
        let repeat = "cargo demo -- --once --dir demo-folder";
        teller.say(
            format!("# thư mục tạm đã được xóa; giữ lại để dùng với các lệnh:\n{repeat}"),
            format!("# the temporary folder is gone; to keep it for use with the commands:\n{repeat}"),
        );
        return;
    }
    if options.once && options.postgres {
        let dump = stage.folder.dump();
        let dump = dump.display();
        teller.say(
            format!("# cơ sở dữ liệu đã dừng cùng lần chạy thử; dựng lại từ {dump}:\ncreatedb tiendo && psql -d tiendo -f {dump}\n# rồi sửa url của [store] trong aggregator.toml"),
            format!("# the database has ended with this run; to have it again from {dump}:\ncreatedb tiendo && psql -d tiendo -f {dump}\n# then correct the url of [store] in aggregator.toml"),
        );
        return;
    }
    let province = asking(stage, options);
    let commune = reporting(stage, options);
    for Suggestion { vi, en, line } in province.into_iter().chain(commune) {
        teller.say(format!("# {vi}\n{line}"), format!("# {en}\n{line}"));
    }
}

/// For the province.
fn asking(stage: &Stage, options: &Options) -> Vec<Suggestion> {
    let (province, period) = (&stage.province, options.period.to_string());
    let mut all = Vec::new();
    let mut suggest = |vi, en, line| all.push(Suggestion { vi, en, line });
    suggest(
        "xếp hạng theo chỉ tiêu chung",
        "rank by the common indicators",
        province.line(&words!["rankings", "--scheme", "common", "--period", &period]),
    );
    if let Some(figure) = to_correct(stage) {
        suggest(
            "bảng xếp theo một chỉ tiêu và số liệu toàn tỉnh",
            "the league table of one indicator and the province's own figure",
            province.line(&words!["indicator", &figure.code, "--period", &period]),
        );
    }
    suggest(
        "kỳ này đã chốt; mở lại nếu muốn số liệu nhập thêm được tính",
        "the period is closed; reopen it if what is entered from now on should count",
        province.line(&words!["period", "reopen", &period, "--reason", "thử"]),
    );
    suggest(
        "xuất dữ liệu để ai cũng tính lại được",
        "export what anyone needs to recompute it",
        province.line(&words!["export", "observations", "--period", &period]),
    );
    if options.once {
        suggest(
            "chạy lại máy chủ (trong một cửa sổ khác), rồi thử các lệnh của xã dưới đây",
            "start the server again (in another terminal), then try the commune's commands below",
            province.line(&words!["serve"]),
        );
    }
    all
}

/// For the clerk of a commune.
fn reporting(stage: &Stage, options: &Options) -> Vec<Suggestion> {
    let clerk = &stage.communes[stage.cast.returned];
    let mut all = Vec::new();
    let mut suggest = |vi, en, line| all.push(Suggestion { vi, en, line });
    if let Some(Entered { code, period, value: Value::Ratio { denominator, .. }, .. }) = to_correct(stage) {
        let period = period.to_string();
        suggest(
            "báo cáo xã đã hoàn thành chỉ tiêu đó",
            "report that the commune has reached that target",
            clerk.line(&words!["record", code, "--period", &period, "--ratio", format!("{denominator}/{denominator}")]),
        );
        let file = stage.folder.spare_evidence(&clerk.member.slug);
        suggest(
            "chưa có minh chứng thì chưa được tính: gắn một tệp",
            "without evidence it does not count: attach a file",
            clerk.line(&words!["attach", code, "--period", &period, file]),
        );
    }
    if options.once {
        suggest("gửi ngay", "send it now", clerk.line(&words!["sync"]));
    }
    suggest("xem đã gửi những gì", "see what was sent", clerk.line(&words!["status"]));
    suggest("xem thứ hạng của xã", "see the commune's standing", clerk.line(&words!["standing"]));
    all
}

/// A ratio of the clerk's that is not completed, of the indicator that most plans have.
fn to_correct(stage: &Stage) -> Option<&Entered> {
    let clerk = &stage.communes[stage.cast.returned];
    let plans = |code: &str| stage.communes.iter().filter(|commune| commune.is_asked(code)).count();
    let open = clerk.newest().filter(|figure| matches!(figure.value, Value::Ratio { .. }) && !figure.completed);
    open.max_by_key(|figure| plans(&figure.code))
}
