//! What a request carries, checked against what its resource lists: nothing unknown, nothing twice, every value of its form.

use super::{
    caller::Caller,
    parameter::{Form, Place},
    problem::{Fault, Problem},
    resource::Resource,
};
use crate::{report::question::AskError, site::Site};
use axum::body::Bytes;
use serde_json::Value;
use shared::{catalogue::find::FindError, language::Language};
use std::str::FromStr;

/// Largest body, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;
/// Most values of a parameter that may be there more than once.
const MAX_VALUES: usize = 100;

/// The values of a request.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    values: Vec<(&'static str, String)>,
}

impl Asked {
    /// The value of a name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    /// The same, owned.
    #[must_use]
    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// All values of a name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        self.values.iter().filter(|(known, _)| *known == name).map(|(_, text)| text.clone()).collect()
    }

    /// The value of a name whose form was checked.
    #[must_use]
    pub fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// Everything but the place within the list, as one text.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut kept: Vec<_> = self.values.iter().filter(|(name, _)| !["after", "limit"].contains(name)).collect();
        kept.sort();
        serde_urlencoded::to_string(kept).unwrap_or_default()
    }

    /// The address that asks for the next page.
    #[must_use]
    pub fn next(&self, resource: &Resource, path: &str, after: &str) -> String {
        let is_of_path = |name: &str| resource.all_parameters().any(|one| one.name == name && one.place == Place::Path);
        let of_query = self.values.iter().filter(|(name, _)| *name != "after" && !is_of_path(name));
        let all: Vec<_> = of_query.cloned().chain([("after", after.to_owned())]).collect();
        format!("{path}?{}", serde_urlencoded::to_string(all).unwrap_or_default())
    }

    /// Takes the values of a path and a query.
    ///
    /// # Errors
    /// [`Fault::BadParameter`]
    pub(super) fn take<'a>(
        resource: &'static Resource,
        path: impl Iterator<Item = (&'a str, &'a str)>,
        query: &str,
        language: Language,
    ) -> Result<Self, Problem> {
        let bad = |text: String| Problem::new(Fault::BadParameter, text);
        let query: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|error| bad(error.to_string()))?;
        let mut asked = Self::default();
        let of_path = path.map(|(name, value)| (Place::Path, name.to_owned(), value.to_owned()));
        let of_query = query.into_iter().map(|(name, value)| (Place::Query, name, value));
        for (place, name, value) in of_path.chain(of_query) {
            asked.add(resource, place, &name, value, language).map_err(bad)?;
        }
        asked.complete(resource, |place| place != Place::Body, language).map_err(bad)?;
        Ok(asked)
    }

    /// Takes the fields of a body as well.
    ///
    /// # Errors
    /// [`Fault::NoJson`], [`Fault::TooLarge`], [`Fault::Unusable`]
    pub(super) fn with_body(
        mut self,
        resource: &'static Resource,
        body: &Bytes,
        language: Language,
    ) -> Result<Self, Problem> {
        let bad = |text: String| Problem::new(Fault::Unusable, text);
        if body.len() > MAX_BODY_BYTES {
            return Err(Problem::new(Fault::TooLarge, ""));
        }
        let empty = Value::Object(serde_json::Map::new());
        let value = if body.is_empty() { Ok(empty) } else { serde_json::from_slice(body) };
        let value: Value = value.map_err(|error| Problem::new(Fault::NoJson, error.to_string()))?;
        let Value::Object(fields) = value else { return Err(Problem::new(Fault::NoJson, "")) };
        for (name, value) in fields {
            if value.is_null() {
                continue;
            }
            let known = resource.parameters.iter().find(|one| one.place == Place::Body && one.name == name);
            let text = match known {
                Some(known) => known.form.text(&value).ok_or_else(|| {
                    bad(language.pick(format!("{name}: sai kiểu JSON"), format!("{name}: another JSON type is needed")))
                })?,
                None => String::from("?"),
            };
            self.add(resource, Place::Body, &name, text, language).map_err(bad)?;
        }
        self.complete(resource, |place| place == Place::Body, language).map_err(bad)?;
        Ok(self)
    }

    fn add(
        &mut self,
        resource: &'static Resource,
        place: Place,
        name: &str,
        value: String,
        language: Language,
    ) -> Result<(), String> {
        let known = resource.all_parameters().find(|one| one.place == place && one.name == name);
        let known = known.ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            language.pick(format!("không có tham số {shown:?}"), format!("unknown parameter {shown:?}"))
        })?;
        if value.is_empty() {
            return Ok(());
        }
        let before = self.values.iter().filter(|(name, _)| *name == known.name).count();
        if before > 0 && (!known.is_many || before >= MAX_VALUES) {
            return Err(language.pick(format!("{name}: quá nhiều giá trị"), format!("{name}: too many values")));
        }
        known.form.check(&value, language).map_err(|why| format!("{name}: {why}"))?;
        self.values.push((known.name, value));
        Ok(())
    }

    fn complete(
        &self,
        resource: &'static Resource,
        concerns: impl Fn(Place) -> bool,
        language: Language,
    ) -> Result<(), String> {
        let mut needed = resource.all_parameters().filter(|one| one.is_required && concerns(one.place));
        match needed.find(|one| self.text(one.name).is_none()) {
            None => Ok(()),
            Some(one) => Err(language.pick(format!("thiếu {}", one.name), format!("{} is missing", one.name))),
        }
    }

    /// Gives communes and indicators the names that the catalogue knows them by; a commune's leader asks of the own commune alone.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Forbidden`]
    pub(super) fn resolve(
        mut self,
        resource: &'static Resource,
        caller: &Caller,
        site: &Site,
    ) -> Result<Self, Problem> {
        let (rulebook, language) = (site.province.rulebook(), caller.language);
        let catalogue = &rulebook.catalogue;
        let own = caller.account.commune.as_deref();
        let foreign = || Problem::new(Fault::Forbidden, language.pick("chỉ xã của mình", "only the own commune"));
        for (name, value) in &mut self.values {
            let form = resource.all_parameters().find(|one| one.name == *name).map(|one| one.form);
            match form {
                Some(Form::Commune) => {
                    let found: Result<_, FindError> = catalogue.find_commune(value);
                    match (found, own) {
                        // Whether a commune exists is no secret, but a leader is told nothing of others.
                        (Ok(found), Some(own)) if found.slug != own => return Err(foreign()),
                        (Err(_), Some(_)) => return Err(foreign()),
                        (Err(error), None) => return Err(Problem::asked(&AskError::from(error), language)),
                        (Ok(found), _) => value.clone_from(&found.slug),
                    }
                }
                Some(Form::Indicator) => {
                    let found = catalogue.indicators.iter().find(|one| one.code.eq_ignore_ascii_case(value));
                    let unknown = || AskError::UnknownIndicator(value.chars().take(40).collect());
                    let code = found.map(|one| one.code.clone());
                    *value = code.ok_or_else(|| Problem::asked(&unknown(), language))?;
                }
                _ => {}
            }
        }
        let of_commune = resource.all_parameters().find(|one| one.form == Form::Commune);
        match (own, of_commune) {
            (Some(own), Some(parameter)) if self.text(parameter.name).is_none() => {
                self.values.push((parameter.name, own.to_owned()));
            }
            _ => {}
        }
        Ok(self)
    }
}
