//! Access control lists: `GetObjectAcl`, `PutObjectAcl`, the headers of other operations, and whether a bucket
//! has any. They are kept and told, and permit nothing more.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        GetObjectAclInput, GetObjectAclOutput, Grant, Grantee, ObjectCannedACL, Permission,
        PutObjectAclInput, PutObjectAclOutput, Type,
    },
};

use super::{
    bucket::owner,
    ownership::Ownership,
    store::{Bucket, Buckets},
};

/// The groups that can be granted something.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// What a request says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) canned: Option<&'a str>,
    pub(crate) full_control: Option<&'a str>,
    pub(crate) read: Option<&'a str>,
    pub(crate) read_acp: Option<&'a str>,
    pub(crate) write_acp: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn headers(&self) -> [(&'static str, Option<&'a str>); 4] {
        [
            (Permission::FULL_CONTROL, self.full_control),
            (Permission::READ, self.read),
            (Permission::READ_ACP, self.read_acp),
            (Permission::WRITE_ACP, self.write_acp),
        ]
    }
}

/// The grants that a request asks for; none if only the owner is to control the object.
///
/// # Errors
/// `AccessControlListNotSupported` where the bucket has no lists; `InvalidArgument`, `InvalidRequest`.
pub(crate) fn of(asked: &Asked<'_>, bucket: &Bucket) -> S3Result<Option<Vec<Grant>>> {
    let headers = asked.headers();
    let by_header = headers.iter().any(|(_, header)| header.is_some());
    let grants = match asked.canned {
        Some(_) if by_header => {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        Some(canned) => grants_of(canned, bucket)?,
        None if by_header => {
            let mut grants = Vec::new();
            for (permission, header) in headers {
                for grantee in header.into_iter().flat_map(|header| header.split(',')) {
                    grants.push(grant(read_grantee(grantee.trim())?, permission));
                }
            }
            grants
        }
        None => return Ok(None),
    };
    check_supported(&grants, asked.canned, bucket)?;
    Ok((grants != owners(bucket)).then_some(grants))
}

/// A bucket whose owner owns all that is in it has no lists, and takes none that grants anything to others.
fn check_supported(grants: &[Grant], canned: Option<&str>, bucket: &Bucket) -> S3Result<()> {
    let harmless = canned == Some(ObjectCannedACL::BUCKET_OWNER_FULL_CONTROL)
        || (canned.is_none() && *grants == owners(bucket));
    if bucket.ownership != Ownership::Enforced || harmless {
        return Ok(());
    }
    Err(S3Error::with_message(S3ErrorCode::AccessControlListNotSupported, "The bucket does not allow ACLs"))
}

fn owners(bucket: &Bucket) -> Vec<Grant> {
    vec![grant(user(bucket.owner.clone()), Permission::FULL_CONTROL)]
}

fn grants_of(canned: &str, bucket: &Bucket) -> S3Result<Vec<Grant>> {
    let group = |uri: &str, permission| grant(group(uri.to_owned()), permission);
    let more = match canned {
        ObjectCannedACL::PRIVATE
        | ObjectCannedACL::BUCKET_OWNER_READ
        | ObjectCannedACL::BUCKET_OWNER_FULL_CONTROL
        | ObjectCannedACL::AWS_EXEC_READ => vec![],
        ObjectCannedACL::PUBLIC_READ => vec![group(ALL_USERS, Permission::READ)],
        ObjectCannedACL::PUBLIC_READ_WRITE => {
            vec![group(ALL_USERS, Permission::READ), group(ALL_USERS, Permission::WRITE)]
        }
        ObjectCannedACL::AUTHENTICATED_READ => vec![group(AUTHENTICATED_USERS, Permission::READ)],
        _ => return Err(invalid("x-amz-acl is not a canned ACL")),
    };
    Ok(owners(bucket).into_iter().chain(more).collect())
}

/// `id="…"` or `uri="…"`.
fn read_grantee(text: &str) -> S3Result<Grantee> {
    let (kind, value) = text.split_once('=').ok_or_else(|| invalid("Argument format not recognized"))?;
    let value = value.trim_matches('"').to_owned();
    match kind {
        "id" => Ok(user(value)),
        "uri" => check_group(&value).map(|()| group(value)),
        _ => Err(invalid("Argument format not recognized")),
    }
}

fn check_group(uri: &str) -> S3Result<()> {
    if [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].contains(&uri) {
        return Ok(());
    }
    Err(invalid("Invalid group uri"))
}

fn invalid(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message)
}

fn grant(grantee: Grantee, permission: &'static str) -> Grant {
    Grant { grantee: Some(grantee), permission: Some(Permission::from_static(permission)) }
}

fn user(id: String) -> Grantee {
    grantee(Type::CANONICAL_USER, Some(id), None)
}

fn group(uri: String) -> Grantee {
    grantee(Type::GROUP, None, Some(uri))
}

fn grantee(kind: &'static str, id: Option<String>, uri: Option<String>) -> Grantee {
    Grantee { display_name: None, email_address: None, id, type_: Type::from_static(kind), uri }
}

pub(crate) fn get(buckets: &Buckets, input: &GetObjectAclInput) -> S3Result<GetObjectAclOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let object = bucket.version(&input.key, input.version_id.as_deref())?;
    let grants = object.guard().and_then(|guard| guard.grants.clone());
    Ok(GetObjectAclOutput {
        grants: Some(grants.unwrap_or_else(|| owners(bucket))),
        owner: Some(owner(&bucket.owner)),
        request_charged: None,
    })
}

pub(crate) fn put(buckets: &mut Buckets, input: &PutObjectAclInput) -> S3Result<PutObjectAclOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    let asked = Asked {
        canned: input.acl.as_ref().map(ObjectCannedACL::as_str),
        full_control: input.grant_full_control.as_deref(),
        read: input.grant_read.as_deref(),
        read_acp: input.grant_read_acp.as_deref(),
        write_acp: input.grant_write_acp.as_deref(),
    };
    let named = asked.canned.is_some() || asked.headers().iter().any(|(_, header)| header.is_some());
    let grants = match &input.access_control_policy {
        Some(_) if named => {
            let message = "This request does not support content";
            return Err(S3Error::with_message(S3ErrorCode::UnexpectedContent, message));
        }
        Some(policy) => {
            let grants = policy.grants.clone().unwrap_or_default();
            for grantee in grants.iter().filter_map(|grant| grant.grantee.as_ref()) {
                grantee.uri.as_deref().map_or(Ok(()), check_group)?;
            }
            check_supported(&grants, None, bucket)?;
            (grants != owners(bucket)).then_some(grants)
        }
        None if named => of(&asked, bucket)?,
        None => {
            let message = "Your request was missing a required header";
            return Err(S3Error::with_message(S3ErrorCode::MissingSecurityHeader, message));
        }
    };
    let object = bucket.version_mut(&input.key, input.version_id.as_deref())?;
    if grants.is_some() || object.guard().is_some() {
        object.extra.get_or_insert_default().guard.get_or_insert_default().grants = grants;
    }
    Ok(PutObjectAclOutput::default())
}
