//! [`Lock`]: what keeps a version from being deleted.

use std::time::SystemTime;

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        GetObjectLockConfigurationInput, GetObjectLockConfigurationOutput, ObjectLockConfiguration,
        ObjectLockEnabled, ObjectLockLegalHoldStatus, ObjectLockMode, PutObjectLockConfigurationInput,
        PutObjectLockConfigurationOutput, Timestamp,
    },
};

use super::{
    store::{Bucket, Buckets},
    versions::Versioning,
};

/// How strictly a version is retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Until somebody bypasses it.
    Governance,
    Compliance,
}

/// The lock of a version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lock {
    pub(crate) retention: Option<(Mode, Timestamp)>,
    /// Whether it is held, if that was ever said.
    pub(crate) hold: Option<bool>,
}

/// What a request says.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) mode: Option<&'a str>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) hold: Option<&'a str>,
}

impl Mode {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Governance => ObjectLockMode::GOVERNANCE,
            Self::Compliance => ObjectLockMode::COMPLIANCE,
        }
    }
}

impl Lock {
    /// # Errors
    /// `InvalidRequest` if the bucket has no locks; `InvalidArgument`.
    pub(crate) fn of(asked: Asked<'_>, bucket: &Bucket, now: SystemTime) -> S3Result<Self> {
        let invalid = |message: &'static str| S3Error::with_message(S3ErrorCode::InvalidArgument, message);
        let retention = match (asked.mode, asked.until) {
            (None, None) => None,
            (Some(mode), Some(until)) => {
                let mode =
                    [Mode::Governance, Mode::Compliance].into_iter().find(|known| known.name() == mode);
                let mode = mode.ok_or_else(|| invalid("Unknown wormMode directive."))?;
                if until <= Timestamp::from(now) {
                    return Err(invalid("The retain until date must be in the future!"));
                }
                Some((mode, until))
            }
            _ => {
                return Err(invalid(
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
                ));
            }
        };
        let hold = match asked.hold {
            None => None,
            Some(ObjectLockLegalHoldStatus::ON) => Some(true),
            Some(ObjectLockLegalHoldStatus::OFF) => Some(false),
            Some(_) => return Err(invalid("Legal Hold must be either of 'ON' or 'OFF'")),
        };
        let lock = Self { retention, hold };
        if lock != Self::default() && !bucket.locks {
            let message = "Bucket is missing Object Lock Configuration";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        Ok(lock)
    }

    /// # Errors
    /// `AccessDenied` if the version must stay.
    pub(crate) fn check_delete(&self, bypass: bool, now: SystemTime) -> S3Result<()> {
        let retained = self.retention.as_ref().is_some_and(|(mode, until)| {
            *until > Timestamp::from(now) && !(bypass && *mode == Mode::Governance)
        });
        if retained || self.hold == Some(true) {
            let message = "Access Denied because object protected by object lock.";
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, message));
        }
        Ok(())
    }
}

/// Locks can be had, and not given up. A retention of all new objects is not here.
pub(crate) fn put(
    buckets: &mut Buckets,
    input: &PutObjectLockConfigurationInput,
) -> S3Result<PutObjectLockConfigurationOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    let asked = input.object_lock_configuration.as_ref();
    let enabled = asked.and_then(|asked| asked.object_lock_enabled.as_ref());
    if enabled.is_none_or(|enabled| enabled.as_str() != ObjectLockEnabled::ENABLED) {
        let message =
            "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    }
    if asked.is_some_and(|asked| asked.rule.is_some()) {
        let message = "tidegate-local-aws has no default retention: put the lock on each object";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    if bucket.versioning != Versioning::Enabled {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        return Err(S3Error::with_message(S3ErrorCode::InvalidBucketState, message));
    }
    bucket.locks = true;
    Ok(PutObjectLockConfigurationOutput::default())
}

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetObjectLockConfigurationInput,
) -> S3Result<GetObjectLockConfigurationOutput> {
    if !buckets.get(&input.bucket)?.locks {
        let message = "Object Lock configuration does not exist for this bucket";
        return Err(S3Error::with_message(S3ErrorCode::ObjectLockConfigurationNotFoundError, message));
    }
    let enabled = Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED));
    let configuration = ObjectLockConfiguration { object_lock_enabled: enabled, rule: None };
    Ok(GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) })
}
