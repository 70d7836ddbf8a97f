//! A text that many rows have in common: a commune's slug, an indicator's code, "người". It takes one pointer, an empty one nothing more;
//! [`Texts`] has equal ones share what they hold, so that the hundred thousand targets of a nation do not hold it a hundred thousand times.
//!
//! Never changed: whoever needs another text makes a new one.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

/// See the module.
#[derive(Clone, Default)]
pub struct Text(Option<Arc<Held>>);

/// Behind a pointer of its own, so that a [`Text`] does not carry the length.
struct Held(Box<str>);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", |held| &held.0)
    }
}

/// Texts that are held already.
#[derive(Debug, Default)]
pub struct Texts(HashSet<Text>);

impl Texts {
    /// A text, sharing what an equal one holds.
    pub fn share(&mut self, text: &str) -> Text {
        if let Some(held) = self.0.get(text) {
            return held.clone();
        }
        let new = Text::from(text);
        if !new.is_empty() {
            self.0.insert(new.clone());
        }
        new
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self((!text.is_empty()).then(|| Arc::new(Held(text.into()))))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self((!text.is_empty()).then(|| Arc::new(Held(text.into()))))
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    /// As the text itself: a map is asked with either.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_held_once_and_empty_ones_not_at_all() {
        let mut texts = Texts::default();
        let [one, same, other, empty] = ["tan-phu", "tan-phu", "loc-tan", ""].map(|text| texts.share(text));
        let held = |text: &Text| text.0.as_ref().map(Arc::as_ptr);
        assert_eq!((held(&one), held(&empty)), (held(&same), None));
        assert_ne!(held(&one), held(&other));
        assert_eq!((texts.0.len(), size_of::<Text>()), (2, size_of::<usize>()));
        // Equal, whether shared or not; in the order of their letters.
        assert_eq!((one.as_str(), &one), ("tan-phu", &Text::from("tan-phu")));
        assert!(other < one && empty < other && empty.is_empty());
        assert_eq!((one.to_string(), format!("{empty:?}")), ("tan-phu".into(), "\"\"".into()));
    }
}
