//! Functions as they are told.

use serde_json::{Value, json};

use super::Asked;
use crate::resources::{Function, made_up, role_arn};

/// What a list tells of a function.
pub(super) fn function(asked: &Asked<'_>, function: &Function) -> Value {
    let (name, runtime) = (&function.name, function.runtime.as_deref().unwrap_or("provided.al2023"));
    let handler = if runtime.starts_with("provided") { "bootstrap" } else { "index.handler" };
    let mut told = json!({
        "FunctionName": name,
        "FunctionArn": function.arn(asked.account, asked.region),
        "Runtime": runtime,
        "Role": role_arn(asked.account, &function.role),
        "Handler": handler,
        "CodeSize": 1_024,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "CodeSha256": digest(asked, name),
        "Version": "$LATEST",
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": made_up::uuid(&["revision", name, asked.account, asked.region]),
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
    });
    if !function.subnets.is_empty() {
        told["VpcConfig"] = json!({
            "SubnetIds": function.subnets,
            "SecurityGroupIds": function.security_groups,
            "VpcId": function.vpc.as_deref().unwrap_or_default(),
            "Ipv6AllowedForDualStack": false,
        });
    }
    if let Some(target) = &function.dead_letter_target {
        told["DeadLetterConfig"] = json!({ "TargetArn": target });
    }
    told
}

/// The same, and what a list leaves out.
pub(super) fn function_with_state(asked: &Asked<'_>, function: &Function) -> Value {
    let mut told = self::function(asked, function);
    told["State"] = "Active".into();
    told["LastUpdateStatus"] = "Successful".into();
    told
}

/// Where the code of a function is.
pub(super) fn code(asked: &Asked<'_>, function: &Function) -> Value {
    let Asked { region, account, .. } = asked;
    let id = made_up::uuid(&["code", &function.name, account, region]);
    let bucket = format!("awslambda-{region}-tasks.s3.{region}.amazonaws.com");
    let location = format!("https://{bucket}/snapshots/{account}/{}-{id}", function.name);
    json!({ "RepositoryType": "S3", "Location": location })
}

/// 32 bytes in base64, as the digest of code that is not there.
fn digest(asked: &Asked<'_>, name: &str) -> String {
    let part = |salt| made_up::hex(&[salt, name, asked.account, asked.region]);
    let mut digest = ["a", "b", "c"].map(part).concat();
    // The last of the 43 digits holds four bits and two zeros.
    digest.truncate(42);
    digest + "A="
}
