//! S3: the bucket.
//!
//! The SDK has moved it out of the request by the time there is one. It is the first of the parameters from which
//! the endpoint is made; their type belongs to the S3 crate, but they can be printed.

use std::fmt::{self, Write};

use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_types::config_bag::ConfigBag;

/// What stands before the bucket, and the longest name: the ARN of an access point.
const LONGEST: usize = 75 + 256;

/// The bucket that the operation is about, if it is about one.
pub(crate) fn bucket(cfg: &ConfigBag) -> Option<String> {
    let mut start = Start(String::with_capacity(LONGEST));
    // It stops by failing.
    let _ = write!(start, "{:?}", cfg.load::<EndpointResolverParams>()?);
    let (_, bucket) = start.0.split_once("{ bucket: Some(\"")?;
    Some(bucket.split_once('"')?.0.to_owned())
}

/// Takes the start of a text, and stops whoever writes more.
struct Start(String);

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        // The first parameter has ended.
        if text == ", " { Err(fmt::Error) } else { Ok(()) }
    }
}
