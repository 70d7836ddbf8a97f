//! Vietnamese for people: alphabetical order, search without diacritics, numbers with a decimal comma.
//!
//! The order is that of the Unicode locale data for Vietnamese: letters first (a ă â b c d đ e ê … o ô ơ … u ư …), over
//! the whole text, then tones (ngang, huyền, hỏi, ngã, sắc, nặng), then lower before upper case.

use unicode_normalization::UnicodeNormalization;

const BREVE: char = '\u{306}';
const CIRCUMFLEX: char = '\u{302}';
const HORN: char = '\u{31b}';
/// Tone marks in their order; no mark comes first.
const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];

/// A key whose byte order is the Vietnamese alphabetical order of the texts.
#[must_use]
pub fn sort_key(text: &str) -> Vec<u8> {
    let mut letters: Vec<(u32, u8, u8)> = Vec::with_capacity(text.len());
    for mark in text.nfd() {
        if let Some(tone) = TONES.iter().position(|t| *t == mark) {
            if let Some(last) = letters.last_mut() {
                last.1 = u8::try_from(tone + 1).unwrap_or(u8::MAX);
            }
        } else if matches!(mark, BREVE | CIRCUMFLEX | HORN) {
            if let Some(last) = letters.last_mut() {
                // a ă â, o ô ơ: breve before circumflex before horn.
                last.0 += match mark {
                    BREVE => 1,
                    CIRCUMFLEX => 2,
                    _ => 3,
                };
            }
        } else {
            let upper = u8::from(mark.is_uppercase());
            for lower in mark.to_lowercase() {
                let weight = if lower == 'đ' { u32::from('d') * 4 + 1 } else { u32::from(lower) * 4 };
                letters.push((weight, 0, upper));
            }
        }
    }
    let mut key: Vec<u8> = letters.iter().flat_map(|(weight, ..)| weight.to_be_bytes()).collect();
    key.extend([0; 4]);
    key.extend(letters.iter().map(|(_, tone, _)| tone + 1));
    key.push(0);
    key.extend(letters.iter().map(|(.., upper)| upper + 1));
    key
}

/// The text for searching: lower case, without diacritics, đ as d, runs of white space as one space.
#[must_use]
pub fn folded(text: &str) -> String {
    let plain: String = text
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text contains another, whatever the case and the diacritics.
#[must_use]
pub fn contains(text: &str, wanted: &str) -> bool {
    folded(text).contains(&folded(wanted))
}

/// Whether a text contains words as whole words, whatever the case and the diacritics; no words are in no text.
#[must_use]
pub fn has_words(text: &str, wanted: &str) -> bool {
    let (text, wanted) = (folded(text), folded(wanted));
    let is_edge = |sign: Option<char>| sign.is_none_or(|sign| !sign.is_alphanumeric());
    let stands = |(at, found): (usize, &str)| {
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + found.len()..].chars().next())
    };
    !wanted.is_empty() && text.match_indices(wanted.as_str()).any(stands)
}

/// A number in machine form the way people read it: decimal comma, dots between thousands, no trailing zeros cut.
/// Text that is not a number comes back as it is.
#[must_use]
pub fn number(machine: &str) -> String {
    let digits = machine.strip_prefix('-').unwrap_or(machine);
    let (whole, fine) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = !whole.is_empty() && whole.bytes().chain(fine.bytes()).all(|b| b.is_ascii_digit());
    if !numeric {
        return machine.to_owned();
    }
    let mut text = String::from(if digits.len() < machine.len() { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push('.');
        }
        text.push(digit);
    }
    if !fine.is_empty() {
        text.push(',');
        text.push_str(fine);
    }
    text
}

/// A number in machine form without trailing zeros behind the point: `12.500000` is `12.5`.
#[must_use]
pub fn trimmed(machine: &str) -> &str {
    if machine.contains('.') { machine.trim_end_matches('0').trim_end_matches('.') } else { machine }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_before_tones() {
        let sorted = [
            "An",
            "Ăn",
            "Ân",
            "Ba",
            "Dân",
            "Đa",
            "Đá",
            "Đà Lạt",
            "Ê",
            "Lộc Thành",
            "Lộc Thạnh",
            "Oanh",
            "Ôn",
            "Ơn",
            "Ta Lài",
            "Tà Lài",
            "Tả Lài",
            "Tã Lài",
            "Tá Lài",
            "Tạ Lài",
            "Tân An",
            "Tân Lợi",
            "Tân Phú",
            "Uyên",
            "Ưng",
            "Xã A",
        ];
        let mut shuffled = sorted;
        shuffled.reverse();
        shuffled.sort_by_key(|name| sort_key(name));
        assert_eq!(shuffled, sorted);
    }

    #[test]
    fn composed_and_decomposed_forms_are_equal() {
        assert_eq!(sort_key("Tân Lợi"), sort_key(&"Tân Lợi".nfd().collect::<String>()));
    }

    #[test]
    fn search_ignores_diacritics() {
        assert_eq!(folded("  Xã  Định Quán "), "xa dinh quan");
        assert_eq!(folded("ĐẮK Ơ"), "dak o");
    }

    #[test]
    fn numbers_for_people() {
        for (machine, people) in [
            ("12.5", "12,5"),
            ("4430", "4.430"),
            ("-1234567.80", "-1.234.567,80"),
            ("100", "100"),
            ("", ""),
            ("yes", "yes"),
        ] {
            assert_eq!(number(machine), people);
        }
        assert_eq!(trimmed("12.500000"), "12.5");
        assert_eq!(trimmed("100"), "100");
    }
}
