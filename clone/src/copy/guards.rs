//! [`Guards`]: what no copy has unless it is told: a key of KMS, a lock, grants.

use std::time::SystemTime;

use aws_sdk_s3::{
    operation::{
        copy_object::builders::CopyObjectFluentBuilder,
        create_multipart_upload::builders::CreateMultipartUploadFluentBuilder,
        get_object_acl::GetObjectAclOutput, head_object::HeadObjectOutput,
    },
    primitives::DateTime,
    types::{
        AnnotationDirective, ObjectLockLegalHoldStatus, ObjectLockMode, Permission, ServerSideEncryption,
    },
};

use super::Copier;
use crate::{
    Entry, Preserve,
    request::{Cause, Fault},
};

/// The most bytes of grants that go into the headers of a request, which are 8 KB in all.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const GRANTS_IN_HEADERS: usize = 5000;

/// What no copy has unless it is told.
#[derive(Debug, Default)]
pub(super) struct Guards {
    kms: Option<Kms>,
    retention: Option<(ObjectLockMode, DateTime)>,
    hold: Option<ObjectLockLegalHoldStatus>,
    grants: Grants,
}

#[derive(Debug)]
struct Kms {
    encryption: ServerSideEncryption,
    key: Option<String>,
    bucket_key: Option<bool>,
}

/// Who is granted what, as headers say it. None if only the owner is granted anything.
#[derive(Debug, Default, PartialEq, Eq)]
struct Grants {
    full_control: Option<String>,
    read: Option<String>,
    read_acp: Option<String>,
    write_acp: Option<String>,
}

/// Puts guards on a request that makes an object.
macro_rules! put_on {
    ($guards:expr, $request:expr) => {{
        let Guards { kms, retention, hold, grants } = $guards;
        let (mode, until) = retention.unzip();
        let (encryption, key, bucket_key) = match kms {
            Some(Kms { encryption, key, bucket_key }) => (Some(encryption), key, bucket_key),
            None => (None, None, None),
        };
        $request
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key)
            .set_bucket_key_enabled(bucket_key)
            .set_object_lock_mode(mode)
            .set_object_lock_retain_until_date(until)
            .set_object_lock_legal_hold_status(hold)
            .set_grant_full_control(grants.full_control)
            .set_grant_read(grants.read)
            .set_grant_read_acp(grants.read_acp)
            .set_grant_write_acp(grants.write_acp)
    }};
}

impl Guards {
    fn of(preserve: Preserve, head: &HeadObjectOutput, now: DateTime) -> Self {
        let encryption = head.server_side_encryption.clone().filter(|encryption| {
            preserve.kms
                && matches!(encryption, ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse)
        });
        let kms = encryption.map(|encryption| Kms {
            encryption,
            key: head.ssekms_key_id.clone(),
            bucket_key: head.bucket_key_enabled,
        });
        let retention = head.object_lock_mode.clone().zip(head.object_lock_retain_until_date);
        let on = ObjectLockLegalHoldStatus::On;
        Self {
            kms,
            // S3 takes none that is over.
            retention: retention.filter(|(_, until)| preserve.lock && *until > now),
            hold: head.object_lock_legal_hold_status.clone().filter(|hold| preserve.lock && *hold == on),
            grants: Grants::default(),
        }
    }

    pub(super) fn put_on_copy(self, request: CopyObjectFluentBuilder) -> CopyObjectFluentBuilder {
        put_on!(self, request)
    }

    pub(super) fn put_on_upload(
        self,
        request: CreateMultipartUploadFluentBuilder,
    ) -> CreateMultipartUploadFluentBuilder {
        put_on!(self, request)
    }
}

impl Grants {
    fn of(acl: &GetObjectAclOutput) -> Result<Self, Fault> {
        let owner = acl.owner().and_then(|owner| owner.id());
        let (mut all, mut length) = (Self::default(), 0);
        let mut has_others = false;
        for grant in acl.grants() {
            let (grantee, permission) = (grant.grantee(), grant.permission());
            let header = match permission {
                Some(Permission::FullControl) => &mut all.full_control,
                Some(Permission::Read) => &mut all.read,
                Some(Permission::ReadAcp) => &mut all.read_acp,
                Some(Permission::WriteAcp) => &mut all.write_acp,
                // To write means nothing for an object.
                Some(Permission::Write) => continue,
                _ => return Err(unknown(&format!("the permission {permission:?}"))),
            };
            let text = match grantee.map(|grantee| (grantee.id(), grantee.uri())) {
                Some((Some(id), _)) => format!("id=\"{id}\""),
                Some((None, Some(uri))) => format!("uri=\"{uri}\""),
                _ => return Err(unknown(&format!("the grantee {grantee:?}"))),
            };
            let is_owner = owner.is_some() && grantee.and_then(|grantee| grantee.id()) == owner;
            has_others |= !is_owner || permission != Some(&Permission::FullControl);
            length += text.len() + 2;
            match header {
                Some(before) => {
                    before.push_str(", ");
                    before.push_str(&text);
                }
                None => *header = Some(text),
            }
        }
        if length > GRANTS_IN_HEADERS {
            let message = format!("its grants do not fit into a request: they have {length} bytes");
            return Err(Fault::new(Cause::Permanent, "TooManyGrants", message));
        }
        Ok(if has_others { all } else { Self::default() })
    }
}

fn unknown(what: &str) -> Fault {
    Fault::new(Cause::Permanent, "UnknownGrant", format!("{what} is not to be said of a copy"))
}

