//! [`Guard`]: what few objects have and no copy carries: a key of KMS, a lock, grants.

use s3s::dto::Grant;

use super::{kms::Kms, lock::Lock};

/// How an object is encrypted, locked and granted, if not as all are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Guard {
    /// None for the encryption that S3 does by itself.
    pub(crate) kms: Option<Kms>,
    pub(crate) lock: Lock,
    /// None if its owner controls it, and nobody else.
    pub(crate) grants: Option<Vec<Grant>>,
}

impl Guard {
    /// Nothing takes no memory.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// What a request that stores an object says about it.
macro_rules! guard_of {
    ($input:expr, $bucket:expr, $now:expr) => {
        $crate::services::s3::guard::Guard {
            kms: $crate::services::s3::kms::Kms::of(
                $crate::services::s3::kms::Asked {
                    encryption: $input.server_side_encryption.as_ref().map(|name| name.as_str()),
                    key: $input.ssekms_key_id.as_deref(),
                    bucket_key: $input.bucket_key_enabled.unwrap_or(false),
                    customer: $input.sse_customer_algorithm.is_some(),
                },
                $bucket,
            )?,
            lock: $crate::services::s3::lock::Lock::of(
                $crate::services::s3::lock::Asked {
                    mode: $input.object_lock_mode.as_ref().map(|mode| mode.as_str()),
                    until: $input.object_lock_retain_until_date.clone(),
                    hold: $input.object_lock_legal_hold_status.as_ref().map(|hold| hold.as_str()),
                },
                $bucket,
                $now,
            )?,
            grants: $crate::services::s3::acl::of(
                &$crate::services::s3::acl::Asked {
                    canned: $input.acl.as_ref().map(|acl| acl.as_str()),
                    full_control: $input.grant_full_control.as_deref(),
                    read: $input.grant_read.as_deref(),
                    read_acp: $input.grant_read_acp.as_deref(),
                    write_acp: $input.grant_write_acp.as_deref(),
                },
                $bucket,
            )?,
        }
    };
}

/// Fills the encryption fields of a reply.
macro_rules! tell_encryption {
    ($output:expr, $guard:expr) => {{
        let guard: Option<&$crate::services::s3::guard::Guard> = $guard;
        let kms = guard.and_then(|guard| guard.kms.as_ref());
        let name = $crate::services::s3::kms::name(kms);
        $output.server_side_encryption = Some(s3s::dto::ServerSideEncryption::from_static(name));
        $output.ssekms_key_id = kms.map(|kms| kms.key.clone());
        $output.bucket_key_enabled = kms.and_then(|kms| kms.bucket_key.then_some(true));
    }};
}

/// Fills the lock fields of a reply.
macro_rules! tell_lock {
    ($output:expr, $guard:expr) => {{
        let guard: Option<&$crate::services::s3::guard::Guard> = $guard;
        if let Some(lock) = guard.map(|guard| &guard.lock) {
            if let Some((mode, until)) = &lock.retention {
                $output.object_lock_mode = Some(s3s::dto::ObjectLockMode::from_static(mode.name()));
                $output.object_lock_retain_until_date = Some(until.clone());
            }
            let status = |on: bool| if on { "ON" } else { "OFF" };
            $output.object_lock_legal_hold_status =
                lock.hold.map(|on| s3s::dto::ObjectLockLegalHoldStatus::from_static(status(on)));
        }
    }};
}

pub(crate) use {guard_of, tell_encryption, tell_lock};
