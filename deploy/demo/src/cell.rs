//! Cells of what the programs print as JSON: text, a whole number, or nothing.

use serde_json::Value as Json;

/// A cell as text; empty where there is nothing, none where there is no such cell.
pub fn text(row: &Json, name: &str) -> Option<String> {
    match row.get(name)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null => Some(String::new()),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A cell as a whole number; none where there is nothing.
pub fn number(row: &Json, name: &str) -> Option<u64> {
    text(row, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_nothing_are_text_too() {
        let row = json!({ "code": "CDS-17", "value": 80, "high": null, "list": [] });
        assert_eq!(text(&row, "code").unwrap(), "CDS-17");
        assert_eq!(text(&row, "value").unwrap(), "80");
        assert_eq!(text(&row, "high").unwrap(), "");
        assert_eq!((text(&row, "list"), text(&row, "other")), (None, None));
        assert_eq!((number(&row, "value"), number(&row, "code"), number(&row, "high")), (Some(80), None, None));
    }
}
