//! Something that can be asked or done. The router is made of these, what a request may carry is checked against them, and they are what the
//! description and the page tell.

use super::{
    ROOT,
    asked::Asked,
    caller::Caller,
    deed::{self, Deed},
    description,
    parameter::{OF_LISTS, Parameter},
    problem::{Fault, Problem},
    reading,
};
use crate::{
    report::question::{AskError, Subject},
    site::Site,
    store::{AuditQuestion, Role},
};
use axum::{
    body::Bytes,
    extract::{RawPathParams, RawQuery, State, rejection::BytesRejection},
    http::{HeaderMap, Uri},
    routing::{MethodRouter, get, post},
};

/// How a resource is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes something.
    Post,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a token.
    Open,
    /// The province's staff from a role on.
    Staff(Role),
    /// The staff, and a commune's leader of the own commune.
    Commune,
}

/// Where the rows of a list come from.
pub(super) enum Source {
    /// The answer to a question.
    Answer(Subject),
    /// Those rows of an answer that have these cells.
    Part(Subject, Vec<(&'static str, String)>),
    /// The closings of periods.
    Closings,
    /// The audit history.
    Audit(AuditQuestion),
}

/// What is done with a request.
pub(super) enum Work {
    /// A list is read.
    List(fn(&Asked) -> Result<Source, AskError>),
    /// Something is changed.
    Deed(Deed),
    /// The description of all this.
    Description,
}

/// Something that can be asked or done.
pub struct Resource {
    /// How.
    pub verb: Verb,
    /// Where, below the root.
    pub path: &'static str,
    /// What it is, in Vietnamese and English.
    pub about: (&'static str, &'static str),
    /// Who may.
    pub access: Access,
    /// What the request may carry, beside what every list takes.
    pub parameters: &'static [Parameter],
    pub(super) work: Work,
}

/// A list.
pub(super) const fn list(
    path: &'static str,
    access: Access,
    about: (&'static str, &'static str),
    parameters: &'static [Parameter],
    source: fn(&Asked) -> Result<Source, AskError>,
) -> Resource {
    Resource { verb: Verb::Get, path, about, access, parameters, work: Work::List(source) }
}

/// Something that changes something.
pub(super) const fn deed(
    path: &'static str,
    role: Role,
    about: (&'static str, &'static str),
    parameters: &'static [Parameter],
    deed: Deed,
) -> Resource {
    Resource { verb: Verb::Post, path, about, access: Access::Staff(role), parameters, work: Work::Deed(deed) }
}

impl Resource {
    /// Everything that a request may carry.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + use<> {
        let of_lists: &'static [Parameter] = if self.is_list() { &OF_LISTS } else { &[] };
        self.parameters.iter().chain(of_lists)
    }

    /// Whether it answers with a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.work, Work::List(_))
    }

    /// What the router does at its path.
    pub(super) fn route(&'static self) -> MethodRouter<Site> {
        match &self.work {
            Work::Description => get(description::answer),
            Work::List(source) => get(
                async move |State(site): State<Site>,
                            caller: Caller,
                            uri: Uri,
                            path: RawPathParams,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap| {
                    caller.must(self.access)?;
                    let query = query.unwrap_or_default();
                    let asked = Asked::take(self, path.iter(), &query, caller.language)?;
                    let asked = asked.resolve(self, &caller, &site)?;
                    let source = source(&asked).map_err(|error| Problem::asked(&error, caller.language))?;
                    // The router took the root off.
                    let path = format!("{ROOT}{}", uri.path());
                    reading::listed(&site, self, (source, asked), &caller, (&path, &headers)).await
                },
            ),
            Work::Deed(deed) => post(
                async move |State(site): State<Site>,
                            caller: Caller,
                            path: RawPathParams,
                            RawQuery(query): RawQuery,
                            headers: HeaderMap,
                            body: Result<Bytes, BytesRejection>| {
                    caller.must(self.access)?;
                    let language = caller.language;
                    let is_json = headers
                        .get("content-type")
                        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
                    let body = body.map_err(|_| Problem::new(Fault::TooLarge, ""))?;
                    if !body.is_empty() && !is_json {
                        return Err(Problem::new(Fault::NoJson, "Content-Type: application/json"));
                    }
                    let asked = Asked::take(self, path.iter(), &query.unwrap_or_default(), language)?;
                    let asked = asked.with_body(self, &body, language)?.resolve(self, &caller, &site)?;
                    deed::done(*deed, &site, &caller, &asked).await
                },
            ),
        }
    }
}
