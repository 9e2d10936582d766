//! `AddPermission` and `RemovePermission`: statements of the policy, which nobody here enforces.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{call::Call, create::Nothing, failure::Failure, settings::Attributes};

/// Actions of one statement.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html>.
const MOST_ACTIONS: usize = 7;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Add {
    queue_url: String,
    label: String,
    #[serde(rename = "AWSAccountIds")]
    accounts: Vec<String>,
    actions: Vec<String>,
}

pub(super) fn add(call: &mut Call<'_>, input: &Add) -> Result<Nothing, Failure> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !(1..=80).contains(&input.label.len()) || !input.label.bytes().all(known) {
        return Err(Failure::value(
            &input.label,
            "Label",
            "It has 1 to 80 letters, digits, hyphens and underscores.",
        ));
    }
    if input.actions.len() > MOST_ACTIONS {
        return Err(Failure::over_limit(format!(
            "{} Actions were found, maximum allowed is {MOST_ACTIONS}.",
            input.actions.len()
        )));
    }
    let name = Arc::clone(&call.queue(&input.queue_url)?.name);
    let arn = call.region.arn(&name);
    let principals = input.accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let principals = principals.collect::<Vec<_>>();
    let actions = input.actions.iter().map(|action| format!("SQS:{action}")).collect::<Vec<_>>();
    let statement = json!({
        "Sid": input.label, "Effect": "Allow", "Principal": {"AWS": principals}, "Action": actions, "Resource": arn,
    });
    let id = format!("{arn}/SQSDefaultPolicy");
    change(
        call,
        &input.queue_url,
        |statements| {
            if statements.iter().any(|one| one["Sid"] == input.label.as_str()) {
                return Err(Failure::value(&input.label, "Label", "Already exists."));
            }
            statements.push(statement);
            Ok(())
        },
        &id,
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    queue_url: String,
    label: String,
}

pub(super) fn remove(call: &mut Call<'_>, input: &Remove) -> Result<Nothing, Failure> {
    let id = String::new();
    change(
        call,
        &input.queue_url,
        |statements| {
            let before = statements.len();
            statements.retain(|one| one["Sid"] != input.label.as_str());
            if statements.len() == before {
                let reason = "can't find label on existing policy.";
                return Err(Failure::value(&input.label, "Label", reason));
            }
            Ok(())
        },
        &id,
    )
}

/// Changes the statements of the policy; one without statements is taken away.
fn change(
    call: &mut Call<'_>,
    url: &str,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), Failure>,
    id: &str,
) -> Result<Nothing, Failure> {
    let now = call.now;
    let queue = call.queue(url)?;
    let policy = queue.settings.told().get("Policy").and_then(|text| serde_json::from_str(text).ok());
    let mut policy: Value =
        policy.unwrap_or_else(|| json!({"Version": "2012-10-17", "Id": id, "Statement": []}));
    let mut statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    change(&mut statements)?;
    let text = if statements.is_empty() {
        String::new()
    } else {
        policy["Statement"] = statements.into();
        policy.to_string()
    };
    queue.set(&Attributes::from([("Policy".to_owned(), text)]), now)?;
    Ok(Nothing {})
}
