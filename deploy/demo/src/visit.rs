//! The pages: where they are, and accounts made for this run.

use crate::{failure::Failure, options::Options, stage::Stage};
use rand::Rng;

/// Accounts of the province's pages: name, person, role, and the role in words.
const ACCOUNTS: [(&str, &str, &str, &str, &str); 4] = [
    ("quantri", "Quản trị viên (mô phỏng)", "administrator", "quản trị viên", "administrator"),
    ("dieuhanh", "Người điều hành (mô phỏng)", "steward", "điều hành kỳ báo cáo", "steward"),
    ("thamdinh", "Người thẩm định (mô phỏng)", "reviewer", "người thẩm định", "reviewer"),
    ("xem", "Người xem (mô phỏng)", "viewer", "người xem", "viewer"),
];
/// Groups of four digits in a password.
const GROUPS: usize = 4;

/// Makes the accounts and tells where to go with them.
///
/// # Errors
/// When a command fails.
pub async fn tell(stage: &Stage, options: &Options) -> Result<(), Failure> {
    let teller = stage.teller;
    if options.once && stage.folder.is_temporary() {
        return Ok(());
    }
    teller.head("Các trang (mở bằng trình duyệt)", "The pages (open them in a browser)");
    let pages = stage.province.pages();
    let password = password();
    for (name, person, role, ..) in ACCOUNTS {
        stage.province.add_account((name, person, role), &password).await?;
    }
    let accounts =
        |pick: fn(&(&'static str, &'static str, &'static str, &'static str, &'static str)) -> &'static str| {
            ACCOUNTS.iter().map(|account| format!("{} ({})", account.0, pick(account))).collect::<Vec<_>>().join(", ")
        };
    teller.say(
        format!("Tỉnh:    {pages}  (chứng thư của tỉnh diễn tập: trình duyệt sẽ hỏi lại)"),
        format!("Province: {pages}  (certificate of the training province: the browser will ask)"),
    );
    for further in stage.province.further_pages() {
        teller.say(
            format!("         {further}  (máy chủ khác, cùng số liệu)"),
            format!("          {further}  (another server, the same figures)"),
        );
    }
    teller.say(
        format!("         tài khoản {}; mật khẩu của lần chạy này: {password}", accounts(|account| account.3)),
        format!("          accounts {}; this run's password: {password}", accounts(|account| account.4)),
    );
    for commune in stage.communes.iter().take(ACCOUNTS.len() + 1) {
        if let Some(page) = commune.page() {
            teller.say(format!("{}: {page}", commune.member.name), format!("{}: {page}", commune.member.name));
        }
    }
    Ok(())
}

/// A password for this run alone.
fn password() -> String {
    let mut random = rand::rng();
    let groups: Vec<String> = (0..GROUPS).map(|_| format!("{:04}", random.random_range(0..10_000))).collect();
    groups.join("-")
}
