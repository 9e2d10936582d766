//! The access keys that requests may be signed with.

use async_trait::async_trait;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    auth::{S3Auth, SecretKey},
};

use crate::front::ACCOUNT;

/// The account that an access key is of.
pub(crate) fn account_of(access_key: &str) -> &str {
    if names_account(access_key) { access_key } else { ACCOUNT }
}

fn names_account(access_key: &str) -> bool {
    access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit())
}

/// `test`, and every account id; the secret of all of them is `test`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys;

#[async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == "test" || names_account(access_key) {
            return Ok(SecretKey::from("test"));
        }
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        Err(S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, message))
    }
}
