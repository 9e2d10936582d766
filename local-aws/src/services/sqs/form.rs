//! The query protocol's requests: a form, read into the structure that the JSON protocol has.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Members that are lists, under the name of their items in a form.
const LISTS: [(&str, &str); 9] = [
    ("AttributeName", "AttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("SendMessageBatchRequestEntry", "Entries"),
    ("DeleteMessageBatchRequestEntry", "Entries"),
    ("ChangeMessageVisibilityBatchRequestEntry", "Entries"),
    ("TagKey", "TagKeys"),
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
];

/// Members that are maps, under the name of their items in a form, and the name of the key.
const MAPS: [(&str, &str, &str); 4] = [
    ("Attribute", "Attributes", "Name"),
    ("MessageAttribute", "MessageAttributes", "Name"),
    ("MessageSystemAttribute", "MessageSystemAttributes", "Name"),
    ("Tag", "Tags", "Key"),
];

/// Members that are numbers.
const NUMBERS: [&str; 6] = [
    "DelaySeconds",
    "VisibilityTimeout",
    "MaxNumberOfMessages",
    "WaitTimeSeconds",
    "MaxResults",
    "MaxNumberOfMessagesPerSecond",
];

/// The pairs of a form, decoded.
pub(super) fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    form.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// The value of a name, if the form has it.
pub(super) fn find(form: &str, name: &str) -> Option<String> {
    pairs(form).find(|(known, _)| known == name).map(|(_, value)| value)
}

/// A form as the JSON protocol would have it.
pub(super) fn read(form: &str) -> Value {
    let mut tree = Node::default();
    for (name, value) in pairs(form) {
        tree.put(&name, value);
    }
    tree.value("")
}

/// A name with its parts: `SendMessageBatchRequestEntry.1.MessageBody`.
#[derive(Debug, Default)]
struct Node {
    text: Option<String>,
    /// In the order of their numbers, where they are items.
    members: Vec<(String, Self)>,
}

impl Node {
    fn put(&mut self, path: &str, value: String) {
        if path.is_empty() {
            self.text = Some(value);
            return;
        }
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let index = self.members.iter().position(|(known, _)| known == name);
        let index = index.unwrap_or_else(|| {
            self.members.push((name.to_owned(), Self::default()));
            self.members.len() - 1
        });
        self.members[index].1.put(rest, value);
    }

    /// The items, in the order of their numbers.
    fn items(mut self) -> impl Iterator<Item = Self> {
        self.members.sort_by_key(|(number, _)| number.parse::<u32>().unwrap_or(u32::MAX));
        self.members.into_iter().map(|(_, item)| item)
    }

    fn take(&mut self, name: &str) -> Option<Self> {
        let index = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(index).1)
    }

    fn value(self, name: &str) -> Value {
        let Some(text) = self.text else { return self.structure() };
        match text.parse::<i64>() {
            Ok(number) if NUMBERS.contains(&name) => number.into(),
            _ => text.into(),
        }
    }

    fn structure(self) -> Value {
        let mut members = Map::new();
        for (name, node) in self.members {
            if let Some((_, list)) = LISTS.iter().find(|(item, _)| *item == name) {
                members.insert((*list).to_owned(), node.items().map(|item| item.value("")).collect());
            } else if let Some((_, map, key)) = MAPS.iter().find(|(item, ..)| *item == name) {
                let entry = |mut item: Self| {
                    let key = item.take(key).and_then(|key| key.text).unwrap_or_default();
                    (key, item.take("Value").map_or_else(|| "".into(), |value| value.value("")))
                };
                members.insert((*map).to_owned(), Value::Object(node.items().map(entry).collect()));
            } else {
                let value = node.value(&name);
                members.insert(name, value);
            }
        }
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_read_as_json_would_be() {
        let form = "Action=SendMessageBatch&QueueUrl=http%3A%2F%2Fx%2F1%2Fq\
            &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=a+b%2B\
            &SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=7\
            &SendMessageBatchRequestEntry.1.DelaySeconds=3\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Number\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=5";
        let expected = json!({"Action": "SendMessageBatch", "QueueUrl": "http://x/1/q", "Entries": [
            {"Id": "a", "MessageBody": "7", "DelaySeconds": 3,
             "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "5"}}},
            {"Id": "b", "MessageBody": "a b+"},
        ]});
        assert_eq!(read(form), expected);
        let form = "Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v&AttributeName.1=All";
        let expected =
            json!({"Attributes": {"VisibilityTimeout": "5"}, "Tags": {"k": "v"}, "AttributeNames": ["All"]});
        assert_eq!(read(form), expected);
        assert_eq!(find("a=1&Action=Send%4Dessage", "Action").as_deref(), Some("SendMessage"));
    }
}
