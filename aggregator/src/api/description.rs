//! The table of resources as OpenAPI 3.1. It is made from the table that the router is made from, so it cannot say anything else.

use super::{
    ROOT,
    parameter::Place,
    problem::Fault,
    reading::tagged,
    resource::{Access, Resource, Verb},
    resources,
};
use axum::{http::HeaderMap, response::Response};
use serde_json::{Map, Value, json};
use shared::language::Language;

/// Answers with the description.
pub(super) async fn answer(headers: HeaderMap) -> Response {
    tagged(&headers, "application/json", description().to_string().into_bytes())
}

/// The description.
#[must_use]
pub fn description() -> Value {
    let mut paths = Map::new();
    for resource in resources() {
        let path = paths.entry(resource.path).or_insert_with(|| json!({}));
        let verb = match resource.verb {
            Verb::Get => "get",
            Verb::Post => "post",
        };
        path[verb] = operation(resource);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tiến Độ",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Decimals are text, so that no reader turns them into binary floats; an empty cell is null. \
                Số thập phân là chuỗi; ô trống là null.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"List": list_schema(), "Problem": problem_schema()},
        },
    })
}

fn operation(resource: &Resource) -> Value {
    let (vi, en) = resource.about;
    let access = match resource.access {
        Access::Open => "without a token".to_owned(),
        Access::Staff(role) => format!("role {} of the province", role.as_str()),
        Access::Commune => "role viewer of the province, or a commune's leader for the own commune".to_owned(),
    };
    let parameters = resource.all_parameters().filter(|one| one.place != Place::Body).map(|one| {
        let schema = match one.is_many {
            true => json!({"type": "array", "items": one.form.schema(), "maxItems": 100}),
            false => one.form.schema(),
        };
        json!({
            "name": one.name,
            "in": if one.place == Place::Path { "path" } else { "query" },
            "required": one.is_required,
            "description": format!("{} / {}", one.about.0, one.about.1),
            "schema": schema,
            "example": one.example,
        })
    });
    let mut operation = json!({
        "operationId": name(resource),
        "summary": en,
        "description": format!("{vi}. {access}."),
        "parameters": parameters.collect::<Value>(),
        "responses": responses(resource),
    });
    if resource.access == Access::Open {
        operation["security"] = json!([]);
    }
    if resource.verb == Verb::Post {
        operation["requestBody"] = body(resource);
    }
    operation
}

fn name(resource: &Resource) -> String {
    let words = resource.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let verb = if resource.verb == Verb::Get { "get" } else { "post" };
    [verb].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

fn body(resource: &Resource) -> Value {
    let fields: Vec<_> = resource.parameters.iter().filter(|one| one.place == Place::Body).collect();
    let required: Vec<&str> = fields.iter().filter(|one| one.is_required).map(|one| one.name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|one| {
            let mut schema = one.form.schema();
            schema["description"] = format!("{} / {}", one.about.0, one.about.1).into();
            (one.name.to_owned(), schema)
        })
        .collect();
    let schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    json!({"required": !required.is_empty(), "content": {"application/json": {"schema": schema}}})
}

fn responses(resource: &Resource) -> Value {
    let content = match resource.is_list() {
        true => json!({
            "application/json": {"schema": {"$ref": "#/components/schemas/List"}},
            "text/csv": {"schema": {"type": "string"}},
        }),
        false => json!({"application/json": {"schema": {"type": "object"}}}),
    };
    let mut responses = json!({"200": {"description": "Done", "content": content}});
    let mut add = |fault: Fault| {
        let code = fault.status().as_u16().to_string();
        let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        responses[code] = json!({"description": fault.title(Language::En), "content": problem});
    };
    let of_all = [
        Fault::WrongToken,
        Fault::TooManyTries,
        Fault::Forbidden,
        Fault::BadParameter,
        Fault::NotFound,
        Fault::Unavailable,
    ];
    if resource.access != Access::Open {
        of_all.into_iter().for_each(&mut add);
    }
    match (resource.is_list(), resource.verb) {
        (true, _) => add(Fault::Changed),
        (_, Verb::Post) => {
            [Fault::TooLarge, Fault::NoJson, Fault::Unusable, Fault::PeriodState].into_iter().for_each(&mut add);
        }
        _ => {}
    }
    if resource.verb == Verb::Get {
        responses["304"] = json!({"description": "Not changed since the tag in If-None-Match"});
    }
    responses
}

fn list_schema() -> Value {
    let text_or_null = json!({"type": ["string", "null"]});
    json!({
        "type": "object",
        "required": ["period", "scheme", "closed", "simulated", "title", "notes", "columns", "rows", "next"],
        "properties": {
            "period": text_or_null,
            "scheme": text_or_null,
            "closed": {
                "type": ["object", "null"],
                "description": "The closing whose figures these are",
                "properties": {
                    "revision": {"type": "integer"}, "closed_at": {"type": "string", "format": "date-time"},
                    "closed_by": {"type": "string"}, "digest": text_or_null,
                },
            },
            "simulated": {"type": "boolean", "description": "All figures are simulated"},
            "title": {"type": "string"},
            "notes": {"type": "array", "items": {"type": "string"}},
            "columns": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "heading": {"type": "string"}, "form": {"type": "string"}},
                },
            },
            "rows": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}},
            },
            "next": {"type": ["string", "null"], "description": "Value of `after` for the next page; also in the header Link"},
        },
    })
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "enum": Fault::ALL.map(Fault::code)}, "detail": {"type": "string"},
        },
    })
}
