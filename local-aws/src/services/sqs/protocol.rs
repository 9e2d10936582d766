//! The two protocols: AWS JSON 1.0 of today's SDKs, and the query protocol of those before.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{failure::Failure, form};
use crate::{
    front::full,
    services::{Request, Response, Throttled},
};

const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// How a request is written; its answer is written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Json,
    Query,
}

impl Protocol {
    /// The form of a request with these headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if kind.starts_with(b"application/x-amz-json") { Self::Json } else { Self::Query }
    }

    /// The operation that a request names; empty if it names none.
    pub(super) fn operation(self, request: &Request) -> String {
        match self {
            Self::Json => {
                let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
                target.and_then(|target| target.strip_prefix("AmazonSQS.")).unwrap_or_default().to_owned()
            }
            Self::Query => form::find(&text(request), "Action").unwrap_or_default(),
        }
    }

    /// Reads the input of an operation.
    pub(super) fn read<T: DeserializeOwned>(self, request: &Request) -> Result<T, Failure> {
        match self {
            Self::Json if request.body().is_empty() => serde_json::from_slice(b"{}"),
            Self::Json => serde_json::from_slice(request.body()),
            Self::Query => {
                let mut input = form::read(&text(request));
                // A request to the URL of a queue is about that queue.
                let path = request.uri().path();
                if let Value::Object(members) = &mut input
                    && path.len() > 1
                    && !members.contains_key("QueueUrl")
                {
                    members.insert("QueueUrl".to_owned(), path.into());
                }
                serde_json::from_value(input)
            }
        }
        .map_err(|error| unreadable(&error))
    }

    /// Writes the output of an operation.
    pub(super) fn answer(self, operation: &str, output: &impl Serialize, id: &str) -> Response {
        if self == Self::Json {
            // Numbers, strings, lists and maps with names always serialize.
            return json(StatusCode::OK, serde_json::to_vec(output).unwrap_or_default());
        }
        let output = serde_json::to_value(output).unwrap_or_default();
        let mut xml = format!("<?xml version=\"1.0\"?><{operation}Response xmlns=\"{NAMESPACE}\">");
        if output.as_object().is_some_and(|members| !members.is_empty()) || !is_silent(operation) {
            let _ = write!(xml, "<{operation}Result>");
            members(&mut xml, operation, &output);
            let _ = write!(xml, "</{operation}Result>");
        }
        let _ = write!(
            xml,
            "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
        );
        xml_answer(StatusCode::OK, xml, id)
    }

    pub(super) fn fail(self, failure: &Failure, id: &str) -> Response {
        let Failure { shape, code, message, .. } = failure;
        let sender = if failure.status.is_server_error() { "Receiver" } else { "Sender" };
        let mut response = if self == Self::Json {
            // The JSON protocol has one status for all that a sender does wrong; limits say their own.
            let own = failure.throttled || failure.status.is_server_error();
            let status = if own { failure.status } else { StatusCode::BAD_REQUEST };
            json_error(status, shape, code, sender, message)
        } else {
            xml_error(failure.status, code, sender, message, id)
        };
        if failure.throttled {
            response.extensions_mut().insert(Throttled);
        }
        response
    }
}

/// The form of a query request: its body, or what follows the path.
fn text(request: &Request) -> std::borrow::Cow<'_, str> {
    if request.method() == Method::GET {
        return request.uri().query().unwrap_or_default().into();
    }
    String::from_utf8_lossy(request.body())
}