impl Copier {
    /// What is to be preserved of an object. `head` is what a look at it has told already.
    pub(super) async fn guards(
        &self,
        entry: &Entry,
        head: Option<&HeadObjectOutput>,
    ) -> Result<Guards, Fault> {
        #[expect(clippy::disallowed_methods, reason = "a lock ends by the clock on the wall")]
        let now = DateTime::from(SystemTime::now());
        let look = async {
            match head {
                Some(head) => Ok(Guards::of(self.preserve, head, now)),
                None if self.preserve.looks() => {
                    Ok(Guards::of(self.preserve, &self.head_source(entry, true).await?, now))
                }
                None => Ok(Guards::default()),
            }
        };
        let (guards, grants) = tokio::try_join!(look, self.grants(entry))?;
        Ok(Guards { grants, ..guards })
    }

    async fn grants(&self, entry: &Entry) -> Result<Grants, Fault> {
        if !self.preserve.acl {
            return Ok(Grants::default());
        }
        let request = self
            .source
            .client
            .get_object_acl()
            .bucket(&self.source.bucket)
            .set_expected_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.source.payer.clone())
            .key(entry.key.as_str())
            .set_version_id(entry.version.as_deref().map(ToOwned::to_owned));
        Grants::of(&self.requester.send(&self.manners.read_acl, || request.clone().send()).await?)
    }

    /// What a copy at once does with annotations. S3 would copy them, and ask for permissions that nothing else needs.
    pub(super) fn annotations(&self) -> AnnotationDirective {
        if self.preserve.annotations { AnnotationDirective::Copy } else { AnnotationDirective::Exclude }
    }

    /// Refuses an object whose annotations would be lost.
    pub(super) async fn check_annotations(&self, entry: &Entry) -> Result<(), Fault> {
        if !self.preserve.annotations {
            return Ok(());
        }
        let request = self
            .source
            .client
            .list_object_annotations()
            .bucket(&self.source.bucket)
            .set_expected_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.source.payer.clone())
            .key(entry.key.as_str())
            .set_version_id(entry.version.as_deref().map(ToOwned::to_owned))
            .max_annotation_results(1);
        let listed = self.requester.send(&self.manners.list_annotations, || request.clone().send()).await?;
        if listed.annotations().is_empty() && listed.annotation_count().unwrap_or_default() == 0 {
            return Ok(());
        }
        let message = "it has annotations, which a copy in parts does not keep";
        Err(Fault::new(Cause::Permanent, "AnnotationsInParts", message))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{Grant, Grantee, Owner, Type};

    use super::*;

    fn acl(grants: &[(&str, Permission)]) -> GetObjectAclOutput {
        let grants = grants.iter().map(|(who, permission)| {
            let grantee = Grantee::builder().r#type(Type::CanonicalUser);
            let grantee = if who.starts_with("http") { grantee.uri(*who) } else { grantee.id(*who) };
            Grant::builder().grantee(grantee.build().unwrap()).permission(permission.clone()).build()
        });
        let owner = Owner::builder().id("me").build();
        GetObjectAclOutput::builder().owner(owner).set_grants(Some(grants.collect())).build()
    }

    #[test]
    fn grants_are_said_in_headers() {
        use Permission::{FullControl, Read, ReadAcp, Write, WriteAcp};
        let of = |grants: &[(&str, Permission)]| Grants::of(&acl(grants));
        assert_eq!(of(&[("me", FullControl)]).unwrap(), Grants::default(), "that is so anyway");
        assert_eq!(of(&[("me", FullControl), ("http://all", Write)]).unwrap(), Grants::default());
        let all = of(&[("me", FullControl), ("you", Read), ("http://all", Read), ("you", WriteAcp)]).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let expected = Grants {
            full_control: text("id=\"me\""),
            read: text("id=\"you\", uri=\"http://all\""),
            read_acp: None,
            write_acp: text("id=\"you\""),
        };
        assert_eq!(all, expected);
        assert_eq!(of(&[("me", ReadAcp)]).unwrap().read_acp, text("id=\"me\""), "its owner may have less");
        assert_eq!(of(&[("you", FullControl)]).unwrap().full_control, text("id=\"you\""));
        assert_eq!(of(&[("you", "MORE".into())]).unwrap_err().code, "UnknownGrant");
        let long = "x".repeat(64);
        let many: Vec<_> = (0..100).map(|_| (long.as_str(), Read)).collect();
        assert_eq!(of(&many).unwrap_err().code, "TooManyGrants");
        assert!(of(&many[..60]).is_ok());
    }

    #[test]
    fn only_what_is_asked_for_is_kept_and_only_what_lasts() {
        let until = DateTime::from_secs(100);
        let head = HeadObjectOutput::builder()
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id("arn")
            .object_lock_mode(ObjectLockMode::Governance)
            .object_lock_retain_until_date(until)
            .object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On);
        let of = |preserve, now| Guards::of(preserve, &head.clone().build(), DateTime::from_secs(now));
        let kms = of(Preserve::default().kms(), 0);
        assert!(kms.kms.is_some() && kms.retention.is_none() && kms.hold.is_none());
        let lock = of(Preserve::default().object_lock(), 99);
        assert_eq!((lock.kms.is_none(), lock.retention), (true, Some((ObjectLockMode::Governance, until))));
        assert_eq!(lock.hold, Some(ObjectLockLegalHoldStatus::On));
        let over = of(Preserve::default().object_lock(), 100);
        assert!(over.retention.is_none() && over.hold.is_some(), "a hold has no end");
        let free = head.clone().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::Off);
        let plain = free.server_side_encryption(ServerSideEncryption::Aes256).build();
        let plain = Guards::of(Preserve::default().kms().object_lock(), &plain, until);
        assert!(plain.kms.is_none() && plain.retention.is_none() && plain.hold.is_none());
    }
}
