//! EC2: how many instances a call is about.
//!
//! Source: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>

use super::{CallHint, cost};

/// Longer than the ids of a thousand instances, which is as many as EC2 takes.
const MOST: usize = 64 << 10;

/// `MaxCount` of `RunInstances`, the number of ids of the others.
pub(super) fn read(operation: &str, body: &[u8]) -> CallHint {
    let fields = || body[..body.len().min(MOST)].split(|byte| *byte == b'&');
    match operation {
        "RunInstances" => {
            let count = fields().find_map(|field| field.strip_prefix(b"MaxCount="));
            cost(count.and_then(|it| str::from_utf8(it).ok()?.parse().ok()).unwrap_or(1))
        }
        "StartInstances" | "StopInstances" | "TerminateInstances" => {
            cost(fields().filter(|field| field.starts_with(b"InstanceId.")).count())
        }
        _ => CallHint::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_counted() {
        for (operation, body, expected) in [
            (
                "RunInstances",
                "Action=RunInstances&Version=2016-11-15&MaxCount=17&MinCount=1&UserData=TWF4Q291bnQ9",
                17,
            ),
            ("RunInstances", "Action=RunInstances", 1),
            ("RunInstances", "Action=RunInstances&MaxCount=-1", 1),
            ("RunInstances", "Action=RunInstances&MaxCount=99999999999", u32::MAX),
            ("StopInstances", "Action=StopInstances&InstanceId.1=i-1&InstanceId.2=i-2&Force=true", 2),
            ("TerminateInstances", "Action=TerminateInstances", 1),
            ("DescribeInstances", "Action=DescribeInstances&InstanceId.1=i-1&InstanceId.2=i-2", 1),
        ] {
            assert_eq!(read(operation, body.as_bytes()).tokens(), expected, "{body}");
        }
    }
}
