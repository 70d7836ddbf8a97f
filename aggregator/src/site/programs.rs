//! How programs ask: the resources of the API with what they take, and how to try them.

use super::{Site, gate::Visitor};
use crate::{
    api::{Access, Fault, Parameter, Place, ROOT, Resource, Verb, resources},
    site::hall::role_name,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header::HOST},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::frame;
use shared::language::Language;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/api", get(shown))
}

async fn shown(State(site): State<Site>, visitor: Visitor, headers: HeaderMap) -> Response {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost:8444");
    let base = format!("https://{host}{ROOT}");
    let about = l(
        "Chương trình khác đọc đúng những con số mà trang này và các lệnh cho thấy, bằng khóa của một tài khoản.",
        "Other programs read the very figures that these pages and the commands show, with an account's token.",
    );
    let actions = html! {
        a .button href={ (ROOT) "/openapi.json" } { "openapi.json" }
        a .button.main href="/tokens" { (l("Khóa API", "API tokens")) }
    };
    let body = html! {
        (frame::title(l("API cho chương trình", "The API for programs"), about, &actions))
        section .card {
            h2 { (l("Cách hỏi", "How to ask")) }
            pre tabindex="0" { "curl -H \"Authorization: Bearer $TOKEN\" \"" (base) "/rankings?period=2026-10\"\ncurl -H \"Authorization: Bearer $TOKEN\" -H \"Accept: text/csv\" \"" (base) "/observations\"" }
            ul {
                li { (l("Số thập phân là chuỗi, để không phần mềm nào làm tròn; ô trống là null.", "Decimals are text, so that no program rounds them; an empty cell is null.")) }
                li { (l("Trang sau: gửi lại next của trang trước trong after (hoặc theo tiêu đề Link); limit nhiều nhất 1000.", "The next page: send next of the page before as after (or follow the header Link); limit is at most 1000.")) }
                li { (l("Đã có bản cũ: gửi ETag trong If-None-Match, chưa đổi thì nhận 304.", "If you have a copy: send its ETag as If-None-Match; 304 says nothing changed.")) }
                li { (l("Accept: text/csv cho cả danh sách dạng CSV. Accept-Language: vi hoặc en.", "Accept: text/csv gives the whole list as CSV. Accept-Language: vi or en.")) }
            }
        }
        section .card.flush {
            h2 { (l("Tài nguyên", "Resources")) }
            div .scroll tabindex="0" { table {
                thead { tr { th scope="col" { (l("Đường dẫn", "Path")) } th scope="col" { (l("Nội dung", "What")) } th scope="col" { (l("Quyền", "Rights")) } th scope="col" { (l("Tham số", "Parameters")) } } }
                tbody { @for resource in resources() { (row(resource, &base, language)) } }
            } }
        }
        section .card.flush {
            h2 { (l("Tham số", "Parameters")) small .muted { (l("* bắt buộc; search, limit, after dùng được với mọi danh sách", "* required; every list takes search, limit and after")) } }
            div .scroll tabindex="0" { table {
                thead { tr { th scope="col" { (l("Tên", "Name")) } th scope="col" { (l("Nghĩa là", "Means")) } th scope="col" { (l("Ví dụ", "Example")) } } }
                tbody { @for one in distinct() { tr {
                    td .fit { code { (one.name) } @if one.is_many { " " small .muted { (l("nhiều lần", "repeatable")) } } }
                    td { (language.pick(one.about.0, one.about.1)) }
                    td .fit { code { (one.example) } }
                } } }
            } }
        }
        section .card.flush {
            h2 { (l("Khi không được", "When it fails")) }
            div .scroll tabindex="0" { table {
                thead { tr { th scope="col" { "code" } th .num scope="col" { "HTTP" } th scope="col" { (l("Nghĩa là", "Means")) } } }
                tbody { @for fault in Fault::ALL { tr id=(fault.code()) {
                    td .fit { code { (fault.code()) } } td .num { (fault.status().as_u16()) } td { (fault.title(language)) }
                } } }
            } }
        }
    };
    visitor.page(&site, l("API cho chương trình", "The API for programs"), &body)
}

fn row(resource: &Resource, base: &str, language: Language) -> Markup {
    let verb = if resource.verb == Verb::Get { "GET" } else { "POST" };
    let rights = match resource.access {
        Access::Open => language.pick("ai cũng đọc được", "everybody").to_owned(),
        Access::Staff(role) => role_name(role, language).to_owned(),
        Access::Commune => {
            language.pick("Người xem; lãnh đạo xã: xã mình", "Viewer; a commune's leader: the own one").to_owned()
        }
    };
    html! {
        tr {
            td .fit { code { (verb) " " (resource.path) } }
            td { (language.pick(resource.about.0, resource.about.1))
                @if resource.verb == Verb::Post { details { summary .small { "curl" } pre tabindex="0" { (posted(resource, base)) } } }
            }
            td { (rights) }
            td { @for (at, one) in resource.parameters.iter().enumerate() {
                @if at > 0 { ", " } code .fit { (one.name) @if one.is_required { "*" } }
            } }
        }
    }
}

/// Each parameter once, by its name.
fn distinct() -> Vec<&'static Parameter> {
    let mut seen: Vec<&Parameter> = Vec::new();
    for one in resources().flat_map(Resource::all_parameters) {
        if !seen.iter().any(|known| known.name == one.name) {
            seen.push(one);
        }
    }
    seen
}

/// How a deed is asked for, with the required fields.
fn posted(resource: &Resource, base: &str) -> String {
    let of = |place| resource.parameters.iter().filter(move |one| one.place == place);
    let path = of(Place::Path)
        .fold(resource.path.to_owned(), |path, one| path.replace(&format!("{{{}}}", one.name), one.example));
    let field = |one: &Parameter| match one.example.parse::<u32>() {
        Ok(number) => format!("\"{}\": {number}", one.name),
        Err(_) => format!("\"{}\": \"{}\"", one.name, one.example),
    };
    let fields: Vec<String> = of(Place::Body).filter(|one| one.is_required).map(field).collect();
    format!(
        "curl -X POST -H \"Authorization: Bearer $TOKEN\" -H \"Content-Type: application/json\" \\\n  -d '{{{}}}' {base}{path}",
        fields.join(", ")
    )
}
