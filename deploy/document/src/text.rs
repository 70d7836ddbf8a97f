//! Text that XML can carry, and numbers as Vietnamese write them.

use unicode_normalization::UnicodeNormalization;

/// The text composed (NFC), without characters that XML does not allow or that turn the direction of reading; line breaks and tabs become spaces.
#[must_use]
pub fn clean(text: &str) -> String {
    text.nfc().filter_map(kept).collect()
}

fn kept(letter: char) -> Option<char> {
    match letter {
        '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => None,
        _ if letter.is_control() => None,
        _ => Some(letter),
    }
}

/// The text as it stands inside an element or an attribute of XML.
#[must_use]
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in clean(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(letter),
        }
    }
    out
}

/// A number as Vietnamese write it: `1.234,5`.
#[must_use]
pub fn figure(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_once('.').unwrap_or((plain.as_str(), ""));
    let mut out = String::new();
    if value < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        out.push('-');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push(',');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_vietnamese_write_them() {
        assert_eq!(figure(12.5, 1), "12,5");
        assert_eq!(figure(1_234_567.0, 0), "1.234.567");
        assert_eq!(figure(-1234.56, 1), "-1.234,6");
        assert_eq!(figure(-0.01, 1), "0,0");
        assert_eq!(figure(999.95, 1), "1.000,0");
    }

    #[test]
    fn only_text_that_xml_can_carry_is_kept() {
        assert_eq!(clean("a\u{0}b\u{B}c\nd\te\u{202E}f\u{FFFF}g\u{85}"), "abc d efg");
        assert_eq!(clean("e\u{302}\u{301}"), "ế");
        assert_eq!(escaped("<w:t>&\"'"), "&lt;w:t&gt;&amp;&quot;&apos;");
    }
}