fn unreadable(error: &serde_json::Error) -> Failure {
    let problem = error.to_string();
    let member = problem.split_once("missing field `").and_then(|(_, rest)| rest.split_once('`'));
    match member {
        Some((member, _)) => Failure::required(member),
        None => Failure::unreadable(problem),
    }
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn json_error(status: StatusCode, shape: &str, code: &str, sender: &str, message: &str) -> Response {
    let body = serde_json::json!({"__type": format!("com.amazonaws.sqs#{shape}"), "message": message});
    let mut response = json(status, body.to_string().into_bytes());
    // Clients go by the code of the query protocol, as they did before.
    if let Ok(value) = HeaderValue::try_from(format!("{code};{sender}")) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

fn xml_error(status: StatusCode, code: &str, sender: &str, message: &str, id: &str) -> Response {
    let mut xml = format!("<?xml version=\"1.0\"?><ErrorResponse xmlns=\"{NAMESPACE}\"><Error>");
    for (name, text) in [("Type", sender), ("Code", code), ("Message", message)] {
        element(&mut xml, name, text);
    }
    let _ = write!(xml, "<Detail/></Error><RequestId>{id}</RequestId></ErrorResponse>");
    xml_answer(status, xml, id)
}

fn xml_answer(status: StatusCode, xml: String, id: &str) -> Response {
    let mut response = Response::new(full(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// Whether an operation answers nothing at all.
fn is_silent(operation: &str) -> bool {
    let with_result = ["Get", "List", "Receive", "Send", "Create", "Start", "Cancel"];
    !operation.ends_with("Batch") && !with_result.iter().any(|start| operation.starts_with(start))
}

/// Writes the members of a structure, lists and maps item by item.
fn members(xml: &mut String, operation: &str, value: &Value) {
    let Value::Object(all) = value else { return };
    for (name, value) in all {
        match value {
            Value::Array(items) => {
                let name = item(operation, name);
                for one in items {
                    node(xml, operation, &name, one);
                }
            }
            Value::Object(pairs) => {
                let (name, key) = match name.as_str() {
                    "Tags" => ("Tag", "Key"),
                    "MessageAttributes" => ("MessageAttribute", "Name"),
                    _ => ("Attribute", "Name"),
                };
                for (known, value) in pairs {
                    let _ = write!(xml, "<{name}>");
                    element(xml, key, known);
                    node(xml, operation, "Value", value);
                    let _ = write!(xml, "</{name}>");
                }
            }
            value => node(xml, operation, name, value),
        }
    }
}

/// What an item of a list is called.
fn item(operation: &str, list: &str) -> String {
    match list {
        "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
        "Messages" => "Message".to_owned(),
        "Successful" => format!("{operation}ResultEntry"),
        "Failed" => "BatchResultErrorEntry".to_owned(),
        "Results" => "ListMessageMoveTasksResultEntry".to_owned(),
        other => other.to_owned(),
    }
}

fn node(xml: &mut String, operation: &str, name: &str, value: &Value) {
    match value {
        Value::Object(_) => {
            let _ = write!(xml, "<{name}>");
            members(xml, operation, value);
            let _ = write!(xml, "</{name}>");
        }
        Value::String(text) => element(xml, name, text),
        other => element(xml, name, &other.to_string()),
    }
}

fn element(xml: &mut String, name: &str, text: &str) {
    let _ = write!(xml, "<{name}>");
    for char in text.chars() {
        match char {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            // A parser would make a line feed of it.
            '\r' => xml.push_str("&#xD;"),
            char => xml.push(char),
        }
    }
    let _ = write!(xml, "</{name}>");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_maps_are_written_item_by_item() {
        let mut xml = String::new();
        let output = json!({"Messages": [{"Body": "a<b\r", "Attributes": {"SenderId": "x"},
            "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "5"}}}]});
        members(&mut xml, "ReceiveMessage", &output);
        assert_eq!(
            xml,
            "<Message><Attribute><Name>SenderId</Name><Value>x</Value></Attribute><Body>a&lt;b&#xD;</Body>\
             <MessageAttribute><Name>n</Name><Value><DataType>Number</DataType><StringValue>5</StringValue></Value>\
             </MessageAttribute></Message>"
        );
        xml.clear();
        let output = json!({"Successful": [{"Id": "a"}], "Failed": [{"Id": "b", "SenderFault": true}]});
        members(&mut xml, "DeleteMessageBatch", &output);
        assert_eq!(
            xml,
            "<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault></BatchResultErrorEntry>\
             <DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"
        );
    }
}
