//! Functions.

use serde_json::{Value, json};

use super::{Asked, name::Name, write};
use crate::{
    resources::{Function, Resources},
    services::query::Failure,
    wire::page::Page,
};

/// The most functions on a page, whatever is asked for.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
const PAGE: usize = 50;

/// The most that may be asked for.
const MOST: usize = 10_000;

pub(super) fn list(asked: &Asked<'_>) -> Result<Value, Failure> {
    let most = max_items(asked)?.min(PAGE);
    let all_versions = match asked.query.get("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            return Err(broken(other, "functionVersion", "satisfy enum value set: [ALL]"));
        }
    };
    asked.accounts.of(asked.scope, |known| {
        let page = Page::of("lambda:functions", &known.functions, asked.query.get("Marker"), most)
            .map_err(|_| Failure::new("InvalidParameterValueException", "The marker is not valid."))?;
        let functions = page.items.iter().map(|function| {
            let mut told = write::function(asked, function);
            if all_versions {
                told["FunctionArn"] = format!("{}:$LATEST", function.arn(asked.account, asked.region)).into();
            }
            told
        });
        let functions = functions.collect::<Vec<_>>();
        Ok(json!({ "Functions": functions, "NextMarker": page.next }))
    })
}

pub(super) fn get(asked: &Asked<'_>) -> Result<Value, Failure> {
    with_function(asked, |function| {
        let mut told = json!({
            "Code": write::code(asked, function),
            "Configuration": write::function_with_state(asked, function),
        });
        if !function.tags.is_empty() {
            told["Tags"] = json!(function.tags);
        }
        told
    })
}

pub(super) fn configuration(asked: &Asked<'_>) -> Result<Value, Failure> {
    with_function(asked, |function| write::function_with_state(asked, function))
}

pub(super) fn tags(asked: &Asked<'_>) -> Result<Value, Failure> {
    let name = named(&asked.path[0], "resource")?;
    if !name.is_arn() {
        return Err(pattern(&asked.path[0], "resource"));
    }
    look(asked, |known| Ok(json!({ "Tags": name.find(asked, known, None)?.tags })))
}

/// There are none, of any function that is there.
pub(super) fn mappings(asked: &Asked<'_>) -> Result<Value, Failure> {
    max_items(asked)?;
    if let Some(text) = asked.query.get("FunctionName") {
        let name = named(text, "functionName")?;
        look(asked, |known| name.find(asked, known, None).map(drop))?;
    }
    Ok(json!({ "EventSourceMappings": [] }))
}

fn with_function(asked: &Asked<'_>, write: impl FnOnce(&Function) -> Value) -> Result<Value, Failure> {
    let name = named(&asked.path[0], "functionName")?;
    look(asked, |known| name.find(asked, known, asked.query.get("Qualifier")).map(write))
}

fn look<T>(asked: &Asked<'_>, look: impl FnOnce(&Resources) -> Result<T, Failure>) -> Result<T, Failure> {
    asked.accounts.of(asked.scope, |known| look(known))
}

fn named<'a>(text: &'a str, member: &str) -> Result<Name<'a>, Failure> {
    Name::of(text).ok_or_else(|| pattern(text, member))
}

fn max_items(asked: &Asked<'_>) -> Result<usize, Failure> {
    let Some(text) = asked.query.get("MaxItems") else { return Ok(PAGE) };
    match text.parse() {
        Ok(number @ 1..=MOST) => Ok(number),
        Ok(0) => Err(broken(text, "maxItems", "have value greater than or equal to 1")),
        Ok(_) => Err(broken(text, "maxItems", "have value less than or equal to 10000")),
        Err(_) if text.starts_with('-') => {
            Err(broken(text, "maxItems", "have value greater than or equal to 1"))
        }
        Err(_) => Err(Failure::new("SerializationException", format!("'{text}' is not a number."))),
    }
}

fn pattern(text: &str, member: &str) -> Failure {
    broken(text, member, "satisfy the regular expression pattern of names and ARNs of functions")
}

fn broken(value: &str, member: &str, must: &str) -> Failure {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
    );
    Failure::new("ValidationException", message)
}
