//! Where ARNs lead.

use crate::{Arn, Scope};

/// The scope of what an ARN names, as it is seen from a scope: what an ARN leaves out is the same there.
pub(super) fn scope_of(arn: &Arn<'_>, from: &Scope) -> Scope {
    let account = if arn.account.is_empty() { from.account() } else { arn.account };
    Scope::new(account, arn.region)
}

/// The role of an ARN: its key is its name, without the path.
#[cfg(feature = "iam")]
pub(super) fn role(via: &'static str, arn: Option<&str>, refs: &mut crate::Refs<'_>) {
    let Some(arn) = arn.and_then(Arn::parse).filter(|arn| arn.service == "iam") else { return };
    let Some((_, name)) = arn.resource.strip_prefix("role").and_then(|path| path.rsplit_once('/')) else {
        return;
    };
    let scope = scope_of(&arn, refs.scope());
    refs.to_in::<crate::aws::iam::Roles>(via, &scope, name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_it_leads() {
        let from = Scope::new("123456789012", "eu-west-1");
        let place = |text| scope_of(&Arn::parse(text).expect("an ARN"), &from);
        assert_eq!(place("arn:aws:sqs:us-east-1:210987654321:jobs"), Scope::new("210987654321", "us-east-1"));
        assert_eq!(place("arn:aws:iam::210987654321:role/web"), Scope::new("210987654321", ""));
        assert_eq!(place("arn:aws:s3:::photos"), from.global());
    }
}
