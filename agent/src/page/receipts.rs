//! The province's receipts: a list, and a file that anyone can check.

use super::{
    fault::Fault,
    piece,
    visit::{Clerk, Drawn, Room},
};
use crate::receipts;
use axum::{
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use pages::{frame, maud::html, part};
use shared::listing::number_for_people;

/// Most receipts in the page; the file has them all.
const MOST_SHOWN: usize = 200;

/// `/receipts`
pub async fn page(clerk: Clerk) -> Result<Response, Fault> {
    clerk.draw("/receipts", draw).await
}

fn draw(room: &mut Room<'_>) -> Result<Drawn, Fault> {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    let (all, kept) = (room.view().receipt_count()?, room.view().receipts(MOST_SHOWN)?);
    let title = l("Biên nhận của tỉnh", "Receipts of the province");
    let body = html! {
        (frame::title(title, l("Mỗi lần nhận số liệu, tỉnh ký một biên nhận. Tệp tải về chứng minh được ngay cả khi máy chủ của tỉnh mất dữ liệu.", "The province signs a receipt whenever it takes figures. The file proves it even if the province loses its data."), &html! {
            a .button href="/status" { (l("Về Tình trạng", "Back to Status")) }
            @if all > 0 { a .button.main href="/receipts/export" { (l("Tải tệp biên nhận", "Download the receipts")) } }
        }))
        @if kept.is_empty() {
            div .card { (part::empty(l("Chưa có biên nhận", "No receipts yet"), l("Biên nhận có sau lần gửi đầu tiên.", "They come with the first session."))) }
        } @else {
            div .card.flush { div .scroll tabindex="0" { table {
                thead { tr { th .num { (l("Đến thay đổi số", "Up to change")) } th { (l("Tỉnh nhận lúc", "Received")) } th { (l("Mã chuỗi", "Chain")) } } }
                tbody { @for receipt in &kept { tr {
                    td .num.fit { (number_for_people(&receipt.position.seq.to_string(), language)) }
                    td .fit { (piece::instant(receipt.received_at)) }
                    td { code { (receipt.position.chain.to_string().chars().take(24).collect::<String>()) "…" } }
                } } }
            } } }
            @if all > MOST_SHOWN as u64 { p .muted { (language.pick(format!("{MOST_SHOWN} biên nhận mới nhất trong {all}; tệp tải về có đủ."), format!("The newest {MOST_SHOWN} of {all}; the file has all."))) } }
        }
    };
    Ok(Drawn::new(title, body))
}

/// `/receipts/export`
pub async fn export(clerk: Clerk) -> Result<Response, Fault> {
    let text = clerk
        .act(|room| {
            let exported = receipts::export(room.view())?;
            serde_json::to_string_pretty(&exported).map_err(Fault::system)
        })
        .await?;
    let headers =
        [(CONTENT_TYPE, "application/json"), (CONTENT_DISPOSITION, "attachment; filename=\"bien-nhan.json\"")];
    Ok((headers, text).into_response())
}
